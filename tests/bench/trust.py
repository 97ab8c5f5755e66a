"""What trust costs: results signed with a person's token, seals made and checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from edge.admission import Admission
from edge.node import Node
from edge.signing import open_token, why_not_signed
from schemas.acts import Appraised
from schemas.catalog import Person
from schemas.events import Document, header_of, seal_message
from schemas.fold import Dossier
from schemas.seals import seal_holds
from tests.bench.closed import FIGURES, Saves, beside_each_other
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground, People, receive
from tests.centres import PINS

APPROVER: Final = "viet.tq"
APPRAISER: Final = "ha.lt"
_RESULTS: Final = {Size.FULL: 40, Size.QUICK: 3}
_EVENTS: Final = {Size.FULL: 2_000, Size.QUICK: 500}
_TEXT: Final = "Đồng ý giải quyết theo đề nghị.\nKết quả có hiệu lực kể từ ngày ký."


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """A room with dossiers of its own that wait for their approval, enough for all rounds."""
    with ground.centre("trust") as centre, beside_each_other(ground) as folders:
        saves = Saves(*folders)
        room, people = centre["room-01"], People()
        documents = [_document(room, receive(room, people.draft(room))) for _ in range(20)]
        documents *= _EVENTS[size] // len(documents)

        def measure() -> dict[str, float]:
            waiting = [_appraised(room, receive(room, people.draft(room))) for _ in range(_RESULTS[size])]
            return {
                "result_p95": p95([_ms(partial(_make, room, one)) for one in waiting]),
                "approval_p95": p95([_ms(partial(_approve, room, one)) for one in waiting]),
                **_seals(room, documents),
                **saves.measure(size),
            }

        yield measure


def _make(room: Node, dossier: Dossier) -> None:
    """Render a result, sign it and the decision about it, verify the signature in the paper."""
    signer, now = _signer(room), room.clock()
    (certificate,) = signer.ders()
    token = open_token(
        room.folder.tokens / f"{APPROVER}.p12", PINS[APPROVER], on=now, certificates=[certificate]
    )
    rendered = room.papers.result_of(
        dossier, approved=True, text=_TEXT, signer=signer, capacity="TUQ. GIÁM ĐỐC SỞ", at=now
    )
    signed = token.sign_pdf(
        rendered.pdf, page=rendered.page, box=rendered.box, reason="Phê duyệt", place="Lạng Sơn"
    )
    token.sign_decision(signed)
    problem = why_not_signed(signed, certificate)
    assert problem is None, problem


def _approve(room: Node, dossier: Dossier) -> None:
    """All of an approval: the same, and the file kept and the act recorded, both durable."""
    room.deciding.approve(dossier.stream, by=APPROVER, pin=PINS[APPROVER], text=_TEXT)


def _seals(room: Node, documents: list[Document]) -> dict[str, float]:
    """One seal at a time, and what the write rules do with a document that comes in."""
    key = room.keys.seal_key
    messages = [seal_message(header_of(document)) for document in documents]
    rules = Admission(room.catalog, room.waits, node=room.id)
    return {
        "seals_made": _per_s(lambda: [room.keys.ed25519.sign(message) for message in messages], documents),
        "seals_verified": _per_s(lambda: [seal_holds(document, key) for document in documents], documents),
        "events_admitted": _per_s(lambda: rules.events(documents, "central.1"), documents),
    }


def _signer(room: Node) -> Person:
    signer = room.catalog.latest.person(APPROVER)
    assert signer is not None
    return signer


def _appraised(room: Node, dossier: Dossier) -> Dossier:
    return room.ledger.act(dossier.stream, "dossier.appraised", Appraised("Hồ sơ đủ.", True), by=APPRAISER)


def _document(room: Node, dossier: Dossier) -> Document:
    return room.stores["dossiers"].get(f"{dossier.stream}:{dossier.heads[0]}")


def _ms(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1000


def _per_s(work: Callable[[], object], done: list[Document]) -> float:
    began = time.monotonic()
    work()
    return len(done) / (time.monotonic() - began)


BENCH: Final = Bench(
    "trust",
    (
        Figure(
            "result_p95",
            "a result rendered, signed (PKCS#12: PAdES and the decision) and verified, p95",
            "ms",
            "lower",
            must=400,
            aim=200,
        ),
        Figure(
            "approval_p95", "an approval: rendered, signed, kept and recorded durably, p95", "ms", "lower"
        ),
        Figure("seals_made", "Ed25519 seals made", "seals/s", "higher"),
        Figure("seals_verified", "Ed25519 seals verified", "seals/s", "higher"),
        Figure(
            "events_admitted", "events that passed all write rules, each seal verified", "events/s", "higher"
        ),
        *FIGURES,
    ),
    prepared,
)
