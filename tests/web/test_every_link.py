"""A visitor without patience: everybody's every page at every machine, each link followed and each button pressed."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import HTTPException

from central.demo.visitor import parse
from schemas.entries import Duty
from tests.centres import SEALED, SmallCentre
from tests.web.clerk import Answer, Clerk

_ADDRESS: Final = re.compile(r'\b(?:href|src|data|hx-get|hx-post)="([^"]*)"')
_ALIKE: Final = 2
"""So many pages of one kind are looked at: two dossiers are enough to see that a link leads to the right one."""
_LEAVES: Final = frozenset({"sign_in.lock", "account.sign_out", "account.sign_out_here"})
"""Buttons after which nobody is there any more; they have tests of their own."""
_ANSWERS: Final = frozenset({200, 204, 302, 303, 409, 422})
"""What a button may answer that is pressed with nothing filled in: done, or a page that says what is missing."""


_NOTHING: Final = Answer(200, "", parse("", ""), "")


@dataclass
class Crawl:
    """One person at one machine. `wrong`: what answered as no page of ours should."""

    clerk: Clerk
    seen: Counter[str] = field(default_factory=Counter)
    opened: dict[str, Answer] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def follow(self, start: str) -> None:
        """Every page that links lead to, and what those pages fetch by themselves."""
        waiting = [("", start)]
        while waiting:
            came_from, path = waiting.pop()
            kind = self.kind(path, "GET")
            if (
                kind is None
                or path in self.opened
                or (self.seen[kind] >= _ALIKE and not kind.endswith("static"))
            ):
                if kind is None and self.kind(path, "POST") is None:
                    self.wrong.append(f"{came_from}: {path} leads nowhere")
                continue
            self.seen[kind] += 1
            if kind.endswith("static"):
                self.opened[path] = _NOTHING
                with self.clerk.raw(path) as asset:
                    self.wrong += [] if asset.status_code == 200 else [f"{came_from}: there is no {path}"]
                continue
            answer = self.clerk.open(path)
            self.opened[path] = answer
            if answer.status not in (200, 204, 302, 303):
                self.wrong.append(f"{came_from}: {path} answers {answer.status}: {answer.page.text[:300]}")
            elif answer.status in (302, 303):
                waiting.append((path, answer.leads_to))
            waiting += [(path, link) for link in self.links(path, answer)]

    def press(self) -> None:
        """Every button of every form on the pages that were opened, with the form as it came."""
        pressed: set[tuple[str, tuple[str, str] | None]] = set()
        for path, answer in list(self.opened.items()):
            for form in answer.page.forms:
                kind = self.kind(form.action or path, form.method.upper())
                if kind is None:
                    self.wrong.append(f"{path}: a form goes to {form.action}, which is nowhere")
                    continue
                buttons: list[tuple[str, str] | None] = [*form.buttons]
                for button in buttons or [None]:
                    named = button if button is None or len(button[1]) < 20 else (button[0], "")
                    if (kind, named) in pressed or kind in _LEAVES:
                        continue
                    pressed.add((kind, named))
                    # the page may be older than what was pressed on another: as with two tabs, or "back"
                    fields = {**form.fields, **({button[0]: button[1]} if button else {})}
                    if form.method == "get":
                        got = self.clerk.client.get(form.action or path, query_string=fields)
                        status, text = got.status_code, got.get_data(as_text=True)[:300]
                    else:
                        done = self.clerk.post(form.action or path, fields)
                        status, text = done.status, done.page.text[:400]
                    if status not in _ANSWERS:
                        self.wrong.append(f"{path}: {kind} {button} answers {status}: {text}")

    def kind(self, path: str, method: str) -> str | None:
        """Which page an address is of; None for none."""
        try:
            endpoint, _ = self.clerk.pages.url_map.bind("localhost").match(urlsplit(path).path, method=method)
        except HTTPException:
            return None
        return str(endpoint)

    @staticmethod
    def links(path: str, answer: Answer) -> Iterator[str]:
        for address in dict.fromkeys(map(html.unescape, _ADDRESS.findall(answer.html))):
            whole = urlsplit(urljoin(path, address))
            if not whole.scheme and not whole.netloc and whole.path and not address.startswith("#"):
                yield whole._replace(fragment="").geturl()


def a_day(centre: SmallCentre) -> None:
    """Dossiers at every stage: received, appraised, approved, returned, to be sealed, contested."""
    received = centre.receive()
    appraised, done, over, contested = (centre.appraised() for _ in range(4))
    centre.approve(done)
    centre.approve(over)
    centre.meet()
    centre.return_(over)
    centre.approve(contested)
    centre.withdraw(contested)
    to_seal = centre.receive(procedure=SEALED)
    centre.meet()
    centre.appraise(to_seal)
    centre.approve(to_seal)
    centre.meet()
    assert centre["central"].register.dossier(contested.stream).contested
    assert centre["central"].register.dossier(received.stream).received
    assert centre["central"].register.dossier(appraised.stream).received


def test_every_link_leads_to_a_page_and_every_button_is_answered(centre: SmallCentre) -> None:
    """At each kind of machine: one person of each role that may sign in there, one of an agency, and whoever passes by."""
    a_day(centre)
    wrong: list[str] = []
    for node in ("counter-01", "room-01", "central"):
        clerk = Clerk(centre, node)
        here = clerk.pages.extensions["motcua"]
        in_the_hall = ("/kiosk", "/board") if here.card.of_the_hall or Duty.KIOSK in here.card.duties else ()
        people = {
            (one.agency, *(grant.role for grant in one.roles)): one.id for one in reversed(here.staff())
        }
        for person in (None, *people.values()):
            clerk.client = clerk.pages.test_client()
            if person is not None:
                clerk.sign_in(person)
            crawl = Crawl(clerk)
            for start in ("/", "/sign-in", "/slip", *in_the_hall) if person is None else ("/", "/keys"):
                crawl.follow(start)
            crawl.press()
            wrong += [f"{node}, {person or 'nobody'}: {one}" for one in crawl.wrong]
    assert not wrong, "\n".join(wrong)
