"""A part of a database: filters with the reader's parameters, and what a transform holds back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from sync.documents import Json
from sync.errors import BadRequest, Broken, Refused
from sync.filtering import Filter
from sync.peer import EVERYTHING, Chosen, LocalPeer, RefusedDocument
from sync.remote import RemotePeer
from sync.replicator import Offered, Replication, State
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.servers import NOW, PASSWORD, USER, Ids, Server, serving
from tests.sync.test_replicator import DB, contents, live, sessions
from tests.waiting import until

AGENCIES = {"G01": ("a", "b", "c"), "H37": ("d", "e")}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "server.db", DB) as server:
        server.filters["window"] = lambda parameters, _user: of_agency(parameters)
        yield server


@pytest.fixture
def there(server: Server) -> Store:
    store = server.stores[DB]
    for agency, names in AGENCIES.items():
        store.bulk_docs([{"_id": name, "agency": agency} for name in names])
    return store


@pytest.fixture
def here(file: SqliteFile) -> Store:
    return Store(file, DB, new_id=Ids(2))


def of_agency(parameters: Mapping[str, str]) -> Filter:
    """A filter of the source that does not know who reads, only what he says that he needs."""
    return Filter(
        parameters.get("agency"), by_document=lambda document: document["agency"] == parameters.get("agency")
    )


@pytest.fixture(params=["in this process", "over http"])
def source(
    request: pytest.FixtureRequest, server: Server, there: Store
) -> Callable[[Chosen], LocalPeer | RemotePeer]:
    """The same part of the same database, wherever it is."""

    def of(chosen: Chosen) -> LocalPeer | RemotePeer:
        if request.param == "over http":
            return RemotePeer(server.url, DB, user=USER, password=PASSWORD, chosen=chosen, heartbeat_s=5)
        return LocalPeer(
            there, server_uuid=f"{1:032x}", source=None, chosen=chosen, filters={"window": of_agency}
        )

    return of


Source = Callable[[Chosen], LocalPeer | RemotePeer]


class Listed:
    """What was not taken, until it is."""

    def __init__(self) -> None:
        self.documents: dict[Offered, str] = {}

    def refused(self, one: RefusedDocument) -> None:
        self.documents[Offered(one.id, one.rev)] = one.error

    def accepted(self, one: Offered) -> None:
        del self.documents[one]


def copying(
    source: LocalPeer | RemotePeer,
    here: Store,
    *,
    transform: Callable[[Json], Json | None] | None = None,
    listed: Listed | None = None,
) -> Replication:
    listed = listed or Listed()
    return Replication(
        source,
        LocalPeer(here, server_uuid="2" * 32, source="central"),
        node_id="counter-01",
        session_id=sessions(),
        now=lambda: NOW,
        jitter=lambda: 0.99,
        transform=transform,
        on_refused=listed.refused,
        refused_before=lambda: list(listed.documents),
        on_accepted=listed.accepted,
    )


# ---- filters


def test_a_window_that_moves_is_no_other_window(source: Source, there: Store, here: Store) -> None:
    """What the reader says beside the parameters counts from then on; nothing is read anew."""
    wanted = {"agency": "G01"}
    chosen = Chosen(filter="window", now=lambda: wanted)
    assert copying(source(chosen), here).run_once().docs_written == 3
    wanted["agency"] = "H37"
    assert copying(source(chosen), here).run_once().docs_written == 0
    there.bulk_docs([{"_id": "f", "agency": "G01"}, {"_id": "g", "agency": "H37"}])
    assert copying(source(chosen), here).run_once().docs_written == 1
    assert sorted(contents(here)) == ["a", "b", "c", "g"]
    there.tell_again(["e"])
    assert copying(source(chosen), here).run_once().docs_written == 1
    assert sorted(contents(here)) == ["a", "b", "c", "e", "g"]


@pytest.mark.parametrize("request_by_page", [True, False])
def test_a_filter_may_look_at_a_page_at_once(
    server: Server, there: Store, here: Store, request_by_page: bool
) -> None:
    by_page = Filter("odd", by_page=lambda ids: {one for one in ids if one in "ace"})
    by_id = Filter("odd", by_id=lambda one: one in "ace")
    server.filters["odd"] = lambda _parameters, _user: by_page if request_by_page else by_id
    chosen = Chosen(filter="odd")
    local = LocalPeer(
        there,
        server_uuid="1" * 32,
        source=None,
        chosen=chosen,
        filters={"odd": lambda _parameters: by_page if request_by_page else by_id},
    )
    remote = RemotePeer(server.url, DB, user=USER, password=PASSWORD, chosen=chosen, heartbeat_s=5)
    for peer in (local, remote):
        page = peer.changes("0", limit=10, wait_s=0)
        assert [one.id for one in page.changes] == ["a", "c", "e"]
        assert peer.changes(page.last_seq, limit=10, wait_s=0).changes == ()


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (EVERYTHING, "abcde"),
        (Chosen(doc_ids=("b", "d", "nobody")), "bd"),
        (Chosen(selector={"agency": "H37"}), "de"),
        (Chosen(filter="window", parameters={"agency": "G01"}), "abc"),
        (Chosen(filter="window"), ""),
    ],
    ids=["everything", "some ids", "a selector", "the reader's window", "a window of nothing"],
)
def test_only_what_is_chosen_travels(
    source: Source, here: Store, there: Store, chosen: Chosen, names: str
) -> None:
    copying(source(chosen), here).run_once()
    assert {one.id for one in here.all_docs()} == set(names)
    assert contents(here) == {name: one for name, one in contents(there).items() if name in names}


def test_a_part_is_followed_live(source: Source, here: Store, there: Store) -> None:
    with live(copying(source(Chosen(filter="window", parameters={"agency": "H37"})), here)) as one:
        until(lambda: one.status().state is State.WAITING)
        there.bulk_docs([{"_id": "f", "agency": "G01"}, {"_id": "g", "agency": "H37"}])
        until(lambda: "g" in contents(here))
    assert set(contents(here)) == {"d", "e", "g"}


def test_another_window_is_read_from_the_start(source: Source, here: Store) -> None:
    """The checkpoint of one part says nothing of another: a counter that gets an agency gets what is older, too."""
    for agency in ("G01", "H37"):
        copying(source(Chosen(filter="window", parameters={"agency": agency})), here).run_once()
    assert set(contents(here)) == set("abcde")


def test_the_same_window_again_goes_on(source: Source, here: Store) -> None:
    chosen = Chosen(filter="window", parameters={"agency": "G01"})
    first = copying(source(chosen), here).run_once()
    again = copying(source(chosen), here)
    assert again.run_once().docs_written == 0
    assert again.status().source_seq == first.source_seq


def test_a_filter_that_the_source_has_not_is_refused(source: Source, here: Store) -> None:
    with pytest.raises(Refused):
        copying(source(Chosen(filter="_unknown")), here).run_once()


def test_parts_have_names_of_their_own() -> None:
    chosen = [
        EVERYTHING,
        Chosen(doc_ids=("a",)),
        Chosen(doc_ids=("a", "b")),
        Chosen(selector={"a": 1}),
        Chosen(filter="window"),
        Chosen(filter="window", parameters={"a": "1"}),
    ]
    assert len({one.mark() for one in chosen}) == len(chosen)
    assert Chosen(doc_ids=("b", "a")).mark() == Chosen(doc_ids=("a", "b")).mark()
    assert EVERYTHING.mark() == ""


def test_a_filter_of_ours_that_is_not_there_says_so(there: Store) -> None:
    with pytest.raises(BadRequest):
        LocalPeer(there, server_uuid="1" * 32, source=None, chosen=Chosen(filter="window"))


# ---- transforms


def test_what_a_transform_holds_back_is_listed_until_it_lets_it_through(source: Source, here: Store) -> None:
    """Nothing is lost silently: the note goes past it, the list does not."""
    held, listed = {"b"}, Listed()

    def transform(document: Json) -> Json | None:
        return None if document["_id"] in held else document

    copying(source(EVERYTHING), here, transform=transform, listed=listed).run_once()
    assert set(contents(here)) == set("acde")
    assert [(one.id, why) for one, why in listed.documents.items()] == [("b", "held_back")]
    copying(source(EVERYTHING), here, transform=transform, listed=listed).run_once()
    assert set(contents(here)) == set("acde")

    held.clear()
    copying(source(EVERYTHING), here, transform=transform, listed=listed).run_once()
    assert set(contents(here)) == set("abcde")
    assert listed.documents == {}


def _in_place(document: Json) -> Json:
    document["agency"] = "G99"
    return document


@pytest.mark.parametrize(
    "transform",
    [
        _in_place,
        lambda document: {**document, "agency": "G99"},
        lambda document: {**document, "_rev": "9-" + "a" * 32},
        lambda document: {name: value for name, value in document.items() if name != "agency"},
    ],
    ids=["in place", "another value", "another revision", "a member less"],
)
def test_a_transform_that_changes_a_document_ends_the_run(
    source: Source, here: Store, transform: Callable[[Json], Json]
) -> None:
    """A copy under the same name must be the same; nothing of the page is written."""
    one = copying(source(EVERYTHING), here, transform=transform)
    with pytest.raises(Broken, match="a transform changed"):
        one.run_once()
    assert contents(here) == {}
    one.run_live()
    assert one.status().state is State.BROKEN
    one.stop()
