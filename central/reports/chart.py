"""Bars as SVG: few, with their numbers beside them, readable without colours and without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from schemas.reports import vietnamese

_WIDTH: Final = 640
_HEIGHT: Final = 180
_FOOT: Final = 22
_HEAD: Final = 18


def bars(title: str, names: Sequence[str], values: Sequence[int]) -> Markup:
    """One bar a name; the table beside it says the same for who does not see it."""
    most = max([*values, 1])
    step = _WIDTH / max(len(names), 1)
    room = _HEIGHT - _FOOT - _HEAD
    drawn = []
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        height = room * max(value, 0) / most
        left, top = place * step, _HEIGHT - _FOOT - height
        middle = left + step / 2
        drawn.append(
            f'<rect x="{left + step * 0.15:.1f}" y="{top:.1f}" width="{step * 0.7:.1f}" height="{height:.1f}"/>'
            f'<text x="{middle:.1f}" y="{top - 4:.1f}" text-anchor="middle">{vietnamese(value)}</text>'
            f'<text x="{middle:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>'
        )
    said = "; ".join(f"{name}: {vietnamese(value)}" for name, value in zip(names, values, strict=True))
    return Markup(  # noqa: S704 - all that comes from outside is escaped
        f'<svg class="bars" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(f"{title}. {said}")}">'
        + "".join(drawn)
        + f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT - _FOOT}" y2="{_HEIGHT - _FOOT}"/></svg>'
    )
