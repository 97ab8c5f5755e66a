"""Every page that links lead to, timed, downloads aside: `python -m tests.bench.walking FOLDER` says which of a data set's pages are slow.

No page may be forgotten because nobody thought of measuring it: who signs in follows all links, a few of each kind.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urljoin, urlsplit

import click
import requests
from rich.console import Console
from rich.table import Table

from central.dataset.making import PIN
from central.dataset.office import ADMINISTRATOR, LEADER
from central.demo.visitor import Page, parse
from tests.bench import processes

WHO: Final = (ADMINISTRATOR, LEADER)
_ALIKE: Final = 5
"""So many pages of one kind are opened; the middle one of their times counts."""
_TIMEOUT_S: Final = 120
_LEAVES: Final = ("/sign-out", "/lock")
_NAME: Final = re.compile(r"[a-z-]*")


def walked(url: str, people: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds by kind of page: its path with everything that names one thing left out, and the names of its question."""
    took: dict[str, list[float]] = {}
    for who in people:
        for kind, ms in _walk(url, who):
            took.setdefault(kind, []).append(ms)
    return took


def slowest(took: dict[str, list[float]]) -> list[tuple[float, str, int]]:
    """(median in ms, kind, how many were opened), the slowest first."""
    return sorted(((median(all_ms), kind, len(all_ms)) for kind, all_ms in took.items()), reverse=True)


def _walk(url: str, who: str) -> Iterator[tuple[str, float]]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Accept"] = "text/html"
        form = _read(session.get(f"{url}/sign-in", timeout=_TIMEOUT_S)).form("pin")
        answer = session.post(
            urljoin(url, form.action),
            data={**form.fields, "person": who, "pin": PIN},
            timeout=_TIMEOUT_S,
        )
        answer.raise_for_status()
        waiting, known, opened = deque(_links(answer)), {urlsplit(answer.url).path}, dict[str, int]()
        while waiting:
            address = waiting.popleft()
            kind = kind_of(address)
            if address in known or opened.get(kind, 0) >= _ALIKE or address.startswith(_LEAVES):
                continue
            known.add(address)
            opened[kind] = opened.get(kind, 0) + 1
            began = time.monotonic()
            answer = session.get(url + address, timeout=_TIMEOUT_S)
            took_ms = (time.monotonic() - began) * 1000
            assert answer.status_code < 500, f"{address}: {answer.status_code}"
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                yield kind, took_ms
                waiting += _links(answer)


def kind_of(address: str) -> str:
    """`/dossier/1f0…?to=2023-05` is one of `/dossier/…?to`."""
    parts = urlsplit(address)
    path = "/".join(part if _NAME.fullmatch(part) else "…" for part in parts.path.split("/"))
    asked = sorted({one.partition("=")[0] for one in parts.query.split("&") if one})
    return path + ("?" + "&".join(asked) if asked else "")


def _links(answer: requests.Response) -> Iterator[str]:
    if not answer.ok:
        return
    for link, _ in _read(answer).links:
        whole = urlsplit(urljoin(answer.url, link))
        if whole.netloc == urlsplit(answer.url).netloc:
            yield whole._replace(scheme="", netloc="", fragment="").geturl()


def _read(answer: requests.Response) -> Page:
    answer.raise_for_status()
    return parse(answer.url, answer.text)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--lines", default=30, show_default=True, help="How many kinds of page are told of.")
def main(folder: Path, lines: int) -> None:
    """Which pages of central are slow with the data set in FOLDER."""
    with processes.node(folder / "central") as node:
        took = slowest(walked(node.url, WHO))
    table = Table("median", "opened", "page")
    for ms, kind, opened in took[:lines]:
        table.add_row(f"{ms:,.0f} ms", str(opened), kind)
    console = Console()
    console.print(table)
    console.print(f"{len(took)} kinds of page")


if __name__ == "__main__":
    main()
