"""The other side of central's outlet: a real server that keeps what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from edge.node import Node
from edge.settings import ExchangeSettings, read_settings, write_settings
from tests.centres import SmallCentre


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["HoSo"])

    @property
    def name(self) -> str:
        return self.headers["Idempotency-Key"]


@dataclass
class ExchangeServer:
    """The other side. `answers` are given one after the other, then 200; each says what `says` makes of the request."""

    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    says: Callable[[Got], str] = lambda got: "Không nhận"

    def start(self, port: int = 0) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                url = f"http://{self.headers['Host']}{self.path}"
                server.got.append(Got("POST", url, dict(self.headers.items()), body))
                self.send_response(server.answers.pop(0) if server.answers else 200)
                self.end_headers()
                self.wfile.write(server.says(server.got[-1]).encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._http.server_address[1])
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def connect(centre: SmallCentre, **settings: Any) -> Node:
    """Central, after an administrator has told it where to send."""
    folder = centre["central"].folder.path
    write_settings(folder, msgspec.structs.replace(read_settings(folder), **settings))
    return centre.reopen("central")


def to(exchange: ExchangeServer) -> ExchangeSettings:
    return ExchangeSettings(f"http://127.0.0.1:{exchange.port}/ho-so")
