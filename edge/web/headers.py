"""What every answer tells the browser: run and frame nothing that is not ours, and keep no copy of a dossier."""

from __future__ import annotations

from flask import Flask, Response, request

_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# Whatever a file holds that somebody brought, it runs nothing, sends nothing, and is nobody on this origin. (A
# browser's own PDF viewer is a page with its own styles: it must not be bound by the rules of ours.)
_OURS = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
"""A paper that this machine has just set: the page around it may ask the browser to print it."""
_PAPERS = "sandbox; default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"


def install(app: Flask) -> None:
    """Give every answer of an app its headers."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    paper = response.mimetype == "application/pdf"
    rules = _OURS if request.endpoint == "printing.sheet" else _PAPERS
    response.headers["Content-Security-Policy"] = rules if paper else _PAGES
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "SAMEORIGIN" if paper else "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if not (request.endpoint or "").endswith("static"):
        response.headers["Cache-Control"] = "no-store"
    return response
