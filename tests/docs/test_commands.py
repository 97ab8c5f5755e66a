"""Every command that a page tells people to type is one, and is tried: here, or by the test that follows its page."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import click
import pytest

from tests.docs.commands import PAGES, ROOT, Command, fenced, options_of, parsed, told

FOLLOWED = {
    "docs/enrolment.md": "tests/scenarios/test_enrolment.py",
    "docs/outages.md": "tests/scenarios/test_outages.py",
    "docs/install.md": "tests/install/test_debian.py",
    "docs/releasing.md": "tests/install/test_release.py",
}
"""Pages with a test of their own, which does what they say from the first command to the last."""
ELSEWHERE = {
    *(
        "apt",
        "createdb",
        "createuser",
        "curl",
        "cp",
        "git",
        "journalctl",
        "openssl",
        "pip",
        "python3",
        "pytest",
        "systemctl",
    )
}
"""Programs that are not ours, and are done by a test that follows the page."""
FENCED = [command for page in PAGES for command in fenced(page)]
TOLD = sorted({command for page in PAGES for command in told(page)}, key=str)


@pytest.fixture
def any_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a page names need not be on this machine."""
    exists = click.Path.convert

    def convert(
        self: click.Path, value: str, parameter: click.Parameter | None, context: click.Context | None
    ) -> object:
        monkeypatch.setattr(self, "exists", False)
        return exists(self, value, parameter, context)

    monkeypatch.setattr(click.Path, "convert", convert)


@pytest.mark.parametrize("command", FENCED, ids=str)
@pytest.mark.usefixtures("any_path")
def test_a_command_is_one(command: Command) -> None:
    """Its options exist, its arguments are right; a target of make, a module or a unit is there."""
    words = command.words
    match words[0]:
        case "motcua":
            parsed(words)
        case "make":
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(words[1])}:", makefile, re.MULTILINE)
        case "python":
            assert words[1] == "-m"
            assert importlib.util.find_spec(words[2]) is not None
        case program:
            assert program in ELSEWHERE
            for unit in (word for word in words if word.startswith("motcua-") and "@" in word):
                assert (ROOT / "debian" / f"{unit.partition('@')[0]}@.service").exists()


@pytest.mark.parametrize("command", TOLD, ids=str)
def test_a_command_in_a_sentence_is_one(command: Command) -> None:
    name, known, named = options_of(command.words)
    assert set(named) <= known, f"{name} has none of these: {set(named) - known}"


def test_whatever_is_to_be_typed_stands_in_a_fence() -> None:
    """Where it is seen to be a command, by people and by these tests."""
    loose = re.compile(r"^    (?:\.venv/bin/)?(?:motcua|make|pip|python3?|sudo) .*", re.MULTILINE)
    fences = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
    found = {page.name: loose.findall(fences.sub("", page.read_text(encoding="utf-8"))) for page in PAGES}
    assert {page: lines for page, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("page", "test"), FOLLOWED.items())
def test_a_page_that_is_followed_is_read_by_its_test(page: str, test: str) -> None:
    assert f'"{Path(page).name}"' in (ROOT / test).read_text(encoding="utf-8")
