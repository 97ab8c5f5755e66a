"""`tests.conformance.test_bulk`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_bulk import *  # noqa: F403
from tests.fronts.left_out import leave_out

pytestmark = pytest.mark.proof

# a front does not make sure of all or nothing either, but says so of the whole request
leave_out(
    globals(),
    "test_all_or_nothing_is_not_to_be_had",
)
