"""The desk's page: every row that it settles, by each of its choices, and what each choice says before it is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from shutil import copytree
from typing import Final

import msgspec
import pytest

from central.centre import Office
from central.rows import report_rows
from edge.node import Node
from edge.tables.streams import ConflictRow
from schemas.acts import (
    Appraised,
    Extended,
    Party,
    Registered,
    ResultUndone,
    Returned,
    Settled,
    Status,
)
from schemas.conflicts import TABLE, Conflict, Settles
from schemas.entries import DataAnswer, Grant, Revocation, Role
from schemas.events import StreamId, moment, timestamp
from schemas.fold import Dossier, Place
from schemas.seals import fingerprint
from tests.centres import PINS, SEALED, SmallCentre
from tests.web.clerk import Answer, Clerk, events_at

OFFICER, SECOND = "huong.ltt", "dung.tt"
WORDS: Final = {
    "settled_apart": "Quyết định đối soát này có hiệu lực.",
    "opposed_outcomes": "Văn bản từ chối có hiệu lực và trả được ở mọi quầy.",
    "which_came_first": "Đơn rút của Nông Văn Thắng không có hiệu lực; báo cho người nộp.",
    "which_came_first, issued": "phải thu hồi kết quả đã trao cho Nông Văn Thắng",
    "one_person": "Dấu đã đóng phải huỷ.",
    "returned_or_recalled": "Kết quả phải thu hồi; quầy liên hệ người đang giữ",
    "returned_twice": "Không việc nào là chính; tất cả vẫn được ghi là đã xảy ra.",
    "received_twice": "là số chính trên màn hình",
    "extended_apart": "Các lần hẹn lại không có hiệu lực; hạn trả trở lại",
    "other_decisions": "Ý kiến “không đạt” có hiệu lực; hồ sơ chờ ký.",
    "revoked": "Kết quả đã ký có hiệu lực và trả được ở mọi quầy.",
    "portal_twice": "với lý do cùng một hồ sơ của cổng, báo người nộp",
    "possible_duplicate": "Các hồ sơ khác nhau: tất cả xử lý tiếp",
}
"""A sentence that the page of each row says; every row of the desk is here."""


@dataclass
class Questions:
    """One centre with a contested dossier for each row of the table."""

    centre: SmallCentre
    _people: Iterator[int] = field(default_factory=lambda: count(1))
    _asked: dict[str, Dossier] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Dossier:
        return self._asked[name]

    def make(self) -> None:
        """All of them, with few meetings: what they have in common is known everywhere before anybody acts alone."""
        centre, asked = self.centre, self._asked
        central, room = centre["central"], centre["room-01"]
        _also(centre, "mai.hk", Role.CLERK)
        centre.meet()
        for name in (
            "opposed_outcomes", "which_came_first", "returned_or_recalled", "returned_twice", "extended_apart",
            "other_decisions", "revoked", "settled_apart",
        ):  # fmt: skip
            asked[name] = self.receive()
        for name in ("which_came_first, issued", "one_person"):
            asked[name] = self.receive(procedure=SEALED)
        asked["received_twice"] = self.register("000.00.00.G22-270301-0001")
        portal = [self.register("000.00.00.G22-270301-0002") for _ in range(2)]
        asked["portal_twice"] = portal[0]
        twin = next(self._people)
        asked["possible_duplicate"] = self.receive(who=twin)
        self.receive("counter-02", who=twin)
        centre.meet()
        undecided = (
            "received_twice",
            "portal_twice",
            "possible_duplicate",
            "other_decisions",
            "extended_apart",
        )
        for name, one in asked.items():
            if name not in undecided:
                centre.appraise(one)
        for name in ("returned_or_recalled", "returned_twice"):
            centre.approve(asked[name])
        centre.meet()

        both = asked["opposed_outcomes"]
        centre.approve(both)
        central.deciding.refuse(both.stream, by="mai.hk", pin=PINS["mai.hk"], reason="Thiếu giấy phép.")
        for name in ("which_came_first", "settled_apart"):
            centre.approve(asked[name])
            centre.withdraw(asked[name])
        issued = asked["which_came_first, issued"]
        centre.approve(issued)
        centre.seal(issued)
        sealed = room.register.dossier(issued.stream).standing.result or ""
        taken = Returned(taken_by="Nông Văn Thắng", identity="020085004127", result=sealed)
        room.ledger.act(issued.stream, "dossier.returned", taken, by="hanh.nh")
        centre.withdraw(issued)
        alone = asked["one_person"]
        centre.approve(alone)
        centre.seal(alone, by="mai.hk")
        central.deciding.approve(alone.stream, by="mai.hk", pin=PINS["mai.hk"], text="Đồng ý cấp.")
        recalled = asked["returned_or_recalled"]
        centre.return_(recalled)
        result = room.register.dossier(recalled.stream).standing.result or ""
        undone = ResultUndone(result, "In sai tên.")
        room.ledger.act(recalled.stream, "dossier.result_recalled", undone, by="viet.tq")
        centre.return_(asked["returned_twice"])
        centre.return_(asked["returned_twice"], "counter-02", by="long.pd")
        for at in ("counter-01", "counter-02"):
            self.receive(at, into=asked["received_twice"])
        for at, one in zip(("counter-01", "counter-02"), portal, strict=True):
            self.receive(at, into=one)
        later = asked["extended_apart"]
        for node, by, days in ((room, "viet.tq", 3), (central, "mai.hk", 2)):
            due = timestamp(moment(later.standing.due) + timedelta(days=days))
            node.ledger.act(later.stream, "dossier.extended", Extended(due, "Chờ bản đồ."), by=by)
        centre.appraise(asked["other_decisions"])
        failed = Appraised(opinion="Thiếu bản đồ.", passed=False)
        central.ledger.act(asked["other_decisions"].stream, "dossier.appraised", failed, by="ha.lt")
        since = timestamp(centre.clock())
        centre.approve(asked["revoked"])
        centre.meet()
        _settle_apart(central, asked["settled_apart"].stream)
        person = central.catalog.latest.person("viet.tq")
        assert person is not None
        lost = Revocation("certificate", fingerprint(person.ders()[0]), since, "Mất thẻ")
        Office(central).define([lost], by="quan.nv")
        report_rows(central)

    def receive(
        self,
        at: str = "counter-01",
        *,
        who: int = 0,
        procedure: str = "1.000703",
        into: Dossier | None = None,
    ) -> Dossier:
        node = self.centre[at]
        draft = replace(self.centre.draft(procedure=procedure), applicant=self.person(who))
        stream = StreamId(into.stream) if into else StreamId(self.centre.ids.stream(self.centre.clock()))
        by = "hanh.nh" if at == "counter-01" else "long.pd"
        return node.ledger.receive(stream, draft, by=by, spool=node.papers.spool_slip)

    def register(self, number: str) -> Dossier:
        """What the portal brought."""
        known = self.centre["counter-01"].catalog.latest.procedure("1.000703", self.centre.clock().date())
        assert known is not None
        data = Registered(
            known.code, known.name, known.agency, self.person(0), number=number, channel="online"
        )
        stream = self.centre.ids.stream(self.centre.clock())
        return self.centre["counter-01"].ledger.act(stream, "dossier.registered", data, by="hanh.nh")

    def person(self, who: int) -> Party:
        """Somebody else each time, unless `who` is said: alike they would be possible duplicates."""
        return Party("Nông Văn Thắng", f"0200850{who or next(self._people):05d}", phone="0912000345")

    def conflict(self, name: str) -> Conflict:
        dossier = self.centre["central"].register.dossier(self[name].stream)
        (found,) = [one for one in dossier.conflicts if name.partition(",")[0] in one.rows]
        return found


def _also(centre: SmallCentre, who: str, role: Role) -> None:
    """Somebody has one role more."""
    central = centre["central"]
    person = central.catalog.latest.person(who)
    assert person is not None
    grants = (*person.roles, Grant(role, person.roles[0].since))
    Office(central).define([msgspec.structs.replace(person, roles=grants)], by="quan.nv")


def _settle_apart(central: Node, stream: str) -> None:
    """Two answers of which neither knew the other, as two centrals give them, one of which was restored."""
    dossier = central.register.dossier(stream)
    (conflict,) = dossier.conflicts
    chain, name = central.chain, central.catalog.name
    for member in conflict.members:
        answer = Settled(conflict.id, conflict.members, (member,), "Theo biên bản.")
        with central.file.write():
            chain.append(
                stream,
                "dossier.settled",
                msgspec.to_builtins(answer),
                parents=dossier.heads,
                rests_on=conflict.members,
                by=SECOND,
                at=chain.now(),
                catalog=name,
            )


class Undone(Exception):
    """What was done since is to be as if it had not been."""


@contextmanager
def undone(node: Node) -> Iterator[None]:
    """One of several futures of the same moment: what happens inside is taken back, as by a power cut."""
    with suppress(Undone), node.file.write():
        yield
        raise Undone


@pytest.fixture(scope="module")
def questions(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Questions]:
    data = tmp_path_factory.mktemp("desk") / "centre"
    copytree(founded, data)
    centre = SmallCentre(data)
    asked = Questions(centre)
    _also(centre, SECOND, Role.DESK_OFFICER)
    asked.make()
    yield asked
    centre.close()


@pytest.fixture(scope="module")
def officer(questions: Questions) -> Clerk:
    return Clerk(questions.centre, "central", OFFICER)


def test_every_row_of_the_desk_has_its_question_here() -> None:
    asked = {row.name for row in TABLE if row.settles is Settles.DESK}
    assert {name.partition(",")[0] for name in WORDS} == asked


@pytest.mark.parametrize("name", WORDS)
def test_each_choice_of_a_row_is_offered_with_its_consequence_and_settles_it(
    questions: Questions, officer: Clerk, name: str
) -> None:
    """The page first; then every choice that it offers, each from the same moment."""
    conflict, node = questions.conflict(name), officer.node
    page = officer.open(f"/desk/{conflict.id}")
    assert page.status == 200
    assert WORDS[name] in page.page.text
    assert "Không việc nào bị xóa." in page.page.text
    offered = page.page.form("reason").choices["stands"]
    assert sorted(offered) == sorted([*conflict.members, "none", "undecided"])
    for stands in (*conflict.members, "none"):
        with undone(node):
            _settled_by(questions, officer, page, conflict, stands)
    assert questions.conflict(name) == conflict


def _settled_by(questions: Questions, officer: Clerk, page: Answer, conflict: Conflict, stands: str) -> None:
    """One answer: alone where that is enough, else refused until a second person shows their PIN."""
    node, before = officer.node, events_at(officer.node)
    stream = next(row.stream for row, _ in node.register.conflict(conflict.id))
    chosen = () if stands == "none" else (stands,)
    revokes = node.register.dossier(stream).standing.revokes(
        Settled(conflict.id, conflict.members, chosen, "?")
    )
    answer = officer.press(page, "reason", stands=stands, reason="Đã gọi điện xác nhận.")
    if revokes:
        assert answer.status == 403
        assert "Việc này cần người thứ hai." in answer.page.text
        assert answer.page.form("reason").fields["stands"] == stands
        assert events_at(node) == before
        answer = officer.press(
            answer, "reason", stands=stands, reason="Đã xác nhận.", second=SECOND, second_pin=PINS[SECOND]
        )
    assert answer.status == 303, answer.page.text
    assert events_at(node) == before + 1
    written = answer.leads_to.partition("settled=")[2]
    after = node.register.dossier(written)
    assert conflict.id not in [one.id for one in after.conflicts]
    settled = after.timeline[-1]
    assert (settled.kind, settled.by, settled.place) == ("dossier.settled", OFFICER, Place.EFFECTIVE)
    text = officer.follow(answer).page.text
    assert "Đã ghi quyết định đối soát" in text
    for task in after.tasks:
        assert f"{after.received.number if after.received else ''} {task.words}." in text


def test_the_list_shows_first_what_blocks_most_or_what_is_oldest(
    questions: Questions, officer: Clerk
) -> None:
    """And each conflict once, with all the dossiers that it is in."""
    rows = officer.node.register.conflicts()
    assert [row.weight for row, _ in rows] == sorted((row.weight for row, _ in rows), reverse=True)
    opened = [row.opened_at for row, _ in officer.node.register.conflicts(by_age=True)]
    assert opened == sorted(opened)
    text = officer.open("/desk").page.text
    assert text.count("Có thể trùng hồ sơ") == 1
    assert "chặn, không ai làm tiếp được" in text


def test_both_dossiers_of_a_possible_duplicate_stand_beside_each_other(
    questions: Questions, officer: Clerk
) -> None:
    conflict = questions.conflict("possible_duplicate")
    numbers = [row.number for _, row in officer.node.register.conflicts() if _.id == conflict.id]
    text = officer.open(f"/desk/{conflict.id}").page.text
    for number in numbers:
        assert f"Giấy tiếp nhận số {number}" in text
    assert len(numbers) == 2
    for unknown in ("Khi đó chưa thấy", "Các bên cùng đã thấy"):
        assert unknown not in text, "no act tells what its machine knew of another dossier"


def test_all_dossiers_of_a_conflict_are_logged_in_one_turn_to_write(
    questions: Questions, officer: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a hall of machines comes back, each turn waits for what central takes in: ten of them are ten waits."""
    turns: list[set[str]] = []
    log = officer.node.views.looked_at_all

    def logging(person: str, streams: Sequence[str], what: str) -> None:
        turns.append(set(streams))
        log(person, streams, what)

    monkeypatch.setattr(officer.node.views, "looked_at_all", logging)
    conflict = questions.conflict("possible_duplicate")
    streams = {row.stream for row, _ in officer.node.register.conflict(conflict.id)}
    officer.open(f"/desk/{conflict.id}")
    assert turns == [streams]
    assert len(streams) == 2


@pytest.mark.parametrize("restricted", [0, 1])
def test_one_restricted_dossier_of_a_conflict_keeps_the_numbers_of_the_page(
    questions: Questions, officer: Clerk, monkeypatch: pytest.MonkeyPatch, restricted: int
) -> None:
    """Whichever of them stands first."""
    conflict = questions.conflict("possible_duplicate")
    streams = [row.stream for row, _ in officer.node.register.conflict(conflict.id)]
    assert "0912000345" in officer.open(f"/desk/{conflict.id}").html
    answer = DataAnswer(
        "2027-0001", "restricted", "Điều 14", "Đang khiếu nại", date(2027, 3, 1), (streams[restricted],)
    )
    monkeypatch.setitem(officer.node.catalog.trust.restricted, streams[restricted], answer)
    assert "0912000345" not in officer.open(f"/desk/{conflict.id}").html


def test_a_row_of_what_is_settled_by_now_is_no_look_at_its_dossiers(
    questions: Questions, officer: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows lag behind acts: of a hall that has just come back, by many. The page opens the first that is still open."""
    register = officer.node.register
    rows, of = register.conflicts, register.conflict
    opened = rows()[0][0]
    settled = next(row.stream for row, _ in rows() if row.id != opened.id)
    named = {"title": "?", "rows": "revoked", "members": "", "opened_at": opened.opened_at, "weight": 9}
    lags = (ConflictRow(id="settled since", stream=settled, **named), register.row(settled))
    monkeypatch.setattr(register, "conflicts", lambda **order: [lags, *rows(**order)])
    monkeypatch.setattr(register, "conflict", lambda name: [lags] if name == lags[0].id else of(name))
    looked: list[str] = []
    monkeypatch.setattr(
        officer.node.views, "looked_at_all", lambda person, streams, what: looked.extend(streams)
    )
    assert officer.open("/desk").page.form("stands").action == f"/desk/{opened.id}"
    assert set(looked) == {row.stream for row, _ in of(opened.id)}
    assert officer.open("/desk/settled%20since").status == 409


def test_the_signed_document_of_a_side_is_opened_though_it_has_no_effect(
    questions: Questions, officer: Clerk
) -> None:
    conflict = questions.conflict("which_came_first")
    dossier = questions.centre["central"].register.dossier(questions["which_came_first"].stream)
    (approved,) = [line.hash for line in dossier.timeline if line.kind == "dossier.approved"]
    assert officer.download(f"/desk/{conflict.id}/paper/{approved}/1").startswith(b"%PDF")
    assert officer.open(f"/desk/{conflict.id}/paper/{approved}/2").status == 404


def test_who_took_part_reads_so_and_cannot_press(questions: Questions) -> None:
    """The officer of both answers is asked to leave it to somebody else."""
    clerk = Clerk(questions.centre, "central", SECOND)
    text = clerk.open(f"/desk/{questions.conflict('settled_apart').id}").page.text
    assert "Anh/chị là một bên của tranh chấp này" in text


def test_the_list_reads_no_more_of_an_old_archive(questions: Questions) -> None:
    """Both orders come out of an index of what is open; nothing else is looked at."""
    node = questions.centre["central"]
    for order in ("weight DESC, opened_at", "opened_at"):
        with node.file.read() as connection:
            plan = connection.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM conflict WHERE weight > 0 ORDER BY {order} LIMIT 200"
            ).fetchall()
        assert "USING INDEX conflict_" in str(plan)
        assert "TEMP B-TREE" not in str(plan)


def test_two_officers_settle_at_once_and_one_of_them_reads_that_it_is_done(questions: Questions) -> None:
    """They chose differently; one decision is written, the other is told and nothing is lost."""
    conflict, node = questions.conflict("opposed_outcomes"), questions.centre["central"]
    stream, together = questions["opposed_outcomes"].stream, threading.Barrier(2)
    answers: dict[str, Answer] = {}

    def decide(who: str, stands: str) -> Callable[[], None]:
        clerk = Clerk(questions.centre, "central", who)
        page = clerk.open(f"/desk/{conflict.id}")

        def press() -> None:
            together.wait(timeout=30)
            answers[who] = clerk.press(page, "reason", stands=stands, reason=f"Theo {who}.")

        return press

    both = [decide(who, stands) for who, stands in zip((OFFICER, SECOND), conflict.members, strict=True)]
    threads = [threading.Thread(target=one) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status for answer in answers.values()) == [303, 409]
    late = next(answer for answer in answers.values() if answer.status == 409)
    assert "Tranh chấp này vừa đổi" in late.page.text
    after = node.register.dossier(stream)
    assert [line.kind for line in after.timeline].count("dossier.settled") == 1
    assert not after.contested
    assert after.status is Status.DONE
