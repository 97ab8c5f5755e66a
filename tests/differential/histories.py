"""Random histories of a few documents, told so that any server can be asked to live them.

A revision is spoken of by the place at which it appeared (`Known`), because servers give different revisions
to the same edit; only revisions that come with their history (`Bring`) have hashes of ours. Those begin with
sixteen zeros or `f`, so that they are smaller or greater than any that a server makes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, TypeAlias

from hypothesis import strategies as st

DOCUMENTS: Final = ("a:+%", "hồ sơ/1 🙂")
LOCALS: Final = ("mine", "của tôi/1")
ATTACHMENTS: Final = ("one.bin", "tờ khai 1.txt")
MARKS: Final = tuple(f"{high}{low}" for high in "0f" for low in "123")


@dataclass(frozen=True, slots=True)
class Known:
    """The revision of this document that appeared as number `place`, counted around; none where there is none."""

    place: int


Base: TypeAlias = Known | None


def hash_of(mark: str, above: str | None, generation: int) -> str:
    """32 digits; another parent (by its name) or generation is another hash, as with any server."""
    grown = hashlib.sha256(f"{mark} {above} {generation}".encode()).hexdigest()
    return mark[0] * 16 + grown[:16]


@dataclass(frozen=True, slots=True)
class Put:
    """`keeps`: with stubs of the base's attachments. `attachment`: bytes of one more, inline."""

    doc: str
    base: Base
    value: int
    deleted: bool = False
    keeps: bool = False
    attachment: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    doc: str
    base: Base


@dataclass(frozen=True, slots=True)
class Bring:
    """A copy of a revision from elsewhere, with its history: `marks` newest first, above `above` or nothing.

    Without `above`, `start` is its generation; it may be greater than there are marks. `told`: how much of the
    path comes with it, at most. `singly`: by PUT.
    """

    doc: str
    marks: tuple[str, ...]
    above: Base
    start: int
    told: int
    value: int
    deleted: bool = False
    singly: bool = False


@dataclass(frozen=True, slots=True)
class Bulk:
    edits: tuple[Put, ...]


@dataclass(frozen=True, slots=True)
class Attach:
    doc: str
    base: Base
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Detach:
    doc: str
    base: Base
    name: str


@dataclass(frozen=True, slots=True)
class PutLocal:
    """`fresh`: with the revision that it has; else with none."""

    name: str
    value: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class DeleteLocal:
    name: str


Act: TypeAlias = Put | Delete | Bring | Bulk | Attach | Detach | PutLocal | DeleteLocal

_known = st.builds(Known, st.integers(0, 5))
_documents = st.sampled_from(DOCUMENTS)
_bases = st.one_of(_known, _known, _known, st.none())
_values = st.integers(0, 3)
_contents = st.sampled_from([b"", b"x", b"abc" * 100])
_lives = st.builds(
    Put, _documents, _bases, _values, keeps=st.booleans(), attachment=st.none() | st.none() | _contents
)
_deletions = st.builds(Put, _documents, _bases, _values, deleted=st.just(True))
_odd_deletions = st.builds(
    Put, _documents, _bases, _values, deleted=st.just(True), keeps=st.booleans(), attachment=_contents
)
_puts = st.one_of(_lives, _lives, _lives, _lives, _deletions, _deletions, _odd_deletions)


@st.composite
def _brought(draw: st.DrawFn) -> Bring:
    marks = tuple(draw(st.lists(st.sampled_from(MARKS), min_size=1, max_size=3)))
    return Bring(
        draw(_documents),
        marks,
        draw(_bases),
        len(marks) + draw(st.integers(0, 2)),
        draw(st.integers(1, 4)),
        draw(_values),
        draw(st.booleans()),
        draw(st.booleans()),
    )


_acts: st.SearchStrategy[Act] = st.one_of(
    _puts,
    _puts,
    _brought(),
    _brought(),
    st.builds(Delete, _documents, _bases),
    st.builds(Bulk, st.lists(_puts, min_size=1, max_size=4).map(tuple)),
    st.builds(Attach, _documents, _bases, st.sampled_from(ATTACHMENTS), _contents),
    st.builds(Detach, _documents, _bases, st.sampled_from(ATTACHMENTS)),
    st.builds(PutLocal, st.sampled_from(LOCALS), _values, st.booleans()),
    st.builds(DeleteLocal, st.sampled_from(LOCALS)),
)
histories = st.lists(_acts, min_size=1, max_size=24)
