"""Results that last: a real time-stamp service over HTTP, lists from the catalog, and lines that are down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore

from central.preserving import Preserving
from edge.archive import Damaged
from edge.errors import CannotStamp
from edge.pades.reading import read
from edge.pades.stamps import StampService
from edge.settings import TimestampSettings
from schemas.fold import Dossier
from tests.centres import PINS, SEALED, SmallCentre
from tests.pdfa import violations
from tests.signers import TestAuthority, equip, hand_token, publish, trust
from tests.web.clerk import Clerk


@dataclass
class Service:
    """A time-stamp service: pyHanko's, behind HTTP, with the centre's clock."""

    centre: SmallCentre
    authority: TestAuthority
    asked: int = 0
    down: bool = False
    servers: list[ThreadingHTTPServer] = field(default_factory=list)

    def start(self) -> str:
        key = rsa.generate_private_key(65537, 2048)
        der = self.authority.issue("Dịch vụ dấu thời gian", key, stamps=True)
        raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.asked += 1
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if service.down:
                    self.send_error(503)
                    return
                stamper = DummyTimeStamper(
                    x509.Certificate.load(der), keys.PrivateKeyInfo.load(raw), fixed_dt=service.centre.clock()
                )
                answer = stamper.request_tsa_response(tsp.TimeStampReq.load(content)).dump()
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"


@pytest.fixture
def service(centre: SmallCentre) -> Iterator[Service]:
    found = Service(centre, TestAuthority("CA dấu thời gian", centre.clock()))
    trust(centre, found.authority, timestamps=True)
    yield found
    for server in found.servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def preserving(centre: SmallCentre, service: Service) -> Preserving:
    return Preserving(centre["central"], StampService(TimestampSettings(service.start())), every_s=1)


def sealed(centre: SmallCentre) -> Dossier:
    dossier = centre.seal(centre.approve(centre.appraise(centre.receive("room-01", procedure=SEALED))))
    centre.meet()
    return dossier


def lasting(centre: SmallCentre, dossier: Dossier) -> bytes:
    preserved = centre["central"].register.dossier(dossier.stream).standing.preserved
    assert preserved is not None
    content = centre["central"].archive.read(preserved)
    assert content is not None
    return content


def test_a_damaged_file_holds_up_no_other(
    centre: SmallCentre, preserving: Preserving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its dossier waits, and is stamped when the true one is here."""
    damaged, whole = sealed(centre), sealed(centre)
    central = centre["central"]
    read_file, wrong = central.archive.read, damaged.standing.result

    def half(file: str) -> bytes | None:
        if file == wrong:
            raise Damaged(file)
        return read_file(file)

    with monkeypatch.context() as patched:
        patched.setattr(central.archive, "read", half)
        assert preserving.run_once() == 1
        assert lasting(centre, whole)
    assert preserving.run_once() == 1
    assert lasting(centre, damaged)


def test_a_result_made_offline_is_stamped_at_central(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    """B-B from the room; at central a copy with a time-stamp over everything; the result itself is as it was."""
    dossier = sealed(centre)
    assert preserving.run_once() == 1
    assert (preserving.run_once(), service.asked) == (0, 1)
    copy, original = lasting(centre, dossier), centre["central"].archive.read(dossier.standing.result or "")
    assert original is not None
    assert copy.startswith(original)
    assert violations(copy) == []
    paper = read(copy)
    assert paper.untouched
    assert [one.kind for one in paper.signatures] == ["signature"] * 3 + ["timestamp"]
    shown = centre["central"].register.dossier(dossier.stream)
    assert shown.standing.result == dossier.standing.result
    assert [line.kind for line in shown.timeline][-1] == "dossier.result_preserved"
    centre.meet()
    assert all(one.standing.preserved for one in centre.shown(dossier))


def test_a_stamp_proves_the_hour_of_every_signature_before_it(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    dossier = sealed(centre)
    preserving.run_once()
    central = centre["central"]
    verdict = central.judge.verdict(read(lasting(centre, dossier)), centre.clock())
    approver, clerk, organisation, stamp = verdict.signatures
    assert stamp.part == "timestamp"
    assert stamp.issuer == "CA dấu thời gian"
    assert approver.proven == clerk.proven == organisation.proven == stamp.at
    assert approver.at is not None
    assert stamp.at is not None
    assert stamp.at > approver.at


def test_a_stamp_of_an_unknown_service_proves_nothing(centre: SmallCentre) -> None:
    service = Service(centre, TestAuthority("CA lạ", centre.clock()))
    preserving = Preserving(centre["central"], StampService(TimestampSettings(service.start())), every_s=1)
    dossier = sealed(centre)
    preserving.run_once()
    verdict = centre["central"].judge.verdict(read(lasting(centre, dossier)), centre.clock())
    assert "unknown_issuer" in verdict.signatures[-1].problems
    assert verdict.signatures[0].proven is None
    service.servers[0].shutdown()
    service.servers[0].server_close()


def test_with_fresh_lists_the_copy_is_for_the_long_term(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    """B-LT: certificates and lists are inside, and pyHanko validates with them and the two authorities alone."""
    authority, key = TestAuthority("CA nhà nước", centre.clock()), ec.generate_private_key(ec.SECP256R1())
    trust(centre, authority)
    der = authority.issue("Trần Quốc Việt", key)
    equip(centre, "viet.tq", der)
    hand_token(centre["room-01"], "viet.tq", key, der, PINS["viet.tq"])
    publish(centre, authority, {}, centre.clock(), days=30)
    publish(centre, service.authority, {}, centre.clock(), days=30)
    dossier = centre.approve(centre.appraise(centre.receive("room-01")))
    centre.meet()
    assert preserving.run_once() == 1
    done = centre["central"].register.dossier(dossier.stream).standing.newest["dossier.result_preserved"]
    assert done.data.level == "B-LT"
    reader = PdfFileReader(BytesIO(lasting(centre, dossier)))
    roots = [x509.Certificate.load(one.der) for one in (authority, service.authority)]
    inside = DocumentSecurityStore.read_dss(reader).as_validation_context(
        {
            "trust_roots": roots,
            "allow_fetching": False,
            "revocation_mode": "require",
            "moment": centre.clock(),
        }
    )
    status = validate_pdf_signature(reader.embedded_regular_signatures[0], inside)
    assert (status.valid, status.intact, status.trusted) == (True, True, True)


def test_without_a_fresh_list_it_is_stamped_all_the_same(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    """B-T: the hour is proven, revocation is not, and the level says so."""
    dossier = sealed(centre)
    preserving.run_once()
    done = centre["central"].register.dossier(dossier.stream).standing.newest["dossier.result_preserved"]
    assert done.data.level == "B-T"
    verdict = centre["central"].judge.verdict(read(lasting(centre, dossier)), centre.clock())
    assert verdict.sound == "unchecked"


def test_a_stamped_copy_is_made_to_last_when_the_list_comes(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    """B-T while nobody could check; with the newer list B-LT, on top of the stamp that proves the earlier hour."""
    authority, key = TestAuthority("CA nhà nước", centre.clock()), ec.generate_private_key(ec.SECP256R1())
    trust(centre, authority)
    der = authority.issue("Trần Quốc Việt", key)
    equip(centre, "viet.tq", der)
    hand_token(centre["room-01"], "viet.tq", key, der, PINS["viet.tq"])
    dossier = centre.approve(centre.appraise(centre.receive("room-01")))
    centre.meet()
    assert preserving.run_once() == 1
    stamped = lasting(centre, dossier)
    assert level(centre, dossier) == "B-T"
    assert (preserving.run_once(), service.asked) == (0, 1)

    publish(centre, authority, {}, centre.clock(), days=30)
    service.down = True
    with pytest.raises(CannotStamp):
        preserving.run_once()
    service.down = False
    publish(centre, service.authority, {}, centre.clock(), days=30)
    assert preserving.run_once() == 1
    assert level(centre, dossier) == "B-LT"
    copy = lasting(centre, dossier)
    assert copy.startswith(stamped)
    paper = read(copy)
    assert paper.untouched
    assert [one.kind for one in paper.signatures] == ["signature", "timestamp", "timestamp"]
    asked = service.asked
    publish(centre, authority, {}, centre.clock(), days=30)
    assert (preserving.run_once(), service.asked) == (0, asked)


def level(centre: SmallCentre, dossier: Dossier) -> str:
    done = centre["central"].register.dossier(dossier.stream).standing.newest["dossier.result_preserved"]
    return str(done.data.level)


def test_a_service_that_is_down_leaves_everything_and_is_asked_again(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    dossier = sealed(centre)
    service.down = True
    with pytest.raises(CannotStamp):
        preserving.run_once()
    assert centre["central"].register.dossier(dossier.stream).standing.preserved is None
    service.down = False
    again = Preserving(centre.reopen("central"), StampService(TimestampSettings(service.start())), every_s=1)
    assert again.run_once() == 1


def test_a_file_that_has_not_come_holds_nothing_up(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    """The room's decision is here, its file is not; the next result is stamped, and this one when it comes."""
    late = centre.approve(centre.appraise(centre.receive("room-01")))
    centre.copy(centre["room-01"], centre["central"], "dossiers")
    assert preserving.run_once() == 0
    there = sealed(centre)
    assert preserving.run_once() == 2
    for dossier in (late, there):
        assert read(lasting(centre, dossier)).untouched


def test_the_page_gives_the_copy_that_lasts(
    centre: SmallCentre, service: Service, preserving: Preserving
) -> None:
    dossier = sealed(centre)
    preserving.run_once()
    centre.meet()
    desk = Clerk(centre, "central", "huong.ltt")
    assert "Gắn dấu thời gian (B-T)" in desk.open(f"/dossier/{dossier.stream}").page.text
    assert desk.open(f"/dossier/{dossier.stream}/result.pdf").status == 200
