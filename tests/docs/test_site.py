"""`make docs`: a site that needs no network, can be searched, and is not built when a link leads nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from docs.made import DOCS
from tests.browser.conftest import ARGUMENTS, CHROMIUM

pytestmark = pytest.mark.proof
BUILDER = ("-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-b", "html")
"""As in the Makefile; a test says so."""


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *BUILDER, str(source), str(target)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(DOCS, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_asks_no_other_host(site: Path) -> None:
    """Links that a person presses may lead away; nothing that a page loads does."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 70
    loads = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=\"((?:https?:)?//[^\"]*)\"")
    assert [one for page in pages for one in loads.findall(page.read_text(encoding="utf-8"))] == []
    styles = "\n".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)]*", styles) == []


def test_it_is_searched_without_a_server(site: Path) -> None:
    """Opened from a folder, as from a stick; in Vietnamese as in English."""
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS)).new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for words, title in (("hồ sơ", "Nghiệp vụ"), ("takeover", "When something is lost")):
            page.goto((site / "index.html").as_uri())
            page.fill("input.sidebar-search", words)
            page.keyboard.press("Enter")
            page.locator("#search-results a", has_text=title).first.wait_for()
    assert [url for url in asked if not url.startswith("file:")] == []


@pytest.mark.parametrize("link", ["[gone](gone.md)", "[gone](install.md#gone)", "![gone](pictures/gone.png)"])
def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path, link: str) -> None:
    shutil.copytree(DOCS.parent, tmp_path / "tree", ignore=_all_but_docs)
    page = tmp_path / "tree" / "docs" / "watching.md"
    page.write_text(page.read_text(encoding="utf-8") + f"\n{link}\n", encoding="utf-8")
    done = build(tmp_path / "tree" / "docs", tmp_path / "site")
    assert done.returncode != 0
    assert "gone" in done.stderr


def _all_but_docs(folder: str, names: list[str]) -> list[str]:
    return (
        [name for name in names if name not in {"docs", "pyproject.toml"}]
        if Path(folder) == DOCS.parent
        else []
    )


def test_make_builds_it_so() -> None:
    assert " ".join(BUILDER) in (DOCS.parent / "Makefile").read_text(encoding="utf-8")
