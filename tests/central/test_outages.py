"""What machines write of their outages, and what central tells of one: who worked, what clashed, what it touched."""

from __future__ import annotations

import pytest

from central import outages
from central.outages import Outages
from edge.node import Node
from edge.retiring import close_node
from edge.till import Payment, Signed
from printing import raster
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.outages import Outage, together
from tests.centres import SmallCentre
from tests.edge.test_till import ALL, DUE
from tests.web.clerk import Clerk


def alone(centre: SmallCentre, *names: str, minutes: float) -> None:
    """Machines hear central once more, and then nothing for so long; they notice as their upkeep looks."""
    for name in names:
        centre[name].contacts.heard(centre["central"].id)
    centre.clock.forward(minutes=minutes)
    for name in names:
        centre[name].outages.look()


def back(centre: SmallCentre, *names: str) -> None:
    for name in names:
        centre[name].contacts.heard(centre["central"].id)
        centre[name].outages.look()


def acts_of(node: Node) -> int:
    with node.file.read() as connection:
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])


@pytest.fixture
def centre(centre: SmallCentre) -> SmallCentre:
    """Machines that have been on for a while: what they have not reached since their start proves nothing."""
    centre.clock.forward(minutes=10)
    return centre


def test_a_line_that_is_gone_for_a_few_minutes_is_no_outage(centre: SmallCentre) -> None:
    alone(centre, "counter-01", minutes=4)
    back(centre, "counter-01")
    assert acts_of(centre["counter-01"]) == 0
    assert centre["counter-01"].outages.lasting is None


def test_an_outage_is_written_once_and_outlives_a_power_cut(centre: SmallCentre) -> None:
    """Noted after five minutes, from the moment at which central was last heard; ended at the first contact."""
    alone(centre, "counter-01", minutes=5)
    lasting = centre["counter-01"].outages.lasting
    assert lasting is not None
    centre["counter-01"].outages.look()
    node = centre.reopen("counter-01")
    assert node.outages.lasting == lasting
    centre.clock.forward(minutes=30)
    node.outages.look()
    assert acts_of(node) == 1
    back(centre, "counter-01")
    assert acts_of(node) == 2
    assert node.outages.lasting is None

    centre.meet()
    (story,) = [Outages(centre["central"]).story(lasting.stream)]
    assert story is not None
    assert (story.since, story.lasts, story.acts, story.lacking) == (lasting.since, False, 0, 0)


def test_a_machine_that_was_off_was_not_alone(centre: SmallCentre) -> None:
    """Switched on in the morning without a line: its outage begins then, not with yesterday's last contact."""
    centre["counter-01"].contacts.heard(centre["central"].id)
    centre.clock.forward(hours=14)
    node = centre.reopen("counter-01")
    began = centre.clock.at
    centre.clock.forward(minutes=6)
    node.outages.look()
    lasting = node.outages.lasting
    assert lasting is not None
    assert lasting.since >= began.strftime("%Y-%m-%dT%H:%M:%S")


def test_a_machine_whose_power_went_says_since_when_and_one_that_was_shut_down_does_not(
    centre: SmallCentre,
) -> None:
    """By its last mark, one a minute; what it had done since then is of the outage too."""
    node = centre["counter-01"]
    alone(centre, "counter-01", "counter-02", minutes=1)
    marked = timestamp(centre.clock.at)[:16]
    centre.receive()
    centre["counter-02"].outages.stopped()
    centre.clock.forward(minutes=40)
    began = timestamp(centre.clock.at)[:16]
    node = centre.reopen("counter-01")
    other = centre.reopen("counter-02")
    back(centre, "counter-01", "counter-02")
    node.outages.look()
    assert acts_of(other) == 0
    centre.meet()
    known = Outages(centre["central"])
    ((group,), _) = known.newest()
    (outage,) = group
    assert (outage.node, outage.what) == ("counter-01.1", "machine")
    assert (outage.since[:16], outage.until[:16]) == (marked, began)
    story = known.story(outage.stream)
    assert story is not None
    assert (story.acts, story.lacking) == (1, 0)
    page = Clerk(centre, "central", "huong.ltt").open(f"/outages/{outage.stream}").page.text
    assert "máy dừng đột ngột (mất điện hoặc hỏng)" in page


@pytest.mark.parametrize("years", [-11, 4])
def test_a_clock_that_nobody_believes_makes_no_outage_of_years(centre: SmallCentre, years: int) -> None:
    """The battery of the clock is empty while the machine is on; then its power goes, and somebody has set it right."""
    node = centre["counter-01"]
    node.hour.watch(centre.clock.stopwatch)
    alone(centre, "counter-01", minutes=1)
    centre.clock.turn(days=365 * years)
    node.outages.look()
    node.hour.confirm("hanh.nh", right=False)
    centre.clock.forward(minutes=2)
    centre.clock.turn(days=-365 * years)
    node = centre.reopen("counter-01")
    back(centre, "counter-01")
    assert acts_of(node) == 0


def test_a_machine_that_starts_with_a_wrong_clock_says_nothing_of_how_long_it_was_off(
    centre: SmallCentre,
) -> None:
    centre.receive()
    alone(centre, "counter-01", minutes=1)
    centre.clock.turn(days=4 * 365)
    node = centre.reopen("counter-01")
    node.outages.look()
    node.hour.confirm("hanh.nh", right=False)
    node.outages.look()
    assert acts_of(node) == 1


def test_a_long_time_off_is_written_when_somebody_has_said_that_the_hour_is_right(
    centre: SmallCentre,
) -> None:
    """Until the start, however long nobody was there to be asked."""
    centre.receive()
    alone(centre, "counter-01", minutes=1)
    marked = timestamp(centre.clock.at)[:16]
    centre.clock.forward(days=2)
    began = timestamp(centre.clock.at)[:16]
    node = centre.reopen("counter-01")
    centre.clock.forward(minutes=9)
    node.outages.look()
    assert acts_of(node) == 1
    node.hour.confirm("hanh.nh", right=True)
    node.outages.look()
    centre.meet()
    groups, _ = Outages(centre["central"]).newest()
    (outage,) = [one for group in groups for one in group if one.what == "machine"]
    assert (outage.since[:16], outage.until[:16]) == (marked, began)


def test_a_machine_that_is_back_within_minutes_writes_nothing(centre: SmallCentre) -> None:
    alone(centre, "counter-01", minutes=1)
    centre.clock.forward(minutes=4)
    node = centre.reopen("counter-01")
    back(centre, "counter-01")
    assert acts_of(node) == 0


def test_a_retired_machine_and_central_write_none(centre: SmallCentre) -> None:
    close_node(centre["counter-02"], by="quan.nv", reason="Thay máy.")
    before = acts_of(centre["counter-02"])
    alone(centre, "counter-02", minutes=30)
    centre["central"].outages.look()
    assert acts_of(centre["counter-02"]) == before
    assert acts_of(centre["central"]) == 0


@pytest.fixture
def outage(centre: SmallCentre) -> Dossier:
    """Ten days without the province's line: counter and room work, and each does what the other does not know."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.meet()
    alone(centre, "counter-01", "room-01", minutes=1)
    centre.withdraw(dossier)  # before the machine has noticed
    centre.clock.forward(minutes=9)
    for name in ("counter-01", "room-01"):
        centre[name].outages.look()
    centre.approve(dossier)
    till = centre["counter-01"].till
    till.open(0, by="van.lt")
    late = centre.receive(applicant="Hoàng Thị Mỷ")
    till.collect(late.stream, Payment(ALL, DUE, "Hoàng Thị Mỷ"), by="van.lt")
    centre.clock.forward(days=10)
    back(centre, "counter-01", "room-01")
    centre.meet()
    return centre["central"].register.dossier(dossier.stream)


def test_one_page_tells_what_happened_while_machines_were_alone(centre: SmallCentre, outage: Dossier) -> None:
    known = Outages(centre["central"])
    ((group,), older) = known.newest()
    assert older == ""
    assert {one.node for one in group} == {"counter-01.1", "room-01.1"}
    stories = [known.story(one.stream) for one in group]
    assert stories[0] == stories[1]
    story = stories[0]
    assert story is not None
    worked = {one.outage.node: one for one in story.worked}
    assert dict(worked["counter-01.1"].people) == {"hanh.nh": 2, "van.lt": 2}
    assert dict(worked["counter-01.1"].kinds) == {
        "dossier.withdrawal_asked": 1,
        "dossier.received": 1,
        "dossier.fee_collected": 1,
        "node.shift_opened": 1,
    }
    assert dict(worked["room-01.1"].people) == {"viet.tq": 1}
    assert story.lacking == 0
    (clash,) = story.clashes
    assert (clash.stream, clash.title, clash.settled_at) == (outage.stream, "Phê duyệt / Rút hồ sơ", "")
    assert outage.stream in {one.row.stream for one in story.touched}
    (receipt,) = story.receipts
    assert (receipt.total, receipt.in_time, receipt.pending) == (200_000, True, True)
    assert story.by > story.until

    clerk = Clerk(centre, "central", "huong.ltt")
    assert "Sự cố từ" in clerk.open(f"/outages/{group[0].stream}").page.text
    listed = clerk.open("/outages")
    assert "Quầy 01, Phòng 4 tại chỗ" in listed.page.text
    page = clerk.open(next(link for link, _ in listed.page.links if link.startswith("/outages/"))).page.text
    for words in (
        "Nguyễn Hồng Hạnh: 2",
        "Phê duyệt / Rút hồ sơ",
        "Biên lai trong sự cố: 1 tờ, 200.000 đ",
        "3 ngày làm việc từ khi hết sự cố",
        "kịp hạn",
        "Còn 1 tờ chưa phát hành biên lai điện tử.",
        "không chứng minh cơ quan thuế đã nhận",
    ):
        assert words in page
    csv = clerk.download(f"/outages/{group[0].stream}/receipts.csv").decode("utf-8-sig")
    assert "200000" in csv
    assert "Lương Thị Vân" in csv
    assert clerk.download(f"/outages/{group[0].stream}/receipts.xlsx").startswith(b"PK")

    paper = clerk.download(f"/outages/{group[0].stream}/receipts.pdf")
    proof = " ".join(word.text for page in raster.seen(paper) for word in page.words)
    for words in ("chưa phát hành", "Quầy 01 (counter-01.1): mất liên lạc với Trung tâm", "Lê Thị Thu Hương"):
        assert words in proof

    centre.settle(outage, "withdrawal_asked")
    settled = known.story(story.id)
    assert settled is not None
    (clash,) = settled.clashes
    assert (clash.settled_by, clash.reason) == ("huong.ltt", "Đã gọi điện xác nhận với người nộp.")


def test_whether_receipts_were_signed_within_three_working_days_is_known(
    centre: SmallCentre, outage: Dossier
) -> None:
    """The counter says so itself; what it said comes to central like any act."""
    known, till = Outages(centre["central"]), centre["counter-01"].till
    ((group,), _) = known.newest()
    (row,) = till.pending()
    signed_at = centre.clock()
    till.issue({row.collected: Signed("TRA-CUU-7", "Sở Xây dựng", signed_at)}, by="van.lt")
    centre.meet()
    story = known.story(group[0].stream)
    assert story is not None
    (receipt,) = story.receipts
    assert (receipt.lookup, receipt.pending, receipt.signed_in_time) == ("TRA-CUU-7", False, True)
    assert (receipt.signed_at, story.signed_in_time) == (timestamp(signed_at), 1)
    clerk = Clerk(centre, "central", "huong.ltt")
    assert "1 tờ ký kịp hạn." in clerk.open(f"/outages/{story.id}").page.text
    csv = clerk.download(f"/outages/{story.id}/receipts.csv").decode("utf-8-sig")
    assert csv.splitlines()[1].endswith(",TRA-CUU-7,có")
    proof = " ".join(
        word.text
        for page in raster.seen(clerk.download(f"/outages/{story.id}/receipts.pdf"))
        for word in page.words
    )
    for words in ("TRA-CUU-7", "1 tờ", "1 ký kịp", "NĐ 254/2026"):
        assert words in proof


def test_what_has_not_arrived_is_said_to_lack(centre: SmallCentre) -> None:
    """Only the end of the outage came over another road."""
    alone(centre, "counter-01", minutes=6)
    dossier = centre.receive()
    back(centre, "counter-01")
    store = centre["counter-01"].stores["dossiers"]
    documents = [store.get(one.id) for one in store.all_docs() if not one.id.startswith(dossier.stream)]
    centre["central"].stores["dossiers"].bulk_docs(documents, new_edits=False, source="counter-02.1")
    known = Outages(centre["central"])
    story = known.story(known.newest()[0][0][0].stream)
    assert story is not None
    assert (story.acts, story.lacking) == (0, 1)
    text = Clerk(centre, "central", "huong.ltt").open(f"/outages/{story.id}").page.text
    assert "Chưa về đủ: thiếu 1 việc." in text


def test_nobody_reads_of_an_outage_that_never_was(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "central", "huong.ltt")
    assert "Chưa có sự cố nào" in clerk.open("/outages").page.text
    assert clerk.open(f"/outages/{'0' * 32}").status == 404
    assert Clerk(centre, "counter-01", "hanh.nh").open("/outages").status == 404
    _by_an_index(centre["central"])


def _by_an_index(node: Node) -> None:
    """Every question about outages, whatever the archive's age."""
    asked = {
        outages._BETWEEN: ("n", 1, 9, 5),
        outages._BEFORE: ("n", 9, 5),
        outages._DUE: ("a", "b", "over", 5),
        f"{outages._OF_DAYS} ('2027-03-01')": (),
        "SELECT * FROM outage WHERE since < '2027' ORDER BY since DESC LIMIT 200": (),
        "SELECT * FROM outage WHERE until = '' AND since <= '2027'": (),
    }
    with node.file.read() as connection:
        for query, values in asked.items():
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            assert "SCAN" not in str(plan), (query, plan)
            assert "TEMP B-TREE" not in str(plan), (query, plan)


def _outage(name: str, since: int, until: int | None) -> Outage:
    end = f"2027-03-{until:02d}T00:00:00.000000Z" if until else ""
    return Outage(name, "counter-01.1", f"2027-03-{since:02d}T00:00:00.000000Z", end, "line", 1, 2)


@pytest.mark.parametrize(
    ("lasted", "groups"),
    [
        ([("a", 1, 2), ("b", 3, 4)], [["b"], ["a"]]),
        ([("a", 1, 3), ("b", 2, 4), ("c", 4, 5)], [["a", "b", "c"]]),
        ([("a", 1, 9), ("b", 2, 3), ("c", 8, 9)], [["a", "b", "c"]]),
        ([("a", 1, None), ("b", 5, 6)], [["a", "b"]]),
        ([("a", 1, 2), ("b", 5, None), ("c", 6, 7)], [["b", "c"], ["a"]]),
        ([], []),
    ],
)
def test_outages_that_overlap_are_one(
    lasted: list[tuple[str, int, int | None]], groups: list[list[str]]
) -> None:
    found = together(_outage(*one) for one in lasted)
    assert [[one.stream for one in group] for group in found] == groups
