"""The comfort of a page in a browser: keys beside an input method, a scanner anywhere, what is typed survives."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote_plus

from playwright.sync_api import Browser, Page, Route, expect

from central.demo.centre import RunningCentre
from tests.browser.conftest import PINS, SignIn
from tests.browser.test_hall import alt
from tests.browser.walks import violations
from tests.web.clerk import CARD


def composed(page: Page, text: str) -> None:
    """What an input method does with a word: it stands underlined and changes until it is done."""
    devtools = page.context.new_cdp_session(page)
    for end in range(1, len(text) + 1):
        key = {"key": "Process", "code": "KeyH", "windowsVirtualKeyCode": 229}
        devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
        devtools.send(
            "Input.imeSetComposition", {"text": text[:end], "selectionStart": end, "selectionEnd": end}
        )
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    devtools.send("Input.insertText", {"text": text})
    devtools.detach()


def scanned(page: Page, code: str) -> None:
    """What a scanner types: a keyboard, only faster, and Enter at the end."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def leave_every_field(page: Page) -> None:
    """As after a click beside all fields; only once the page has put the focus where it wants it first."""
    expect(page.locator("[autofocus]")).to_be_focused()
    page.evaluate("document.activeElement.blur()")


def kept_back(page: Page, where: re.Pattern[str]) -> Callable[[], None]:
    """What a page asks for gets no answer, until the returned lets the last of it go, and whatever comes then."""
    late: list[Route] = []
    open_now = False

    def hold(asked: Route) -> None:
        if open_now:
            asked.continue_()
        else:
            late.append(asked)

    def let_go() -> None:
        nonlocal open_now
        open_now = True
        late[-1].continue_()

    page.route(where, hold)
    return let_go


def choose_a_procedure(page: Page) -> None:
    page.fill("#q", "dang ky thanh lap")
    page.locator("input[name=procedure]").first.check()
    expect(page.locator("input[name='originals-0']")).to_be_visible()


def take(page: Page, name: str, pictures: Path | None) -> None:
    """A picture for docs/counter.md."""
    if pictures is not None:
        page.screenshot(path=pictures / f"guide-{name}.png")


def test_keys_and_scanners_know_when_somebody_writes_vietnamese(
    sign_in: SignIn, pictures: Path | None
) -> None:
    """The help of keys opens by Alt H and by "?"; a word that is being put together is never taken for either."""
    page = sign_in("counter-01", "hanh.nh")
    keys = page.locator("dialog.keys")
    alt(page, "h")
    expect(keys).to_be_visible()
    expect(keys.locator("li.is-here", has_text="lưu và in")).to_be_visible()
    take(page, "keys", pictures)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")

    page.focus("#name")
    composed(page, "Hoàng Thị Hường")
    page.keyboard.type("?")
    expect(page.locator("#name")).to_have_value("Hoàng Thị Hường?")
    expect(keys).to_be_hidden()
    assert page.url.endswith("/counter")

    # a scanner that types while its reader stands in no field
    page.goto(f"{page.url.removesuffix('/counter')}/find")
    leave_every_field(page)
    scanned(page, "020085004127|281234567|Nông Văn Thắng|14031985|Nam|Số 45, đường Phai Vệ|01012022")
    page.wait_for_url("**/counter")
    expect(page.locator("#identity")).to_have_value("020085004127")
    expect(page.locator("#name")).to_have_value("Nông Văn Thắng")
    assert "020085004127" not in page.url
    take(page, "reception", pictures)

    # the arrows only go from row to row; Enter chooses, and what is there already is written over
    page.focus("#q")
    page.keyboard.type("van tai")
    rows = page.locator("#hits input[name=procedure]")
    expect(rows.nth(4)).to_be_visible()
    for place in range(5):
        page.keyboard.press("ArrowDown")
        expect(rows.nth(place)).to_be_focused()
    assert page.locator("#hits input:checked").count() == 0
    code = rows.nth(4).get_attribute("value")
    page.keyboard.press("Enter")
    expect(page.locator("[name=originals-0]")).to_be_focused()
    expect(page.locator("#hits input:checked")).to_have_value(code or "")
    page.keyboard.type("0")
    expect(page.locator("[name=originals-0]")).to_have_value("0")


def test_a_key_that_comes_before_the_answer_waits_for_it(sign_in: SignIn) -> None:
    """It acts on what was typed; no key is lost, and none takes what was found before."""
    page = sign_in("counter-01", "hanh.nh")
    search, look = re.compile("/counter/procedures"), re.compile("/counter$")
    chosen = page.locator("#hits input:checked")

    def typed(term: str) -> None:
        page.focus("#q")
        page.keyboard.press("Control+a")
        page.keyboard.type(term)

    typed("van tai")
    expect(page.locator("#found[data-term='van tai']")).to_be_attached()
    first = page.locator("#hits input").first.get_attribute("value") or ""
    typed("nha o")
    expect(page.locator("#found[data-term='nha o']")).to_be_attached()
    answer = kept_back(page, search)
    with page.expect_request(lambda sent: "tai" in sent.url):
        typed("van tai")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#q")).to_be_focused()
    answer()
    expect(chosen).to_have_value(first)

    # the first Enter searches; the second comes before its answer, and chooses
    page.goto(page.url)
    page.fill("#identity", "020085004127")
    page.fill("#name", "Nông Văn Thắng")
    answer = kept_back(page, look)
    with page.expect_request(look):
        typed("van tai")
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    answer()
    expect(chosen).to_have_value(first)
    expect(page.locator("[name=originals-0]")).to_be_focused()

    # whoever has gone on meanwhile stays where they are, and no letter is lost while the answer is put in
    page.goto(page.url)
    expect(page.locator("#identity")).to_be_focused()  # a scan before that goes the way of any page
    answer = kept_back(page, look)
    with page.expect_request(look):
        scanned(page, CARD)
    alt(page, "t")
    page.keyboard.type("van")
    answer()
    page.keyboard.type(" tai xe o to")
    expect(page.locator("#found[data-term='van tai xe o to']")).to_be_attached()
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#name")).not_to_be_empty()


def test_back_after_a_scan_and_a_save_asks_nothing_to_be_sent_again(
    running: RunningCentre, sign_in: SignIn
) -> None:
    """What a scanner opened came by POST; a browser that goes back shows a page, and not its own words about that."""
    page = sign_in("counter-01", "hanh.nh")
    page.goto(f"{running.url('counter-01')}/find")
    leave_every_field(page)
    scanned(page, "020085004129|281234567|Vừ A P'lềnh|14031985|Nam|Số 45, đường Phai Vệ|01012022")
    page.wait_for_url("**/counter")
    page.fill("#phone", "0912 000 345")
    page.fill("#q", "dang ky thanh lap")
    page.locator("input[name=procedure]").first.check()
    expect(page.locator("input[name='originals-0']")).to_be_visible()
    alt(page, "b")
    page.wait_for_url("**/counter/turn-away")
    page.check("#missing-0")
    page.fill("#reason", "Thiếu chữ ký")
    alt(page, "i")
    page.wait_for_selector("[role=status]")
    for _ in range(2):
        page.go_back()
        expect(page.locator("h1")).to_have_text("Tiếp nhận hồ sơ")
        expect(page.locator("#name")).to_have_value("")
    assert page.url.endswith("/counter")


def test_what_was_typed_survives_a_crash_and_another_tab(
    running: RunningCentre, sign_in: SignIn, pictures: Path | None
) -> None:
    """Nothing is sent by it; the page fills itself in again. What was amended in another tab stands beside it."""
    counter = running.url("counter-01")
    page = sign_in("counter-01", "hanh.nh")
    page.goto(f"{counter}/counter")
    page.fill("#q", "dang ky thanh lap")
    page.locator("input[name=procedure]").first.check()
    expect(page.locator("input[name='originals-0']")).to_be_visible()
    page.fill("#identity", "020085004127")
    page.fill("#name", "Nông Văn Thắng")
    page.fill("#phone", "0912 000 345")
    page.locator("button[value=save]").click()
    page.wait_for_url("**/dossier/*")
    address = f"{counter}/dossier/{page.url.split('/dossier/')[1].split('?')[0]}/amend"
    page.goto(address)
    page.fill("#applicant_phone", "0977 333 444")
    page.locator("#reason").press_sequentially("Đổi số")
    expect(page.locator(".kept")).to_contain_text("Đã giữ bản nháp")
    page.close()  # and no goodbye

    again = sign_in("counter-01", "hanh.nh")
    again.goto(address)
    expect(again.locator("#reason")).to_have_value("")
    again.click("text=Mở lại để nhập tiếp")
    expect(again.locator("#reason")).to_have_value("Đổi số")
    expect(again.locator("#applicant_phone")).to_have_value("0977 333 444")

    other = sign_in("counter-01", "long.pd")
    other.goto(address)
    other.fill("#applicant_phone", "0988 111 222")
    other.fill("#reason", "Người nộp báo lại")
    alt(other, "g")
    other.wait_for_url("**/dossier/*done=*")
    alt(again, "g")
    expect(again.locator("h1")).to_have_text("Hồ sơ đã đổi trong lúc anh/chị nhập")
    assert violations(again) == []
    take(again, "merge", pictures)
    again.check("input[name=applicant_phone][value='0977333444']")
    alt(again, "g")
    again.wait_for_url("**/dossier/*done=*")

    if pictures is not None:
        running.switchboard.pull("central")
        expect(again.locator("#status")).to_contain_text("mất từ", timeout=30_000)
        again.goto(f"{counter}/sync")
        take(again, "sync", pictures)
        running.switchboard.plug("central")


def test_a_slip_of_the_pad_is_kept_as_it_is_typed(
    running: RunningCentre, sign_in: SignIn, pictures: Path | None
) -> None:
    """The power goes between two fields; the slip stands in the list, and its page goes on at the next field."""
    paper = f"{running.url('counter-01')}/counter/afterwards"
    page = sign_in("counter-01", "hanh.nh")
    page.goto(paper)
    choose_a_procedure(page)
    page.fill("#name", "Hoàng Thị Hường")
    page.fill("#paper", "03-000977")
    with page.expect_response(lambda got: "trạm điện" in unquote_plus(got.request.post_data or "")):
        page.locator("#reason").press_sequentially("Lũ cuốn trạm điện")
    expect(page.locator("#kept")).to_contain_text("Bản nháp chỉ ở máy này")
    expect(page.locator("#reason")).to_be_focused()
    page.close()  # and no goodbye

    again = sign_in("counter-01", "hanh.nh")
    again.goto(paper)
    listed = again.locator("table.unsaved tr", has_text="03-000977")
    expect(listed).to_contain_text("Hoàng Thị Hường")
    assert violations(again) == []
    take(again, "half-entered", pictures)
    listed.get_by_role("link").click()
    expect(again.locator("#reason")).to_have_value("Lũ cuốn trạm điện")
    expect(again.locator("#paper")).to_have_value("03-000977")
    assert violations(again) == []
    take(again, "half-entered-again", pictures)
    again.goto(paper)
    again.locator("table.unsaved tr", has_text="03-000977").get_by_role("button").click()
    expect(again.locator("table.unsaved tr", has_text="03-000977")).to_have_count(0)
    assert again.url == paper


def test_what_is_typed_while_the_draft_before_it_is_being_saved_is_saved_too(
    running: RunningCentre, sign_in: SignIn
) -> None:
    """The answer comes between two keys, and no further key comes after it."""
    page = sign_in("counter-01", "hanh.nh")
    page.goto(f"{running.url('counter-01')}/counter/afterwards")
    let_go = kept_back(page, re.compile("/counter/draft/afterwards$"))
    with page.expect_request(re.compile("/counter/draft/afterwards$")):
        page.locator("#name").press_sequentially("Hoàng Thị")
    page.locator("#name").press_sequentially(" Hường")
    with page.expect_request(lambda sent: "Hoàng Thị Hường" in unquote_plus(sent.post_data or "")):
        let_go()
    page.close()


def test_no_letter_and_no_space_is_lost_while_the_slip_is_looked_at_again(
    running: RunningCentre, sign_in: SignIn
) -> None:
    """The answer has what was sent without the space that the next word was still to follow."""
    paper = f"{running.url('counter-01')}/counter/afterwards"
    page = sign_in("counter-01", "hanh.nh")
    page.goto(paper)
    choose_a_procedure(page)
    reason = page.locator("#reason")
    for number, (before, meanwhile, after) in enumerate(
        (("Lũ ", "cuốn", " trạm"), ("Lũ ", "", "cuốn"), ("Lũ\n", "cuốn", " trạm"))
    ):
        reason.fill(before)
        let_go = kept_back(page, re.compile("/counter/afterwards$"))
        with page.expect_request(re.compile("/counter/afterwards$")):
            page.fill("#paper", f"03-00098{number}")
            reason.focus()
            page.keyboard.press("Control+End")
        page.keyboard.type(meanwhile)
        old = reason.element_handle()
        let_go()
        page.wait_for_function("old => !old.isConnected", arg=old)
        page.keyboard.type(after)
        expect(reason).to_have_value(before + meanwhile + after)
        page.unroute_all()


def test_names_of_procedures_and_keys_are_read_in_the_largest_type_and_in_the_dark(
    running: RunningCentre, sign_in: SignIn
) -> None:
    """A name keeps room beside its limit; a key on the main button keeps its button's ground."""
    page = sign_in("counter-01", "long.pd")
    page.goto(f"{running.url('counter-01')}/me")
    page.check("input[name=theme][value=dark]")
    page.check("input[name=size][value=largest]")
    page.check("input[name=language][value=en]")
    page.locator("form", has=page.locator("input[name=theme]")).locator("button[type=submit]").click()
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    page.goto(f"{running.url('counter-01')}/counter/afterwards")
    page.fill("#q", "thanh lap")
    expect(page.locator("#found[data-term='thanh lap']")).to_be_attached()
    widths = page.locator(".hits .name").evaluate_all("found => found.map(one => one.clientWidth)")
    assert min(widths) > 100
    ground = page.locator(".btn-1 kbd").first.evaluate("key => getComputedStyle(key).backgroundColor")
    assert ground == "rgba(0, 0, 0, 0)"


def test_no_page_breaks_its_own_policy(running: RunningCentre, browser: Browser) -> None:
    """With the policy in force the browser has nothing to report, and htmx works."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{running.url('counter-01')}/sign-in")
    page.check("input[name=person][value='hanh.nh']")
    page.fill("input[name=pin]", PINS["hanh.nh"])
    page.press("input[name=pin]", "Enter")
    page.wait_for_selector("header.bar nav")
    for path in ("/counter", "/find", "/return", "/me"):
        page.goto(f"{running.url('counter-01')}{path}")
    page.goto(f"{running.url('counter-01')}/find")
    page.fill("#q", "khong co ai")
    page.wait_for_selector("#hits >> text=Không tìm thấy")
    assert said == []


def test_a_telephone_that_opens_a_papers_code_reads_the_answer(
    running: RunningCentre, browser: Browser
) -> None:
    """The code stands behind "#": no server was sent it, and the browser's history does not keep it."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{running.url('central')}/slip#MC1~H37.07-270301-0101~nonsense")
    page.wait_for_selector("div.note")
    assert "Đây không phải mã trên giấy của Trung tâm." in page.inner_text("div.note")
    assert not any("H37.07" in url for url in (*asked, page.url))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
