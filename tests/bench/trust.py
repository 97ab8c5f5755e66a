"""What trust costs: results signed with a person's token, seals made and checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from central.demo.plan import SEAL_PIN
from edge.admission import Admission
from edge.node import Node
from edge.settings import TokenSettings
from edge.signing import why_not_signed
from edge.tokens import Tokens
from schemas.acts import Appraised
from schemas.entries import Person, Procedure, Step
from schemas.events import Document, header_of, seal_message
from schemas.fold import Dossier
from schemas.seals import seal_holds
from tests.bench.closed import FIGURES, Saves, beside_each_other
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground, People, procedures, receive
from tests.centres import PINS
from tests.devices import MODULE, Devices

APPROVER: Final = "viet.tq"
APPRAISER: Final = "ha.lt"
CLERK: Final = "chi.nth"
_BATCH: Final = 100
_RESULTS: Final = {Size.FULL: 40, Size.QUICK: 3}
_EVENTS: Final = {Size.FULL: 1_000, Size.QUICK: 200}
_TEXT: Final = "Đồng ý giải quyết theo đề nghị.\nKết quả có hiệu lực kể từ ngày ký."


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """A room with dossiers of its own that wait for their approval, enough for all rounds, and a token of each kind."""
    with (
        ground.centre("trust") as centre,
        beside_each_other(ground) as folders,
        pytest.MonkeyPatch.context() as environment,
    ):
        saves = Saves(*folders)
        room, people = centre["room-01"], People()
        devices = Devices(ground.folder / "softhsm", environment)
        device = _device(room, devices)
        files, on_device = room.signatories.tokens, Tokens(room.folder.tokens, [device])
        documents = [_document(room, receive(room, people.draft(room))) for _ in range(_EVENTS[size])]
        sealed = next(one for one in procedures(room) if Step.SEAL in one.steps)
        unsealed = next(one for one in procedures(room) if Step.SEAL not in one.steps)

        def waiting(procedure: Procedure) -> list[Dossier]:
            return [
                _appraised(room, receive(room, people.draft_of(procedure))) for _ in range(_RESULTS[size])
            ]

        def measure() -> dict[str, float]:
            figures = {"result_p95": p95([_ms(partial(_approve, room, one)) for one in waiting(unsealed)])}
            room.signatories.tokens = on_device
            figures["result_softhsm_p95"] = p95(
                [_ms(partial(_approve, room, one)) for one in waiting(unsealed)]
            )
            room.signatories.tokens = files
            decided = waiting(sealed)
            for one in decided:
                _approve(room, one)
            figures["sealed_p95"] = p95([_ms(partial(_seal, room, one)) for one in decided])
            return {**figures, **_seals(room, documents), **saves.measure(size)}

        yield measure
        devices.close()


def _device(room: Node, devices: Devices) -> TokenSettings:
    """The approver's key once more, on a device."""
    content = (room.folder.tokens / f"{APPROVER}.p12").read_bytes()
    key, _, _ = pkcs12.load_key_and_certificates(content, PINS[APPROVER].encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    devices.plug("bench", PINS[APPROVER], key, _signer(room).ders()[0])
    return TokenSettings(MODULE, APPROVER, "bench")


def _approve(room: Node, dossier: Dossier) -> None:
    """All of an approval: rendered, signed, kept, decided, recorded durably; then read again and verified."""
    done = room.deciding.approve(dossier.stream, by=APPROVER, pin=PINS[APPROVER], text=_TEXT)
    _verify(room, done, _signer(room).ders()[0])


def _seal(room: Node, dossier: Dossier) -> None:
    """All of the clerk's step: numbered, filled, signed, sealed, kept, recorded; then verified, three signatures."""
    done = room.sealing.seal(dossier.stream, by=CLERK, pin=PINS[CLERK], agency_pin=SEAL_PIN)
    clerk = room.catalog.latest.person(CLERK)
    assert clerk is not None
    _verify(room, done, clerk.ders()[0])


def _verify(room: Node, dossier: Dossier, certificate: bytes) -> None:
    content = room.archive.read(dossier.standing.result or "")
    assert content is not None
    problem = why_not_signed(content, certificate)
    assert problem is None, problem


def _seals(room: Node, documents: list[Document]) -> dict[str, float]:
    """One seal at a time; and what the write rules do with a run that comes whole, and with every second event of it."""
    key = room.keys.seal_key
    messages = [seal_message(header_of(document)) for document in documents]
    rules = Admission(room.catalog, room.waits, node=room.id, here=lambda hashes: set())
    return {
        "seals_made": _per_s(lambda: [room.keys.ed25519.sign(message) for message in messages], documents),
        "seals_verified": _per_s(lambda: [seal_holds(document, key) for document in documents], documents),
        "runs_verified": _admitted(rules, documents),
        "windows_verified": _admitted(rules, documents[::2]),
    }


def _admitted(rules: Admission, documents: list[Document]) -> float:
    """Documents a second, in batches as they travel."""
    batches = [documents[at : at + _BATCH] for at in range(0, len(documents), _BATCH)]
    refused: list[list[str | None]] = []
    speed = _per_s(lambda: refused.extend(rules.events(batch, "central.1") for batch in batches), documents)
    assert not any(why for batch in refused for why in batch), refused
    return speed


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
            "a result rendered, signed (PKCS#12: PAdES and the decision), recorded and verified, p95",
            "ms",
            "lower",
            must=400,
            aim=200,
        ),
        Figure(
            "result_softhsm_p95",
            "the same with a PKCS#11 device (SoftHSM2), p95",
            "ms",
            "lower",
            must=400,
            aim=200,
        ),
        Figure(
            "sealed_p95",
            "a result numbered, sealed, recorded and verified (three signatures), p95",
            "ms",
            "lower",
        ),
        Figure("seals_made", "Ed25519 seals made", "seals/s", "higher"),
        Figure("seals_verified", "Ed25519 seals verified", "seals/s", "higher"),
        Figure("runs_verified", "events of whole runs that passed all write rules", "events/s", "higher"),
        Figure(
            "windows_verified",
            "events with gaps between them that passed all write rules, each seal verified",
            "events/s",
            "higher",
        ),
        *FIGURES,
    ),
    prepared,
)
