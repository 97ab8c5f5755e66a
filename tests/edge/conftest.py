"""Software devices for the tests that sign with PKCS#11."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.devices import Devices


@pytest.fixture(scope="session")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    """A reader without devices; tests plug theirs in."""
    with pytest.MonkeyPatch.context() as environment:
        found = Devices(tmp_path_factory.mktemp("softhsm"), environment)
        yield found
        found.close()
