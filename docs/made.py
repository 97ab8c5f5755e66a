"""The pages of docs/ that are made from the code: commands, settings, events, errors, faults, the API.

`python -m docs.made` writes them all; a test says when one is stale.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from central import config_command, openapi
from central.cli import main
from central.doctor import faults
from schemas import tables

DOCS: Final = Path(__file__).parent
FOLDERS: Final = ("schemas", "sync", "printing", "edge", "central")
_MADE: Final = "*Made from the code by `python -m docs.made`; a test holds it against it.*\n"


def commands() -> Iterator[tuple[click.Context, click.Command]]:
    """Every command of `motcua` that is not hidden, groups before what is in them."""
    yield from _below(click.Context(main, info_name="motcua"))


def _below(context: click.Context) -> Iterator[tuple[click.Context, click.Command]]:
    command = context.command
    yield context, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.commands[name]
            if not inner.hidden:
                yield from _below(click.Context(inner, info_name=name, parent=context))


def commands_page() -> str:
    """docs/commands.md."""
    lines = [
        "# Commands\n",
        _MADE,
        "`motcua --help`, and `--help` after each command, say the same. Exit status 0: well. 1: the work was done and",
        "something was found. 2: it could not begin; one line says why.\n",
    ]
    for context, command in commands():
        usage = " ".join(command.collect_usage_pieces(context))
        lines += [f"## {context.command_path}\n", f"`{context.command_path} {usage}`\n"]
        lines += [" ".join(part.split()) + "\n" for part in (command.help or "").split("\n\n")]
        records = [one.get_help_record(context) for one in command.params]
        rows = [f"| `{name}` | {_cell(what)} |" for name, what in filter(None, records) if name != "--help"]
        if rows:
            lines += ["| option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def errors_page() -> str:
    """docs/errors.md: the trees that stand at the top of each folder's errors, and what is kept elsewhere."""
    lines = [
        "# Errors\n",
        _MADE,
        "What each folder says no with. *Refused* goes to the person who asked, *unavailable* is tried again and shown,",
        "*broken* stops and keeps the evidence. A command ends with status 2 and one line for the errors of a node or of the",
        "office; pages word them in Vietnamese.\n",
    ]
    for folder in FOLDERS:
        drawn = inspect.cleandoc(importlib.import_module(f"{folder}.errors").__doc__ or "")
        lines += [f"## {folder}\n", f"```text\n{drawn}\n```\n"]
        rows = [
            f"| `{one.__name__}` | `{one.__module__}` | {_cell(inspect.cleandoc(one.__doc__ or ''))} |"
            for one in _errors(folder)
            if not re.search(rf"\b{one.__name__}\b", drawn)
        ]
        if rows:
            lines += ["| also | in | what |", "|---|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def _errors(folder: str) -> list[type[Exception]]:
    """The public errors of a folder, wherever in it they are. A module is only loaded if a class of it looks like one."""
    candidate = re.compile(
        r"^class ([A-Z]\w*)\((?:\w*Error|Exception|Refused|NoNumber|Not\w+|Cannot\w+)\):", re.M
    )
    found = []
    for file in sorted((DOCS.parent / folder).rglob("*.py")):
        for name in candidate.findall(file.read_text(encoding="utf-8")):
            module = ".".join(file.relative_to(DOCS.parent).with_suffix("").parts)
            one = getattr(importlib.import_module(module.removesuffix(".__init__")), name)
            if issubclass(one, Exception):
                found.append(one)
    return found


def api_page() -> str:
    """docs/api.md: the requests of docs/openapi.json, for people."""
    said = openapi.described()
    lines = [
        "# The API for portals\n",
        _MADE,
        "For programs: [openapi.json](openapi.json), which central serves too, at `/api/openapi.json`. How requests are signed,",
        "and what central does with them: [exchange.md](exchange.md).\n",
    ]
    for path, item in said["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            lines += [f"## `{method.upper()} {path}`\n", f"{operation['summary']}\n"]
            if "requestBody" in operation:
                lines += [f"The body: {_content(operation['requestBody'])}.\n"]
            lines += ["| status | means | answer |", "|---|---|---|"]
            for status, answer in operation["responses"].items():
                lines.append(f"| {status} | {_cell(answer['description'])} | {_content(answer) or '–'} |")
            lines.append("")
    for name, schema in said["components"]["schemas"].items():
        lines += [f"## {name}\n", f"{' '.join(str(schema.get('description', '')).split())}\n"]
        if "properties" not in schema:
            lines += [f"{_shape(schema)}\n"]
            continue
        lines += ["| member | what it is | default |", "|---|---|---|"]
        for member, one in schema["properties"].items():
            must = "✱" if member in schema.get("required", ()) else ""
            told = "; ".join(filter(None, [_shape(one), _cell(str(one.get("description", "")))]))
            default = f"`{json.dumps(one['default'], ensure_ascii=False)}`" if "default" in one else "–"
            lines.append(f"| `{member}`{must} | {told} | {default} |")
        lines.append("")
    return "\n".join([*lines, "✱: required."]) + "\n"


def _content(said: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{_shape(one['schema'])} as `{kind}`" if "schema" in one else f"`{kind}`"
        for kind, one in said.get("content", {}).items()
    )


def _shape(schema: Mapping[str, Any]) -> str:
    """What a value must be, in words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(map(_shape, schema[choice]))
    if "enum" in schema:
        return "one of " + ", ".join(f"`{one}`" for one in schema["enum"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        kind = f"list of {_shape(schema.get('items', {}))}"
    limits = {
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "at least {}",
        "maxItems": "at most {}",
        "minimum": "from {}",
        "maximum": "to {}",
        "pattern": "like `{}`",
        "format": "a {}",
    }
    words = [text.format(_cell(str(schema[name]))) for name, text in limits.items() if name in schema]
    return ", ".join([kind, *words])


def _cell(text: str) -> str:
    """One line that a table can hold."""
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "domain.md": tables.page,
    "errors.md": errors_page,
    "faults.md": faults.explained,
    "openapi.json": openapi.DESCRIPTION.decode,
    "settings.md": config_command.explained,
}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
    sys.stdout.write(f"{', '.join(PAGES)} written\n")
