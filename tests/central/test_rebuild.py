"""Projections thrown away and made again: the same ones, or what was changed is named and mended."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from central.rebuild import Rebuilt, rebuild, rebuild_command
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from tests.central.damage import flip_within, rows_of, stored_events
from tests.centres import MONDAY, HandClock, SmallCentre


def rebuilt(data: Path) -> tuple[Rebuilt, ...]:
    return rebuild(data, clock=HandClock(MONDAY), ids=Ids())


@pytest.mark.parametrize("at_once", [1, 3, 1_000])
def test_the_same_projections_come_out_again(
    data: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four nodes with the same events: nothing differs, and the dossiers are the same everywhere. However many acts are
    read at once, a dossier's in two portions too: each dossier is folded, and once."""
    monkeypatch.setattr("edge.projector._AT_ONCE", at_once)
    results = rebuilt(data)

    assert [one.node_folder for one in results] == ["central", "counter-01", "counter-02", "room-01"]
    assert all(one.well for one in results)
    assert {(one.dossiers, one.events) for one in results} == {(4, 11)}
    assert len({one.digest for one in results}) == 1


def test_the_digest_is_over_the_folded_states_in_the_order_of_their_streams(data: Path) -> None:
    """Anybody who holds the events can make it: JSON with sorted keys, SHA-256."""
    centre = SmallCentre(data)
    streams = sorted({summary.id[:32] for summary in centre["room-01"].stores["dossiers"].all_docs()})
    states = [msgspec.to_builtins(centre["room-01"].register.dossier(stream)) for stream in streams]
    centre.close()

    expected = hashlib.sha256(msgspec.json.encode(states, order="sorted")).hexdigest()

    assert {one.digest for one in rebuilt(data)} == {expected}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("dossier", "UPDATE dossier SET status = 9"),
        ("dossier", "DELETE FROM dossier WHERE position = (SELECT min(position) FROM dossier)"),
        ("event", "UPDATE event SET place = 'held' WHERE kind = 'dossier.approved'"),
        ("conflict", "INSERT INTO conflict VALUES ('c', 's', 't', 'r', 'm', 'o', 1)"),
        ("dossier_search", "UPDATE dossier_search SET words = 'ai do'"),
    ],
)
def test_a_projection_that_was_changed_is_named_and_mended(data: Path, table: str, change: str) -> None:
    with rows_of(data / "counter-01" / "node.db") as rows:
        rows.execute(change)

    first, again = rebuilt(data), rebuilt(data)

    assert {one.node_folder: one.differed for one in first if one.differed} == {"counter-01": (table,)}
    assert all(one.well for one in again)


def test_a_running_node_is_left_alone(data: Path) -> None:
    """One of four runs: none is touched."""
    with rows_of(data / "central" / "node.db") as rows:
        rows.execute("UPDATE dossier SET status = 9")
    with Folder(data / "room-01").locked(), pytest.raises(CannotStart, match="room-01 is in use"):
        rebuilt(data)

    assert rebuilt(data)[0].differed == ("dossier",)


def test_a_node_with_a_damaged_event_stays_as_it_is_and_the_others_are_rebuilt(data: Path) -> None:
    file = data / "counter-02" / "node.db"
    flip_within(file, stored_events(file)[2].body, Random(1))

    results = {one.node_folder: one for one in rebuilt(data)}

    assert results["counter-02"].problem
    assert all(one.well for name, one in results.items() if name != "counter-02")
    with rows_of(file) as rows:
        assert rows.execute("SELECT count(*) FROM dossier").fetchone() == (4,)


def test_the_command_says_what_differed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 when something did, 0 when all is as it was."""
    with rows_of(data / "central" / "node.db") as rows:
        rows.execute("UPDATE dossier SET applicant = 'Ai Đó'")

    assert rebuild_command(data, as_json=False) == 1
    assert "central: dossier: it was not what the events make of it, and is now" in capsys.readouterr().out

    assert rebuild_command(data, as_json=True) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert report["well"] is True
    assert [node["events"] for node in report["nodes"]] == [11] * 4
