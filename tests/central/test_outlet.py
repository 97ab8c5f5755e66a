"""What goes out of the centre: to an exchange that is a real server, and by a real mail server; once, in whatever weather."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

from central.outlet import Outlet
from central.redaction import redact
from edge.node import Node
from edge.outbox import DOSSIER, DUE, MAIL, REFUSED
from edge.settings import ExchangeSettings, MailSettings
from edge.tables.centre import OutboxRow
from schemas.acts import Returned
from schemas.canonical import from_base64
from schemas.intake import is_mail
from sync.errors import DiskFull
from tests.centres import SEALED, SmallCentre
from tests.exchange import ExchangeServer, connect, to
from tests.portal import Portal, submission
from tests.web.clerk import Clerk


@dataclass
class Letterbox:
    """A mail server; addresses in `closed` do not exist."""

    mails: list[Any] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.closed:
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def exchange() -> Iterator[ExchangeServer]:
    server = ExchangeServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def letterbox() -> Iterator[tuple[Letterbox, int]]:
    box, loop = Letterbox(), asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield box, int(server.sockets[0].getsockname()[1])
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def two_refused(centre: SmallCentre, central: Node) -> list[str]:
    """The streams of what Thắng and Lan sent by the portal, which is not taken: each gets a mail."""
    portal = Portal(central)
    lan = {"name": "Vi Thị Lan", "email": "lan@vidu.vn"}
    streams = [portal.post(one).said["dossier"] for one in (submission("a"), submission("b", applicant=lan))]
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    for stream in streams:
        clerk.press(clerk.open(f"/inbox/{stream}"), "/refuse", refused_for="Không thuộc thẩm quyền.")
    centre.meet()
    return streams


def states(central: Node) -> list[tuple[str, int, int]]:
    return [(one.kind, one.due, one.refused) for one in central.outbox.waiting()]


def test_each_step_of_a_dossier_goes_out_signed_and_its_result_can_be_fetched(
    centre: SmallCentre, exchange: ExchangeServer
) -> None:
    central = connect(centre, exchange=to(exchange))
    outlet = Outlet(central)
    dossier = centre.receive(procedure=SEALED)
    centre.meet()
    assert outlet.run_once() == 1
    received = exchange.got[-1]
    assert dossier.received is not None
    assert (received.said["MaHoSo"], received.said["TrangThaiHoSo"]) == (dossier.received.number, "2")
    assert received.said["NgayTiepNhan"] == "20270301090000"
    assert received.said["LoaiDoiTuong"] == "1"
    assert received.said["DinhDanhCHS"] == [{"LoaiDinhDanh": "1", "SoDinhDanh": "020085004127"}]
    assert received.said["DanhSachGiayToKetQua"] == []
    (step,) = json.loads(received.body)["TienDo"]
    assert (step["NguoiXuLy"], step["PhongBanXuLy"], step["TrangThai"]) == (
        "Nguyễn Hồng Hạnh",
        "Quầy 01",
        "2",
    )
    key = Ed25519PublicKey.from_public_bytes(from_base64(central.card.ed25519, "key", 32))
    verifier = HTTPMessageVerifier(
        signature_algorithm=ED25519,
        key_resolver=MappingKeyResolver(public_keys={central.id: key}, private_keys={}),
    )
    verifier.max_clock_skew = centre.clock.at - centre.clock.at.replace(year=2000)
    (signed,) = verifier.verify(received, max_age=None, body=received.body)
    assert '"idempotency-key"' in signed.covered_components
    assert outlet.run_once() == 0, "nothing has changed"

    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet()
    outlet.run_once()
    assert exchange.got[-1].said["TrangThaiHoSo"] == "4"
    assert exchange.got[-1].said["DanhSachGiayToKetQua"] == [], "signed, and neither numbered nor sealed yet"
    centre.seal(dossier)
    centre.meet()
    outlet.run_once()
    done = exchange.got[-1].said
    assert (done["TrangThaiHoSo"], done["NgayTra"]) == ("9", "")
    portal = Portal(central)
    path = done["DanhSachGiayToKetQua"][0]["DuongDanTepTinKetQua"]
    answer = portal.client.get(path, headers=portal.headers("GET", path))
    result = central.register.dossier(dossier.stream).standing.result
    assert answer.get_data() == central.archive.read(str(result))
    assert portal.client.get(path).status_code == 401
    other = f"/api/results/file-{'0' * 64}"
    assert portal.client.get(other, headers=portal.headers("GET", other)).status_code == 404
    data = Returned("Nông Văn Thắng", "020085004127", str(result))
    centre["counter-01"].ledger.act(dossier.stream, "dossier.returned", data, by="hanh.nh")
    centre.meet()
    outlet.run_once()
    assert exchange.got[-1].said["TrangThaiHoSo"] == "10"
    assert len({got.name for got in exchange.got}) == len(exchange.got)


def test_while_the_line_is_down_the_newest_waits_and_goes_after_a_restart(
    centre: SmallCentre, exchange: ExchangeServer
) -> None:
    central = connect(centre, exchange=to(exchange))
    exchange.stop()
    dossier, other = centre.receive(), centre.receive(applicant="Vi Thị Lan")
    centre.meet()
    outlet = Outlet(central)
    assert outlet.run_once() == 0
    (waiting,) = central.outbox.waiting()
    assert (waiting.due, waiting.refused) == (2, 0)
    rows = {row.key: row.tries for row in outbox(central)}
    assert sorted(rows.values()) == [0, 1], "a line that is down is tried by one alone"
    assert outlet.run_once() == 0
    assert sorted(row.tries for row in outbox(central)) == [0, 1], "and not again before its time"
    centre.appraise(dossier)
    centre.meet()
    central = centre.reopen("central")
    exchange.start(exchange.port)
    centre.clock.forward(hours=1)
    assert Outlet(central).run_once() == 2
    said = {got.said["MaHoSo"]: got.said["TrangThaiHoSo"] for got in exchange.got}
    assert dossier.received is not None
    assert other.received is not None
    assert said == {dossier.received.number: "4", other.received.number: "2"}
    assert states(central) == [(DOSSIER, 0, 0)]


def outbox(central: Node) -> list[Any]:
    with central.file.read():
        return list(OutboxRow.select())


def test_what_was_sent_and_not_noted_goes_again_under_the_same_name(
    centre: SmallCentre, exchange: ExchangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or the power, between the answer and its note; and a central of yesterday's backup."""
    central = connect(centre, exchange=to(exchange))
    centre.receive()
    centre.meet()

    def full(*args: object) -> None:
        raise DiskFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(central.outbox, "sent", full)
        with pytest.raises(DiskFull):
            Outlet(central).run_once()
    assert Outlet(centre.reopen("central")).run_once() == 1
    first, second = exchange.got
    assert (first.name, first.body) == (second.name, second.body)


def test_what_is_refused_is_looked_at_and_what_is_not_now_is_tried_again(
    centre: SmallCentre, exchange: ExchangeServer
) -> None:
    central = connect(centre, exchange=to(exchange))
    dossier = centre.receive()
    centre.meet()
    exchange.answers += [503, 422]
    outlet = Outlet(central)
    assert outlet.run_once() == 0
    assert outlet.run_once() == 0
    assert len(exchange.got) == 1, "not before its time"
    centre.clock.forward(minutes=1)
    assert outlet.run_once() == 0
    assert states(central) == [(DOSSIER, 0, 1)]
    admin = Clerk(centre, "central", "quan.nv")
    page = admin.open("/outlet")
    assert "422 Không nhận" in page.page.text
    assert dossier.received is not None
    assert dossier.received.number in page.page.text
    done = admin.press(page, "/outlet/again", ("key", f"{DOSSIER} {dossier.stream}"))
    assert "Sẽ gửi lại ngay." in admin.follow(done).page.text
    assert outlet.run_once() == 1
    assert [row.state for row in outbox(central)] == ["sent"]
    assert outbox(central)[0].body == b"", "what went does not lie here any longer"


def test_what_is_refused_and_changes_is_tried_again_by_itself(
    centre: SmallCentre, exchange: ExchangeServer
) -> None:
    central = connect(centre, exchange=to(exchange))
    dossier = centre.receive()
    centre.meet()
    exchange.answers.append(400)
    Outlet(central).run_once()
    assert [row.state for row in outbox(central)] == [REFUSED]
    centre.appraise(dossier)
    centre.meet()
    assert [row.state for row in outbox(central)] == [DUE]


def test_nobody_is_told_of_what_was_before_and_a_rebuild_tells_nobody(
    centre: SmallCentre, exchange: ExchangeServer
) -> None:
    centre.receive()
    centre.meet()
    central = connect(centre, exchange=to(exchange))
    central.projector.rebuild()
    assert outbox(central) == []
    centre.receive()
    centre.meet()
    assert states(central) == [(DOSSIER, 1, 0)]
    with central.file.read() as connection:
        query = (
            "SELECT key FROM outbox WHERE state = 'due' AND kind = 'dossier' AND (next_at <= 'x' OR next_at > 'y')"
            " ORDER BY next_at LIMIT 5"
        )
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert all("SCAN outbox" not in step or "outbox_due" in step for step in plan), plan


def test_whoever_wished_for_it_gets_a_mail_for_each_step_and_each_once(
    centre: SmallCentre, letterbox: tuple[Letterbox, int]
) -> None:
    box, port = letterbox
    central = connect(centre, mail=MailSettings("127.0.0.1", "hoso@vidu.vn", port, "none"))
    portal, outlet = Portal(central), Outlet(central)
    stream = portal.post(submission()).said["dossier"]
    portal.post(submission("quiet", notify=False))
    centre.meet()
    assert outlet.run_once() == 0, "nothing has happened yet"
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open(f"/inbox/{stream}"), "/receive")
    centre.meet()
    assert outlet.run_once() == 1
    centre.meet()
    central.projector.rebuild()
    assert outlet.run_once() == 0
    (mail,) = box.mails
    received = clerk.node.register.dossier(stream).received
    assert received is not None
    assert mail["To"] == "thang@vidu.vn"
    assert received.number in mail["Subject"]
    assert "Hẹn trả kết quả: 16:30 ngày" in mail.get_content()
    assert "Nông Văn Thắng" not in str(mail), "a mail is read by many machines"
    assert "020085004127" not in mail.get_content()


def test_a_mailbox_that_is_not_there_is_refused_and_holds_nobody_up(
    centre: SmallCentre, letterbox: tuple[Letterbox, int]
) -> None:
    box, port = letterbox
    box.closed.add("thang@vidu.vn")
    central = connect(centre, mail=MailSettings("127.0.0.1", "hoso@vidu.vn", port, "none"))
    two_refused(centre, central)
    assert Outlet(central).run_once() == 1
    assert [mail["To"] for mail in box.mails] == ["lan@vidu.vn"]
    assert "Không thuộc thẩm quyền." in box.mails[0].get_content()
    assert states(central) == [(MAIL, 0, 1)]


def test_an_address_that_breaks_a_library_is_refused_and_holds_nobody_up(
    centre: SmallCentre, letterbox: tuple[Letterbox, int]
) -> None:
    """A version before let it in; the thread that sends all letters ended with it, at every start again."""
    box, port = letterbox
    central = connect(centre, mail=MailSettings("127.0.0.1", "hoso@vidu.vn", port, "none"))
    first, _ = two_refused(centre, central)
    with central.file.write():
        (row,) = OutboxRow.select().where(OutboxRow.stream == first)
        body = json.dumps({**json.loads(row.body), "to": "<@a.b,(@c.d"}).encode()
        OutboxRow.update(body=body).where(OutboxRow.key == row.key).execute()
    assert Outlet(central).run_once() == 1
    assert [mail["To"] for mail in box.mails] == ["lan@vidu.vn"]
    assert states(central) == [(MAIL, 0, 1)]
    assert [is_mail(one) for one in ("<@a.b,(@c.d", "a b@c.d", "a@b", "lan.vi+1@vidu.vn")] == [
        False,
        False,
        False,
        True,
    ]


def test_what_had_to_go_by_law_does_not_wait_here(centre: SmallCentre, exchange: ExchangeServer) -> None:
    """Its words are taken out of the outbox with those of the dossier."""
    central = connect(centre, exchange=to(exchange))
    stream = Portal(central).post(submission()).said["dossier"]
    (row,) = outbox(central)
    assert "Nông Văn Thắng".encode() in bytes(row.body)
    act = central.register.dossier(stream).timeline[0].hash
    redact(central, [act], "Luật 91/2025/QH15 Đ14", by="quan.nv", second="huong.ltt")
    (row,) = outbox(central)
    assert (bytes(row.body), row.state) == (b"", "sent")
    assert Outlet(central).run_once() == 0


def test_words_of_citizens_do_not_go_over_an_open_line() -> None:
    with pytest.raises(ValueError, match="open to everybody"):
        ExchangeSettings("http://lgsp.example.vn/ho-so")
    with pytest.raises(ValueError, match="another machine"):
        MailSettings("mail.example.vn", "hoso@example.vn", security="none")
    with pytest.raises(ValueError, match="no mail address"):
        MailSettings("mail.example.vn", "hoso@example.vn", alarms=("quan-tri",))
