"""`tests.conformance.test_local`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_local import *  # noqa: F403
from tests.fronts.left_out import leave_out

pytestmark = pytest.mark.proof

# a machine has no business with the notes of all others
leave_out(
    globals(),
    "test_all_of_them_can_be_listed",
)
