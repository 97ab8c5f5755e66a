"""`tests.conformance.test_session`, asked of a front before our bare server."""

from __future__ import annotations

import pytest

from tests.conformance.test_session import *  # noqa: F403

pytestmark = pytest.mark.proof
