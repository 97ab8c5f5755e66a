"""Whatever is sent, also by an admin: CouchDB's kind of answer, never a 500, and nothing half written."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.conftest import Server, our_server

AUTHORIZATION = "Basic cm9vbS0wMTp0aOG7rSAx"

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


DOORS = st.sampled_from(
    [
        *(
            f"POST /dossiers/{endpoint}"
            for endpoint in (
                "",
                "_all_docs",
                "_all_docs/queries",
                "_bulk_docs",
                "_bulk_get",
                "_changes",
                "_design_docs",
                "_explain",
                "_find",
                "_index",
                "_local_docs",
                "_missing_revs",
                "_purge",
                "_revs_diff",
            )
        ),
        *(
            f"PUT /dossiers/{endpoint}"
            for endpoint in ("_security", "_revs_limit", "_purged_infos_limit", "_local/a", "a", "_design/a")
        ),
        "POST /_replicate",
        "POST /_dbs_info",
        "POST /_session",
    ]
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("malformed")
    with our_server(folder) as server:
        yield server


def ask(
    server: Server, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        # Otherwise "feed=continuous" would rightly wait
        path += ("&" if "?" in path else "?") + "timeout=1"
        line.request(method, path, body, {"Authorization": AUTHORIZATION, **headers})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def check(status: int, body: bytes, method: str) -> None:
    assert status < 500 or b'"not_implemented"' in body or (status, method) == (501, "HEAD"), body
    if status >= 400 and method != "HEAD":
        assert set(json.loads(body)) == {"error", "reason"}


@settings(max_examples=250, deadline=None)
@given(METHODS, PATHS, QUERIES.filter(lambda query: "heartbeat" not in query), BODIES, HEADERS)
def test_any_request(
    server: Server, method: str, path: str, query: str, body: Any, headers: dict[str, str]
) -> None:
    ask(server, "PUT", "/dossiers", None, {})  # an example before may have deleted it
    sent = json.dumps(body).encode()
    check(
        *ask(server, method, f"/{path}?{query}", sent, {"Content-Type": "application/json", **headers}),
        method,
    )


@settings(max_examples=300, deadline=None)
@given(DOORS, BODIES)
def test_any_body_at_the_doors_of_many(server: Server, door: str, body: Any) -> None:
    method, _, path = door.partition(" ")
    ask(server, "PUT", "/dossiers", None, {})
    sent = json.dumps(body).encode()
    check(*ask(server, method, path, sent, {"Content-Type": "application/json"}), method)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["_bulk_docs", "a", "_local/a", "a/b"]), st.binary(max_size=60))
def test_any_bytes(server: Server, endpoint: str, sent: bytes) -> None:
    method = "POST" if endpoint == "_bulk_docs" else "PUT"
    for headers in ({}, {"Content-Encoding": "gzip"}):
        check(
            *ask(
                server, method, f"/dossiers/{endpoint}", sent, {"Content-Type": "application/json", **headers}
            ),
            method,
        )


@pytest.mark.parametrize(
    "sent",
    [
        b"[" * 100_000,
        b'{"docs":[{"_id":"' + b"x" * 1_000_000 + b'"}]}',
        b'{"docs":[' + b"1," * 99_999 + b"1]}",
    ],
)
def test_much_of_it(server: Server, sent: bytes) -> None:
    check(*ask(server, "POST", "/dossiers/_bulk_docs", sent, {"Content-Type": "application/json"}), "POST")
