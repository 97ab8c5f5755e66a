"""`tests.conformance.test_all_docs`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_all_docs import *  # noqa: F403
from tests.fronts.left_out import leave_out

pytestmark = pytest.mark.proof

# there is one list, and one question at a time
leave_out(
    globals(),
    "test_several_questions_at_once",
    "test_design_documents_have_a_list_of_their_own",
    "test_keys_are_no_range",
    "test_the_url_counts_more_than_the_body",
    "test_every_list_takes_several_questions",
)
