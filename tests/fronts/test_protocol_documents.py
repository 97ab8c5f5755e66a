"""`tests.conformance.test_documents`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_documents import *  # noqa: F403
from tests.fronts.left_out import leave_out

pytestmark = pytest.mark.proof

# no COPY, no batches, no settings, no views, no other databases, attachments only inside of documents
leave_out(
    globals(),
    "test_copy",
    "test_copies_that_cannot_be",
    "test_every_get_has_its_head",
    "test_behind_a_proxy_locations_are_the_proxys",
    "test_a_batch_names_no_revision",
    "test_a_batch_tells_nobody_of_a_conflict",
    "test_a_history_is_shown_as_far_as_the_limit_goes",
    "test_functions_of_design_documents_that_do_not_run_even_in_couchdb",
)
