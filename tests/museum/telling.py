"""What a program folds of documents, told by what must be the same for ever.

Alone as well, under the Python of another version: it imports nothing but `schemas`, reads a `Centre` as JSON and writes
what each stream came to.

    PYTHON -P tests/museum/telling.py < centre.json
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.catalog import Catalog
from schemas.events import Document, parse
from schemas.fold import Dossier, fold


class Centre(msgspec.Struct, frozen=True):
    """What a node holds: the pinned certificate as hex, the catalog in order, and the events of each stream."""

    root: str
    catalog: list[Document]
    streams: dict[str, list[Document]]


def told_of(dossier: Dossier) -> dict[str, Any]:
    """What must be the same for ever. Sentences may be worded better."""
    return {
        "status": dossier.status.value,
        "inner": dossier.inner.value,
        "money": dossier.money.value,
        "delivery": dossier.delivery.value,
        "visit": dossier.visit.value,
        "petition": dossier.petition.value,
        "node": dossier.node.value,
        "conflicts": [[one.id, list(one.members), list(one.rows)] for one in dossier.conflicts],
        "timeline": [[line.hash, line.place.value] for line in dossier.timeline],
        "heads": list(dossier.heads),
        "missing": list(dossier.missing),
        "tasks": [[one.must, one.about] for one in dossier.tasks],
    }


def catalog_of(root: bytes, documents: Iterable[Document]) -> Catalog:
    catalog = Catalog(root)
    catalog.apply(list(documents))
    return catalog


def folded(documents: Iterable[Document], catalog: Catalog) -> dict[str, Any]:
    return told_of(fold([parse(one) for one in documents], catalog))


def told(centre: Centre) -> dict[str, dict[str, Any]]:
    catalog = catalog_of(bytes.fromhex(centre.root), centre.catalog)
    return {stream: folded(documents, catalog) for stream, documents in centre.streams.items()}


def main() -> None:
    said = told(msgspec.json.decode(sys.stdin.buffer.read(), type=Centre))
    sys.stdout.buffer.write(msgspec.json.encode(said))


if __name__ == "__main__":
    main()
