"""The main job in a browser, with the cables pulled: received here, approved there, seen at the centre."""

from __future__ import annotations

from io import BytesIO

from playwright.sync_api import FilePayload, Page, expect
from reportlab.pdfgen.canvas import Canvas

from central.demo.centre import RunningCentre
from tests.browser.conftest import PINS, SignIn
from tests.browser.test_fees import alt
from tests.browser.walks import appraise, approve, open_when_there
from tests.web.clerk import CARD

MOST_KEYS = 25
STRANGER = CARD.replace("020085004127", "020085009127")
"""The card of somebody who was never here: of who was, the telephone is known already."""


def _receive(page: Page, url: str, name: str) -> str:
    """Receive one dossier as a clerk would; its stream."""
    page.goto(f"{url}/counter")
    page.fill("#q", "dang ky thanh lap")
    page.locator("input[name=procedure]").first.check()
    expect(page.locator("input[name='originals-0']")).to_be_visible()
    page.fill("input[name=identity]:not([type=hidden])", "020085004127")
    page.fill("input[name=name]", name)
    page.fill("input[name=phone]", "0912 000 345")
    page.locator("button[value=save]").click()
    page.wait_for_url("**/dossier/*")
    return page.url.split("/dossier/")[1].split("?")[0]


def test_received_with_the_cable_pulled_approved_in_the_room_and_seen_at_the_centre(
    running: RunningCentre, sign_in: SignIn
) -> None:
    """Central is out of reach; counter and room still have each other; afterwards central has it all."""
    counter = sign_in("counter-01", "hanh.nh")
    running.switchboard.pull("central")
    counter.goto(f"{running.url('counter-01')}/counter")
    expect(counter.locator("[role=status]").first).to_contain_text("mất từ", timeout=20_000)

    stream = _receive(counter, running.url("counter-01"), "Nông Văn Thắng")
    expect(counter.locator("main")).to_contain_text("Giấy hẹn có hiệu lực ngay")
    expect(counter.locator("iframe, object, embed").first).to_be_attached(timeout=20_000)

    url = f"{running.url('room-01')}/room/{stream}"
    appraise(sign_in, url)
    approve(sign_in, url)

    running.switchboard.plug("central")
    desk = sign_in("central", "huong.ltt")
    open_when_there(desk, f"{running.url('central')}/dossier/{stream}", "Nông Văn Thắng", "Phê duyệt")


def test_a_typical_reception_takes_few_keys(running: RunningCentre, sign_in: SignIn) -> None:
    """Nobody touches the mouse: the scanner types the card and Enter, the clerk telephone, code, and Alt I."""
    page = sign_in("counter-02", "hanh.nh")
    page.goto(f"{running.url('counter-02')}/counter")
    keys = 0

    def typed(text: str, then: str) -> None:
        nonlocal keys
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        keys += len(text) + 1
        page.wait_for_selector(f"{then}:focus")

    page.wait_for_selector("#identity:focus")
    page.keyboard.type(STRANGER)
    page.keyboard.press("Enter")  # the scanner's, no finger's
    page.wait_for_selector("#phone:focus")
    typed("0912000345", "#q")
    typed("1.000703", "#originals-0")
    alt(page, "i")
    keys += 2
    page.wait_for_selector(".done .c")
    assert keys <= MOST_KEYS, keys
    stream = page.url.split("/dossier/")[1].split("?")[0]
    expect(page.locator("main")).to_contain_text("Nông Văn Thắng")
    alt(page, "m")  # the next one stands there already
    page.wait_for_selector("#identity:focus")
    assert stream not in page.content()


def test_papers_that_go_with_a_result_are_chosen_where_it_is_signed(
    running: RunningCentre, sign_in: SignIn
) -> None:
    """A wrong PIN loses the choice, and says so; chosen again, they are signed for and can be opened."""
    counter = sign_in("counter-01", "hanh.nh")
    stream = _receive(counter, running.url("counter-01"), "Vi Văn Quyết")
    url = f"{running.url('room-01')}/room/{stream}"
    appraise(sign_in, url)
    approver = sign_in("room-01", "viet.tq")
    approver.goto(url)
    drawing: FilePayload = {"name": "Bản vẽ.pdf", "mimeType": "application/pdf", "buffer": _pdf()}
    approver.set_input_files("#attachments", [drawing])
    approver.fill("input[name=pin]", "000000")
    approver.press("input[name=pin]", "Enter")
    expect(approver.locator("#act")).to_contain_text("Chọn lại 1 tệp: Bản vẽ.pdf")
    approver.set_input_files("#attachments", [drawing])
    approver.fill("input[name=pin]", PINS["viet.tq"])
    approver.press("input[name=pin]", "Enter")
    approver.wait_for_url("**/room?*")
    approver.goto(f"{running.url('room-01')}/dossier/{stream}")
    expect(approver.locator(".attached")).to_contain_text("Bản vẽ.pdf")


def _pdf() -> bytes:
    drawn = BytesIO()
    canvas = Canvas(drawn)
    canvas.drawString(72, 720, "So do khu dat")
    canvas.save()
    return drawn.getvalue()
