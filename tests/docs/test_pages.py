"""The pages of docs/ lead where they say, are found, and those made from the code are what it says now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from docs.made import DOCS, PAGES, commands

ROOT = DOCS.parent
READ = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(DOCS.rglob("*.md"))
_MARKDOWN = MarkdownIt()
_FILE = re.compile(r"`((?:schemas|sync|printing|edge|central|tests|debian|docs)/[\w./-]+\.\w+)(?:::\w+)?`")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_made_from_the_code_is_what_the_code_says(page: str) -> None:
    """To make them anew: python -m docs.made"""
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page]()


def test_every_option_of_every_command_says_what_it_is_for() -> None:
    silent = [
        f"{context.command_path} {option.opts[0]}"
        for context, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not option.help
    ]
    assert silent == []


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_whatever_a_page_leads_to_is_there(page: Path) -> None:
    """The site's build looks at headings too (tests/docs/test_site.py)."""
    text = page.read_text(encoding="utf-8")
    assert [to for to in _led_to(text) if not (page.parent / to).exists()] == []
    assert [file for file in _FILE.findall(text) if not (ROOT / file).exists()] == []


def _led_to(text: str) -> Iterator[str]:
    """Files that a text has links to, or shows as pictures."""
    for block in _MARKDOWN.parse(text):
        for token in block.children or ():
            to = str(token.attrs.get("href") or token.attrs.get("src") or "").partition("#")[0]
            if to and "://" not in to:
                yield to


def test_every_page_stands_in_the_sites_list() -> None:
    listed = re.findall(r"^([\w/-]+\.md)$", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    pages = {str(one.relative_to(DOCS)) for one in DOCS.rglob("*.md") if one.parent.name != "decisions"}
    assert set(listed) == pages - {"index.md"} | {"decisions/README.md"}


def test_every_decision_stands_in_their_list() -> None:
    text = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    assert set(_led_to(text)) >= {one.name for one in (DOCS / "decisions").glob("0*.md")}
