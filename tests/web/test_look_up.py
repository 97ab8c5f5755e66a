"""Tra cứu: where a dossier stands, at home and at the kiosk; what nobody can guess; and what can be applied for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import orjson
import pytest
from werkzeug.serving import make_server

from central.centre import Numbers, Office, Place, enrol
from edge.folder import Folder
from edge.look_up import Answer, Asked
from edge.node import Node
from edge.peers import PeerNode
from edge.settings import NodeSettings, PrinterKind, PrinterSettings
from edge.web.kiosk_words import WORDS
from edge.web.look_up_words import STATES
from printing import raster
from printing.spool import PrintJob
from schemas.entries import Duty
from tests.centres import MONDAY, SmallCentre
from tests.web.clerk import Answer as Page
from tests.web.clerk import Clerk, pages_of


@pytest.fixture
def citizen(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central")


def number_of(centre: SmallCentre) -> str:
    dossier = centre.receive()
    centre.meet()
    assert dossier.received is not None
    return dossier.received.number


def ask(citizen: Clerk, number: str, four: str) -> Page:
    return citizen.press(citizen.open("/look-up"), "/look-up", number=number, four=four)


def test_who_knows_number_and_digits_reads_where_the_dossier_stands(
    centre: SmallCentre, citizen: Clerk
) -> None:
    """By telephone or by identity; in plain words, and nobody's name."""
    number = number_of(centre)
    for four in ("0345", "4127"):
        page = ask(citizen, f" {number.lower()} ", four)
        assert "Đã tiếp nhận" in page.page.text
        assert "N••• V•• T••••" in page.page.text
        assert "Nông Văn Thắng" not in page.html
        assert "0912000345" not in page.html


def test_what_is_unknown_and_what_does_not_fit_are_answered_alike(
    centre: SmallCentre, citizen: Clerk
) -> None:
    number = number_of(centre)
    wrong, unknown = ask(citizen, number, "0000"), ask(citizen, "H37.07-270301-9999", "0345")
    said = "Không có hồ sơ nào khớp cả mã và 4 số này."
    assert said in wrong.page.text
    assert said in unknown.page.text
    assert "Mã hồ sơ chưa đúng" in ask(citizen, "xyz", "0345").page.text
    assert "Gõ đúng 4 chữ số cuối" in ask(citizen, number, "45").page.text


def test_nobody_can_guess_though_they_come_from_many_addresses(centre: SmallCentre, citizen: Clerk) -> None:
    """Five wrong tries of one number, whoever makes them; then even who is right waits, and later is let in again."""
    number = number_of(centre)
    tried = []
    for place in range(7):
        page = citizen.open("/look-up")
        form = page.page.form("/look-up")
        sent = {**form.fields, "number": number, "four": f"{place:04d}"}
        tried.append(
            citizen.client.post(
                "/look-up", data=sent, environ_overrides={"REMOTE_ADDR": f"10.0.0.{place}"}
            ).status_code
        )
    assert tried == [200] * 5 + [429] * 2
    assert "Đã thử nhiều lần" in ask(citizen, number, "0345").page.text
    centre.clock.forward(minutes=13)
    assert "Đã tiếp nhận" in ask(citizen, number, "0345").page.text


def test_who_is_right_is_never_counted(centre: SmallCentre, citizen: Clerk) -> None:
    number = number_of(centre)
    assert all("Đã tiếp nhận" in ask(citizen, number, "0345").page.text for _ in range(9))


def test_the_code_of_a_slip_leads_to_its_dossier(centre: SmallCentre, citizen: Clerk) -> None:
    number = number_of(centre)
    with centre["counter-01"].file.read():
        code = str(orjson.loads(bytes(PrintJob.get(PrintJob.number == number).payload))["qr_text"])
    checked = citizen.press(citizen.open("/slip"), "/slip", code=code)
    assert f"Tra cứu hồ sơ {number}" in checked.page.text
    assert f'value="{number}"' in citizen.open(f"/look-up?number={number}").html
    assert "Đã tiếp nhận" in ask(citizen, code, "0345").page.text


def test_the_public_name_answers_what_is_for_everybody_and_no_more(centre: SmallCentre) -> None:
    central = centre["central"]

    centre_entry = central.catalog.latest.centre()
    assert centre_entry is not None
    Office(central).define(
        [msgspec.structs.replace(centre_entry, page="https://hoso.langson.example/slip")], by="quan.nv"
    )
    pages = pages_of(central).test_client()
    asked = {"Host": "hoso.langson.example"}
    for path in ("/look-up", "/procedures", "/procedures/1.000703", "/slip"):
        answer = pages.get(path, headers=asked)
        assert answer.status_code == 200, path
        assert "Liên lạc với" not in answer.get_data(as_text=True)
    assert pages.get("/find", headers=asked).status_code == 421


# ---- the kiosk


@contextmanager
def served(node: Node) -> Iterator[str]:
    """The pages of a node over a real socket."""
    server = make_server("127.0.0.1", 0, pages_of(node), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def kiosk(centre: SmallCentre) -> Clerk:
    """A machine of the hall, which keeps no dossiers."""
    place = Place("kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 800, 899),))
    enrol(
        Folder(centre.data / "kiosk-01"), centre["central"], place, NodeSettings("kiosk-01.1"), by="quan.nv"
    )
    centre.nodes["kiosk-01"] = centre.open("kiosk-01")
    centre.meet()
    return Clerk(centre, "kiosk-01")


def printed(node: Node, job: PrintJob) -> str:
    """What a paper says."""
    pages = raster.seen(node.papers.render_job(job.form, bytes(job.payload)))
    return " ".join(word.text for page in pages for word in page.words)


def touch(kiosk: Clerk, number: str, four: str) -> Page:
    return kiosk.press(kiosk.open("/kiosk/look-up"), "four", number=number, four=four)


def test_a_kiosk_asks_central_and_while_it_is_away_a_neighbour_and_says_as_of_when(
    centre: SmallCentre, kiosk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, node = number_of(centre), kiosk.node
    site = kiosk.pages.extensions["motcua"]
    centre["counter-02"].contacts.heard(centre["central"].id)
    assert "chưa hỏi được máy nào" in touch(kiosk, number, "0345").page.text
    with served(centre["central"]) as central, served(centre["counter-02"]) as counter:
        peers = (PeerNode(centre["central"].id, (central,)), PeerNode(centre["counter-02"].id, (counter,)))
        monkeypatch.setattr(type(site), "peers", lambda self: peers)
        for peer in peers:
            node.contacts.heard(peer.node)
        told = touch(kiosk, number, "0345")
        assert "Đã tiếp nhận" in told.page.text
        assert "tại Trung tâm" in told.page.text
        assert "Đang in." in kiosk.press(told, "/look-up/paper").page.text
        forged = {**told.page.form("/look-up/paper").fields, "four": "1111"}
        assert "Không có hồ sơ nào khớp" in kiosk.post("/kiosk/look-up/paper", forged).page.text
        assert "không có hồ sơ nào khớp" in touch(kiosk, number, "1111").page.text.lower()

        node.contacts.lost(centre["central"].id, "the cable is out")
        centre["counter-02"].contacts.lost(centre["central"].id, "the cable is out")
        centre.clock.forward(seconds=4)
        near = touch(kiosk, number, "0345")
        assert "Theo dữ liệu lúc 09:00, tại Quầy 02." in near.page.text
        assert "Đang mất liên lạc với Trung tâm; các máy trong nhà" in touch(kiosk, number, "1111").page.text
    assert node.register.find(number).rows == [], "a kiosk keeps nobody's dossier"
    with node.file.read():
        (job,) = PrintJob.select()
    slip = printed(node, job)
    for words in (number, "Đã tiếp nhận", "Hẹn trả:", "không thay giấy hẹn"):
        assert words in slip
    assert "Thắng" not in slip
    assert job.stream == "", "who sees on the page of printers that it waits learns nothing of whom it tells"


def test_an_answer_to_a_petition_is_read_at_a_kiosk_and_printed_there(
    centre: SmallCentre, kiosk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its number and the telephone that was left; the paper names nobody, and who knows only the number gets none."""
    said = {"content": "Chờ hai giờ.", "name": "Vi Thị Lan", "phone": "0912 000 345"}
    filed = kiosk.press(kiosk.open("/kiosk/petition"), "content", **said)
    number = filed.html.partition('number-k" role="status">')[2].partition("<")[0]
    centre.meet()
    central, node = centre["central"], kiosk.node
    row = central.petitions.by_number(number)
    assert row is not None
    central.petitions.answer(row.stream, "Xin lỗi bà;\nđã thêm một quầy.", by="dung.tt")

    def read(four: str, typed: str = number) -> Page:
        return kiosk.press(kiosk.open("/kiosk/petition/answer"), "four", number=typed, four=four)

    assert "Đang được xem xét" in read("0345").page.text, "what it knows itself, while nobody is in reach"
    with served(central) as url:
        peers = (PeerNode(central.id, (url,)),)
        monkeypatch.setattr(type(kiosk.pages.extensions["motcua"]), "peers", lambda self: peers)
        node.contacts.heard(central.id)
        told = read("0345", number.replace("-", "").lower())
        assert "đã thêm một quầy." in told.page.text
        assert "Vi Thị Lan" not in told.html
        for four in ("1111", ""):
            assert "Không có phản ánh nào khớp" in read(four).page.text
        assert "Số phản ánh chưa đúng." in read("0345", "PA-12").page.text
        assert "Đang in." in kiosk.press(told, "/petition/paper").page.text
    with node.file.read():
        first, last = PrintJob.select().where(PrintJob.form == "petition").order_by(PrintJob.id)
    assert (first.number, first.attempt, last.attempt) == (number, 1, 2)
    words = printed(node, last)
    assert f"{number} Gửi lúc" in words
    assert "đã thêm một quầy." in words
    assert "Lan" not in words


def test_only_a_machine_of_the_centre_may_ask_for_others(centre: SmallCentre, kiosk: Clerk) -> None:
    """Its card is its key; a stranger, a person and a password for another machine are told nothing."""
    number, central = number_of(centre), centre["central"]
    pages, body = pages_of(central).test_client(), msgspec.json.encode(Asked(number, "0345"))
    path, keys = "/look-up/of-a-machine", kiosk.node.keys
    right = (kiosk.node.id, keys.password_for(kiosk.node.id, central.id))
    assert pages.post(path, data=body).status_code == 401
    assert pages.post(path, data=body, auth=("kiosk-01.1", "x")).status_code == 401
    other = (kiosk.node.id, keys.password_for(kiosk.node.id, "room-01.1"))
    assert pages.post(path, data=body, auth=other).status_code == 401
    answer = msgspec.json.decode(pages.post(path, data=body, auth=right).get_data(), type=Answer)
    assert answer.told is not None
    assert pages.post(path, data=b"{", auth=right).status_code == 400
    assert Clerk(centre, "kiosk-01").open("/look-up").status == 404


def test_procedures_are_posted_at_home_and_at_the_kiosk(centre: SmallCentre, citizen: Clerk) -> None:
    """Found without diacritics; with papers, fee, limit; all of them page by page."""
    found = citizen.open("/procedures?q=kinh doanh van tai")
    assert "Cấp Giấy phép kinh doanh vận tải" in found.page.text
    one = citizen.open("/procedures/1.000703").page.text
    assert "Thành phần hồ sơ" in one
    assert "Thời hạn" in one
    assert citizen.open("/procedures/9.999999").status == 404
    seen, path = set[str](), "/procedures"
    while path:
        html = citizen.open(path).html
        seen |= {part.split('"')[0] for part in html.split('href="/procedures/')[1:]}
        after = html.split('rel="next"')[1].split("after=")[1].split('"')[0] if 'rel="next"' in html else ""
        path = f"/procedures?after={after}" if after else ""
    assert len(seen) == len(centre["central"].catalog.latest.procedures(centre.clock().date()))
    hall = Clerk(centre, "counter-01")
    assert "Sở Xây dựng" in hall.open("/kiosk/procedures").page.text
    assert "kinh doanh vận tải" in hall.open("/kiosk/procedures?agency=H37.07").page.text
    page = hall.open("/kiosk/procedures/1.000703")
    assert "Thành phần hồ sơ" in page.page.text
    _takes_a_sheet_along(hall, page)


def _takes_a_sheet_along(hall: Clerk, page: Page) -> None:
    """All that is posted, on A4 and in Vietnamese, as often as it is touched; not where there is only a roll."""
    node = hall.node
    for _ in range(2):
        assert "Đang in tờ hướng dẫn" in hall.press(page, "/paper").page.text
    with node.file.read():
        first, second = PrintJob.select().where(PrintJob.form == "procedure").order_by(PrintJob.id)
    assert (first.attempt, second.attempt) == (1, 2)
    sheet = printed(node, first)
    procedure = node.catalog.latest.procedure("1.000703", MONDAY.date())
    assert procedure is not None
    for words in ("Mã thủ tục: 1.000703", procedure.limit.words(), "đồng", procedure.components[-1].name):
        assert words in sheet
    for _ in range(10):
        hall.press(page, "/paper")
    assert hall.press(page, "/paper").status == 429, "nobody takes a ream"
    node.place_printers.add(PrinterSettings("Cuộn", PrinterKind.ESCPOS, "127.0.0.1:1"))
    node.spool.printers = node.place_printers.printers()
    assert "/paper" not in hall.open("/kiosk/procedures/1.000703").html
    assert hall.press(page, "/paper").status == 404


def test_every_state_has_its_words_in_both_languages() -> None:
    assert STATES["vi"].keys() == STATES["en"].keys()
    assert WORDS["vi"].keys() == WORDS["en"].keys()
