"""`motcua personal-data`: what the page does, for a folder on a stick, and the register for a file."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Final

import click
import msgspec
from jinja2 import Environment, StrictUndefined, select_autoescape
from rich.console import Console
from rich.table import Table

from central.opened import opened_by
from central.personal import LABELS, file_of, held_on
from schemas.identity import digits
from schemas.processing import REGISTER, VERSION

_TEMPLATE: Final = "personal_file.html"


def export_command(data: Path, out: Path, number: str, *, by: str) -> int:
    """Write data.json, readable.html and files/ into a new folder, readable to its owner only."""
    with opened_by(by, data) as node:
        now = node.clock()
        holding = held_on(node, digits(number), at=now)
        for stream in [one.stream for one in holding.streams] or [""]:
            node.views.looked(by, stream, "personal.export")
        out.mkdir(mode=0o700, parents=True)
        kept = out / "files"
        kept.mkdir(mode=0o700)
        (out / "data.json").write_bytes(holding.json())
        template = files("central").joinpath("templates", _TEMPLATE).read_text(encoding="utf-8")
        page = Environment(autoescape=select_autoescape(default=True), undefined=StrictUndefined)
        (out / "readable.html").write_text(
            page.from_string(template).render(holding=holding, labels=LABELS), "utf-8"
        )
        written = 0
        for name in {one.id for stream in holding.streams for one in stream.files}:
            content = file_of(node, holding, name)
            if content is not None:
                (kept / name).write_bytes(content)
                written += 1
    click.echo(f"{len(holding.streams)} hồ sơ, {written} tệp, trong {out}")
    return 0


def register_command(*, as_json: bool) -> int:
    """The register of processing (`schemas.processing`), as a table or JSON. Exit status 0."""
    if as_json:
        report = {"version": VERSION, "register": [asdict(row) for row in REGISTER]}
        click.echo(msgspec.json.encode(report).decode())
        return 0
    table = Table("Dữ liệu", "Của ai", "Để làm gì", "Căn cứ", "Ai thấy", "Bao lâu", show_lines=True)
    for row in REGISTER:
        table.add_row(row.what, row.whose, row.why, row.ground, row.who, row.kept)
    Console().print(table)
    return 0
