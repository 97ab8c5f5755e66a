"""A centre that has been at work and lies still: what `motcua verify` and `motcua rebuild` are given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.centres import SmallCentre


@pytest.fixture(scope="session")
def worked(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a closed centre with a day's work, known at all its nodes; nobody writes into it."""
    data = tmp_path_factory.mktemp("worked") / "centre"
    shutil.copytree(founded, data)
    centre = SmallCentre(data)
    dossiers = [centre.receive("counter-01", applicant=f"Nông Văn {name}") for name in ("An", "Bình", "Chi")]
    dossiers += [centre.receive("counter-02", by="long.pd", applicant="Lý Thị Dung")]
    centre.meet()
    for dossier in dossiers[:3]:
        centre.appraise(dossier)
    centre.approve(dossiers[0])
    centre.refuse(dossiers[1], by="mai.hk")
    centre.meet()
    centre.return_(dossiers[0])
    centre.withdraw(dossiers[2])
    centre.meet()
    for node in centre.nodes.values():  # as the road to central says when it has pushed everything
        node.projector.centre_has(node.stores["dossiers"].seq())
    centre.close()
    return data


@pytest.fixture
def data(worked: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(worked, tmp_path / "damaged")
