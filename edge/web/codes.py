"""QR codes on pages: drawn as one path, so that nothing is fetched and nothing runs."""

from __future__ import annotations

from printing import qr


def drawn(text: str) -> tuple[str, int]:
    """The path of a code in SVG, a module wide each, and how many modules its side has. Raises `TooMuchForQr`."""
    modules = qr.modules(text)
    path = "".join(
        f"M{column} {row}h1v1h-1z"
        for row, line in enumerate(modules)
        for column, dark in enumerate(line)
        if dark
    )
    return path, len(modules)
