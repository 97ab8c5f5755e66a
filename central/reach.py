"""Who can reach whom, as a picture: central above, the machines of each building in rows below it.

A line is drawn from each machine to those that it hears, by its own last word; what it says goes one way, so that a line
that works only in one direction is seen. Machines say the same in words below the picture, for who does not see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from edge.web.language import say

_WIDTH: Final = 960
_IN_A_ROW: Final = 8
_ROW: Final = 96
_TOP: Final = 40
_BOX: Final = (104, 34)


@dataclass(frozen=True, slots=True)
class Spot:
    """A machine in the picture. `hears`: those that it is in contact with; `lost`: those that it misses."""

    node: str
    title: str
    building: str
    hears: frozenset[str]
    lost: frozenset[str]
    near: bool


def picture(centre: str, spots: Sequence[Spot]) -> Markup:
    """The picture; `centre` is the id of central."""
    places = _places(centre, spots)
    rows = max((y for _, y in places.values()), default=_TOP)
    height = int(rows + _BOX[1] + 12)
    drawn = [*_lines(spots, places), *(_box(one, places[one.node]) for one in spots)]
    said = say("Ai tới được ai: {number} máy; phần chữ ở dưới nói lại từng máy", number=len(spots))
    return Markup(  # noqa: S704 - all that comes from outside is escaped
        f'<svg class="reach" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(said)}">{"".join(drawn)}</svg>'
    )


def _places(centre: str, spots: Sequence[Spot]) -> dict[str, tuple[float, float]]:
    """The middle of each machine's box."""
    places: dict[str, tuple[float, float]] = {}
    row = 0
    if any(one.node == centre for one in spots):
        places[centre] = (_WIDTH / 2, _TOP)
        row = 1
    buildings = sorted({one.building for one in spots if one.node != centre})
    for building in buildings:
        inside = [one for one in spots if one.building == building and one.node != centre]
        for begin in range(0, len(inside), _IN_A_ROW):
            some = inside[begin : begin + _IN_A_ROW]
            step = _WIDTH / len(some)
            for place, one in enumerate(some):
                places[one.node] = (step * (place + 0.5), _TOP + row * _ROW)
            row += 1
    return places


def _lines(spots: Sequence[Spot], places: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    hears = {one.node: one.hears for one in spots}
    lost = {one.node: one.lost for one in spots}
    nodes = [one.node for one in spots]
    for place, one in enumerate(nodes):
        for other in nodes[place + 1 :]:
            there, back = other in hears[one], one in hears[other]
            if there and back:
                kind = "both"
            elif there or back:
                kind = "one-way"
            elif other in lost[one] or one in lost[other]:
                kind = "lost"
            else:
                continue
            yield _line(places[one], places[other], kind)


def _line(here: tuple[float, float], there: tuple[float, float], kind: str) -> str:
    """Beside each other in one row, lines go below the boxes, the farther the lower."""
    (x, y), (to_x, to_y) = here, there
    if y != to_y:
        return f'<path class="{kind}" d="M{x:.0f} {y:.0f}L{to_x:.0f} {to_y:.0f}"/>'
    low = y + _BOX[1] / 2 + 8 + abs(to_x - x) / 30
    return f'<path class="{kind}" d="M{x:.0f} {y:.0f}Q{(x + to_x) / 2:.0f} {low + 18:.0f} {to_x:.0f} {to_y:.0f}"/>'


def _box(one: Spot, middle: tuple[float, float]) -> str:
    (x, y), (wide, high) = middle, _BOX
    state = "" if one.near else " is-lost"
    title = one.title if len(one.title) <= 16 else f"{one.title[:15]}…"
    return (
        f'<g class="spot{state}"><rect x="{x - wide / 2:.0f}" y="{y - high / 2:.0f}" width="{wide}" height="{high}" rx="3"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{escape(title)}</text></g>'
    )
