"""`tests.conformance.test_malformed`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_malformed import *  # noqa: F403
from tests.fronts.left_out import leave_out

pytestmark = pytest.mark.proof

# no searching, and attachments only inside of documents
leave_out(
    globals(),
    "test_no_json",
    "test_another_content_type",
    "test_malformed_parameters",
    "test_attachments_may_have_any_name_but_one_with_an_underscore",
)
