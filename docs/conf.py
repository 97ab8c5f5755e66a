"""How `make docs` makes a site of these pages. What does not lead anywhere ends the build (`-W` in the Makefile)."""

import tomllib
from pathlib import Path
from typing import Any

_about = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Motcua"
version = release = _about["version"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
nitpicky = True
html_theme = "furo"
html_title = f"Motcua {version}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def _list_decisions(app: Any, page: str, text: list[str]) -> None:
    """The decisions hang below their own list, which is a table that people read."""
    if page == "decisions/README":
        text[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def setup(app: Any) -> None:
    app.connect("source-read", _list_decisions)
