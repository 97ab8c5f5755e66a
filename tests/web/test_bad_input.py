"""What nobody should type, into every field of every form of every page: an answer in words, and never a page of errors."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from random import Random

import pytest

from central.demo.visitor import FormOnPage
from tests.centres import SmallCentre
from tests.pages import SIGHTS, a_full_day
from tests.proving import Times
from tests.web.clerk import Clerk

BAD = (
    *(
        "",
        " ",
        "\u00a0Nông\u00a0Thị\u00a0Ý",
        unicodedata.normalize("NFD", "Nguyễn Thị Ngọc Diễm"),
        "Y",
        "H'Mông",
    ),
    *("A" * 3_000, "1" * 400, "f" * 32, "0" * 64, "-1", "1e9", "1,2", "٣", "²", "🙂", "\x00\x07", "<script>"),
    *("=1+1", "%s{}{0}", "'; DROP TABLE dossier;--", "27TAA;1;x", "y", "all"),
    *("31/12/9999", "01/01/0001", "31/02/2027", "2027-02-30", "99:99", "24:00"),
)
OURS = frozenset({"csrf_token", "typed_by", "seen"})
ENDS = ("sign-out", "/lock", "/password", "/pin", "/takeover")
"""After these nobody is there any more, or none who may do anything."""


def forms_of(clerk: Clerk, path: str) -> Iterator[tuple[str, FormOnPage]]:
    for form in clerk.open(path).page.forms:
        where = form.action or path
        if not any(part in where for part in ENDS):
            yield where, form


@pytest.mark.proof
def test_whatever_is_typed_is_answered_in_words(centre: SmallCentre, times: Times) -> None:
    """Each form of each kind of page some times, with some of its fields wrong and one of its buttons pressed."""
    chance, day = Random(11), a_full_day(centre)
    clerks: dict[tuple[str, str | None], Clerk] = {}
    pressed: set[tuple[str, ...]] = set()
    wrong: list[tuple[str, dict[str, str], int]] = []
    for sight in SIGHTS:
        who = (sight.node, sight.person)
        clerk = clerks.setdefault(who, Clerk(centre, sight.node, sight.person))
        clerk.pages.config["PROPAGATE_EXCEPTIONS"] = False
        for where, form in forms_of(clerk, sight.path.format(**day)):
            names = [name for name in form.fields if name not in OURS]
            kind = (sight.node, where.split("/")[1], where.rpartition("/")[2][-12:], *sorted(names))
            if kind in pressed:
                continue
            pressed.add(kind)
            for _ in range(times(3, 20)):
                some = chance.sample(names, k=min(len(names), chance.randint(1, 5)))
                typed = {name: chance.choice(BAD) for name in some}
                button = dict([chance.choice(form.buttons)]) if form.buttons else {}
                fields = {**form.fields, **typed, **button}
                if form.method == "get":
                    status = clerk.client.get(where, query_string=fields).status_code
                else:
                    status = clerk.post(where, fields).status
                if status >= 500:
                    wrong.append((where, typed, status))
    assert len(pressed) > 50
    assert wrong == []
