"""Attacks on a real server that lets everybody do everything.

Whatever is sent: an answer within five seconds, of CouchDB's kind, never a 500; what was refused has changed
nothing; and no file appears but those of databases. `--prove` asks much more of the same.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.bare_server import BareServer
from sync.endpoints.bulk import MAX_DOCUMENTS
from tests.proving import Times
from tests.sync.servers import NOW, Http, Ids

DEADLINE_S = 20
JSON = {"Content-Type": "application/json"}
SEEDS: list[dict[str, Any]] = [
    {"_id": "a", "n": 1},
    {"_id": "b", "_attachments": {"x.txt": {"data": "eHh4", "content_type": "text/plain"}}},
    {"_id": "c/d"},
    {"_id": "_design/d", "language": "query", "views": {}},
]
CONFLICT = {"new_edits": False, "docs": [{"_id": "k", "_rev": "1-a"}, {"_id": "k", "_rev": "1-b"}]}

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
REVS = st.sampled_from(["1-a", "2-b", "0-1", "x", "", "1-", "99999999999999999999-a", "1-" + "A" * 32])
IDS = st.sampled_from(["a", "b", "_local/a", "_design/a", "_x", "", "a/b", "\u0000", "🙂"]) | TEXT
ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | REVS
)
ANY = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
STUBS = st.fixed_dictionaries(
    {},
    optional={
        "data": st.sampled_from(["", "eA==", "x", "é"]) | ODD,
        "stub": ODD,
        "follows": ODD,
        "revpos": ODD,
        "content_type": ODD,
        "digest": ODD,
    },
)
DOCUMENTS = (
    st.fixed_dictionaries(
        {},
        optional={
            "_id": IDS | ODD,
            "_rev": REVS | ODD,
            "_deleted": st.booleans() | ODD,
            "_revisions": st.fixed_dictionaries({"start": ODD, "ids": st.lists(TEXT | ODD, max_size=3)})
            | ODD,
            "_attachments": st.dictionaries(TEXT, STUBS | ODD, max_size=2) | ODD,
            "_x": ODD,
            "n": ANY,
        },
    )
    | ANY
)
ENTRIES = st.fixed_dictionaries({}, optional={"id": IDS | ODD, "rev": REVS | ODD}) | ODD
NAMES = st.sampled_from(
    [
        "rev",
        "revs",
        "revs_info",
        "open_revs",
        "latest",
        "attachments",
        "conflicts",
        "meta",
        "new_edits",
        "since",
        "limit",
        "feed",
        "heartbeat",
        "filter",
        "doc_ids",
        "style",
        "include_docs",
        "descending",
        "startkey",
        "endkey",
        "key",
        "keys",
        "skip",
        "count",
        "update_seq",
        "seq_interval",
        "att_encoding_info",
        "last-event-id",
        "view",
    ]
)
ENDS = (
    st.sampled_from(["dossiers", "a", "a/b", "A", "..", "http://", "http://[", "ftp://a/b"])
    | st.fixed_dictionaries({"url": TEXT | ODD}, optional={"headers": ANY, "auth": ANY})
    | ODD
)
BODIES = st.one_of(
    DOCUMENTS,
    st.fixed_dictionaries({"docs": st.lists(DOCUMENTS, max_size=3) | ANY}, optional={"new_edits": ODD}),
    st.fixed_dictionaries({"docs": st.lists(ENTRIES, max_size=3)}),
    st.dictionaries(IDS, st.lists(REVS | ODD, max_size=3) | ANY, max_size=3),
    st.fixed_dictionaries(
        {"keys": st.lists(IDS | ODD, max_size=3)}, optional={"limit": ODD, "startkey": ODD}
    ),
    st.fixed_dictionaries({}, optional={"doc_ids": ANY, "selector": ANY, "fields": ANY}),
    st.fixed_dictionaries({"name": ODD, "password": ODD}),
    st.fixed_dictionaries(
        {"queries": st.lists(st.dictionaries(NAMES, ANY, max_size=2) | ODD, max_size=3) | ODD}
    ),
    st.dictionaries(
        st.sampled_from(["admins", "members", "x"]),
        st.dictionaries(st.sampled_from(["names", "roles"]), st.lists(TEXT | ODD, max_size=2) | ODD) | ODD,
    ),
    st.fixed_dictionaries(
        {"source": ENDS, "target": ENDS},
        optional={
            "doc_ids": st.lists(IDS | ODD, max_size=2) | ODD,
            "selector": ANY,
            "filter": st.sampled_from(["_design", "a/b", "_x"]) | ODD,
            "since_seq": ODD,
            "create_target": ODD,
            "cancel": ODD,
            "query_params": ANY,
            "use_checkpoints": ODD,
        },
    ),
)
PIECES = st.sampled_from(
    [
        "dossiers",
        "_changes",
        "_bulk_docs",
        "_bulk_get",
        "_revs_diff",
        "_missing_revs",
        "_all_docs",
        "_local",
        "_design",
        "_ensure_full_commit",
        "_session",
        "_uuids",
        "_all_dbs",
        "_dbs_info",
        "_active_tasks",
        "_replicate",
        "_security",
        "_revs_limit",
        "_purge",
        "_purged_infos_limit",
        "_compact",
        "_view_cleanup",
        "_local_docs",
        "_design_docs",
        "queries",
        "_view",
        "_find",
        "_explain",
        "_index",
        "_partition",
        "a",
        "b",
        "c",
        "%2F",
        "%ff",
        "%00",
        "+",
        "..",
        "_x",
        "_local%2Fa",
    ]
)
PATHS = st.lists(PIECES, max_size=4).map("/".join) | st.lists(PIECES, max_size=3).map(
    lambda pieces: "/".join(["dossiers", *pieces])
)
VALUES = st.sampled_from(
    [
        "true",
        "false",
        "0",
        "1",
        "-1",
        '"a"',
        '["1-a"]',
        "all",
        "now",
        "[",
        "%ff",
        "continuous",
        "longpoll",
        "eventsource",
        "_doc_ids",
        "_selector",
        "_design",
        "_view",
        "a/b",
    ]
)
QUERIES = st.dictionaries(NAMES, VALUES | REVS | TEXT.map(quote), max_size=3).map(
    lambda query: "&".join(f"{name}={value}" for name, value in query.items())
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "COPY", "OPTIONS", "PATCH"])
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["application/json", "text/plain", "multipart/related", "", ";"]),
        "Content-Encoding": st.sampled_from(["gzip", "br", "identity"]),
        "If-Match": REVS,
        "If-None-Match": st.sampled_from(['"1-a"', "*"]),
        "Range": st.sampled_from(["bytes=0-0", "bytes=9-1", "x", "bytes=99999999999999999999-"]),
        "Cookie": st.sampled_from(["AuthSession=x", "AuthSession=x.y", "AuthSession"]),
        "X-HTTP-Method-Override": st.sampled_from(["DELETE", "x"]),
        "Destination": st.sampled_from(["a", ""]),
    },
)


DOORS = [
    ("POST", "/dossiers", ("_id", "_rev", "_deleted", "_revisions", "_attachments", "_conflicts", "_x", "n")),
    ("POST", "/dossiers/_bulk_docs", ("docs", "new_edits")),
    ("POST", "/dossiers/_bulk_get", ("docs",)),
    ("POST", "/dossiers/_revs_diff", ("a", "zz")),
    ("POST", "/dossiers/_missing_revs", ("a", "zz")),
    ("POST", "/dossiers/_purge", ("a", "zz")),
    ("POST", "/dossiers/_all_docs", ("keys", "key", "startkey", "endkey", "limit", "skip", "descending")),
    ("POST", "/dossiers/_all_docs/queries", ("queries",)),
    ("POST", "/dossiers/_design_docs", ("keys", "limit", "startkey")),
    ("POST", "/dossiers/_local_docs", ("keys", "limit", "include_docs")),
    ("POST", "/dossiers/_changes?timeout=1", ("doc_ids", "selector", "fields", "since", "feed")),
    ("POST", "/dossiers/_changes?timeout=1&filter=_doc_ids", ("doc_ids",)),
    ("POST", "/dossiers/_changes?timeout=1&filter=_selector", ("selector", "fields")),
    (
        "POST",
        "/dossiers/_find",
        ("selector", "fields", "sort", "limit", "skip", "bookmark", "use_index", "r"),
    ),
    ("POST", "/dossiers/_find", ("conflicts", "update", "stable", "stale", "partition", "execution_stats")),
    ("POST", "/dossiers/_explain", ("selector", "fields", "sort", "bookmark", "use_index")),
    ("POST", "/dossiers/_index", ("index", "type", "name", "ddoc", "w", "partitioned")),
    ("POST", "/dossiers/_index/_bulk_delete", ("docids", "w")),
    ("POST", "/dossiers/_ensure_full_commit", ("x",)),
    ("POST", "/dossiers/_compact", ("x",)),
    ("POST", "/dossiers/_view_cleanup", ("x",)),
    ("POST", "/dossiers/_temp_view", ("map",)),
    ("PUT", "/dossiers/_security", ("admins", "members")),
    ("PUT", "/dossiers/_revs_limit", ("x",)),
    ("PUT", "/dossiers/_purged_infos_limit", ("x",)),
    ("PUT", "/dossiers/a", ("_id", "_rev", "_deleted", "_revisions", "_attachments", "_local_seq")),
    ("PUT", "/dossiers/z?new_edits=false", ("_rev", "_revisions", "_attachments")),
    ("PUT", "/dossiers/_local/l", ("_id", "_rev", "_deleted", "_revisions", "_attachments")),
    ("PUT", "/dossiers/_design/d", ("_rev", "language", "views")),
    ("POST", "/_session", ("name", "password", "next")),
    ("POST", "/_dbs_info", ("keys",)),
    ("POST", "/_replicate", ("source", "target", "doc_ids", "selector", "filter", "since_seq", "cancel")),
]
WELL_FORMED: dict[str, dict[str, Any]] = {
    "/dossiers/_find": {"selector": {}},
    "/dossiers/_explain": {"selector": {}},
    "/dossiers/_index": {"index": {"fields": ["a"]}},
    "/_session": {"name": "a", "password": "b"},
    "/_replicate": {"source": "dossiers", "target": "nowhere"},
}
NASTY: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308),
    *(
        "",
        "a",
        "0",
        "-1",
        "true",
        "null",
        "1-a",
        "0-1",
        "_design/d",
        "_local/l",
        "_x",
        "\0",
        "é",
        "🙂",
        "a" * 70_000,
    ),
    *([], [None], [1], ["a"], [""], [[]], [[[[]]]], [{}], ["1-a"], ["a", "a"], [True, "a"]),
    *({}, {"a": 1}, {"": 1}, {"a": []}, {"a": ["1-a"]}, {"a": [1]}, {"a": {"b": 1}}, {"$or": 1}, {"$gt": 1}),
    *([{"id": "a"}], [{"id": 1}], [{"id": "a", "rev": 1}], [{"_id": "a", "_rev": 5}], [{"_id": "_x"}]),
    *({"start": 1, "ids": ["a"]}, {"start": -1, "ids": []}, {"start": "1", "ids": [1]}, {"names": 1}),
    *({"x": {}}, {"x": {"data": 1}}, {"x": {"data": "!"}}, {"x": {"stub": True}}, {"x": {"follows": True}}),
    *(
        {"x": {"data": "", "revpos": -1}},
        {"x": {"data": "", "content_type": "a\r\nb: c"}},
        {"_x": {"data": ""}},
    ),
]
BYTES = [
    *(b"", b" ", b"{", b"null", b"[]", b"1", b'"', b"\xff", b"\0" * 9, b"NaN", b"'a'", b"\xef\xbb\xbf{}"),
    *(b'{"a":1,"a":2}', b'"\\ud800"', b'{"\\ud800":1}', b'{"a":1e999}', b'{"a":%s}' % (b"9" * 5000)),
    *(b"[" * 300 + b"]" * 300, b'{"a":' * 300 + b"1" + b"}" * 300, b"[" * 100_000),
]
READS = [
    *(
        "/",
        "/_up",
        "/_uuids",
        "/_all_dbs",
        "/_dbs_info",
        "/_active_tasks",
        "/_session",
        "/dossiers",
        "/nowhere",
    ),
    *(f"/dossiers/{path}" for path in ("_all_docs", "_design_docs", "_local_docs", "_changes", "_security")),
    *(f"/dossiers/{path}" for path in ("_revs_limit", "_purged_infos_limit", "_index", "_partition/x", "_x")),
    *(
        f"/dossiers/{path}"
        for path in ("a", "b", "k", "_local/l", "_design/d", "b/x.txt", "_design/d/_view/x")
    ),
]
WRITES = [
    *(
        ("PUT", path)
        for path in ("/dossiers/a", "/dossiers/b/x.txt", "/dossiers/_local/l", "/dossiers/_revs_limit")
    ),
    *(("DELETE", path) for path in ("/dossiers/a", "/dossiers/b/x.txt", "/dossiers/_index/d/json/x")),
    *(
        ("POST", path)
        for path in ("/dossiers", "/dossiers/_bulk_docs", "/dossiers/_changes", "/dossiers/_bulk_get")
    ),
    ("COPY", "/dossiers/a"),
]
PARAMETERS = [
    *(
        "rev",
        "revs",
        "revs_info",
        "open_revs",
        "latest",
        "attachments",
        "conflicts",
        "deleted_conflicts",
        "meta",
    ),
    *(
        "local_seq",
        "att_encoding_info",
        "atts_since",
        "new_edits",
        "batch",
        "since",
        "limit",
        "feed",
        "filter",
    ),
    *(
        "doc_ids",
        "style",
        "include_docs",
        "descending",
        "startkey",
        "endkey",
        "start_key",
        "key",
        "keys",
        "skip",
    ),
    *("count", "update_seq", "inclusive_end", "seq_interval", "heartbeat", "q", "w", "view", "x"),
]
VALUES_OF_URLS = [
    *(
        "",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "1.5",
        "9" * 20,
        "9" * 5000,
        "a",
        "null",
        "%ff",
        "%00",
        "%",
        "+",
        "now",
    ),
    *(
        "all",
        "1-a",
        "x-1",
        "1-",
        "0-0",
        "longpoll",
        "continuous",
        "eventsource",
        "_doc_ids",
        "_selector",
        "_view",
    ),
    *(
        "_design",
        "a%2Fb",
        "main_only",
        "all_docs",
        "2026-01-01T00:00:00Z",
        "%C3%A9",
        "%F0%9F%99%82",
        "a" * 3000,
    ),
    *map(
        quote,
        ('""', '"a"', '"', "[", "[" * 3000, "[]", "{}", '["1-a"]', "[1]", "[null]", "[[]]", '"\\ud800"'),
    ),
]
HEADERS_AND_VALUES = {
    "Accept": ("", "*/*;q=x", "multipart/mixed", "application/json;q=0", ",", "a" * 5000),
    "Accept-Encoding": ("gzip;q=x", "br", "*", ","),
    "Authorization": ("Basic", "Basic x", "Basic Og==", "Basic /w==", "Bearer x", "\xff"),
    "Content-Encoding": ("gzip", "br", "gzip, gzip", ""),
    "Content-Type": (
        "",
        ";",
        "text/plain",
        "multipart/related",
        'multipart/related;boundary="',
        "multipart/x;boundary=b",
    ),
    "Cookie": ("AuthSession=", "AuthSession=x", "AuthSession=" + "A" * 4000, "=", ";;"),
    "Destination": (
        "",
        "..",
        "%ff",
        "_x",
        "_local/q",
        "zz?rev=",
        "zz?rev=x",
        "http://x/y",
        "/dossiers/zz",
        "a" * 20_000,
    ),
    "Expect": ("100-continue", "x"),
    "Host": ("", "a" * 64, "a..b", "[", "é"),
    "If-Match": ("", "x", '"', "1-a", '"1-a"', "*", "W/", "a" * 5000),
    "If-None-Match": ("", "*", '"1-a"', '"', ","),
    "Last-Event-ID": ("", "x", "9" * 40),
    "Origin": ("null", "x", "http://é", "http://x"),
    "Range": (
        "bytes=",
        "bytes=0-0",
        "bytes=-1",
        "bytes=5-1",
        "bytes=9-",
        "bytes=0-0,,",
        "bytes=a-b",
        "x",
        "bytes=" + "0-0," * 99,
    ),
    "X-HTTP-Method-Override": ("DELETE", "x", ""),
    "X-Forwarded-Host": ("x", "\xff"),
}


class Attacked:
    """`ask` fails the test unless the answer is one."""

    def __init__(self, port: int) -> None:
        self.port, self.deadline_s = port, DEADLINE_S
        self._known: list[bytes] | None = None

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.deadline_s)
        try:
            line.request(method, path, body, headers or {})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        status, answer = self.send(method, path, body, headers)
        said = f"{method} {path[:200]} {headers} {(body or b'')[:200]!r}: {status} {answer[:200]!r}"
        assert status < 500 or (status == 501 and (method == "HEAD" or b'"not_implemented"' in answer)), said
        if status >= 400 and method != "HEAD" and answer[:1] == b"{":
            assert set(json.loads(answer)) == {"error", "reason"}, said
        else:
            assert status < 400 or method == "HEAD" or status in (400, 413, 414), said  # the HTTP layer's
        return status, answer

    def attack(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Ask, and where it was refused look whether nothing has changed."""
        before = self._known or self.content()
        status, _ = self.ask(method, path, body, headers)
        if status >= 400:
            self._known = self.content()
            assert self._known == before, f"{method} {path} {body!r} was refused, and changed something"
        else:
            self.fill()

    def content(self) -> list[bytes]:
        whole = "include_docs=true&attachments=true&conflicts=true"
        documents = (
            f"_all_docs?{whole}",
            f"_changes?{whole}&style=all_docs",
            "_local_docs?include_docs=true",
        )
        paths = (*documents, "_security", "_revs_limit", "_index")
        return self._calmly(("GET", f"/dossiers/{path}", None) for path in paths)

    def fill(self) -> None:
        """There is a database with documents, whatever an attack before has done."""
        bodies = (*({"docs": [one]} for one in SEEDS), CONFLICT)
        self._known = None
        self._calmly(
            [
                ("PUT", "/dossiers", None),
                ("PUT", "/dossiers/_security", b"{}"),
                ("PUT", "/dossiers/_revs_limit", b"1000"),
                *(("POST", "/dossiers/_bulk_docs", json.dumps(body).encode()) for body in bodies),
                ("PUT", "/dossiers/_local/l", b"{}"),
            ]
        )

    def _calmly(self, requests: Iterable[tuple[str, str, bytes | None]]) -> list[bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.deadline_s)
        answers = []
        try:
            for method, path, body in requests:
                line.request(method, path, body, JSON)
                answers.append(line.getresponse().read())
        finally:
            line.close()
        return answers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("attacked")
    bare = BareServer(folder / "databases", new_id=Ids(1), now=lambda: NOW, secret=b"secret")
    http_server = Http(bare.app)
    attacked = Attacked(http_server.port)
    attacked.fill()
    yield attacked
    attacked.ask("GET", "/")
    bare.end_feeds()
    http_server.close()
    bare.close()
    files = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    allowed = re.compile(r"databases(/(lock|uuid|[a-z_][a-z0-9_$()+.-]*\.db(-wal|-shm)?))?")
    assert {file for file in files if not allowed.fullmatch(file)} == set()


def often(count: int, strategies: tuple[st.SearchStrategy[Any], ...], test: Callable[..., None]) -> None:
    settings(max_examples=count, deadline=None)(given(*strategies)(test))()


# ---- every member, parameter and header, with everything nasty


@pytest.mark.parametrize(("method", "path", "members"), DOORS)
def test_every_member_of_every_body(
    server: Attacked, times: Times, method: str, path: str, members: tuple[str, ...]
) -> None:
    well = WELL_FORMED.get(path, {})
    values = [value for value in NASTY if path != "/_replicate" or value is not True]
    bodies = [{**well, member: value} for member, value in itertools.product(members, values)]
    some = random.Random(1).sample(bodies, min(len(bodies), times(15, 10_000)))
    for body in (*some, *random.Random(2).sample(NASTY, 5)):
        server.attack(method, path, json.dumps(body).encode(), JSON)


@pytest.mark.parametrize(("method", "path"), sorted({(method, path) for method, path, _ in DOORS}))
def test_bodies_that_are_no_json(server: Attacked, method: str, path: str) -> None:
    for sent in BYTES:
        server.attack(method, path, sent, JSON)
    server.attack(method, path, b"{}", {**JSON, "Content-Encoding": "gzip"})


@pytest.mark.parametrize("path", READS)
def test_every_parameter_of_every_read(server: Attacked, times: Times, path: str) -> None:
    pairs = list(itertools.product(PARAMETERS, VALUES_OF_URLS))
    for name, value in random.Random(path).sample(pairs, times(20, len(pairs))):
        if name != "heartbeat" or "_changes" not in path:  # or it would rightly wait
            server.ask("GET", f"{path}?{name}={value}&timeout=1")


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_every_parameter_of_every_write(server: Attacked, times: Times, method: str, path: str) -> None:
    pairs = list(itertools.product(PARAMETERS, VALUES_OF_URLS))
    for name, value in random.Random(path).sample(pairs, times(10, len(pairs))):
        if name != "heartbeat":
            server.attack(method, f"{path}?{name}={value}&timeout=1", b"{}", {**JSON, "Destination": "copy"})


@pytest.mark.parametrize("name", HEADERS_AND_VALUES)
def test_every_header(server: Attacked, times: Times, name: str) -> None:
    asked = [
        *(("GET", path) for path in READS),
        *(("HEAD", path) for path in READS),
        *WRITES,
        ("OPTIONS", "/"),
    ]
    pairs = list(itertools.product(asked, HEADERS_AND_VALUES[name]))
    for (method, path), value in random.Random(name).sample(pairs, min(len(pairs), times(20, 10_000))):
        body = None if method in ("GET", "HEAD") else b"{}"
        server.ask(method, f"{path}?timeout=1", body, {**JSON, "Destination": "copy", name: value})
    server.fill()


# ---- what was stored comes back


ODD_TEXT = [
    *("x", "a b", " ", "+", "%2F", "a/b", "//", "..", "../../etc/passwd", ".", "\\", "?", "#", ";", '"', "'"),
    *(
        "\0",
        "\r\nX: y",
        "\n",
        "\x7f",
        "é",
        "e\u0301",
        "🙂",
        "\u2028",
        "\ufeff",
        "\u202e",
        "null",
        "{}",
        "a" * 1000,
    ),
]


def test_documents_with_odd_names_are_read_everywhere(server: Attacked) -> None:
    for text in ODD_TEXT:
        attachments = {text: {"data": "eHh4eHh4"}, "t": {"data": "eHh4", "content_type": text}}
        document = {"_id": f"odd {text}", "_attachments": attachments}
        server.ask("POST", "/dossiers", json.dumps(document).encode(), JSON)
        path = "/dossiers/" + quote(f"odd {text}", safe="")
        for accept in ("application/json", "*/*", "multipart/mixed", "multipart/related"):
            for question in (
                "",
                "?attachments=true",
                "?open_revs=all&attachments=true",
                "?meta=true&revs=true",
            ):
                assert server.ask("GET", path + question, None, {"Accept": accept})[0] == 200
        for name in (text, "t"):
            for headers in (
                {},
                {"Range": "bytes=0-1"},
                {"Range": "bytes=0-0,2-2"},
                {"Accept-Encoding": "gzip"},
            ):
                status, _ = server.ask("GET", f"{path}/{quote(name, safe='')}", None, headers)
                assert status in (200, 206), (name, headers)
        assert server.ask("COPY", path, None, {"Destination": quote(f"odd copy {text}", safe="")})[0] == 201
    for feed in ("normal", "longpoll", "continuous", "eventsource"):
        server.ask("GET", f"/dossiers/_changes?feed={feed}&include_docs=true&attachments=true&timeout=1")
    server.send("DELETE", "/dossiers")
    server.fill()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "..",
            "%2e%2e",
            "..%2f..%2fx",
            "a%2f..%2f..%2fb",
            "a%2F..",
            "a%00b",
            "a%5cb",
            "a%0ab",
            "a.b",
            "aux.db",
        ),
        *("A", "1a", "_x", "%ff", "~", "a*", "a%3f", "a" * 239, "a%20b", "%C3%A9", ".", "a%2e", "-", "$"),
    ],
)
def test_names_that_no_database_has(server: Attacked, name: str) -> None:
    for method, below in itertools.product(
        ("PUT", "GET", "HEAD", "DELETE"), ("", "/x", "/_all_docs", "/x/y")
    ):
        status, _ = server.ask(method, f"/{name}{below}", b"{}" if method == "PUT" else None)
        assert status in (400, 404, 405)


# ---- anything at all


def test_any_request(server: Attacked, times: Times) -> None:
    def test(method: str, path: str, query: str, body: Any, headers: dict[str, str]) -> None:
        sent = json.dumps(body).encode()
        server.attack(method, f"/{path}?{query}&timeout=1", sent, {**JSON, **headers})

    queries = QUERIES.filter(lambda query: "heartbeat" not in query)
    often(times(50, 1_500), (METHODS, PATHS, queries, BODIES, HEADERS), test)


def test_any_body_at_any_door(server: Attacked, times: Times) -> None:
    def test(door: tuple[str, str, object], body: Any) -> None:
        server.attack(door[0], door[1], json.dumps(body).encode(), JSON)

    often(times(60, 1_500), (st.sampled_from(DOORS), BODIES), test)


def test_any_bytes(server: Attacked, times: Times) -> None:
    def test(door: tuple[str, str, object], sent: bytes, gzipped: bool) -> None:
        headers = {"Content-Encoding": "gzip"} if gzipped else {}
        server.attack(door[0], door[1], sent, {**JSON, **headers})

    often(times(20, 1_000), (st.sampled_from(DOORS), st.binary(max_size=60), st.booleans()), test)


BOUNDARY = b"--b\r\nContent-Type: application/json\r\n\r\n%b\r\n--b\r\n\r\nabc\r\n--b--"
MULTIPART = BOUNDARY % b'{"_attachments":{"x":{"follows":true,"length":3,"content_type":"text/plain"}}}'
REQUESTS = [
    b"GET /dossiers/a HTTP/1.1\r\nHost: x\r\n\r\n",
    b'PUT /dossiers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"n": 12}',
    b'PUT /dossiers/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"n": 12}\r\n0\r\n\r\n',
    b"POST /dossiers/_bulk_docs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n"
    b'{"docs":[{"_id":"new"}]}',
    b"PUT /dossiers/new HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related;boundary=b\r\n"
    b"Content-Length: %d\r\n\r\n" % len(MULTIPART) + MULTIPART,
    b'GET /dossiers/b/x.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nIf-None-Match: "x"\r\n\r\n',
]


def test_requests_with_some_bytes_changed(server: Attacked, times: Times) -> None:
    changes = st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=3
    )

    def test(requests: list[bytes], changes: list[tuple[int, int, bytes]]) -> None:
        sent = bytearray(b"".join(requests))
        for place, length, instead in changes:
            sent[place : place + length] = instead
        statuses = spoken(server.port, bytes(sent))
        assert all(status < 500 or status in (501, 505) for status in statuses), (bytes(sent), statuses)
        if server.send("GET", "/dossiers/new")[0] != 404:
            assert any(status < 300 for status in statuses) or not statuses
            server.send("DELETE", "/dossiers")
            server.fill()

    often(times(50, 1_500), (st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=2), changes), test)


def spoken(port: int, sent: bytes) -> list[int]:
    """Say it, then nothing more; the statuses of all answers when the server has closed, which must be soon."""
    received = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as line,
        suppress(ConnectionError),  # closed, and not all was read
    ):
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        while part := line.recv(1 << 16):
            received += part
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"docs":[{"_id":"' + b"x" * 10_000_000 + b'"}]}', 400),
        (b'{"docs":[' + b"1," * 49_999 + b"1]}", 400),
        (b'{"docs":[{"_id":"a","x":"' + b"x" * 65_000_000 + b'"}]}', 413),
        (b'{"docs":[{"_id":"a","_rev":"1-' + b"x" * 1_000_000 + b'"}]}', 400),
    ],
)
def test_much_of_it(server: Attacked, sent: bytes, status: int) -> None:
    before = server.content()
    assert server.ask("POST", "/dossiers/_bulk_docs", sent, JSON)[0] == status
    assert server.content() == before


MANY = 260_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("_revs_diff", {f"d{number}": ["1-a"] for number in range(MANY)}),
        ("_all_docs", {"keys": [f"d{number}" for number in range(MANY)]}),
        ("_changes?filter=_doc_ids", {"doc_ids": [f"d{number}" for number in range(MANY)]}),
        ("_find", {"selector": {"_id": {"$in": [f"d{number}" for number in range(MANY)]}}}),
    ],
)
def test_more_ids_than_a_statement_takes(
    server: Attacked, monkeypatch: pytest.MonkeyPatch, path: str, body: object
) -> None:
    monkeypatch.setattr(server, "deadline_s", 60)  # it is much work
    assert server.ask("POST", f"/dossiers/{path}", json.dumps(body).encode(), JSON)[0] == 200


@pytest.mark.parametrize("endpoint", ["_bulk_docs", "_bulk_get"])
def test_more_documents_than_memory_can_take(server: Attacked, endpoint: str) -> None:
    """As CouchDB's `max_bulk_docs_count`."""
    body = {"docs": [{"id": "a", "_id": f"new{number}"} for number in range(MAX_DOCUMENTS + 1)]}
    before = server.content()
    status, answer = server.ask("POST", f"/dossiers/{endpoint}", json.dumps(body).encode(), JSON)
    assert (status, json.loads(answer)["reason"]) == (413, str(MAX_DOCUMENTS))
    assert server.content() == before
