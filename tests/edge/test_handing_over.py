"""Folders that go to an agency and come back: acts of many dossiers with one slip, all of it or nothing."""

from __future__ import annotations

import msgspec
import pytest

from edge.folder_papers import print_folder_paper
from edge.node import Node
from edge.tables.queues import OPINION
from printing import spool
from printing.papers.course import ControlSlip, HandOver, ResultList, TakeBack
from printing.spool import PrintJob, State
from printing.typesetting import from_job
from schemas.acts import OpinionGiven, Status
from schemas.custody import Where
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp
from schemas.fold import Dossier
from tests.agencies import AGENCY, ELSEWHERE, OFFICER, OTHER_OFFICER, people_of_agencies
from tests.centres import SmallCentre

HERE = "hanh.nh"


@pytest.fixture
def pair(centre: SmallCentre) -> list[Dossier]:
    """Two dossiers for the agency, received at counter-01, of which everybody knows."""
    people_of_agencies(centre)
    two = [centre.receive(procedure=ELSEWHERE), centre.receive(procedure=ELSEWHERE, applicant="Vi Thị Lan")]
    centre.meet()
    return two


def listed(node: Node, what: Where, agency: str = AGENCY) -> list[str]:
    return [one.row.stream for one in node.register.custody(what.value, agency)[0]]


def slips(node: Node, form: str) -> list[PrintJob]:
    with node.file.read():
        return list(PrintJob.select().where(PrintJob.form == form).order_by(PrintJob.id))


def test_two_folders_go_to_an_agency_and_come_back_with_a_result(
    centre: SmallCentre, pair: list[Dossier]
) -> None:
    """Handed over at the counter, taken at the agency's machine, sent back with one result, taken at the counter."""
    counter, there = centre["counter-01"], centre["room-01"]
    streams = [one.stream for one in pair]
    assert sorted(listed(counter, Where.TO_HAND_OVER)) == sorted(streams)
    moved = counter.handing_over.hand_over(streams, AGENCY, by=HERE)
    assert [one.status for one in moved.dossiers] == [Status.PROCESSING] * 2
    (job,) = slips(counter, HandOver.FORM)
    slip = from_job(job.form, bytes(job.payload))
    assert isinstance(slip, HandOver)
    assert (slip.taker, slip.given_by, slip.taken_by) == ("Sở Xây dựng", "Nguyễn Hồng Hạnh", "")
    assert [folder.number for folder in slip.folders] == [
        one.received.number for one in moved.dossiers if one.received
    ]
    centre.meet()
    assert sorted(listed(there, Where.HANDED_OVER)) == sorted(streams)
    there.handing_over.take_over(streams, by=OFFICER)
    assert sorted(listed(there, Where.HELD)) == sorted(streams)
    there.handing_over.hand_back({streams[0]: "12/GP-SXD ngày 05/3/2027", streams[1]: ""}, by=OFFICER)
    (done,) = slips(there, ResultList.FORM)
    assert "12/GP-SXD" in str(from_job(done.form, bytes(done.payload)))
    assert len(slips(there, TakeBack.FORM)) == 1
    centre.meet()
    assert sorted(listed(counter, Where.HANDED_BACK)) == sorted(streams)
    counter.handing_over.take_back(streams, by=HERE)
    centre.meet()
    for node in centre.nodes.values():
        assert node.register.custody(Where.HANDED_BACK.value) == ([], 0)
        assert node.register.custody(Where.TO_HAND_OVER.value) == ([], 0)


def test_an_agency_without_a_machine_signs_on_paper(centre: SmallCentre, pair: list[Dossier]) -> None:
    """Whoever stands at the counter writes down who signed, both ways; the slip says it too."""
    counter, stream = centre["counter-01"], pair[0].stream
    counter.handing_over.hand_over([stream], AGENCY, by=HERE, signed_by="Triệu Văn Bình")
    assert listed(counter, Where.HELD) == [stream]
    (job,) = slips(counter, HandOver.FORM)
    assert "Triệu Văn Bình" in str(from_job(job.form, bytes(job.payload)))
    with pytest.raises(NotAllowed):
        counter.handing_over.take_back([stream], by=HERE)
    counter.handing_over.take_back(
        [stream], by=HERE, signed_by="Triệu Văn Bình", results={stream: "12/GP-SXD"}
    )
    assert listed(counter, Where.HELD) == []
    (job,) = slips(counter, ResultList.FORM)
    result = from_job(job.form, bytes(job.payload))
    assert isinstance(result, ResultList)
    assert (result.giver, result.given_by) == ("Sở Xây dựng", "Triệu Văn Bình")


def test_all_of_a_hand_over_or_nothing(centre: SmallCentre, pair: list[Dossier]) -> None:
    """One of two is asked about elsewhere: neither goes, and no slip comes out."""
    counter = centre["counter-01"]
    counter.handing_over.ask(pair[1].stream, "H37.08", by=HERE, question="?", until=msgspec.UNSET)
    with pytest.raises(NotAllowed) as refused:
        counter.handing_over.hand_over([one.stream for one in pair], AGENCY, by=HERE)
    assert refused.value.because is Because.STATUS
    assert listed(counter, Where.HANDED_OVER) == []
    assert slips(counter, HandOver.FORM) == []


def test_nobody_of_another_agency_touches_it(centre: SmallCentre, pair: list[Dossier]) -> None:
    """Neither the folder nor the question is theirs; of their own question they are told."""
    counter, there, stream = centre["counter-01"], centre["room-01"], pair[0].stream
    counter.handing_over.hand_over([stream], AGENCY, by=HERE)
    centre.meet()
    with pytest.raises(NotAllowed) as refused:
        there.handing_over.take_over([stream], by=OTHER_OFFICER)
    assert refused.value.because is Because.AGENCY
    there.handing_over.take_over([stream], by=OFFICER)
    there.handing_over.ask(stream, "H37.08", by=OFFICER, question="Có ảnh hưởng đê điều?", until="2027-03-05")
    said = OpinionGiven("conditions", "Giữ hành lang 5 m.")
    with pytest.raises(NotAllowed):
        there.handing_over.answer(stream, said, by=OFFICER)
    assert there.register.custody(OPINION, "H37.08")[1] == 1
    answered = there.handing_over.answer(stream, said, by=OTHER_OFFICER)
    assert there.register.custody(OPINION)[1] == 0
    assert there.handing_over.where(answered).where is Where.HELD


def test_what_is_late_is_counted_everywhere(centre: SmallCentre, pair: list[Dossier]) -> None:
    """Received at nine on a Monday and not handed over that day; then with the agency past its due moment."""
    counter, central = centre["counter-01"], centre["central"]
    assert counter.register.overdue(timestamp(centre.clock())) == 0
    centre.clock.forward(days=1)
    for node in (counter, central):
        assert node.register.overdue(timestamp(centre.clock())) == 2
        assert node.register.custodians(Where.TO_HAND_OVER.value, timestamp(centre.clock())) == [
            (AGENCY, 2, 2)
        ]
    counter.handing_over.hand_over([one.stream for one in pair], AGENCY, by=HERE, signed_by="Bình")
    assert counter.register.overdue(timestamp(centre.clock())) == 0
    centre.clock.forward(days=60)
    assert counter.register.overdue(timestamp(centre.clock())) == 2


def test_form_06_names_both_sides_and_how_it_ended(centre: SmallCentre, pair: list[Dossier]) -> None:
    counter, there, stream = centre["counter-01"], centre["room-01"], pair[0].stream
    counter.handing_over.hand_over([stream], AGENCY, by=HERE)
    centre.meet()
    there.handing_over.take_over([stream], by=OFFICER)
    there.handing_over.hand_back({stream: "12/GP-SXD"}, by=OFFICER)
    centre.meet()
    job = print_folder_paper(counter, stream, ControlSlip.FORM)
    slip = from_job(job.form, bytes(job.payload))
    assert isinstance(slip, ControlSlip)
    there_and_back = slip.stages[:2]
    assert [(one.giver, one.taker) for one in there_and_back] == [
        ("Quầy 01", "Sở Xây dựng"),
        ("Sở Xây dựng", "Quầy 01"),
    ]
    assert [one.taken_by for one in there_and_back] == ["Vi Văn Tình", ""]
    assert [one.timeliness for one in there_and_back] == ["", "Trước hạn"]


def test_a_list_is_emptied_with_any_of_its_dossiers(centre: SmallCentre, pair: list[Dossier]) -> None:
    """What the law lets go must not lie in a slip that another dossier's job holds."""
    counter = centre["counter-01"]
    counter.handing_over.hand_over([one.stream for one in pair], AGENCY, by=HERE)
    with counter.file.write():
        PrintJob.update(state=State.DONE.value).execute()
        spool.forget(pair[1].stream)
    (job,) = slips(counter, HandOver.FORM)
    assert not job.payload


def test_a_list_of_hand_overs_costs_the_same_however_old_the_archive(centre: SmallCentre) -> None:
    """Each is read by its index: nothing is scanned or sorted that grows."""
    queries = (
        "SELECT * FROM custody WHERE what = 'held' ORDER BY due_at LIMIT 200",
        "SELECT * FROM custody WHERE what = 'held' AND agency = 'H37.07' ORDER BY due_at LIMIT 200",
        "SELECT count(*) FROM custody WHERE what = 'held' AND due_at < '2027' AND due_at <> ''",
    )
    with centre["counter-01"].file.read() as connection:
        for query in queries:
            plan = " ".join(str(row) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
            assert "SEARCH" in plan, plan
            assert "TEMP B-TREE" not in plan, plan
