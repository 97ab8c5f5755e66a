"""What a new central says to whoever asks, and the first catalog that it is brought."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from flask.testing import FlaskClient

from central.centre import Authority
from central.restore import NewCentral, restore_centre
from edge.node import Node
from edge.succession import COLLECTS, PATH, create_introducing
from schemas.events import Document
from sync.errors import DiskFull
from tests.backups import silent
from tests.central.test_succession import authority, central_is_lost, kept, small
from tests.centres import SmallCentre

__all__ = ["authority", "kept", "small"]


@pytest.fixture
def new(small: SmallCentre, authority: Authority) -> Node:
    """A new central that has nothing."""
    central_is_lost(small)
    wanted = NewCentral(small.data / "central", authority)
    restore_centre(wanted, None, clock=small.clock, ids=small.ids, told=silent)
    small.nodes["central"] = small.open("central")
    return small["central"]


def asked(node: Node) -> FlaskClient:
    return create_introducing(node).test_client()


def posted(node: Node, entries: list[Document] | object) -> int:
    return asked(node).post(PATH, data=orjson.dumps(entries), content_type="application/json").status_code


def test_who_asks_is_shown_the_card_and_may_bring_the_catalog(small: SmallCentre, new: Node) -> None:
    """A central that knows no machine could let nobody in who brings it."""
    shown = asked(new).get(PATH)
    assert shown.headers[COLLECTS] == "1"
    assert small["counter-01"].hears_of_central(orjson.loads(shown.data))
    entries = small["counter-01"].entries()
    assert posted(new, entries) == 204
    assert new.catalog.names == small["counter-01"].catalog.names


def test_a_central_that_was_heard_of_on_a_full_disk_is_heard_again(small: SmallCentre, new: Node) -> None:
    """It is in memory by then; what follows from it is written when there is room."""
    counter, card = small["counter-01"], orjson.loads(asked(new).get(PATH).data)
    with counter.file.file.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        counter.hears_of_central(card)
    with counter.file.file.write() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert counter.hears_of_central(card)
    assert not counter.hears_of_central(card)


def test_a_catalog_that_no_central_wrote_is_not_taken(small: SmallCentre, new: Node, tmp_path: Path) -> None:
    """Nor anything else, nor by a central that has taken over."""
    entries = small["counter-01"].entries()
    changed = [{**entries[0], "at": "2026-01-01T00:00:00.000000Z"}, *entries[1:]]
    assert posted(new, changed) in (204, 400)
    assert new.catalog.number == 0
    things: list[object] = [{}, [1], [{"_id": 1}], "catalog"]
    for nonsense in things:
        assert posted(new, nonsense) == 400
    assert asked(small["counter-01"]).get(PATH).status_code == 404
    assert posted(small["counter-01"], entries) == 409
