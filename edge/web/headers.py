"""What every answer tells the browser: run and frame nothing that is not ours, and keep no copy of a dossier."""

from __future__ import annotations

from flask import Flask, Response, request

_PAGES = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self';"
    " frame-src 'self'"
)
# A browser's PDF viewer is a page of its own with its own styles; it must not be bound by the rules of ours.
_PAPERS = "frame-ancestors 'self'"


def install(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    paper = response.mimetype == "application/pdf"
    response.headers["Content-Security-Policy"] = _PAPERS if paper else _PAGES
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "same-origin"
    if not (request.endpoint or "").endswith("static"):
        response.headers["Cache-Control"] = "no-store"
    return response
