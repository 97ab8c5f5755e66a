"""A PDF as the answer to a request: shown in the browser, under a name that can be kept."""

from __future__ import annotations

import re

from flask import Response


def _plain(name: str) -> str:
    """A name that ends no header and leaves no folder: the number of a portal's dossier may be any text."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:80].lstrip(".") or "ho-so"


def pdf_answer(content: bytes, name: str) -> Response:
    """A paper that a browser shows."""
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{_plain(name)}.pdf"'
    return response
