"""The drawer of a counter, with central away: numbers, receipts, what is given back, and shifts that balance."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from central.centre import Office
from central.demo.plan import nodes
from central.demo.setup import prepare
from edge.errors import NotEnoughCash
from edge.ids import Ids
from edge.ledger import NumbersLeft
from edge.node import Node
from edge.slip_check import Effect, Verdict, check_slip
from edge.till import COLLECTED, Payment, Till
from printing.papers.money import CashSummary, FeeNotice, PaperReceipt, ProvisionalSlip
from printing.spool import PrintJob
from printing.typesetting import from_job
from schemas.acts import FeeRefunded
from schemas.calendar import VIETNAM
from schemas.entries import NumberRange
from schemas.errors import Because, NotAllowed, ReceiptsUsedUp
from schemas.fees import FeeLine, FeeTable, Kind
from schemas.fold import Dossier
from schemas.receipts import Medium
from schemas.rules import Money
from sync.errors import DiskFull
from tests.centres import QUICK, HandClock, SmallCentre

BY, SECOND = "van.lt", "thao.np"
DUE = 200_000
"""What the procedure of these tests costs: one lệ phí."""
ALL = (("le_phi", "Lệ phí"),)


@pytest.fixture(scope="module")
def founded_in_2026(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre of a year in which receipts on paper are still good."""
    data = tmp_path_factory.mktemp("founded-2026") / "centre"
    at = datetime(2026, 11, 20, 8, 0, tzinfo=VIETNAM)
    prepare(data, nodes(first_port=0), clock=HandClock(at), ids=Ids(), hasher=QUICK)
    return data


@pytest.fixture
def on_the_last_day_of_paper(founded_in_2026: Path, tmp_path: Path) -> Iterator[SmallCentre]:
    shutil.copytree(founded_in_2026, tmp_path / "centre")
    small = SmallCentre(tmp_path / "centre", "counter-01", at=datetime(2026, 12, 31, 9, 0, tzinfo=VIETNAM))
    yield small
    small.close()


@pytest.fixture
def till(centre: SmallCentre) -> Till:
    """The drawer of counter-01 with half a million đồng in it."""
    till = centre["counter-01"].till
    till.open(500_000, by=BY)
    return till


def pay(till: Till, dossier: Dossier, by: str = BY, **more: str) -> Dossier:
    return till.collect(dossier.stream, Payment(ALL, DUE, "Nông Văn Thắng", **more), by=by)  # type: ignore[arg-type]


def pay_and_void(till: Till, dossier: Dossier, *, times: int) -> None:
    for _ in range(times):
        dossier = pay(till, dossier)
        till.void(dossier.stream, newest(dossier), "Sai tên", by=BY, with_=(SECOND,))


def papers(node: Node, form: str) -> list[PrintJob]:
    with node.file.read():
        return list(PrintJob.select().where(PrintJob.form == form).order_by(PrintJob.id))


def newest(dossier: Dossier) -> str:
    return dossier.standing.newest[COLLECTED].hash


# --- taking money ---


def test_a_fee_that_was_paid_is_not_charged_again_when_its_rate_rises(
    founded_in_2026: Path, tmp_path: Path
) -> None:
    """TT 64/2025 halves many fees until 31/12/2026; the result is collected in January."""
    shutil.copytree(founded_in_2026, tmp_path / "centre")
    at = datetime(2026, 12, 31, 9, 0, tzinfo=VIETNAM).astimezone(UTC)
    with closing(SmallCentre(tmp_path / "centre", "central", "counter-01", at=at)) as small:
        line = FeeLine(
            Kind.FEE, "Lệ phí", 100_000, date(2026, 1, 1), "TT 64/2025/TT-BTC", until=date(2026, 12, 31)
        )
        rises = FeeLine(Kind.FEE, "Lệ phí", DUE, date(2027, 1, 1), "TT 64/2025/TT-BTC")
        Office(small["central"]).define([FeeTable("1.000703", (line, rises))], by="")
        small.copy(small["central"], small["counter-01"], "catalog")
        till = small["counter-01"].till
        till.open(500_000, by=BY)
        paid, late = small.receive(), small.receive()
        paid = till.collect(paid.stream, Payment(ALL, 100_000, "Nông Văn Thắng"), by=BY)
        small.clock.forward(days=4)
        assert till.owed(paid).total == 0
        assert till.owed(late).total == DUE


def test_money_that_two_counters_gave_back_leaves_a_dossier_that_can_be_paid(
    centre: SmallCentre, till: Till
) -> None:
    """Each gave back all of it, as neither knew of the other: the payer owes it once, and no page breaks."""
    dossier = pay(till, centre.receive())
    name = newest(dossier)
    other = centre["counter-02"].till
    centre.copy(centre["counter-01"], centre["counter-02"])
    other.open(500_000, by=SECOND)
    back = FeeRefunded(name, DUE, "Nông Văn Thắng", "Thu thừa", "cash")
    till.refund(dossier.stream, back, by=BY, with_=(SECOND,))
    other.refund(dossier.stream, back, by=SECOND, with_=(BY,))
    centre.copy(centre["counter-02"], centre["counter-01"])
    both = centre["counter-01"].register.dossier(dossier.stream)
    assert till.owed(both).total == DUE
    paid = pay(till, both)
    assert till.owed(paid).total == 0
    assert paid.money is Money.PAID


def test_money_number_and_slip_are_one_act(centre: SmallCentre, till: Till) -> None:
    """After 2026, and with nobody to issue the electronic receipt: a slip that bears its number, and says what it is."""
    paid = pay(till, centre.receive())
    assert paid.money is Money.PAID
    receipt = paid.standing.newest[COLLECTED].data.receipt
    assert (receipt.form, receipt.symbol, receipt.number, receipt.provisional) == ("EBL01", "27TAA", 1, True)
    (job,) = papers(centre["counter-01"], "provisional")
    slip = from_job(job.form, bytes(job.payload))
    assert isinstance(slip, ProvisionalSlip)
    assert (slip.amount, slip.slip_number, slip.payer) == (DUE, "27TAA-1", "Nông Văn Thắng")
    assert centre["counter-01"].spool.work(at=centre.clock()) == 2, "the slip of the reception, and this one"
    checked = check_slip(centre["counter-01"], slip.qr_text)
    assert (checked.verdict, checked.effect) == (Verdict.HERE, Effect.STANDS)


def test_on_the_last_day_of_2026_three_copies_on_paper(on_the_last_day_of_paper: SmallCentre) -> None:
    centre, node = on_the_last_day_of_paper, on_the_last_day_of_paper["counter-01"]
    node.till.open(0, by=BY)
    assert node.till.next_medium(date(2026, 12, 31)) == (Medium.PAPER, "28AA-26T")
    pay(node.till, centre.receive())
    (job,) = papers(node, "receipt")
    receipt = from_job(job.form, bytes(job.payload))
    assert isinstance(receipt, PaperReceipt)
    assert (receipt.symbol, receipt.receipt_number, job.copies) == ("28AA-26T", "0000001", 3)
    assert node.spool.work(at=centre.clock()) == 2
    centre.clock.forward(days=1)
    later = pay(node.till, centre.receive())
    assert later.standing.newest[COLLECTED].data.receipt.symbol == "27TAA", "the year's own symbol, from 1"


def test_nothing_is_taken_twice_or_without_a_shift(centre: SmallCentre) -> None:
    till, dossier = centre["counter-01"].till, centre.receive()
    with pytest.raises(NotAllowed) as closed:
        pay(till, dossier)
    assert closed.value.because is Because.SHIFT
    till.open(0, by=BY)
    with pytest.raises(NotAllowed) as anothers:
        pay(till, dossier, by=SECOND)
    assert anothers.value.because is Because.SHIFT
    pay(till, dossier)
    with pytest.raises(NotAllowed) as paid:
        pay(till, dossier)
    assert paid.value.because is Because.MONEY
    assert till.receipts_left(date(2027, 3, 1)) == NumbersLeft(999, 1000), "what was refused costs no number"


def test_only_what_the_page_showed_is_taken(centre: SmallCentre, till: Till) -> None:
    """The rate changed, or a relief came, while the page was open."""
    dossier = centre.receive()
    till.notify(dossier.stream, by=BY, relief="Hộ nghèo", proof="Giấy chứng nhận 12/GCN", percent=50)
    with pytest.raises(NotAllowed) as other:
        pay(till, dossier)
    assert other.value.because is Because.MONEY
    assert till.owed(centre["counter-01"].register.dossier(dossier.stream)).total == DUE // 2


def test_numbers_run_out_with_clear_words(centre: SmallCentre, till: Till) -> None:
    node = centre["counter-01"]
    view = node.catalog.latest
    last = NumberRange(
        "counter-01.1 27TAA", node.id, "receipt", 1, 1, date(2027, 1, 1), form="EBL01", symbol="27TAA"
    )
    Office(centre["central"]).define([last], by="quan.nv")
    centre.copy(centre["central"], node, "catalog")
    assert node.catalog.latest.number > view.number
    pay(till, centre.receive())
    assert till.receipts_left(date(2027, 3, 1)).scarce
    with pytest.raises(ReceiptsUsedUp):
        pay(till, centre.receive())


def test_a_number_is_not_used_again_after_a_restart(centre: SmallCentre, till: Till) -> None:
    """Nor after a receipt was made void."""
    one = pay(till, centre.receive())
    till.void(one.stream, newest(one), "Sai tên người nộp", by=BY, with_=(SECOND,))
    node = centre["counter-01"]
    code = node.papers.code_of_receipt(one.stream, newest(one), one.standing.newest[COLLECTED].data.receipt)
    assert check_slip(node, code).effect is Effect.VOID
    again = pay(centre.reopen("counter-01").till, one)
    assert again.standing.newest[COLLECTED].data.receipt.number == 2
    assert again.money is Money.PAID


def test_a_full_disk_leaves_money_number_and_paper_together(centre: SmallCentre, till: Till) -> None:
    """SQLite finds no room in the middle of it: as many receipts as acts, and the next number follows the last."""
    node, dossier = centre["counter-01"], centre.receive()
    with node.file.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        pay_and_void(till, dossier, times=400)
    with node.file.write() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    known = node.register.dossier(dossier.stream)
    given = sum(line.kind == COLLECTED for line in known.timeline)
    assert len(papers(node, "provisional")) == given
    assert till.receipts_left(date(2027, 3, 1)).left == 1000 - given
    if known.money is Money.DUE:
        assert pay(till, known).standing.newest[COLLECTED].data.receipt.number == given + 1


# --- notices and reliefs ---


def test_a_notice_is_printed_with_its_act(centre: SmallCentre, till: Till) -> None:
    dossier = centre.receive()
    till.notify(dossier.stream, by=BY)
    exempt = till.notify(dossier.stream, by=BY, relief="Người có công", proof="Thẻ 45/TB", percent=100)
    assert exempt.money is Money.NOTHING_DUE
    first, second = papers(centre["counter-01"], "fee-notice")
    paper = from_job(second.form, bytes(second.payload))
    assert isinstance(paper, FeeNotice)
    assert (paper.total, paper.fees[0].exemption) == (0, "miễn: Người có công, Thẻ 45/TB")
    assert (first.attempt, second.attempt) == (1, 2)
    assert centre["counter-01"].spool.work(at=centre.clock()) == 3


# --- giving back ---


def test_a_cashier_alone_voids_nothing(centre: SmallCentre, till: Till) -> None:
    paid = pay(till, centre.receive())
    for with_ in ((), (BY,), ("hanh.nh",)):
        with pytest.raises(NotAllowed) as alone:
            till.void(paid.stream, newest(paid), "Sai tên", by=BY, with_=with_)
        assert alone.value.because is Because.WITNESS
    void = till.void(paid.stream, newest(paid), "Sai tên", by=BY, with_=(SECOND,))
    assert void.money is Money.DUE
    with pytest.raises(NotAllowed):
        till.void(paid.stream, newest(paid), "Sai tên", by=BY, with_=(SECOND,))


def test_never_more_goes_back_than_came(centre: SmallCentre, till: Till) -> None:
    paid = pay(till, centre.receive())
    back = till.refund(
        paid.stream, FeeRefunded(newest(paid), 150_000, "Thắng", "Thừa"), by=BY, with_=(SECOND,)
    )
    assert back.money is Money.PARTLY_PAID
    with pytest.raises(NotAllowed) as too_much:
        till.refund(paid.stream, FeeRefunded(newest(paid), 50_001, "Thắng", "Thừa"), by=BY, with_=(SECOND,))
    assert too_much.value.because is Because.MONEY
    with pytest.raises(NotAllowed):
        till.void(paid.stream, newest(paid), "Đã hoàn một phần", by=BY, with_=(SECOND,))


def test_cash_that_is_not_there_cannot_be_given_back(centre: SmallCentre) -> None:
    """It came by transfer; the drawer is empty."""
    till = centre["counter-01"].till
    till.open(0, by=BY)
    paid = pay(till, centre.receive(), method="transfer", reference="FT26061")
    refund = FeeRefunded(newest(paid), DUE, "Thắng", "Thu hai lần")
    with pytest.raises(NotEnoughCash):
        till.refund(paid.stream, refund, by=BY, with_=(SECOND,))
    by_bank = FeeRefunded(newest(paid), DUE, "Thắng", "Thu hai lần", "transfer")
    assert till.refund(paid.stream, by_bank, by=BY, with_=(SECOND,)).money is Money.DUE
    till.close({}, "Đủ", by=BY)
    (job,) = papers(centre["counter-01"], CashSummary.FORM)
    paper = from_job(job.form, job.payload)
    assert isinstance(paper, CashSummary)
    assert (paper.opening, paper.cash, paper.refunded, paper.expected) == (0, 0, 0, 0), "it adds up"
    assert "hoàn 200.000 đ không bằng tiền mặt" in paper.explanation


def test_two_counters_took_the_same_fee_and_one_gives_it_back(centre: SmallCentre, till: Till) -> None:
    """The cable was cut between them; both receipts stand, and what is to be given back is said."""
    dossier = centre.receive()
    centre.meet()
    there = centre["counter-02"].till
    there.open(0, by=SECOND)
    pay(till, dossier)
    pay(there, dossier, by=SECOND)
    centre.meet()
    both = centre["counter-01"].register.dossier(dossier.stream)
    assert both.money is Money.REFUND_DUE
    assert [task.must for task in both.tasks] == ["dossier.fee_refunded"]
    refund = FeeRefunded(both.tasks[0].about, DUE, "Thắng", "Thu hai lần")
    settled = till.refund(dossier.stream, refund, by=BY, with_=(SECOND,))
    assert (settled.money, settled.tasks) == (Money.PAID, ())


# --- shifts ---


def test_a_shift_that_balances_is_closed_and_printed(centre: SmallCentre, till: Till) -> None:
    one = pay(till, centre.receive())
    pay(till, centre.receive(), method="card", reference="POS 004512")
    till.void(one.stream, newest(one), "Sai tên", by=BY, with_=(SECOND,))
    again = pay(till, one)
    till.refund(one.stream, FeeRefunded(newest(again), 50_000, "Thắng", "Thừa"), by=BY, with_=(SECOND,))
    till.close({500_000: 1, 100_000: 1, 50_000: 1}, "", by=BY)
    assert till.shift() is None
    (job,) = papers(centre["counter-01"], "cash")
    paper = from_job(job.form, bytes(job.payload))
    assert isinstance(paper, CashSummary)
    assert (paper.opening, paper.expected, paper.counted, paper.difference) == (500_000, 650_000, 650_000, 0)
    assert (paper.cash, paper.transfer, paper.refunded) == (DUE, DUE, 50_000)
    assert [(run.numbers, run.given, run.void) for run in paper.runs] == [("1 – 3", 2, 1)]
    assert centre["counter-01"].spool.work(at=centre.clock()) == 6


def test_a_difference_has_its_reason(centre: SmallCentre, till: Till) -> None:
    pay(till, centre.receive())
    with pytest.raises(NotAllowed) as unexplained:
        till.close({500_000: 1, 100_000: 1}, "", by=BY)
    assert unexplained.value.because is Because.SHIFT
    assert till.shift() is not None
    till.close({500_000: 1, 100_000: 1}, "Trả nhầm 100.000 đ, đã lập biên bản", by=BY)
    assert till.shift() is None


def test_a_shift_outlives_a_restart_and_another_closes_it_with_a_reason(
    centre: SmallCentre, till: Till
) -> None:
    pay(till, centre.receive())
    till = centre.reopen("counter-01").till
    with pytest.raises(NotAllowed):
        till.open(0, by=SECOND)
    with pytest.raises(NotAllowed):
        till.close({500_000: 1, 200_000: 1}, "", by=SECOND)
    till.close({500_000: 1, 200_000: 1}, "Đóng thay: đồng nghiệp ốm", by=SECOND)
    till.open(700_000, by=SECOND)
    shift = till.shift()
    assert shift is not None
    assert (shift.cashier, shift.cash, till.so_far(shift).collected) == (SECOND, 700_000, ())


def test_what_is_made_void_in_a_later_shift_leaves_that_shifts_drawer(
    centre: SmallCentre, till: Till
) -> None:
    paid = pay(till, centre.receive())
    till.close({500_000: 1, 200_000: 1}, "", by=BY)
    till.open(700_000, by=BY)
    till.void(paid.stream, newest(paid), "Sai tên", by=BY, with_=(SECOND,))
    shift = till.shift()
    assert shift is not None
    assert till.balance(shift, {500_000: 1}).unexplained == ()


def test_a_day_is_summed_by_machine_and_cashier_wherever_its_acts_have_come(
    centre: SmallCentre, till: Till
) -> None:
    pay(till, centre.receive())
    there = centre["counter-02"].till
    there.open(0, by=SECOND)
    pay(there, centre.receive("counter-02"), by=SECOND)
    assert [(one.node, one.cashier) for one in till.day(date(2027, 3, 1))] == [("counter-01.1", BY)]
    centre.meet()
    for name in ("central", "counter-01"):
        day = centre[name].till.day(date(2027, 3, 1))
        assert [(one.node, one.cashier, len(one.deals)) for one in day] == [
            ("counter-01.1", BY, 1),
            ("counter-02.1", SECOND, 1),
        ]
    assert centre["central"].till.day(date(2027, 3, 2)) == []


def test_a_day_costs_the_same_however_old_the_archive(centre: SmallCentre, till: Till) -> None:
    """Other acts of other years are not looked at, however many there are."""
    pay(till, centre.receive())
    centre.meet()
    central, day = centre["central"], date(2027, 3, 1)
    central.till.day(day)  # the dossier is folded, and remembered
    younger = _steps(central, lambda: central.till.day(day))
    with central.file.write() as connection:
        connection.executemany(
            "INSERT INTO event VALUES (?, ?, 'counter-02.1', ?, 'dossier.received', '2023-05-04T01:00:00.000000Z',"
            " 'hanh.nh', 'effective', '')",
            [(f"{number:036}", f"{number:064}", number) for number in range(1_000, 3_000)],
        )
    assert _steps(central, lambda: central.till.day(day)) == younger


def _steps(node: Node, ask: Callable[[], object]) -> int:
    """How many steps SQLite takes to answer."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    with node.file.read() as connection:
        connection.set_progress_handler(step, 1)
        ask()
        connection.set_progress_handler(None, 1)
    return steps
