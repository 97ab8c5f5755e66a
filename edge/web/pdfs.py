"""A PDF or a scan as the answer to a request: shown in the browser, under a name that can be kept."""

from __future__ import annotations

import re

from flask import Response

from printing import scans


def _plain(name: str) -> str:
    """A name that ends no header and leaves no folder: the number of a portal's dossier may be any text."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:80].lstrip(".") or "ho-so"


def pdf_answer(content: bytes, name: str) -> Response:
    """A paper that a browser shows."""
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{_plain(name)}.pdf"'
    return response


def scan_answer(content: bytes, kind: str, name: str) -> Response:
    """A file that came with a dossier. A browser shows the kinds that were looked into; anything else is only handed out."""
    known = kind in (scans.PDF, scans.JPEG)
    response = Response(content, mimetype=kind if known else "application/octet-stream")
    ending, how = "jpg" if kind == scans.JPEG else "pdf", "inline" if known else "attachment"
    response.headers["Content-Disposition"] = f'{how}; filename="{_plain(name)}.{ending}"'
    return response
