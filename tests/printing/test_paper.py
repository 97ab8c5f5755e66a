"""How blocks flow over pages; with blocks of which only the height is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from printing.paper import A4, Block, Piece, paginate

TEXT_HEIGHT, TOP = A4.text_height, A4.height - A4.top


@dataclass(frozen=True)
class Slab:
    """Cut anywhere, if it can be cut at all."""

    tall: float
    soft: bool = False

    def height(self, width: float) -> float:
        return self.tall

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        return (
            (Slab(room, True), Slab(self.tall - room, True)) if self.soft and 10 < room < self.tall else None
        )

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        raise AssertionError("laying out draws nothing")


def pages(*pieces: Piece) -> list[int]:
    return [item.page for item in paginate(pieces)]


def test_what_fits_stays_on_one_page() -> None:
    first, second = paginate([Piece(Slab(100), before=50), Piece(Slab(100), before=50)])

    assert (first.page, first.top) == (0, TOP)
    assert (second.page, second.top) == (0, TOP - 150)


def test_what_stays_together_moves_together() -> None:
    filler = Piece(Slab(TEXT_HEIGHT - 100))
    assert pages(filler, Piece(Slab(50)), Piece(Slab(60))) == [0, 0, 1]
    assert pages(filler, Piece(Slab(50), stays_with_next=True), Piece(Slab(60))) == [0, 1, 1]


def test_an_announcement_stays_with_the_first_part_of_what_it_announces() -> None:
    filler = Piece(Slab(TEXT_HEIGHT - 100))
    assert pages(filler, Piece(Slab(20), stays_with_next=True), Piece(Slab(500, soft=True))) == [0, 0, 0, 1]
    assert pages(filler, Piece(Slab(95), stays_with_next=True), Piece(Slab(500, soft=True))) == [0, 1, 1]


@given(
    st.lists(
        st.builds(Piece, st.builds(Slab, st.floats(1, 2000), st.booleans()), st.floats(0, 30), st.booleans()),
        max_size=20,
    )
)
def test_nothing_is_lost_and_only_the_uncuttable_is_too_tall(pieces: list[Piece]) -> None:
    placed = paginate(pieces)

    assert (
        abs(sum(item.block.height(0) for item in placed) - sum(piece.block.height(0) for piece in pieces)) < 1
    )
    assert [item.page for item in placed] == sorted(item.page for item in placed)
    for item in placed:
        overflows = item.top - item.block.height(0) < TOP - TEXT_HEIGHT - 0.01
        assert not overflows or (item.top == TOP and item.block.height(0) > TEXT_HEIGHT)
