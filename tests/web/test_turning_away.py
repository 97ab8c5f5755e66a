"""Forms 02 and 03 from the reception page: not received, and whoever brought it knows why."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest

from edge.turned_away import Asked
from printing import raster
from schemas.acts import Status
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

SAVE = ("act", "save")


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "counter-01", "hanh.nh")


def _turn(clerk: Clerk, what: str) -> Answer:
    page = clerk.reception()
    assert ("what", what) in page.page.form("stream").buttons
    return clerk.post("/counter/turn-away", {**page.page.form("stream").fields, "what": what})


def _stream(answer: Answer) -> str:
    return answer.leads_to.partition("?")[0].rpartition("/")[2]


def _paper(clerk: Clerk, answer: Answer) -> str:
    return " ".join(
        word.text
        for page in raster.seen(clerk.download(f"/counter/turned-away/{_stream(answer)}.pdf"))
        for word in page.words
    )


def test_form_03_says_why_and_where_to_go(clerk: Clerk, centre: SmallCentre) -> None:
    """Two acts, no number, two copies of the paper; pressed twice it is one refusal, and the draft is gone."""
    asked = _turn(clerk, "refuse")
    assert "Chưa ghi lý do." in clerk.press(asked, "/turn-away", SAVE).page.text
    why = {"reason": "Không thuộc thẩm quyền của tỉnh.", "guidance": "nộp tại Bộ Xây dựng"}
    done = clerk.press(asked, "/turn-away", SAVE, **why)
    assert clerk.press(asked, "/turn-away", SAVE, **why).leads_to == done.leads_to
    stream = _stream(done)
    dossier = clerk.node.register.dossier(stream)
    assert dossier.status is Status.NOT_RECEIVED
    assert [line.kind for line in dossier.timeline] == ["dossier.registered", "dossier.not_received"]
    assert clerk.node.register.find("").rows == []
    assert clerk.node.drafts.of("hanh.nh") == []
    said = _paper(clerk, done)
    for words in (
        "Nông Văn Thắng",
        "Không thuộc thẩm quyền của tỉnh.",
        "nộp tại Bộ Xây dựng",
        "Nguyễn Hồng Hạnh",
    ):
        assert words in said
    assert "Đã ghi: không tiếp nhận." in clerk.follow(done).page.text
    centre.meet()
    assert centre["central"].register.dossier(stream).status is Status.NOT_RECEIVED


def test_form_02_is_one_whole_list(clerk: Clerk) -> None:
    """What is ticked needs its why; the paper has each with its numbers."""
    asked = _turn(clerk, "supplement")
    assert "Chưa đánh dấu giấy tờ nào" in clerk.press(asked, "/turn-away", SAVE, reason="Thiếu.").page.text
    half = clerk.press(asked, "/turn-away", SAVE, **{"missing-1": "y", "reason": "Thiếu bản sao."})
    assert half.status == 422
    assert "Giấy tờ 2: chưa ghi thiếu gì, sai gì." in half.page.text
    done = clerk.press(half, "/turn-away", SAVE, **{"why-1": "chưa chứng thực"})
    assert clerk.node.register.dossier(_stream(done)).status is Status.SUPPLEMENT
    said = _paper(clerk, done)
    assert "Văn bằng, chứng chỉ" in said
    assert "chưa chứng thực" in said
    assert "Quyết định" not in said


def test_back_at_the_reception_everything_is_there(clerk: Clerk) -> None:
    """Nothing is lost on the way there and back; and without a name there is nobody to give the paper to."""
    asked = _turn(clerk, "supplement")
    fields = asked.page.form("/turn-away").fields
    back = clerk.post("/counter", {**fields, "act": "look"}).page.form("stream").fields
    kept = clerk.node.drafts.of("hanh.nh")[0].fields
    before = {name: value for name, value in kept if not name.startswith(("why-", "missing-"))}
    assert before["identity"] == "020085004127"
    assert {name: back[name] for name in before} == before
    nobody = clerk.post("/counter/turn-away", {**fields, "name": ""})
    assert nobody.status == 422
    assert "phiếu ghi tên người nộp" in nobody.page.text


def test_only_who_receives_turns_away(centre: SmallCentre, clerk: Clerk) -> None:
    fields = _turn(clerk, "refuse").page.form("/turn-away").fields
    cashier = Clerk(centre, "counter-01", "van.lt")
    token = cashier.open("/find").page.form("q").fields["csrf_token"]
    sent = {**fields, "csrf_token": token, "typed_by": "van.lt", "act": "save", "reason": "?"}
    assert cashier.post("/counter/turn-away", sent).status == 403


def _some(clerk: Clerk) -> None:
    """One refused and one sent home for two papers, half an hour later."""
    clerk.press(_turn(clerk, "refuse"), "/turn-away", SAVE, reason="Không thuộc thẩm quyền.")
    asked = {
        "missing-0": "y",
        "why-0": "ký thiếu",
        "missing-1": "y",
        "why-1": "mờ",
        "reason": "=Thiếu hai giấy",
    }
    clerk.press(_turn(clerk, "supplement"), "/turn-away", SAVE, **asked)


def _reasons(on: Answer) -> list[str]:
    return re.findall(r'</span><div class="clip-2" lang="vi">([^<]*)</div>', on.html)


def test_what_was_turned_away_is_a_list_of_every_machine(clerk: Clerk, centre: SmallCentre) -> None:
    """Counted, cut by days, filtered by form and by whose it is; what somebody chose stays; older days leave it."""
    _some(clerk)
    centre.meet()
    mine = clerk.open("/lists/turned-away")
    assert "Bổ sung, từ chối: 2 lượt" in mine.page.text
    assert _reasons(mine) == ["=Thiếu hai giấy", "Không thuộc thẩm quyền."], "the newest first"
    assert "Bổ sung 2 giấy tờ" in mine.page.text
    other = Clerk(centre, "counter-02", "long.pd")
    assert _reasons(other.open("/lists/turned-away?form=03")) == ["Không thuộc thẩm quyền."]
    assert "1 lượt" in other.open("/lists/turned-away").page.text, "what was chosen stays chosen"
    assert _reasons(other.open("/lists/turned-away?form=&whose=here")) == []
    assert len(_reasons(other.open("/lists/turned-away?whose=all"))) == 2
    assert "0 lượt" in clerk.open("/lists/turned-away?agency=H37.99").page.text
    assert other.open("/lists/turned-away?days=9999&form=x").status == 200
    centre.clock.forward(days=2)
    other.node.hour.confirm("long.pd", right=True)
    other.sign_in("long.pd")
    assert "0 lượt" in other.open("/lists/turned-away?days=1").page.text
    assert "2 lượt" in other.open("/lists/turned-away?days=7").page.text


def test_a_row_opens_what_was_said_at_whichever_machine(clerk: Clerk, centre: SmallCentre) -> None:
    """The paper is where it was printed; what it says is everywhere, and each look is logged."""
    _some(clerk)
    centre.meet()
    other = Clerk(centre, "counter-02", "long.pd")
    (link,) = re.findall(
        r'href="(/counter/turned-away/[^"]*)"', other.open("/lists/turned-away?form=02").html
    )
    page = other.open(link)
    for words in ("ký thiếu", "mờ", "=Thiếu hai giấy", "Phiếu đã in ở Quầy 01", "Nguyễn Hồng Hạnh"):
        assert words in page.page.text
    assert other.open(f"{link}.pdf").status == 404
    assert other.node.views.search(person="long.pd")[1] == 1
    assert "Mở phiếu" in clerk.open(link).page.text
    assert Clerk(centre, "room-01", "ha.lt").open(link).status == 403


def test_it_is_saved_as_files_whose_rows_are_looks(clerk: Clerk) -> None:
    _some(clerk)
    head, *rows = csv.reader(io.StringIO(clerk.download("/lists/turned-away.csv").decode("utf-8-sig")))
    assert head[:2] == ["Lúc", "Mẫu"]
    assert [(row[1], row[9]) for row in rows] == [
        ("02", "'=Thiếu hai giấy"),
        ("03", "Không thuộc thẩm quyền."),
    ]
    assert "020085004127" not in str(rows)
    book = zipfile.ZipFile(io.BytesIO(clerk.download("/lists/turned-away.xlsx")))
    assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    looks, count = clerk.node.views.search(person="hanh.nh")
    kinds = {"worklists.turned_away_csv", "worklists.turned_away_xlsx"}
    assert (count, {look.what for look in looks}) == (4, kinds)


def test_a_page_goes_on_after_its_last_row_along_one_index(clerk: Clerk) -> None:
    """Whatever the archive holds: no scan, no sorting, no temporary table."""
    _some(clerk)
    _some(clerk)
    lists, asked = clerk.node.turned_away, Asked("2027-02-28T17:00:00.000000Z")
    first = lists.page(asked, size=3)
    rest = lists.page(asked, after=first.after, size=3)
    assert [row.stream for row in (*first.rows, *rest.rows)] == [row.stream for row in lists.all(asked)]
    assert (len(first.rows), len(rest.rows), rest.after, lists.count(asked)) == (3, 1, "", 4)
    clerk.node.projector.rebuild()
    assert lists.count(asked) == 4
    with clerk.node.file.read() as connection:
        plans = [
            row[3]
            for query in (
                "SELECT count(*) FROM turned_away INDEXED BY turned_away_at WHERE at >= '2' AND form = '02'",
                "SELECT stream FROM turned_away INDEXED BY turned_away_at WHERE at >= '2' AND (at, stream) < ('3', '')"
                " ORDER BY at DESC, stream DESC LIMIT 3",
            )
            for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")
        ]
    assert [plan for plan in plans if "SEARCH turned_away USING COVERING INDEX" not in plan] == []


def test_whoever_comes_back_is_asked_for_what_was_missing_and_no_more(
    clerk: Clerk, centre: SmallCentre
) -> None:
    """At whichever counter; by the number on the card, for the same procedure, for sixty days."""
    _some(clerk)
    centre.meet()
    other = Clerk(centre, "counter-02", "long.pd")
    text = other.reception().page.text
    assert "Đã yêu cầu bổ sung 2 giấy tờ lúc 09:00: =Thiếu hai giấy" in text
    assert "Đã từ chối tiếp nhận lúc 09:00" in text
    assert "Đã yêu cầu bổ sung" not in other.reception("2.002286", "2.002286").page.text
    soon, late = Asked("2027-01-01T00:00:00.000000Z"), "2027-03-02T00:00:00.000000Z"
    assert other.node.turned_away.count(soon) == 2
    assert other.node.turned_away.of("020085004127", "1.000703", late) == []
    assert other.node.turned_away.of("", "1.000703", soon.since) == []


def test_form_02_begins_with_what_was_not_brought_and_enter_keeps_what_is_typed(clerk: Clerk) -> None:
    """The clerk counted what lay on the table: what lacks is ticked, with why; what few people have is not asked for."""
    page = clerk.reception()
    form = page.page.form("stream")
    asked = clerk.post(
        "/counter/turn-away", {**form.fields, "originals-0": "0", "originals-2": "0", "what": "supplement"}
    )
    fields = asked.page.form("/turn-away").fields
    assert (fields["missing-0"], fields["why-0"]) == ("y", "Chưa nộp")
    assert (fields["missing-2"], fields["why-2"]) == ("y", "Còn thiếu 1 bản")
    assert "missing-1" not in fields
    assert fields["reason"] == "Hồ sơ chưa đủ giấy tờ theo quy định của thủ tục."
    looked = clerk.press(asked, "/turn-away", reason="Thiếu hai giấy.").page.form("/turn-away").fields
    assert looked["reason"] == "Thiếu hai giấy."
    assert looked["why-0"] == "Chưa nộp"
    done = clerk.press(asked, "/turn-away", SAVE)
    assert "Còn thiếu 1 bản" in _paper(clerk, done)
