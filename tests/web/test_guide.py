"""The guides for clerks, docs/counter.md and those in docs/vi, say what the pages say: keys, names of pages and buttons, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import central
import edge
from edge.web.keys import KEYS

ROOT = Path(edge.__file__).parents[1]
GUIDES = [ROOT / "docs" / "counter.md", *sorted((ROOT / "docs" / "vi").glob("*.md"))]
each_guide = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
PAGES = "\n".join(
    file.read_text(encoding="utf-8")
    for package in (edge, central)
    for pattern in ("templates/*.html", "web/*.py")
    for file in Path(str(package.__file__)).parent.glob(pattern)
)


@each_guide
def test_the_guides_keys_are_those_of_the_pages(guide: Path) -> None:
    keys = re.findall(r"Alt ([A-Z])\b", guide.read_text(encoding="utf-8"))
    assert set(keys) <= {letter for letter, _ in KEYS}


@each_guide
def test_what_the_guide_calls_a_page_or_a_button_is_called_so(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    named = [" ".join(one.split()) for one in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text)]
    assert named
    assert [one for one in named if one.lower() not in PAGES.lower()] == []


def test_the_guides_show_pictures() -> None:
    """That each is there, tests/docs looks at."""
    shown = re.findall(r"\]\((?:\.\./)?(pictures/[^)]+)\)", "".join(map(Path.read_text, GUIDES)))
    assert {"pictures/guide-sync.png", "pictures/room-approving.png", "pictures/kiosk.png"} <= set(shown)
