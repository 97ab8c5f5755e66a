"""The scans of a dossier, a page at a time as a picture: nothing that a paper holds runs in anybody's browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from edge.web.scanning import kept_with
from edge.web.showing import Shown, show
from edge.web.site import site
from printing import raster
from printing.errors import PrintError

blueprint = Blueprint("scans", __name__)

_PICTURES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_DPI: Final = 110


@dataclass(frozen=True, slots=True)
class Scan:
    """One file of a dossier: by its place in the list, and whether it is here."""

    place: int
    name: str
    pages: int
    is_here: bool


def scans_of(shown: Shown) -> list[Scan]:
    """All files that were handed in or scanned, in the order of the acts; asks for those that are elsewhere."""
    files = kept_with(shown)
    absent = site().node.archive.absent(one.file for one in files)
    found = [
        Scan(place, one.name, max(1, one.pages), one.file not in absent)
        for place, one in enumerate(files, start=1)
    ]
    if any(not one.is_here for one in found):
        site().demand(shown.dossier.stream)
    return found


def without_files(streams: Sequence[str]) -> set[str]:
    """Which of these dossiers name files that are not here yet."""
    named = site().node.register.files_of(streams)
    absent = site().node.archive.absent(file for files in named.values() for file in files)
    return {stream for stream, files in named.items() if not absent.isdisjoint(files)}


@blueprint.get("/dossier/<stream>/scan/<int:place>/<int:page>.png")
def picture(stream: str, place: int, page: int) -> ResponseReturnValue:
    """A page of a scan as a picture."""
    files = kept_with(show(stream))
    content = site().node.archive.read(files[place - 1].file) if 0 < place <= len(files) else None
    if content is None:
        raise NotFound
    kind = next((kind for begin, kind in _PICTURES.items() if content.startswith(begin)), "")
    if kind:
        return Response(content, mimetype=kind)
    drawn = BytesIO()
    try:
        raster.page(content, page - 1, dpi=_DPI).save(drawn, "PNG")
    except (PrintError, IndexError) as why:
        raise NotFound from why
    return Response(drawn.getvalue(), mimetype="image/png")


def chosen(scans: list[Scan]) -> tuple[Scan | None, int]:
    """The scan and the page that the address asks for; the first."""
    place, page = request.args.get("scan", 1, type=int), request.args.get("page", 1, type=int)
    scan = next((one for one in scans if one.place == place), next(iter(scans), None))
    return scan, min(max(1, page), scan.pages) if scan else 1
