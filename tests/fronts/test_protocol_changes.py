"""`tests.conformance.test_changes`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_changes import *  # noqa: F403
from tests.fronts.left_out import leave_out

pytestmark = pytest.mark.proof

# a front makes no databases, goes forwards only, knows no JavaScript, and leaves it to what is behind which sequences there are
leave_out(
    globals(),
    "test_a_live_feed_ends_with_its_database",
    "test_pages_are_whole_beyond_one_transaction",
    "test_descending_starts_from_the_newest",
    "test_descending_ends_with_the_oldest",
    "test_an_unchanged_database_is_not_sent_again",
    "test_seq_interval_names_only_some",
    "test_filter_by_selector",
    "test_functions_of_design_documents_do_not_filter",
    "test_malformed_parameters",
    "test_a_filter_function_that_is_not_there_is_named",
    "test_since_a_time",
    "test_a_view_must_be_named",
)
