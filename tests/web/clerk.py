"""Somebody at a screen, without a network: pages of a node through Flask's test client, forms as HTML has them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.test import TestResponse

from central.demo.visitor import Page, parse
from central.web import register
from edge.node import Node
from edge.web import create_pages
from tests.centres import PINS, SmallCentre
from tests.large import RUN, projected

CARD = "020085004127|281234567|Nông Văn Thắng|14031985|Nam|Số 45, đường Phai Vệ, phường Đông Kinh|01012022"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `page` is the HTML as a person reads it, `leads_to` where a redirect points."""

    status: int
    html: str
    page: Page
    leads_to: str


class _Compiled(BytecodeCache):
    """Templates are compiled once a process, and not once for each of the thousand windows that tests open."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


def pages_of(node: Node) -> Flask:
    """The pages of a node whose papers are printed at once."""
    pages = create_pages(
        node,
        None,
        lambda: _print(node),
        extra=[register] if node.is_centre else [],
    )
    if RUN.is_large:
        pages.before_request(lambda: projected(node))
    pages.jinja_env.bytecode_cache = _compiled
    pages.testing = True
    return pages


def _print(node: Node) -> None:
    node.spool.work(at=node.clock())


def events_at(node: Node) -> int:
    """How many acts a node holds."""
    return sum(1 for _ in node.stores["dossiers"].all_docs())


class Clerk:
    """One browser at one node."""

    def __init__(self, centre: SmallCentre, node: str, person: str | None = None) -> None:
        self.node = centre[node]
        if RUN.is_large and self.node.is_centre:
            centre.meets()
        self.pages = pages_of(self.node)
        self.client = self.pages.test_client()
        if person is not None:
            self.sign_in(person)

    def sign_in(self, person: str, pin: str | None = None, *, next_url: str = "") -> Answer:
        answer = self.open(f"/sign-in?next={next_url}")
        return self.press(answer, "/sign-in", person=person, pin=pin or PINS[person])

    def open(self, path: str, **headers: str) -> Answer:
        return _read(self.client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()}))

    def raw(self, path: str) -> TestResponse:
        """An answer with its headers."""
        return self.client.get(path)

    def press(
        self, on: Answer, having: str, button: tuple[str, str] | None = None, /, **filled: str | list[str]
    ) -> Answer:
        """Send the form whose address ends with `having`, or that has a field of this name."""
        form = on.page.form(having)
        fields: dict[str, str | list[str]] = {**form.fields, **filled}
        if button is not None:
            assert button in form.buttons, form.buttons
            fields[button[0]] = button[1]
        return self.post(form.action, fields)

    def post(self, path: str, fields: Mapping[str, str | list[str]], **headers: str) -> Answer:
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        return _read(self.client.post(path, data=fields, headers=sent))

    def upload(self, path: str, fields: dict[str, str], name: str, content: bytes) -> Answer:
        """Send a form with a file in it."""
        return _read(self.client.post(path, data={**fields, name: (io.BytesIO(content), name)}))

    def download(self, path: str) -> bytes:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.get_data()

    def send(
        self, on: Answer, having: str, field: str, content: bytes, name: str = "x", **more: str
    ) -> Answer:
        """Send a form with a file in it."""
        form = on.page.form(having)
        fields: dict[str, object] = {**form.fields, **more, field: (io.BytesIO(content), name)}
        return _read(self.client.post(form.action, data=fields, content_type="multipart/form-data"))

    def send_all(
        self, on: Answer, having: str, field: str, files: Mapping[str, bytes], **more: str
    ) -> Answer:
        """Send a form with several files in one field, by their names."""
        form = on.page.form(having)
        chosen = [(io.BytesIO(content), name) for name, content in files.items()]
        fields: dict[str, object] = {**form.fields, **more, field: chosen}
        return _read(self.client.post(form.action, data=fields, content_type="multipart/form-data"))

    def follow(self, answer: Answer) -> Answer:
        assert answer.status in (302, 303), answer.page.text
        return self.open(answer.leads_to)

    def find(self, term: str) -> Answer:
        """Look for a dossier: by POST, because what is looked for is personal."""
        return self.press(self.open("/find"), "/find", q=term)

    def reception(self, term: str = "cap giay phep kinh doanh van tai", code: str = "1.000703") -> Answer:
        """The counter with a procedure chosen and a card scanned, ready to save."""
        found = self.press(self.open("/counter"), "stream", q=term)
        return self.press(
            found, "stream", ("act", "look"), procedure=code, identity=CARD, phone="0912 000 345"
        )


def _read(response: TestResponse) -> Answer:
    html = (
        response.get_data(as_text=True)
        if (response.mimetype or "").startswith(("text/", "application/json"))
        else ""
    )
    return Answer(response.status_code, html, parse(response.request.path, html), response.location or "")


def confirmed(centre: SmallCentre, answer: Answer) -> Answer:
    """Somebody else confirms what an administrator has proposed with this answer."""
    assert answer.status == 303, answer.page.text
    path = answer.leads_to.partition("?")[0]
    supervisor = Clerk(centre, "central", "dung.tt")
    done = supervisor.press(supervisor.open(path), f"{path}/confirm")
    assert done.status == 303, done.page.text
    return done
