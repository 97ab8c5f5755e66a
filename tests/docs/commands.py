"""What the pages tell people to type: every command in a fence, and `motcua …` in the middle of a sentence."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from central.cli import main
from docs.made import DOCS

ROOT = DOCS.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
_FENCE = re.compile(r"^( *)```(sh|console)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_IN_A_SENTENCE = re.compile(r"`(?:\.venv/bin/)?(motcua [a-z][^`]*)`")


@dataclass(frozen=True)
class Command:
    page: str
    line: str

    def __str__(self) -> str:
        return f"{self.page}: {self.line[:70]}"

    @property
    def words(self) -> list[str]:
        """Without who does it (`sudo -u motcua`) and without what a comment says."""
        words = shlex.split(self.line, comments=True)
        if words[0] == "sudo":
            words = words[3:] if words[1] == "-u" else words[1:]
        return [words[0].removeprefix(".venv/bin/"), *words[1:]]


def fenced(page: Path) -> Iterator[Command]:
    """Line by line; of a console what stands behind `$`."""
    for indent, kind, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        lines = re.sub(r"\\\n\s*", "", re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)).splitlines()
        if kind == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        yield from (Command(str(page.relative_to(ROOT)), line) for line in lines if line and line[0] != "#")


def told(page: Path) -> Iterator[Command]:
    """Commands that a sentence names, often with only what matters there."""
    text = _ANY_FENCE.sub("", page.read_text(encoding="utf-8"))
    for line in _IN_A_SENTENCE.findall(text):
        yield Command(str(page.relative_to(ROOT)), re.sub(r"[\[\]…]", " ", " ".join(line.split())))


def parsed(words: list[str]) -> click.Context:
    """The words as `motcua` reads them, without doing anything. Raises `click.UsageError`."""
    context, rest = main.make_context("motcua", words[1:]), words[1:]
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            break
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context


def options_of(words: list[str]) -> tuple[str, set[str], list[str]]:
    """Of a command in a sentence: which one it is, what options it has, and which of them are named."""
    command: click.Command = main
    known: set[str] = {"--help"}
    name, rest = "motcua", words[1:]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, name = command.commands[rest[0]], f"{name} {rest[0]}"
        rest = rest[1:]
    if isinstance(command, click.Group) and rest and rest[0].islower():
        raise click.UsageError(f"{name} has no command {rest[0]}")
    known |= {one for option in command.params for one in option.opts if isinstance(option, click.Option)}
    return name, known, [word for word in rest if word.startswith("--")]
