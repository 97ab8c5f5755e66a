"""Codes, cards, renewals and the end of machines, at a central whose clock is in the test's hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from central.centre import Numbers
from central.enrolment import COUNTER, HEARD_WITHIN, RENEWED_BEFORE, TRIES, Change, Enrolment, Wish
from central.errors import NotGranted
from central.trust import cut_before, report_forks
from edge.enrolment import make_request, settings_for, settle_in
from edge.errors import NotEnrolled
from edge.folder import Folder
from edge.keys import NodeKeys, keep_keys
from edge.node import Node
from edge.retiring import close_node
from edge.tables.centre import EnrolmentCode
from edge.tables.node import Fact
from schemas.acts import Note, Status
from schemas.boxes import opened
from schemas.calendar import local_day
from schemas.canonical import from_base64
from schemas.enrolment import Code, check_of, read_answer, spelled
from schemas.entries import Card, Duty
from schemas.errors import NotAllowed
from schemas.events import moment
from schemas.fold import Place
from sync.peer import LocalPeer
from tests.centres import SmallCentre
from tests.edge.hostile import Document, Hostile

BY = "quan.nv"
WISH = Wish("counter-03", "Quầy 03", COUNTER)
ELSEWHERE = Wish("counter-04", "Quầy 04", COUNTER)


@pytest.fixture
def office(centre: SmallCentre) -> Enrolment:
    return Enrolment(centre["central"])


class Newcomer:
    """A machine with keys and nothing else."""

    def __init__(self, folder: Path, *, address: str = "", server: str = "") -> None:
        self.folder = Folder(folder)
        self.keys = NodeKeys.generate()
        self.request = make_request(self.keys, address=address, server=server)

    def ask(self, office: Enrolment, typed: str, *, server: str = "") -> bytes:
        code = Code.of(typed)
        answer, tag = office.answer(code.name, code.tag("request", self.request), self.request, server=server)
        assert tag == code.tag("answer", self.request, answer)
        return answer

    def settle(self, centre: SmallCentre, answer: bytes) -> Node:
        self.folder.path.mkdir()
        keep_keys(self.folder.keys, self.keys)
        settings = settings_for(read_answer(answer).node, "", 0, peers=())
        card = settle_in(self.folder, self.keys, answer, lambda card, central: settings, centre.ids)
        node = centre.nodes[card.place] = Node(self.folder, settings, clock=centre.clock, ids=centre.ids)
        return node


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path / "newcomer")


def card(centre: SmallCentre, node: str) -> Card:
    found = centre["central"].catalog.latest.card(node)
    assert found is not None
    return found


# --- codes ---


def test_a_machine_becomes_what_its_code_says_and_works_at_once(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    made = office.make_code(WISH, by=BY)
    node = newcomer.settle(centre, newcomer.ask(office, made.text))

    assert (node.id, node.card.title, node.card.number) == ("counter-03.1", "Quầy 03", 3)
    assert node.card.duties == COUNTER
    dossier = centre.receive("counter-03")
    centre.meet()
    assert all(shown.received is not None for shown in centre.shown(dossier))
    assert dossier.received is not None
    assert dossier.received.number.rpartition("-")[2].startswith("03")


def test_a_code_is_kept_as_what_it_proves_and_forgotten_when_it_is_over(
    centre: SmallCentre, office: Enrolment
) -> None:
    """Nobody reads it back from central's database; after half an hour nobody can use what is there either."""
    made = office.make_code(WISH, by=BY)
    with centre["central"].file.read():
        (row,) = EnrolmentCode.select()
    assert made.text.replace("-", "").encode() not in b"".join(
        str(value).encode() for value in row.__data__.values()
    )
    assert row.key

    centre.clock.forward(minutes=31)
    office.forget_keys()
    with centre["central"].file.read():
        (row,) = EnrolmentCode.select()
    assert row.key == b""
    assert [code.state for code in office.codes()] == ["over"]


def test_five_wrong_tries_end_a_code_for_the_right_one_too(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    made = office.make_code(WISH, by=BY)
    name = Code.of(made.text).name
    for left in range(TRIES - 1, 0, -1):
        with pytest.raises(NotGranted, match=f"{left} tries are left"):
            office.answer(name, bytes(32), newcomer.request, server="")
    with pytest.raises(NotGranted, match="fifth wrong try"):
        office.answer(name, bytes(32), newcomer.request, server="")
    with pytest.raises(NotGranted, match="not good"):
        newcomer.ask(office, made.text)
    assert [code.state for code in office.codes()] == ["void"]
    assert centre["central"].catalog.latest.card("counter-03.1") is None


def test_a_code_that_nobody_made_is_refused(office: Enrolment, newcomer: Newcomer) -> None:
    with pytest.raises(NotGranted, match="not good"):
        newcomer.ask(office, spelled(5))


def test_a_code_is_good_for_thirty_minutes(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    made = office.make_code(WISH, by=BY)
    centre.clock.forward(minutes=30)
    with pytest.raises(NotGranted, match="good for 30 minutes"):
        newcomer.ask(office, made.text)


def test_a_code_makes_one_machine_and_answers_that_one_again(
    office: Enrolment, newcomer: Newcomer, tmp_path: Path
) -> None:
    """The line may have been cut before the answer came; whoever replays the code with other keys gets nothing."""
    made = office.make_code(WISH, by=BY)
    first = newcomer.ask(office, made.text)
    assert read_answer(newcomer.ask(office, made.text)).node == read_answer(first).node
    with pytest.raises(NotGranted, match="used already"):
        Newcomer(tmp_path / "other").ask(office, made.text)


def test_of_many_who_ask_at_once_one_gets_a_card_and_five_guesses_end_a_code(
    centre: SmallCentre, office: Enrolment, tmp_path: Path
) -> None:
    """Over as many lines as they like: tries are counted one by one, and so are cards."""
    good, guessed = office.make_code(WISH, by=BY), office.make_code(ELSEWHERE, by=BY)
    many = [Newcomer(tmp_path / str(number)) for number in range(12)]
    name = Code.of(guessed.text).name

    def ask(newcomer: Newcomer) -> str:
        with pytest.raises(NotGranted):
            office.answer(name, bytes(32), newcomer.request, server="")
        try:
            return read_answer(newcomer.ask(office, good.text)).node
        except NotGranted as why:
            return str(why)

    with ThreadPoolExecutor(len(many)) as threads:
        said = list(threads.map(ask, many))
    assert said.count("counter-03.1") == 1
    assert [one.node for one in centre["central"].catalog.latest.cards() if one.place == WISH.place] == [
        "counter-03.1"
    ]
    assert {code.place.node: (code.state, code.failures) for code in office.codes()} == {
        "counter-03.1": ("used", 0),
        "counter-04.1": ("void", TRIES),
    }


def test_a_request_that_was_changed_on_the_way_is_a_wrong_try(office: Enrolment, newcomer: Newcomer) -> None:
    """Somebody in the middle puts their own keys in: they would need the code for the proof."""
    made = office.make_code(WISH, by=BY)
    code = Code.of(made.text)
    own = make_request(NodeKeys.generate(), address="", server="")
    with pytest.raises(NotGranted, match="not the code"):
        office.answer(code.name, code.tag("request", newcomer.request), own, server="")


def test_a_machine_that_saw_another_tls_key_has_somebody_in_the_middle(
    centre: SmallCentre, office: Enrolment, tmp_path: Path
) -> None:
    """The words pass unchanged, and are still refused: they name the key that the machine saw."""
    made = office.make_code(WISH, by=BY)
    deceived = Newcomer(tmp_path / "deceived", server="ab" * 32)
    with pytest.raises(NotGranted, match="somebody between"):
        deceived.ask(office, made.text, server=centre["central"].keys.pin)
    assert centre["central"].catalog.latest.card("counter-03.1") is None


def test_an_answer_for_other_keys_is_not_taken(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer, tmp_path: Path
) -> None:
    answer = newcomer.ask(office, office.make_code(WISH, by=BY).text)
    with pytest.raises(NotEnrolled, match="another machine"):
        Newcomer(tmp_path / "other").settle(centre, answer)


def test_another_code_for_a_place_ends_the_older_one(office: Enrolment, newcomer: Newcomer) -> None:
    older, newer = office.make_code(WISH, by=BY), office.make_code(WISH, by=BY)
    assert older.place == newer.place
    with pytest.raises(NotGranted, match="not good"):
        newcomer.ask(office, older.text)
    newcomer.ask(office, newer.text)


def test_open_codes_promise_their_numbers(office: Enrolment) -> None:
    first = office.make_code(WISH, by=BY)
    second = office.make_code(msgspec.structs.replace(WISH, place="counter-04"), by=BY)
    assert (first.place.number, second.place.number) == (3, 4)
    office.cancel(Code.of(first.text).name)
    third = office.make_code(msgspec.structs.replace(WISH, place="counter-05"), by=BY)
    assert third.place.number == 3


@pytest.mark.parametrize(
    ("change", "by", "words"),
    [
        ({}, "hanh.nh", "no administrator"),
        ({}, "", "no administrator"),
        ({"place": "Quầy 03"}, BY, "no name of a place"),
        ({"title": " "}, BY, "needs a title"),
        ({"number": 11}, BY, "held by room-01.1"),
        ({"number": 90}, BY, "no number of a machine"),
        ({"agencies": ("H99.99",)}, BY, "no agency H99.99"),
        ({"duties": (Duty.CATALOG,)}, BY, "only central"),
        ({"place": "counter-01"}, BY, "revoke that one first"),
    ],
)
def test_what_no_machine_can_be_is_refused_when_the_code_is_made(
    office: Enrolment, change: dict[str, object], by: str, words: str
) -> None:
    with pytest.raises(NotGranted, match=words):
        office.make_code(msgspec.structs.replace(WISH, **change), by=by)
    assert office.codes() == []


def test_numbers_are_granted_with_the_card_and_never_twice(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    """An open code promises them; they are renewed with the card, and end on the day of its revocation."""
    block = Numbers("receipt", "26TAA", 1, 500)
    made = office.make_code(msgspec.structs.replace(WISH, ranges=(block,)), by=BY)
    other = msgspec.structs.replace(WISH, place="counter-04")
    for first, last in ((1, 500), (500, 600), (200, 300)):
        with pytest.raises(NotGranted, match="none is given twice"):
            office.make_code(
                msgspec.structs.replace(other, ranges=(Numbers("receipt", "26TAA", first, last),)), by=BY
            )
    fine = (Numbers("receipt", "26TAA", 501, 600), Numbers("receipt", "26TAB", 1, 500))
    office.make_code(msgspec.structs.replace(other, ranges=fine), by=BY)
    with pytest.raises(NotGranted, match="ends before it begins"):
        office.make_code(msgspec.structs.replace(other, ranges=(Numbers("pad", "01", 9, 1),)), by=BY)

    newcomer.settle(centre, newcomer.ask(office, made.text))
    view = centre["counter-03"].catalog.latest
    (granted,) = view.ranges("counter-03.1", local_day(centre.clock.at))
    assert (granted.what, granted.symbol, granted.first, granted.last) == ("receipt", "26TAA", 1, 500)
    assert granted.until == card(centre, "counter-03.1").lease_to
    office.revoke("counter-03.1", "lost", by=BY)
    tomorrow = local_day(centre.clock.at) + timedelta(days=1)
    assert centre["central"].catalog.latest.ranges("counter-03.1", tomorrow) == []
    with pytest.raises(NotGranted, match="none is given twice"):
        office.make_code(msgspec.structs.replace(other, ranges=(block,)), by=BY)


# --- by hand ---


def test_files_on_a_stick_do_the_same_with_their_checks(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    card, check = office.answer_file(newcomer.request, check_of(newcomer.request), WISH, by=BY)
    assert check == check_of(card)
    assert newcomer.settle(centre, opened(card, newcomer.keys.x25519)).id == "counter-03.1"


def test_a_stick_that_is_lost_tells_its_finder_nothing(office: Enrolment, newcomer: Newcomer) -> None:
    """Names of the staff and verifiers of their passwords are in the catalog."""
    card, _ = office.answer_file(newcomer.request, check_of(newcomer.request), WISH, by=BY)
    inside = opened(card, newcomer.keys.x25519)
    for word in (b"quan.nv", "Nông Văn Quân".encode(), b"catalog", b"counter-03"):
        assert word in inside
        assert word not in card


def test_a_file_that_was_exchanged_on_the_stick_is_refused(office: Enrolment, newcomer: Newcomer) -> None:
    own = make_request(NodeKeys.generate(), address="", server="")
    with pytest.raises(NotGranted, match="somebody has changed the file"):
        office.answer_file(own, check_of(newcomer.request), WISH, by=BY)


def test_an_answer_that_was_lost_with_its_stick_is_given_again(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    """And not for another place."""
    check = check_of(newcomer.request)
    first, _ = office.answer_file(newcomer.request, check, WISH, by=BY)
    number = centre["central"].catalog.number
    again, _ = office.answer_file(newcomer.request, check, WISH, by=BY)
    assert opened(again, newcomer.keys.x25519) == opened(first, newcomer.keys.x25519)
    assert centre["central"].catalog.number == number
    with pytest.raises(NotGranted, match="already"):
        office.answer_file(newcomer.request, check, msgspec.structs.replace(WISH, place="counter-04"), by=BY)


# --- certificates ---


def test_a_certificate_names_the_machine_and_nothing_outside_the_building(
    centre: SmallCentre, office: Enrolment, tmp_path: Path
) -> None:
    Newcomer(tmp_path / "a", address="https://10.0.0.13:8600").ask(office, office.make_code(WISH, by=BY).text)
    certificate = x509.load_der_x509_certificate(from_base64(card(centre, "counter-03.1").tls, "tls"))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["counter-03.local"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.13"]
    words = centre["central"].catalog.latest.centre()
    assert words is not None
    authority = x509.load_der_x509_certificate(from_base64(words.tls_authority, "tls"))
    certificate.verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(x509.load_der_x509_certificate(centre["central"].catalog.root))

    bank = Newcomer(tmp_path / "b", address="https://vietcombank.com.vn")
    with pytest.raises(NotGranted, match="none of the names"):
        bank.ask(office, office.make_code(msgspec.structs.replace(WISH, place="counter-04"), by=BY).text)
    twin = Newcomer(tmp_path / "c", address="https://10.0.0.13:9000")
    with pytest.raises(NotGranted, match=r"where counter-03\.1 is"):
        twin.ask(office, office.make_code(msgspec.structs.replace(WISH, place="counter-05"), by=BY).text)


def test_a_card_is_renewed_two_months_before_its_end_if_its_machine_is_heard(
    centre: SmallCentre, office: Enrolment
) -> None:
    """With the same key and number. What nobody hears of runs out."""
    before = {name: card(centre, f"{name}.1") for name in ("counter-01", "counter-02", "central")}
    assert office.renew() == []
    centre.clock.at += (
        before["counter-01"].lease_to - local_day(centre.clock.at) - RENEWED_BEFORE + timedelta(days=1)
    )
    centre["central"].contacts.heard("counter-01.1")
    centre.clock.forward(hours=1)

    assert office.renew() == ["central.1", "counter-01.1"]
    assert office.renew() == []
    after = card(centre, "counter-01.1")
    old = before["counter-01"]
    assert after.lease_to > old.lease_to
    assert (after.pin, after.number, after.lease_from) == (old.pin, old.number, old.lease_from)
    ends = [
        x509.load_der_x509_certificate(from_base64(one.tls, "tls")).not_valid_after_utc
        for one in (old, after)
    ]
    assert ends[0] < ends[1]
    assert card(centre, "counter-02.1") == before["counter-02"]

    centre["central"].contacts.heard("counter-02.1")
    centre.clock.forward(days=HEARD_WITHIN.days + 1)
    assert office.renew() == []
    centre.meet()
    assert centre["counter-01"].card == after


# --- changes ---


def test_what_stands_on_a_card_can_be_changed_and_who_it_is_stays(
    centre: SmallCentre, office: Enrolment
) -> None:
    before = card(centre, "counter-01.1")
    moved = Change(title="Quầy 01, tầng 2", address="https://10.0.0.21:8600", agencies=("H37.08",))
    office.change("counter-01.1", moved, by=BY)
    centre.meet()
    after = centre["counter-01"].card
    assert (after.title, after.address, after.agencies) == (moved.title, moved.address, moved.agencies)
    assert (after.node, after.number, after.pin, after.duties) == (
        before.node,
        before.number,
        before.pin,
        before.duties,
    )
    certificate = x509.load_der_x509_certificate(from_base64(after.tls, "tls"))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.21"]
    number = centre["central"].catalog.number
    assert office.change("counter-01.1", moved, by=BY) == after
    assert centre["central"].catalog.number == number


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(title=""), "needs a title"),
        (Change(agencies=("H99.99",)), "no agency"),
        (Change(duties=(Duty.CATALOG,)), "only central"),
        (Change(address="http://10.0.0.3"), "no address of a machine"),
        (Change(address="https://vietcombank.com.vn"), "none of the names"),
    ],
)
def test_a_card_is_not_changed_into_what_no_card_can_be(
    centre: SmallCentre, office: Enrolment, change: Change, words: str
) -> None:
    before = card(centre, "counter-01.1")
    with pytest.raises(NotGranted, match=words):
        office.change("counter-01.1", change, by=BY)
    with pytest.raises(NotGranted, match="no administrator"):
        office.change("counter-01.1", Change(title="Quầy"), by="hanh.nh")
    assert card(centre, "counter-01.1") == before


# --- the end ---


def test_a_stolen_machine_counts_up_to_what_central_had_and_no_further(
    centre: SmallCentre, office: Enrolment
) -> None:
    known = centre.receive()
    centre.meet()
    later = centre.receive(applicant="Hoàng Văn Sau")  # the thief works on, and nobody has it yet
    office.revoke("counter-01.1", "stolen", by=BY)
    revoked = card(centre, "counter-01.1")
    assert (revoked.opens, revoked.duties, revoked.revoked) == (False, (), "stolen")
    cut = centre["central"].catalog.trust.cuts["counter-01.1"]
    assert (cut.last_hash, cut.why) == (known.timeline[-1].hash, "stolen")

    centre.meet()
    room = centre["room-01"].register
    assert room.dossier(known.stream).received is not None
    assert [line.place for line in room.dossier(later.stream).timeline] == [Place.HELD]
    with pytest.raises(NotAllowed):
        centre.receive(applicant="Sau khi biết")


def test_a_number_is_held_to_the_end_of_its_lease_whatever_became_of_the_machine(
    centre: SmallCentre, office: Enrolment
) -> None:
    """A slip with it may still be out there. The place gets its next incarnation, with another number."""
    lease = card(centre, "counter-01.1").lease_to
    office.revoke("counter-01.1", "lost", by=BY)
    made = office.make_code(msgspec.structs.replace(WISH, place="counter-01"), by=BY)
    assert (made.place.node, made.place.number) == ("counter-01.2", 3)
    with pytest.raises(NotGranted, match=r"held by counter-01\.1"):
        office.make_code(msgspec.structs.replace(WISH, number=1), by=BY)
    centre.clock.at += lease - local_day(centre.clock.at) + timedelta(days=1)
    assert office.make_code(msgspec.structs.replace(WISH, number=1), by=BY).place.number == 1


def test_a_machine_that_closed_itself_writes_no_more_and_frees_its_number_tomorrow(
    centre: SmallCentre, office: Enrolment
) -> None:
    dossier = centre.receive()
    node = centre["counter-01"]
    with pytest.raises(NotGranted, match="has not closed itself"):
        office.revoke("counter-01.1", "retired", by=BY)

    last = close_node(node, by=BY, reason="Thay máy mới")
    with pytest.raises(NotAllowed, match="closed itself"):
        centre.receive(applicant="Sau khi đóng")
    with pytest.raises(NotAllowed):
        close_node(node, by=BY, reason="Lần nữa")
    with pytest.raises(NotGranted, match="not here yet"):
        office.revoke("counter-01.1", "retired", by=BY)

    centre.meet()
    assert office.closed_on("counter-01.1") == local_day(centre.clock.at)
    office.revoke("counter-01.1", "retired", by=BY)
    assert centre["central"].catalog.trust.cuts["counter-01.1"].last_seq == last
    centre.meet()
    assert all(shown.received is not None for shown in centre.shown(dossier))

    with pytest.raises(NotGranted, match="number 01 is held"):
        office.make_code(msgspec.structs.replace(WISH, number=1), by=BY)
    centre.clock.forward(days=1)
    made = office.make_code(msgspec.structs.replace(WISH, place="counter-01", number=1), by=BY)
    assert (made.place.node, made.place.number) == ("counter-01.2", 1)


def test_the_list_of_machines_walks_along_no_chain(centre: SmallCentre) -> None:
    """It is asked for every three seconds, and central keeps the acts of all years."""
    asked = (
        ("kind = 'node.closed' AND place = 'effective' LIMIT 1", "event_closed (node=?)"),
        ("seq > 7", "event_chain (node=? AND seq>?)"),
    )
    with centre["central"].file.read() as connection:
        for condition, index in asked:
            query = f"EXPLAIN QUERY PLAN SELECT seq FROM event WHERE node = 'counter-01.1' AND {condition}"
            (plan,) = [row[3] for row in connection.execute(query)]
            assert plan.startswith("SEARCH event USING"), plan
            assert plan.endswith(f"INDEX {index}"), plan


def test_closing_survives_a_restart(centre: SmallCentre) -> None:
    close_node(centre["counter-01"], by=BY, reason="Thay máy mới")
    node = centre.reopen("counter-01")
    with node.file.read():
        assert Fact.get_or_none(Fact.key == "closed") is not None
    with pytest.raises(NotAllowed, match="closed itself"):
        centre.receive()


def test_only_an_administrator_closes_a_machine(centre: SmallCentre) -> None:
    with pytest.raises(NotAllowed):
        close_node(centre["counter-01"], by="hanh.nh", reason="Về sớm")
    assert centre.receive().received is not None


@pytest.mark.parametrize(
    ("node", "words"), [("central.1", "cannot revoke itself"), ("counter-09.1", "no card of counter-09.1")]
)
def test_what_cannot_be_revoked(office: Enrolment, node: str, words: str) -> None:
    with pytest.raises(NotGranted, match=words):
        office.revoke(node, "lost", by=BY)


def test_nobody_revokes_twice_or_without_being_an_administrator(
    centre: SmallCentre, office: Enrolment
) -> None:
    with pytest.raises(NotGranted, match="no administrator"):
        office.revoke("counter-01.1", "lost", by="hanh.nh")
    office.revoke("counter-01.1", "lost", by=BY)
    number = centre["central"].catalog.number
    with pytest.raises(NotGranted, match="revoked already"):
        office.revoke("counter-01.1", "stolen", by=BY)
    assert centre["central"].catalog.number == number


def test_a_revoked_machine_may_not_come_back_with_its_keys(
    centre: SmallCentre, office: Enrolment, newcomer: Newcomer
) -> None:
    newcomer.ask(office, office.make_code(WISH, by=BY).text)
    office.revoke("counter-03.1", "stolen", by=BY)
    with pytest.raises(NotGranted, match="have a card already"):
        newcomer.ask(office, office.make_code(WISH, by=BY).text)
    with pytest.raises(NotGranted, match="already"):
        office.answer_file(newcomer.request, check_of(newcomer.request), WISH, by=BY)


# --- what a thief tries with the keys of a machine that was put out ---


def _carried(centre: SmallCentre, document: Document, to: str) -> None:
    """An honest neighbour that has not heard of the revocation brings it."""
    peer = LocalPeer(centre[to].stores["dossiers"], server_uuid="0" * 32, source="counter-01.1")
    assert peer.bulk_docs([document]) == []


def _others(centre: SmallCentre) -> list[Node]:
    """All but the stolen machine, which is told nothing any more."""
    return [centre[name] for name in ("central", "counter-01", "room-01")]


def test_a_number_far_ahead_does_not_move_the_cut(centre: SmallCentre, office: Enrolment) -> None:
    """The thief seals a huge number before anybody has noticed; what they seal below it later is held all the same."""
    dossier = centre.receive("counter-02", by="long.pd")
    thief = Hostile(centre, "counter-02")
    receipt = dossier.timeline[0].hash
    far = thief.event(dossier.stream, "dossier.note", {"text": "x"}, parents=[receipt], seq=2**53 - 1)
    _carried(centre, far, "counter-01")
    centre.meet()
    office.revoke("counter-02.1", "stolen", by=BY)
    cut = centre["central"].catalog.trust.cuts["counter-02.1"]
    assert (cut.last_seq, cut.last_hash) == (1, receipt)
    later = thief.event(
        dossier.stream,
        "dossier.reception_cancelled",
        {"reason": "x"},
        parents=[receipt],
        rests_on=[receipt],
        seq=2,
        prev=receipt,
    )
    _carried(centre, later, "room-01")
    centre.meet()
    for node in _others(centre):
        shown = node.register.dossier(dossier.stream)
        assert shown.status is Status.RECEIVED
        assert {(one.seq, one.place) for one in shown.timeline} == {
            (1, Place.EFFECTIVE),
            (2, Place.HELD),
            (2**53 - 1, Place.HELD),
        }


def test_who_goes_back_behind_the_cut_is_found_out_by_the_number(
    centre: SmallCentre, office: Enrolment
) -> None:
    """A second act under a number below the cut: every node doubts it, and the administrator can cut there."""
    dossier = centre.receive("counter-02", by="long.pd")
    centre["counter-02"].ledger.act(dossier.stream, "dossier.note", Note("gọi rồi"), by="long.pd")
    honest = centre["counter-02"].ledger.act(dossier.stream, "dossier.note", Note("rồi nhé"), by="long.pd")
    centre.meet()
    office.revoke("counter-02.1", "stolen", by=BY)
    centre.meet("central", "counter-01", "room-01")
    receipt = dossier.timeline[0].hash
    forged = Hostile(centre, "counter-02").event(
        dossier.stream,
        "dossier.reception_cancelled",
        {"reason": "x"},
        parents=[receipt],
        rests_on=[receipt],
        at=moment(honest.timeline[-1].at),
        seq=2,
        prev=receipt,
    )
    _carried(centre, forged, "room-01")
    assert centre["room-01"].register.dossier(dossier.stream).contested
    centre.meet()
    central = centre["central"]
    assert report_forks(central) == 1
    assert report_forks(central) == 0
    centre.meet()
    assert all(node.register.dossier(dossier.stream).contested for node in _others(centre))
    (fork,) = central.register.forks()
    cut_before(central, fork, by=BY)
    centre.meet()
    assert report_forks(central) == 0
    for node in _others(centre):
        shown = node.register.dossier(dossier.stream)
        assert not shown.contested
        assert shown.status is Status.RECEIVED
