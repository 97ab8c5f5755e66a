"""docs/counter.md says what the pages say: keys, names of pages and buttons, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import central
import edge
from edge.web.keys import KEYS

ROOT = Path(edge.__file__).parents[1]
GUIDE = (ROOT / "docs" / "counter.md").read_text(encoding="utf-8")
PAGES = "\n".join(
    file.read_text(encoding="utf-8")
    for package in (edge, central)
    for pattern in ("templates/*.html", "web/*.py")
    for file in Path(str(package.__file__)).parent.glob(pattern)
)


def test_the_guides_keys_are_those_of_the_pages() -> None:
    assert set(re.findall(r"Alt ([A-Z])\b", GUIDE)) <= {letter for letter, _ in KEYS}


def test_what_the_guide_calls_a_page_or_a_button_is_called_so() -> None:
    named = [" ".join(one.split()) for one in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", GUIDE)]
    assert len(named) > 8
    assert [one for one in named if one.lower() not in PAGES.lower()] == []


def test_every_picture_of_the_guide_is_there() -> None:
    named = re.findall(r"\]\((pictures/[^)]+)\)", GUIDE)
    assert named
    assert [one for one in named if not (ROOT / "docs" / one).is_file()] == []
