"""Dark pages and larger type: each person's own choice at a machine, and every pair of colours can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import edge
from tests.centres import SmallCentre
from tests.web.clerk import Clerk

STATIC = Path(edge.__file__).parent / "static"
TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2")
        for ground in ("paper", "ground", "mute-tint", "accent-tint")
    ),
    *((f"{tone}", f"{tone}-tint") for tone in ("ok", "wait", "bad")),
    *((tone, "paper") for tone in ("ok", "wait", "bad", "accent", "accent-dark")),
    *((tone, "ground") for tone in ("ok", "wait", "bad", "accent")),
    *(("ink", f"{tone}-tint") for tone in ("ok", "wait", "bad")),
    *(("accent", f"{tone}-tint") for tone in ("wait", "bad", "accent")),
    ("bar-2", "bar"),
    ("accent-dark", "accent-tint"),
]


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})\b", css))


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme: str) -> None:
    tokens = colours((STATIC / "tokens.css").read_text())
    if theme == "dark":
        tokens |= colours((STATIC / "looks.css").read_text())
        assert contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
        assert contrast(tokens["on-accent"], tokens["accent-dark"]) >= 4.5
    low = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in TEXT}
    assert {pair: round(value, 2) for pair, value in low.items() if value < 4.5} == {}
    assert contrast(tokens["line-strong"], tokens["paper"]) >= 3
    assert contrast(tokens["line-strong"], tokens["ground"]) >= 3


def test_a_machine_remembers_for_each_person_how_they_want_their_pages(centre: SmallCentre) -> None:
    """Through signing out and a restart; nobody else's pages change."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    done = clerk.press(clerk.open("/me"), "/me/looks", theme="dark", size="large")
    assert 'class="dark large"' in clerk.follow(done).html
    centre.reopen("counter-01")
    assert 'class="dark large"' in Clerk(centre, "counter-01", "hanh.nh").open("/find").html
    assert "dark" not in Clerk(centre, "counter-01", "long.pd").open("/find").html.split("<head>")[0]


def test_what_is_no_choice_changes_nothing(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert clerk.press(clerk.open("/me"), "/me/looks", theme="purple").status == 422
    assert 'class="dark' not in clerk.open("/me").html
