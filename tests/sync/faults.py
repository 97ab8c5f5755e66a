"""A server that can be told to fail: a real one behind answers of another kind, where a test wants them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sync.server import User, couch_app
from sync.sqlite import SqliteFile
from sync.store import Store
from sync.writing import WriteRules
from tests.sync.servers import NOW, PASSWORD, USER, Http, Ids


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said instead. `keep`: only so many bytes of the true answer, as if that were all of it; `body`: these."""

    status: int = 200
    error: str = ""
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: int | None = None
    body: bytes | None = None


class FaultyServer:
    """`faults`: by the last piece of a path (`_bulk_docs`), or "" for all, what is said instead.

    `change`: what becomes of the JSON of true answers, by the same names. `asked`: method and last piece of what
    was asked for.
    """

    def __init__(self, path: Path, *, rules: WriteRules | None = None) -> None:
        self.faults: dict[str, Answer] = {}
        self.change: dict[str, Callable[[Any], Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.now = NOW
        self.file = SqliteFile(path)
        self.store = Store(self.file, "dossiers", new_id=Ids(7), rules=rules)
        self._app = couch_app(
            {"dossiers": self.store},
            uuid="7" * 32,
            authenticate=lambda name, password: User(name) if (name, password) == (USER, PASSWORD) else None,
            authorize=lambda user, _database, _method, _path: user is not None,
            secret=b"secret",
            new_id=Ids(8),
            now=lambda: self.now,
        )
        self.http = Http(self._answer)
        self.url = self.http.url

    def close(self) -> None:
        self.store.close()
        self.http.close()
        self.file.close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = str(environ["REQUEST_URI"]).partition("?")[0]
        last = target.rpartition("/")[2]
        if "/_local/" in target:
            last = "_local"
        self.asked.append((environ["REQUEST_METHOD"], last))
        fault = self.faults.get(last) or self.faults.get("")
        if fault is None and last not in self.change:
            return self._app(environ, start_response)
        if fault is not None and fault.keep is None:
            environ["wsgi.input"].read()
            words = json.dumps({"error": fault.error, "reason": fault.reason}).encode()
            body = words if fault.body is None else fault.body
            return _say(start_response, fault.status, body, fault.headers)
        true = self._true(environ)
        if fault is not None:
            return _say(start_response, fault.status, true[: fault.keep], {})
        return _say(start_response, 200, json.dumps(self.change[last](json.loads(true))).encode(), {})

    def _true(self, environ: dict[str, Any]) -> bytes:
        """The whole answer that the server would have given."""
        answer = self._app(environ, lambda *_: lambda _part: None)
        try:
            return b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()


def _say(
    start_response: Callable[..., Any], status: int, body: bytes, headers: Mapping[str, str]
) -> list[bytes]:
    start_response(
        f"{status} {HTTPStatus(status).phrase}",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers.items()],
    )
    return [body]


@contextmanager
def faulty(path: Path, *, rules: WriteRules | None = None) -> Iterator[FaultyServer]:
    server = FaultyServer(path, rules=rules)
    try:
        yield server
    finally:
        server.close()
