"""Central is lost; a new one collects what the machines have, takes over, and nothing is said or numbered twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from central import centre as foundations
from central.backup import Copy
from central.centre import Authority, Office
from central.cli import main
from central.demo import setup
from central.demo.plan import nodes
from central.doctor.node import faults_of
from central.enrolment import Change, Enrolment
from central.errors import NotGranted
from central.redaction import redact
from central.restore import NewCentral, restore_centre
from central.succession import MARGIN, branches, choose, collected, take_over
from central.trust import Watch
from central.verify import verify
from edge.access import all_is_sent
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.ids import Ids
from edge.ledger import counter_of
from edge.peers import PeerNode, peers_of
from edge.roads import Roads
from edge.settings import PeerSettings
from edge.status import status_of
from edge.tables.node import Number
from schemas.acts import Note
from schemas.calendar import local_day
from schemas.entries import Grant, Role
from schemas.errors import NotAllowed
from schemas.events import moment
from sync.documents import load
from tests.backups import copied, silent
from tests.centres import QUICK, SmallCentre
from tests.edge.test_redaction import APPLICANT, GROUND, found_in
from tests.edge.test_tallying import rate, ratings_counted

EDGES = ("counter-01", "counter-02", "room-01")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Authority]:
    """A centre on disk, and the key of its authority, as it lies in the safe."""
    data, found = tmp_path_factory.mktemp("kept") / "centre", foundations.found
    authorities: list[Authority] = []

    def founding(*told: Any, **more: Any) -> Authority:
        authorities.append(found(*told, **more))
        return authorities[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "found", founding)
        setup.prepare(data, nodes(first_port=0), clock=system_clock, ids=Ids(), hasher=QUICK)
    return data, authorities[0]


@pytest.fixture
def small(kept: tuple[Path, Authority], tmp_path: Path) -> Iterator[SmallCentre]:
    shutil.copytree(kept[0], tmp_path / "centre")
    small = SmallCentre(tmp_path / "centre")
    yield small
    small.close()


@pytest.fixture
def authority(kept: tuple[Path, Authority]) -> Authority:
    return kept[1]


def backed_up(small: SmallCentre, target: Path) -> Copy:
    return copied(small.data / "central", target, small.clock)


def central_is_lost(small: SmallCentre) -> None:
    lost = small.loses_central()
    lost.folder.path.rename(small.data.parent / lost.id)


def restored(small: SmallCentre, authority: Authority, backup: Copy | None) -> None:
    """The new central, open and collecting; every edge has met it."""
    wanted = NewCentral(small.data / "central", authority)
    restore_centre(wanted, backup, clock=small.clock, ids=small.ids, told=silent)
    small.nodes["central"] = small.open("central")
    meet_it(small, *EDGES)


def meet_it(small: SmallCentre, *edges: str) -> None:
    for name in edges:
        small[name].hears_of_central(load(small["central"].folder.succession.read_bytes()))
        assert small[name].catalog.centre == small["central"].id


def seen_by_doctor(small: SmallCentre) -> set[str]:
    """The faults of central."""
    central = small["central"]
    return {one.fault for one in faults_of(status_of(central, Roads(central), small.clock()))}


def takes_over(small: SmallCentre) -> None:
    """Everybody brings what they have, and the new central begins."""
    for name in EDGES:
        small.copy(small[name], small["central"])
    take_over(small["central"], by="quan.nv", without=[small[name].id for name in EDGES])


def test_a_rating_that_waited_for_the_catalog_is_counted_when_that_comes(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    """What was rated since the copy was made names entries that the new central has yet to hear."""
    backup = backed_up(small, tmp_path / "backup")
    Enrolment(small["central"]).change("counter-02.1", Change(title="Quầy 02, tầng 2"), by="quan.nv")
    small.meet()
    turn = rate(small)
    central_is_lost(small)
    restored(small, authority, backup)
    central = small["central"]
    small.copy(small["counter-02"], central, "visits")
    assert central.projector.ratings_waiting() == [turn.stream]
    assert ratings_counted(small) == (0, 0)
    small.copy(small["counter-02"], central, "catalog")
    assert ratings_counted(small) == (1, 1)
    assert central.projector.ratings_waiting() == []


def test_what_the_law_demanded_to_be_gone_since_the_backup_goes_when_the_new_central_hears_of_it(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    """Only the edges knew of it: the new central has the data until the first of them has come, and not a byte afterwards."""
    dossier = small.receive(applicant=APPLICANT)
    small.meet()
    backup = backed_up(small, tmp_path / "backup")
    redact(small["central"], [dossier.heads[0]], GROUND, by="quan.nv", second="huong.ltt")
    small.meet()
    central_is_lost(small)
    restored(small, authority, backup)
    assert found_in(small["central"])
    takes_over(small)
    assert found_in(small.reopen("central")) == {}
    assert found_in(small["counter-01"]) == {}


def test_a_central_of_yesterday_has_all_of_today_after_the_edges_have_come(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    small.receive()
    small.meet()
    backup = backed_up(small, tmp_path / "backup")
    Enrolment(small["central"]).change("counter-02.1", Change(title="Quầy 02, tầng 2"), by="quan.nv")
    dossier = small.receive(applicant="Lý Thị Dung")
    small.meet()
    said = small["central"].catalog.name
    only_here = small.receive("counter-02", by="long.pd", applicant="Hoàng Văn Hôm Nay")
    central_is_lost(small)

    restored(small, authority, backup)
    central = small["central"]
    assert (central.id, central.collects, central.is_centre) == ("central.2", True, True)
    with pytest.raises(NotGranted, match="takes over"):
        Office(central).define([], by="quan.nv")
    with pytest.raises(NotGranted, match="no machine has brought all"):
        take_over(central, by="quan.nv")
    with pytest.raises(NotGranted, match=r"not everything has come from counter-01\.1"):
        take_over(central, by="quan.nv", without=["counter-02.1"])
    takes_over(small)

    assert (central.collects, central.catalog.seated) == (False, "central.2")
    assert said in central.catalog.names
    assert central.register.row(dossier.stream) is not None
    assert central.register.row(only_here.stream) is not None
    gone = central.catalog.latest.card("central.1")
    assert gone is not None
    assert gone.revoked == "lost"
    small.meet()
    assert {node.catalog.name for node in small.nodes.values()} == {central.catalog.name}
    Enrolment(central).change("counter-01.1", Change(title="Quầy 01 mới"), by="quan.nv")
    small.meet()
    assert small["room-01"].catalog.latest.card("counter-01.1").title == "Quầy 01 mới"  # type: ignore[union-attr]
    for name in small.nodes:
        small.reopen(name)
    assert {node.catalog.centre for node in small.nodes.values()} == {"central.2"}
    small.close()
    assert [str(one) for one in verify(small.data).findings] == []


def test_a_central_without_any_backup_is_made_again_from_what_the_edges_have(
    small: SmallCentre, authority: Authority
) -> None:
    dossier = small.appraised()
    approved = small.approve(dossier)
    small.meet()
    central_is_lost(small)

    restored(small, authority, None)
    assert small["central"].catalog.number == 0
    takes_over(small)
    small.meet()

    assert {shown.standing.outcome for shown in small.shown(approved)} == {approved.standing.outcome}
    words = small["room-01"].catalog.latest.centre()
    assert words is not None
    assert words.tls_authority
    small.close()
    assert [str(one) for one in verify(small.data).findings] == []


def test_a_machine_of_an_older_version_does_not_say_to_which_central_it_has_sent_all(
    small: SmallCentre, authority: Authority
) -> None:
    central_is_lost(small)
    restored(small, authority, None)
    small.copy(small["counter-01"], small["central"])
    central, older = small["central"], small["counter-01"].id
    note, said = all_is_sent(older, to="central.1", catalog="")
    rev = central.stores["catalog"].put_local(note, said)
    assert not any(one.all for one in collected(central)), "that was another central"
    central.stores["catalog"].put_local(note, {"_rev": rev, "catalog": ""})
    assert [one.node for one in collected(central) if one.all] == [older]


def test_what_an_edge_had_already_given_to_the_old_central_it_sends_again(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    backup = backed_up(small, tmp_path / "backup")
    small.receive()
    small.meet()
    counter = small["counter-01"]
    counter.projector.centre_has(counter.stores["dossiers"].seq())
    assert counter.register.waiting().count == 0
    central_is_lost(small)
    restored(small, authority, backup)
    assert counter.register.waiting().count == 1
    small.reopen("counter-01")  # and does not begin anew at each start
    assert small["counter-01"].catalog.centre == "central.2"
    small["counter-01"].projector.centre_has(small["counter-01"].stores["dossiers"].seq())
    meet_it(small, "counter-01")
    assert small["counter-01"].register.waiting().count == 0


def test_the_new_central_writes_nothing_before_it_takes_over(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    dossier = small.receive()
    small.meet()
    backup = backed_up(small, tmp_path / "backup")
    central_is_lost(small)
    restored(small, authority, backup)
    assert "collects" in seen_by_doctor(small)
    with pytest.raises(NotAllowed, match="collects"):
        small["central"].ledger.act(dossier.stream, "dossier.note", Note("Thử."), by="huong.ltt")
    takes_over(small)
    small["central"].ledger.act(dossier.stream, "dossier.note", Note("Được."), by="huong.ltt")


def test_numbers_go_on_a_thousand_above_the_highest_seen(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    backup = backed_up(small, tmp_path / "backup")
    central_is_lost(small)
    restored(small, authority, backup)
    takes_over(small)
    central, today = small["central"], local_day(small.clock())
    (agency, *_) = [one.code for one in central.catalog.latest.agencies()]
    with central.file.read():
        assert Number.get(Number.key == counter_of(agency, today)).last == MARGIN


def test_the_authority_of_another_centre_restores_nothing(small: SmallCentre, tmp_path: Path) -> None:
    backup = backed_up(small, tmp_path / "backup")
    stranger = Authority.make("Trung tâm khác", moment("2026-01-01T00:00:00.000000Z"))
    with pytest.raises(CannotStart, match="another centre's"):
        restore_centre(
            NewCentral(tmp_path / "new", stranger),
            backup,
            clock=small.clock,
            ids=small.ids,
            told=silent,
        )
    assert not (tmp_path / "new").exists()


def test_nobody_but_the_authority_makes_a_central(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    """Who answers at central's address with a card of his own is nobody."""
    stranger = Authority.make("Trung tâm khác", small.clock())
    wanted = NewCentral(tmp_path / "stranger", stranger, "central.7")
    restore_centre(wanted, None, clock=small.clock, ids=small.ids, told=silent)
    shown = load((tmp_path / "stranger" / "centre.json").read_bytes())
    assert not small["counter-01"].hears_of_central(shown)
    assert small["counter-01"].catalog.centre == "central.1"


def test_what_a_collecting_central_may_not_say_yet_is_logged_once(
    small: SmallCentre, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """It looks for forks and rows every five seconds; and says what it found as soon as it may."""
    stream = small.receive().stream
    small.receive("counter-02", by="long.pd")  # the same person with the same matter, or so it seems
    central_is_lost(small)
    restored(small, authority, None)
    for name in EDGES:
        small.copy(small[name], small["central"])
    watch = Watch(small["central"])
    assert [watch.look() for _ in range(3)] == [False] * 3
    assert [one.message for one in caplog.records if "forks are looked for again" in one.message] == [
        "forks are looked for again every 5 s: central.2 is new and collects what the machines have: it says nothing"
        " before it takes over (`motcua central takeover`)"
    ]
    takes_over(small)
    assert watch.look()
    assert small["central"].catalog.trust.reports[stream]


# --- two branches of the catalog ---


def two_branches(small: SmallCentre, authority: Authority, backup: Copy) -> None:
    """counter-02 alone has heard central's last words, and comes when the new central has begun."""
    Enrolment(small["central"]).change("counter-02.1", Change(title="Quầy 02, tầng 2"), by="quan.nv")
    Enrolment(small["central"]).change("counter-01.1", Change(title="Quầy 01, tầng 2"), by="quan.nv")
    small.meet("central", "counter-02")
    small.receive("counter-02", by="long.pd", applicant="Nông Thị Nhánh")
    central_is_lost(small)
    wanted = NewCentral(small.data / "central", authority)
    restore_centre(wanted, backup, clock=small.clock, ids=small.ids, told=silent)
    small.nodes["central"] = small.open("central")
    meet_it(small, "counter-01", "room-01")
    for name in ("counter-01", "room-01"):
        small.copy(small[name], small["central"])
    take_over(small["central"], by="quan.nv", without=[small[name].id for name in EDGES])
    Enrolment(small["central"]).change("counter-01.1", Change(title="Quầy 01, tầng 3"), by="quan.nv")
    small.meet("central", "counter-01", "room-01")
    assert not small["central"].branched
    meet_it(small, "counter-02")
    small.meet()


def second_administrator(small: SmallCentre) -> None:
    person = small["central"].catalog.latest.person("huong.ltt")
    assert person is not None
    since = local_day(small.clock())
    both = msgspec.structs.replace(person, roles=(*person.roles, Grant(Role.ADMINISTRATOR, since)))
    Office(small["central"]).define([both], by="quan.nv")
    small.meet()


@pytest.mark.parametrize("own", [True, False], ids=["the new central's", "the old central's"])
def test_two_branches_stop_central_until_two_administrators_choose(
    small: SmallCentre, authority: Authority, tmp_path: Path, own: bool
) -> None:
    """Whichever goes on, every machine goes by it, and what the other one said is said again."""
    second_administrator(small)
    backup = backed_up(small, tmp_path / "backup")
    two_branches(small, authority, backup)
    central = small["central"]
    assert central.branched
    assert "catalog-branches" in seen_by_doctor(small)
    with pytest.raises(NotGranted, match="two branches"):
        Enrolment(central).change("room-01.1", Change(title="Phòng"), by="quan.nv")
    small.reopen("central")
    central = small["central"]
    assert central.branched
    _, found = branches(central)
    assert sorted(one.here for one in found) == [False, True]
    branch = next(one for one in found if one.here is own)
    for second in ("quan.nv", "viet.tq"):
        with pytest.raises(NotGranted):
            choose(central, branch.tip, by="quan.nv", second=second, reason="Máy quầy 02 nghe sau cùng.")
    assert central.branched
    central.documents_behind = lambda patience_s: "catalog, 5 changes are left"
    with pytest.raises(NotGranted, match="5 changes are left"):
        choose(central, branch.tip, by="quan.nv", second="huong.ltt", reason="Máy quầy 02 nghe sau cùng.")
    central.documents_behind = None
    assert central.branched

    choose(central, branch.tip, by="quan.nv", second="huong.ltt", reason="Máy quầy 02 nghe sau cùng.")
    small.meet()
    for _ in range(2):
        assert {node.catalog.name for node in small.nodes.values()} == {central.catalog.name}
        for node in small.nodes.values():
            view = node.catalog.latest
            titles = [card.title for card in view.cards() if card.node in ("counter-01.1", "counter-02.1")]
            assert sorted(titles) == [f"Quầy 01, tầng {3 if own else 2}", "Quầy 02, tầng 2"]
            assert (node.catalog.seated, node.branched) == ("central.2", False)
            gone = view.card("central.1")
            assert gone is not None
            assert gone.revoked == "lost"
            assert [line.line.why for line in node.register.kept_back()[0]] == []
            assert node.register.find("Nông Thị Nhánh").rows
        for name in small.nodes:
            small.reopen(name)
        central = small["central"]
    assert verify(small.data).findings == ()
    backed_up(small, tmp_path / "afterwards")
    Enrolment(central).change("room-01.1", Change(title="Phòng 4 tại chỗ mới"), by="quan.nv")
    small.receive("counter-02", by="long.pd", applicant="Nông Thị Sau")
    small.meet()
    assert {node.catalog.name for node in small.nodes.values()} == {central.catalog.name}
    central_is_lost(small)
    wanted = NewCentral(small.data / "central", authority, "central.3")
    restore_centre(wanted, None, clock=small.clock, ids=small.ids, told=silent)
    small.nodes["central"] = small.open("central")
    meet_it(small, *EDGES)
    for name in ("counter-02", "counter-01", "room-01"):  # whose word came first is no matter
        small.copy(small[name], small["central"])
    take_over(small["central"], by="quan.nv", without=[small[name].id for name in EDGES])
    small.meet()
    assert {node.catalog.name for node in small.nodes.values()} == {small["central"].catalog.name}
    counter = small["counter-01"]
    known = msgspec.structs.replace(
        counter.settings, peers=(PeerSettings("central.1", "http://127.0.0.1:8600"),)
    )
    # whoever is central by now is looked for where central always was
    assert peers_of(counter.catalog, known)[0] == PeerNode("central.3", ("http://127.0.0.1:8600",))


def words_are_lost(small: SmallCentre, authority: Authority) -> str:
    """counter-02 alone has heard central's last words, received by them, passed that on by cable, and is lost as well."""
    Enrolment(small["central"]).change("counter-02.1", Change(title="Quầy 02, tầng 2"), by="quan.nv")
    small.meet("central", "counter-02")
    name = small["counter-02"].catalog.name
    dossier = small.receive("counter-02", by="long.pd", applicant="Nông Thị Chờ")
    assert dossier.received is not None
    small.copy(small["counter-02"], small["counter-01"], "dossiers")
    central_is_lost(small)
    small.nodes.pop("counter-02").close()
    restored_anew = NewCentral(small.data / "central", authority, "central.2")
    restore_centre(restored_anew, None, clock=small.clock, ids=small.ids, told=silent)
    small.nodes["central"] = small.open("central")
    meet_it(small, "counter-01", "room-01")
    for edge in ("counter-01", "room-01"):
        small.copy(small[edge], small["central"])
    assert small["central"].unheard() == ()  # whoever has not come yet may bring them
    take_over(
        small["central"],
        by="quan.nv",
        without=[small[edge].id for edge in ("counter-01", "room-01")] + ["counter-02.1"],
    )
    small.meet()
    return name


def test_acts_on_lost_words_wait_until_two_administrators_go_on_without_them(
    small: SmallCentre, authority: Authority
) -> None:
    second_administrator(small)
    name = words_are_lost(small, authority)
    central = small["central"]
    assert central.unheard() == (name,)
    assert "catalog-lost" in seen_by_doctor(small)
    for node in small.nodes.values():
        assert [one.line.why for one in node.register.kept_back()[0]] == [
            f"catalogue {name.partition('-')[0]}"
        ]
    with pytest.raises(NotGranted, match="two administrators"):
        choose(central, central.catalog.name, by="quan.nv", second="quan.nv", reason="Đĩa đã mất.")
    with pytest.raises(NotGranted, match="no branch"):
        choose(central, name, by="quan.nv", second="huong.ltt", reason="Đĩa đã mất.")

    central.close()
    asks = ["central", "choose", "--data", str(central.folder.path)]
    assert f"acts here rest on {name}, which" in CliRunner().invoke(main, asks).output
    central = small.nodes["central"] = small.open("central")
    choose(central, central.catalog.name, by="quan.nv", second="huong.ltt", reason="Đĩa đã mất.")
    small.meet()
    assert "catalog-lost" not in seen_by_doctor(small)
    for node in small.nodes.values():
        assert node.register.kept_back() == ([], 0)
        assert node.register.find("Nông Thị Chờ").rows
    small.receive("counter-01", applicant="Nông Thị Sau")
    small.reopen("central")
    assert not small["central"].branched
    assert small["central"].unheard() == ()


def test_lost_words_that_turn_up_after_all_change_nothing(small: SmallCentre, authority: Authority) -> None:
    """The lost counter's disk is found: what it has is the branch that was given up."""
    second_administrator(small)
    name = words_are_lost(small, authority)
    central = small["central"]
    choose(central, central.catalog.name, by="quan.nv", second="huong.ltt", reason="Đĩa đã mất.")
    small.meet()
    small.nodes["counter-02"] = small.open("counter-02")
    assert small["counter-02"].catalog.name == name
    meet_it(small, "counter-02")
    small.meet()
    assert not any(node.branched for node in small.nodes.values())
    assert {node.catalog.name for node in small.nodes.values()} == {central.catalog.name}
    assert [node.register.kept_back()[1] for node in small.nodes.values()] == [0] * 4
