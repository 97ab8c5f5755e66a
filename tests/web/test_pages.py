"""The table of all pages is whole; `tests/browser/test_every_page.py` looks at each of them."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

import pytest
from flask import url_for
from werkzeug.routing import Rule

from edge.node import DATABASES
from edge.web.language import SPEAKS
from edge.web.viewing import shown_on
from tests.centres import SmallCentre
from tests.pages import NO_PAGES, SIGHTS
from tests.web.clerk import Clerk, pages_of


def test_every_page_of_every_machine_is_on_the_table(centre: SmallCentre) -> None:
    looked_at = {sight.endpoint for sight in SIGHTS}
    known, every = set[str](), set[str]()
    for node in ("central", "counter-01", "room-01"):
        for rule in Clerk(centre, node).pages.url_map.iter_rules():
            every.add(rule.endpoint)
            if "GET" in (rule.methods or ()):
                known.add(rule.endpoint)
    assert sorted(known - looked_at - NO_PAGES.keys()) == [], "a page that nobody looks at"
    assert sorted((looked_at | NO_PAGES.keys()) - known) == [], "there is no such page any more"
    assert looked_at.isdisjoint(NO_PAGES)
    assert SPEAKS - every - {one.partition(".")[0] for one in every} == set(), (
        "what speaks English and is nowhere"
    )


def test_whatever_shows_a_dossier_has_a_name_in_the_log_of_views(centre: SmallCentre) -> None:
    nameless = set()
    for node in ("central", "counter-01", "room-01"):
        for rule in Clerk(centre, node).pages.url_map.iter_rules():
            if "stream" in rule.arguments and "." in rule.endpoint:
                nameless |= {rule.endpoint} if shown_on(rule.endpoint) == rule.endpoint else set()
    assert nameless - {"outages.one", "outages.receipts", "outages.proof"} == set(), (
        "a stream of a machine's outage"
    )
    assert {shown_on(one) for one in ("reports.book", "worklists.csv", "turned_away.xlsx")} == {
        "sổ theo dõi hồ sơ",
        "danh sách lưu thành tệp",
    }


def test_no_page_lies_under_the_name_of_a_database(centre: SmallCentre) -> None:
    """Those answer programs, and whoever asks for such a page is told to show a card."""
    for node in ("central", "counter-01"):
        rules = [rule.rule for rule in Clerk(centre, node).pages.url_map.iter_rules()]
        assert [rule for rule in rules if rule.split("/")[1] in DATABASES or rule.startswith("/_")] == []


def test_making_the_pages_compiles_no_address_and_naming_one_compiles_that(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of werkzeug's own: how often it makes code. All addresses at once took most of the time of a node's start."""
    made: list[str] = []
    compiled = Rule._get_func_code

    def counted(code: CodeType, name: str) -> Callable[..., tuple[str, str]]:
        made.append(name)
        return compiled(code, name)

    monkeypatch.setattr(Rule, "_get_func_code", staticmethod(counted))
    pages = pages_of(centre["counter-01"])
    assert made == []
    with pages.test_request_context():
        for _ in range(2):
            assert url_for("dossier.page", stream="01934f", done="x y") == "/dossier/01934f?done=x+y"
    assert len(made) == 1
