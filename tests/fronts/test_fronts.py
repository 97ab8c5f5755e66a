"""Fronts before one database: nothing is theirs, and nobody notices which of them he has met."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from edge.unacknowledged import Unacknowledged
from sync.bare_server import Admin, BareServer
from sync.behind import Fronted, Known
from sync.bell import Bell
from sync.documents import Json, dump
from sync.errors import Unavailable
from sync.filtering import Filter
from sync.front import GIVEN_AT_ONCE, SHOWN_AT_ONCE
from sync.peer import Chosen, LocalPeer
from sync.remote import PATIENCE_S, RemoteDatabase, RemotePeer
from sync.replicator import Replication, State
from sync.sessions import User
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import peers
from tests.centres import SmallCentre
from tests.conformance.conftest import Client, Server
from tests.fronts.carousel import Carousel, carousel
from tests.fronts.conftest import front_of, fronting, serving_front, there
from tests.sync.servers import NOW, PASSWORD, USER, Http, Ids
from tests.sync.test_replicator import has, live
from tests.waiting import until

_sessions, _names = Ids(41), Random(41)


def event(n: int, **more: Any) -> Json:
    """A document as nodes copy them; 2 KB."""
    return {"_id": f"{n:032x}", "_rev": f"1-{n:032x}", "text": "hồ sơ " * 200, **more}


def port_of(url: str) -> int:
    return urlsplit(url).port or 80


def copying(source: Any, target: Any, unacknowledged: Unacknowledged | None = None) -> Replication:
    return Replication(
        source,
        target,
        node_id="counter-01",
        session_id=_sessions(),
        now=lambda: NOW,
        jitter=lambda: 0.01,
        batch=20,
        unacknowledged=unacknowledged,
    )


def local(store: Store) -> LocalPeer:
    return LocalPeer(store, server_uuid="2" * 32, source="central")


def through(url: str, database: str, **more: Any) -> RemotePeer:
    return RemotePeer(url, database, user=USER, password=PASSWORD, heartbeat_s=5, **more)


def open_store(path: Path, seed: int) -> Store:
    return Store(SqliteFile(path), "dossiers", new_id=Ids(seed))


@pytest.fixture(scope="module", params=["our bare server", "PouchDB Server", "CouchDB"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[peers.Peer]:
    """What stands for a cluster, or is one."""
    folder = tmp_path_factory.mktemp("behind")
    if request.param == "our bare server":
        with _bare(folder) as peer:
            yield peer
    elif request.param == "CouchDB":
        couchdb = peers.couchdb_elsewhere()
        if couchdb is None:
            pytest.skip("MOTCUA_COUCHDB_URL names none")
        yield couchdb
    else:
        missing = peers.lacks_pouchdb_server()
        if missing is not None:
            pytest.skip(missing)
        with peers.pouchdb_server(folder / "server") as server:
            yield server


@contextlib.contextmanager
def _bare(folder: Path) -> Iterator[peers.Peer]:
    admin = Admin("admin", "of the cluster")
    bare = BareServer(folder, new_id=Ids(5), now=lambda: NOW, secret=b"behind", admin=admin)
    http = Http(bare.app)
    try:
        yield peers.Peer("our bare server", http.url, None, *admin)
    finally:
        bare.end_feeds()
        http.close()
        bare.close()


@pytest.fixture
def database(cluster: peers.Peer) -> Iterator[RemoteDatabase]:
    name = f"motcua-{_names.randbytes(4).hex()}"
    made = RemoteDatabase(cluster.url, name, user=cluster.user, password=cluster.password)
    assert made.ask("PUT").status in (201, 202)
    yield made
    made.ask("DELETE")
    made.close()


@pytest.fixture
def two(database: RemoteDatabase) -> Iterator[Carousel]:
    """Two fronts, and what divides those who come."""
    with (
        fronting({"dossiers": database}) as one,
        fronting({"dossiers": database}) as other,
        carousel(port_of(one), port_of(other)) as divided,
    ):
        yield divided


def test_a_machine_copies_both_ways_and_meets_now_one_front_and_now_the_other(
    two: Carousel, tmp_path: Path
) -> None:
    """Each finds the checkpoints that the other has passed on: nothing is read a second time."""
    here, elsewhere = open_store(tmp_path / "here.db", 2), open_store(tmp_path / "elsewhere.db", 3)
    scan = {"scan": {"content_type": "image/png", "data": "AAEC" * 2000}}
    here.bulk_docs(
        [event(n, **({"_attachments": scan} if n % 10 == 0 else {})) for n in range(60)], new_edits=False
    )
    written = []
    for _ in range(3):
        written.append(copying(local(here), through(two.url, "dossiers")).run_once().docs_written)
        two.part()
    assert written == [60, 0, 0]
    pulled = copying(through(two.url, "dossiers"), local(elsewhere)).run_once()
    assert (pulled.docs_written, pulled.docs_refused) == (60, 0)
    two.part()
    assert copying(through(two.url, "dossiers"), local(elsewhere)).run_once().docs_written == 0
    assert all(two.taken.values())
    ids = [f"{n:032x}" for n in range(60)]
    assert _told(here, ids) == _told(elsewhere, ids)


def _told(store: Store, ids: Sequence[str]) -> list[Json]:
    got = local(store).bulk_get([(doc_id, "") for doc_id in ids])
    return [one.document or {} for one in got]


def test_what_one_front_takes_wakes_who_listens_at_the_other(two: Carousel, tmp_path: Path) -> None:
    here, elsewhere = open_store(tmp_path / "here.db", 2), open_store(tmp_path / "elsewhere.db", 3)
    pull = copying(through(two.url, "dossiers"), local(elsewhere))
    push = copying(local(here), through(two.url, "dossiers"))
    with live(pull), live(push):
        until(lambda: {pull.status().state, push.status().state} == {State.WAITING})
        here.bulk_docs([event(1)], new_edits=False)
        until(lambda: has(elsewhere, event(1)["_id"]))
        two.part()
        here.bulk_docs([event(2)], new_edits=False)
        until(lambda: has(elsewhere, event(2)["_id"]))


def test_a_session_of_one_front_is_one_of_all(two: Carousel) -> None:
    with requests.Session() as client:
        client.trust_env = False
        client.headers["Connection"] = "close"
        assert client.post(f"{two.url}/_session", json={"name": USER, "password": PASSWORD}, timeout=9).ok
        for _ in range(2):
            assert client.get(f"{two.url}/dossiers", timeout=9).json()["db_name"] == "dossiers"
            assert client.get(f"{two.url}/", timeout=9).json()["uuid"] == "f" * 32
            assert client.get(f"{two.url}/_all_dbs", timeout=9).json() == ["dossiers"]
            assert client.get(f"{two.url}/_up", timeout=9).json()["status"] == "ok"


# ---- rules, and what is not believed


def no_lies(documents: Sequence[Json], source: str | None = None) -> list[str | None]:
    return ["seal: not the seal of counter-01" if one.get("lie") else None for one in documents]


@pytest.fixture
def held() -> list[tuple[str, ...]]:
    return []


@pytest.fixture
def strict(behind: Server, held: list[tuple[str, ...]]) -> Iterator[Client]:
    """A client of a front with rules; what it holds back is told to `held`."""

    def hold(*told: str) -> None:
        held.append(told)

    databases = {behind.database: there(behind)}
    judges: Any = {behind.database: no_lies}
    with fronting(
        databases, rules={behind.database: no_lies}, judges=judges, held=hold, own_notes=("acks",)
    ) as url:
        client = Client(Server(url, database=behind.database, user=USER, password=PASSWORD, ours=None))
        yield client
        client.close()


def bring(client: Client, *documents: Json) -> requests.Response:
    return client.post("_bulk_docs", {"docs": documents, "new_edits": False})


def test_what_breaks_a_rule_is_refused_with_its_reason_and_nothing_else_with_it(strict: Client) -> None:
    said = bring(strict, event(1), event(2, lie=True), event(3))
    reason = "seal: not the seal of counter-01"
    assert (said.status_code, said.json()) == (
        201,
        [{"id": event(2)["_id"], "rev": event(2)["_rev"], "error": "forbidden", "reason": reason}],
    )
    assert strict.get("").json()["doc_count"] == 2
    put = strict.put(f"{event(4)['_id']}?new_edits=false", event(4, lie=True))
    assert (put.status_code, put.json()["reason"]) == (403, reason)
    assert strict.put(f"{event(4)['_id']}?new_edits=false", event(4)).status_code == 201


def test_edits_have_no_name_and_are_not_taken(strict: Client, behind: Server) -> None:
    bring(strict, event(1))
    asked = (
        strict.post("_bulk_docs", {"docs": [{"_id": "a"}]}),
        strict.put("a", {}),
        strict.post("", {"_id": "a"}),
        strict.delete(f"{event(1)['_id']}?rev={event(1)['_rev']}"),
        strict.put("_design/x", {"validate_doc_update": "function () {}"}),
    )
    assert [one.status_code for one in asked] == [403] * 5
    assert strict.get("").json()["doc_count"] == 1


def test_the_word_of_central_is_not_written_by_others(strict: Client) -> None:
    for said in (
        strict.put("_local/acks", {}),
        strict.delete("_local/acks"),
        strict.post("", {"_id": "_local/acks"}),
        bring(strict, {"_id": "_local/acks"}),
    ):
        assert said.status_code == 403
    assert strict.put("_local/mine", {"n": 1}).status_code == 201
    assert strict.get("_local/mine").json()["n"] == 1


def test_a_note_is_written_by_whose_it_is_alone(behind: Server) -> None:
    """Whatever way it comes, among the documents of a batch too."""

    def only_mine(user: User | None, database: str, method: str, path: str) -> bool:
        return path != "_local/of-another"

    with fronting({behind.database: there(behind)}, authorize=only_mine) as url:
        client = Client(Server(url, database=behind.database, user=USER, password=PASSWORD, ours=None))
        for said in (
            client.put("_local/of-another", {}),
            client.post("", {"_id": "_local/of-another"}),
            client.post("_bulk_docs", {"docs": [{"_id": "_local/of-another"}]}),
            bring(client, {"_id": "_local/of-another"}),
        ):
            assert said.status_code in (401, 403)
        assert client.put("_local/mine", {}).status_code == 201
        client.close()
    past_us = Client(behind)
    assert past_us.get("_local/of-another").status_code == 404
    past_us.close()


def test_what_came_into_the_database_past_us_is_held_and_shown(
    strict: Client, behind: Server, held: list[tuple[str, ...]]
) -> None:
    bring(strict, event(1))
    lie = event(2, lie=True)
    past_us = Client(behind)
    assert bring(past_us, lie, {**event(1, lie=True), "_rev": "1-" + "f" * 32}).status_code == 201
    past_us.close()

    (true, false) = strict.post(
        "_bulk_get?revs=true",
        {"docs": [{"id": event(1)["_id"], "rev": event(1)["_rev"]}, {"id": lie["_id"]}]},
    ).json()["results"]
    assert true["docs"][0]["ok"]["_rev"] == event(1)["_rev"]
    assert false["docs"] == [
        {"error": {"id": lie["_id"], "rev": lie["_rev"], "error": "not_found", "reason": "missing"}}
    ]
    assert strict.get(lie["_id"]).status_code == 404
    leaves = strict.get(f"{event(1)['_id']}?open_revs=all", headers={"Accept": "application/json"}).json()
    assert sorted(next(iter(one)) for one in leaves) == ["missing", "ok"]
    for listed in ("_all_docs", "_changes"):
        answer = strict.get(f"{listed}?include_docs=true").json()
        rows = answer.get("rows") or answer["results"]
        assert {row["id"]: row["doc"] for row in rows}[lie["_id"]] is None
    assert ("dossiers", lie["_id"], lie["_rev"], "seal: not the seal of counter-01") in held


def test_a_post_that_stands_for_another_method_is_that_method_to_whoever_allows_it(behind: Server) -> None:
    told: list[tuple[str, str]] = []

    def never_delete(user: object, database: str, method: str, path: str) -> bool:
        told.append((method, path))
        return method != "DELETE"

    with fronting({"dossiers": there(behind)}, authorize=never_delete) as url:
        client = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
        rev = client.put("a", {}).json()["rev"]
        gone = client.post(f"a?rev={rev}", None, headers={"X-HTTP-Method-Override": "DELETE"})
        assert (gone.status_code, client.get("a").status_code) == (403, 200)
        client.close()
    assert told == [("PUT", "a"), ("DELETE", "a"), ("GET", "a")]


def even(ids: Sequence[str]) -> set[str]:
    return {one for one in ids if int(one, 16) % 2 == 0}


@pytest.mark.parametrize("spelling", ["true", "TRUE"])
def test_documents_are_judged_and_narrowed_wherever_they_were_asked_for(
    spelling: str, database: RemoteDatabase
) -> None:
    """In the URL or in the body, and in a spelling that only what lies behind takes: his own he sees, and nobody a lie."""
    copies = {"docs": [event(1), event(2), event(3, lie=True), event(4, lie=True)], "new_edits": False}
    assert database.ask("POST", ("_bulk_docs",), data=dump(copies)).status == 201
    his: Any = lambda user, name, asked: Filter("his", by_id=lambda one: int(one, 16) % 2 == 0)  # noqa: E731
    with fronting({"dossiers": database}, narrowed=his, judges={"dossiers": no_lies}) as url:
        client = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
        answers = [
            client.get(f"_all_docs?include_docs={spelling}"),
            client.post(f"_all_docs?include_docs={spelling}", {"limit": 9}),
            client.post("_all_docs", {"include_docs": spelling == "true" or spelling}),
            client.get(f"_changes?include_docs={spelling}"),
        ]
        client.close()
    for said in answers:
        rows = said.json().get("rows", said.json().get("results", []))
        shown = [row["doc"]["_id"] for row in rows if row.get("doc")]
        assert shown == [event(2)["_id"]] or (spelling != "true" and not shown)


def test_the_front_filters_as_the_reader_asks_and_gives_what_is_his(behind: Server, tmp_path: Path) -> None:
    """Pages are of any size, and what is left out moves the reader on all the same."""
    admin = Client(behind)
    bring(admin, *(event(n) for n in range(1200)))
    admin.close()
    his: Any = lambda user, name, asked: Filter(  # noqa: E731
        (asked.key, "his"),
        by_page=lambda ids: even(list(ids if asked.by_page is None else asked.by_page(ids))),
    )
    above: Any = {"above": lambda told, user: Filter(("above", told["n"]), by_page=lambda ids: [one for one in ids if int(one, 16) > int(told["n"])])}  # fmt: skip
    with fronting({"dossiers": there(behind)}, narrowed=his, filters=above) as url:
        client = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
        limited = client.get("_changes?filter=above&n=1000&limit=7").json()
        assert [int(row["id"], 16) for row in limited["results"]] == list(range(1002, 1016, 2))
        assert limited["pending"] == len(range(1015, 1200))
        rest = client.get(f"_changes?filter=above&n=1000&since={limited['last_seq']}").json()
        assert [int(row["id"], 16) for row in rest["results"]] == list(range(1016, 1200, 2))
        assert client.get(f"_changes?since={rest['last_seq']}").json()["results"] == []
        assert client.get(event(1)["_id"]).status_code == 404
        assert client.get(event(2)["_id"]).status_code == 200
        (his_own, not_his) = client.post(
            "_bulk_get", {"docs": [{"id": event(2)["_id"]}, {"id": event(1)["_id"]}]}
        ).json()["results"]
        assert "ok" in his_own["docs"][0]
        assert not_his["docs"][0]["error"]["reason"] == "missing"
        client.close()
        store = open_store(tmp_path / "his.db", 3)
        chosen = Chosen(filter="above", parameters={"n": "1100"})
        assert copying(through(url, "dossiers", chosen=chosen), local(store)).run_once().docs_written == 49


def test_a_reader_is_not_led_past_what_nobody_can_place_yet(behind: Server) -> None:
    """He stays before it, and looks again when it is known whose it is."""
    placed: set[str] = set()

    def his(user: object, name: str, asked: Filter) -> Filter:
        return Filter("his", by_page=lambda ids: even([one for one in ids if one in placed]))

    known: Known = lambda ids: dict.fromkeys(placed.intersection(ids), True)  # noqa: E731
    front = front_of({"dossiers": there(behind)}, narrowed=his, known={"dossiers": known})
    with serving_front(front) as url:
        client = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
        bring(client, *(event(n) for n in range(1, 5)))
        placed.update(event(n)["_id"] for n in (1, 2, 4))
        first = client.get("_changes").json()
        assert ([row["id"] for row in first["results"]], first["pending"]) == ([event(2)["_id"]], 2)
        with client.get(
            f"_changes?feed=longpoll&heartbeat=50&since={first['last_seq']}", stream=True
        ) as feed:
            lines = feed.iter_lines(chunk_size=1)
            assert next(lines) == b'{"results":['
            placed.add(event(3)["_id"])
            front.ring("dossiers")
            assert event(4)["_id"].encode() in next(line for line in lines if line)
        client.close()


def test_what_waits_for_something_keeps_back_only_those_whose_it_is_not_yet(behind: Server) -> None:
    """It may become theirs; whose it is already is told of it, and of what comes behind."""
    waits = event(3)["_id"]
    whose: dict[str, Callable[[Sequence[str]], set[str]]] = {
        "even": even,
        "odd": lambda ids: set(ids) - even(ids),
    }

    def chosen(told: Mapping[str, str], user: object) -> Filter:
        return Filter(("whose", told["whose"]), by_page=lambda ids: whose[told["whose"]](list(ids)))

    known: Known = lambda ids: {one: one != waits for one in ids}  # noqa: E731
    front = front_of({"dossiers": there(behind)}, filters={"whose": chosen}, known={"dossiers": known})
    with serving_front(front) as url:
        client = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
        bring(client, *(event(n) for n in range(1, 6)))
        odd = client.get("_changes?filter=whose&whose=odd").json()
        assert [row["id"] for row in odd["results"]] == [event(n)["_id"] for n in (1, 3, 5)]
        before = client.get("_changes?filter=whose&whose=even").json()
        assert [row["id"] for row in before["results"]] == [event(2)["_id"]]
        assert client.get(f"_changes?since={before['last_seq']}").json()["results"][0]["id"] == waits
        client.close()


def test_who_comes_anew_reads_what_he_has_just_written(client: Client, node: Node) -> None:
    """Before the bell has rung: only who waited shares a page."""
    at = client.get("_changes").json()["last_seq"]
    for n in range(3):
        bring(client, event(n))
        ids = [row["id"] for row in client.get(f"_changes?since={at}").json()["results"]]
        assert ids == [event(one)["_id"] for one in range(n + 1)]


def test_documents_come_in_small_pages(client: Client, node: Node) -> None:
    """Of attachments too: hundreds in one answer would be tens of megabytes here and behind."""
    bring(client, *(event(n) for n in range(60)))
    found = client.get("_changes?include_docs=true").json()["results"]
    assert [row["doc"]["_id"] for row in found] == [event(n)["_id"] for n in range(60)]
    assert len(client.get("_changes?include_docs=true&limit=20").json()["results"]) == 20
    assert [parse_qs(one)["limit"] for one in node.pages] == [["50"], ["50"], ["20"]]


def test_what_is_asked_for_at_once_is_never_here_at_once(client: Client, node: Node) -> None:
    """Who asks for thousands of documents gets them, in portions; a line that breaks between two is a broken line."""
    copies = [event(n) for n in range(2 * GIVEN_AT_ONCE + 1)]
    bring(client, *copies)
    asked: list[str] = []
    node.says = lambda path: asked.append(path) if path.endswith("_bulk_get") else None
    wanted = {"docs": [{"id": one["_id"], "rev": one["_rev"]} for one in copies]}
    given = client.post("_bulk_get", wanted).json()["results"]
    assert [one["docs"][0]["ok"] for one in given] == copies
    assert len(asked) == 3
    assert client.post("_bulk_get", {"docs": []}).json() == {"results": []}
    asked.clear()

    def fails_later(path: str) -> tuple[str, bytes] | None:
        if path.endswith("_bulk_get"):
            asked.append(path)
            return BAD_MOMENTS["refusing"] if len(asked) > 1 else None
        return None

    node.says = fails_later
    with contextlib.closing(through(client.server.url, "dossiers")) as peer, pytest.raises(Unavailable):
        peer.bulk_get([(one["_id"], one["_rev"]) for one in copies])


def test_a_list_that_does_not_fit_is_asked_for_in_parts(client: Client) -> None:
    bring(client, *(event(n, text="") for n in range(SHOWN_AT_ONCE + 1)))
    for more in ("", "&limit=100000"):
        said = client.get(f"_all_docs?include_docs=true{more}")
        assert (said.status_code, "limit" in said.json()["reason"]) == (413, True)
    assert client.post("_all_docs", {"include_docs": True}).status_code == 413
    part = client.get(f"_all_docs?include_docs=true&limit={SHOWN_AT_ONCE}").json()["rows"]
    rest = client.get(f'_all_docs?include_docs=true&startkey="{part[-1]["id"]}"&skip=1').json()["rows"]
    assert len(client.get("_all_docs").json()["rows"]) == len(part) + len(rest) == SHOWN_AT_ONCE + 1
    assert client.get("_all_docs?limit=x").status_code == 400


@pytest.mark.parametrize("shows", [False, True])
def test_a_page_is_kept_for_who_stands_beside_unless_documents_are_in_it(shows: bool, behind: Server) -> None:
    with (
        contextlib.closing(there(behind)) as database,
        contextlib.closing(Bell(database, name="dossiers", quiet_s=60)) as bell,
    ):
        bell.await_hearing(20)
        fronted = Fronted("dossiers", database, bell, None, None, None, lambda *told: None)
        first, second = (fronted.page({"since": 0}, None, waited=True, shows=shows) for _ in range(2))
        assert (first == second, first is second) == (True, not shows)


def test_no_path_leads_out_of_the_database(strict: Client, behind: Server) -> None:
    other = Client(behind)
    assert other.put("/secret").status_code == 201
    assert other.put("/secret/mine", {"n": 1}).status_code == 201
    for path in (
        "%2E%2E/secret/mine",
        "%2e%2e%2fsecret/mine",
        "x/%2E%2E/%2E%2E/secret/mine",
        "_local/%2E%2E",
    ):
        for client in (strict,):
            assert client.get(path).status_code in (400, 404, 501), path
    assert other.delete("/secret").status_code == 200
    other.close()


# ---- when the cluster does not do as it should


class Node:
    """Our bare server as a node of a cluster that has bad moments: `says` answers instead of it."""

    def __init__(self, behind: Server) -> None:
        self._app = behind.only_ours().app
        self.says: Callable[[str], tuple[str, bytes] | None] = lambda path: None
        self.says_of: Callable[[str, int], tuple[str, bytes] | None] = lambda path, length: self.says(path)
        self.done_first = False
        self.pages: list[str] = []
        """What was asked of `_changes` but by the bell."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("_changes") and "style" not in environ["QUERY_STRING"]:
            self.pages.append(environ["QUERY_STRING"])
        instead = self.says_of(environ["PATH_INFO"], int(environ.get("CONTENT_LENGTH") or 0))
        if instead is None:
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        if self.done_first:
            b"".join(self._app(environ, lambda *told: lambda body: None))
        environ["wsgi.input"].read()
        status, body = instead
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def node(behind: Server) -> Node:
    return Node(behind)


@pytest.fixture
def patience_s() -> float:
    """Of the front with its node."""
    return PATIENCE_S


@pytest.fixture
def client(node: Node, behind: Server, patience_s: float) -> Iterator[Client]:
    http = Http(node)
    lies = RemoteDatabase(
        http.url, "dossiers", user=behind.user, password=behind.password, patience_s=patience_s
    )
    try:
        with fronting({"dossiers": lies}, rules={"dossiers": no_lies}) as url:
            made = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
            yield made
            made.close()
    finally:
        http.close()


BAD_MOMENTS = {
    "refusing": ("503 Service Unavailable", b'{"error":"maintenance_mode","reason":"node is down"}'),
    "broken": ("500 Internal Server Error", b'{"error":"internal_server_error","reason":"No DB shards could be opened."}'),
    "busy": ("429 Too Many Requests", b'{"error":"too_many_requests","reason":"later"}'),
    "without a quorum": ("202 Accepted", b"[]"),
    "a row that failed": ("201 Created", b'[{"id":"a","error":"internal_server_error","reason":"timeout"}]'),
    "not letting us in": ("401 Unauthorized", b'{"error":"unauthorized","reason":"Name or password is incorrect."}'),
    "closed": ("403 Forbidden", b'{"error":"forbidden","reason":"You are not allowed to access this db."}'),
    "moved": ("302 Found", b"{}"),
    "a portal": ("201 Created", b"<html>Log in</html>"),
}  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        bad
        if bad in ("refusing", "without a quorum", "a row that failed")
        else pytest.param(bad, marks=pytest.mark.proof)
        for bad in BAD_MOMENTS
    ],
)
def test_what_the_cluster_did_not_keep_is_not_acknowledged(bad: str, node: Node, client: Client) -> None:
    """Whether it had written or not: the same again goes well later, and is there once."""
    node.says = lambda path: BAD_MOMENTS[bad] if path.endswith("_bulk_docs") else None
    for node.done_first in (False, True):
        said = bring(client, event(1), event(2))
        assert (said.status_code, said.json()["error"]) == (503, "unavailable")
        assert int(said.headers["Retry-After"]) >= 1
    node.says = lambda path: None
    assert (bring(client, event(1), event(2)).status_code, bring(client, event(2)).json()) == (201, [])
    assert client.get("").json()["doc_count"] == 2


def test_what_too_few_copies_have_is_sent_again_although_it_is_not_missing(
    node: Node, client: Client, tmp_path: Path
) -> None:
    """To `_revs_diff` any copy answers first: what lies in one, and is lost with that, must not count as kept."""
    here = open_store(tmp_path / "here.db", 2)
    here.bulk_docs([event(n) for n in range(3)], new_edits=False)
    sent: list[str] = []

    def too_few(path: str) -> tuple[str, bytes] | None:
        if path.endswith("_bulk_docs"):
            sent.append(path)
            return BAD_MOMENTS["without a quorum"] if len(sent) < 3 else None
        return None

    node.says, node.done_first = too_few, True
    push = copying(local(here), through(client.server.url, "dossiers"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            push.run_once()
        assert client.get("").json()["doc_count"] == 3
    assert (push.run_once().docs_written, len(sent)) == (3, 3)
    assert (push.run_once().docs_written, len(sent)) == (3, 3)
    push.stop()


def test_it_is_sent_again_after_the_power_went_meanwhile(
    node: Node, client: Client, centre: SmallCentre, tmp_path: Path
) -> None:
    """Or by the road to another front, that is made when this one does not answer."""
    counter = centre["counter-01"]
    here = open_store(tmp_path / "here.db", 2)
    here.bulk_docs([event(n) for n in range(3)], new_edits=False)
    kept: list[int] = []

    def without_a_quorum(path: str) -> tuple[str, bytes] | None:
        if not path.endswith("_bulk_docs"):
            return None
        kept.append(len(Unacknowledged(counter.file, "files").before()))
        return BAD_MOMENTS["without a quorum"]

    node.says, node.done_first = without_a_quorum, True
    push = copying(local(here), through(client.server.url, "dossiers"), Unacknowledged(counter.file, "files"))
    with pytest.raises(Unavailable):
        push.run_once()
    push.stop()
    assert kept == [3], "it was noted before it went: the power may go before the answer comes"
    counter = centre.reopen("counter-01")
    left = Unacknowledged(counter.file, "files")
    assert len(left.before()) == 3
    node.says = lambda path: None
    push = copying(local(here), through(client.server.url, "dossiers"), left)
    assert push.run_once().docs_written == 3
    assert left.before() == frozenset()
    push.stop()


def test_what_is_too_large_for_a_proxy_before_the_cluster_comes_in_smaller_parts(
    node: Node, client: Client, tmp_path: Path
) -> None:
    """It answers in HTML."""
    here, sizes = open_store(tmp_path / "here.db", 2), list[int]()
    here.bulk_docs([event(n) for n in range(16)], new_edits=False)

    def no_more(path: str, length: int) -> tuple[str, bytes] | None:
        if not path.endswith("_bulk_docs"):
            return None
        sizes.append(length)
        return ("413 Request Entity Too Large", b"<html>") if length > 10_000 else None

    node.says_of = no_more
    push = copying(local(here), through(client.server.url, "dossiers"))
    done = push.run_once()
    assert (done.docs_written, done.docs_refused, client.get("").json()["doc_count"]) == (16, 0, 16)
    assert max(sizes) > 10_000
    push.stop()


def test_what_a_quorum_gives_a_moment_later_is_waited_for(node: Node, client: Client, tmp_path: Path) -> None:
    """The feed tells of what one copy has; who is led past it for that, and takes it for refused, lets others wait in vain."""
    bring(client, event(1), event(2))
    elsewhere, asked = open_store(tmp_path / "elsewhere.db", 3), list[str]()
    late = event(2)
    row = {"id": late["_id"], "docs": [{"error": {"id": late["_id"], "rev": late["_rev"], "error": "not_found", "reason": "missing"}}]}  # fmt: skip
    first = {"id": event(1)["_id"], "docs": [{"ok": event(1)}]}

    def not_yet(path: str) -> tuple[str, bytes] | None:
        if not path.endswith("_bulk_get"):
            return None
        asked.append(path)
        rows = [[first, row], [row]][: len(asked)]
        return ("200 OK", dump({"results": rows[-1]})) if len(asked) < 3 else None

    node.says = not_yet
    http = Http(node)
    pull = copying(RemotePeer(http.url, "dossiers", user=USER, password=PASSWORD), local(elsewhere))
    done = pull.run_once()
    assert (done.docs_written, done.docs_refused, len(asked)) == (2, 0, 3)
    pull.stop()
    http.close()


def test_too_few_copies_are_none_without_a_front_either(node: Node, client: Client) -> None:
    """Central brings its own there, its word on who is let in too."""
    node.says = lambda path: BAD_MOMENTS["without a quorum"] if path.endswith("_bulk_docs") else None
    http = Http(node)
    peer = RemotePeer(http.url, "dossiers", user=USER, password=PASSWORD)
    with pytest.raises(Unavailable):
        peer.bulk_docs([event(1)])
    node.says = lambda path: None
    assert peer.bulk_docs([event(1)]) == []
    peer.close()
    http.close()


@pytest.mark.parametrize("patience_s", [2.0])
def test_a_silent_node_is_not_waited_for_without_end(node: Node, client: Client) -> None:
    awake = threading.Event()

    def silent(path: str) -> None:
        if path.endswith("_bulk_docs"):
            awake.wait(30)

    node.says = silent
    said = bring(client, event(1))
    assert (said.status_code, "silent" in said.json()["reason"]) == (503, True)
    awake.set()
    node.says = lambda path: None
    assert bring(client, event(1)).status_code == 201


def test_reading_what_is_out_of_reach_is_no_empty_answer(node: Node, client: Client) -> None:
    bring(client, event(1))
    node.says = lambda path: BAD_MOMENTS["refusing"] if path.startswith("/dossiers") else None
    for path in ("", "_changes", "_changes?feed=longpoll", event(1)["_id"], "_all_docs", "_local/x", "/_up"):
        assert client.get(path).status_code == 503, path
    for path in ("_revs_diff", "_bulk_get"):
        assert client.post(path, {"docs": [{"id": "a"}]} if path == "_bulk_get" else {}).status_code == 503
    node.says = lambda path: None
    assert client.get("_changes").json()["results"][0]["id"] == event(1)["_id"]


def test_a_sequence_of_another_life_is_read_anew(node: Node, client: Client) -> None:
    """Of before the documents moved behind fronts: sent again is better than lost."""
    bring(client, event(1))
    answer = client.get("_changes?since=12-g1AAAACbeJzLYWBgYMpgTmEQTM4vTc5ISXLIyU9OzMnILy7JAUklMiT").json()
    assert [row["id"] for row in answer["results"]] == [event(1)["_id"]]
