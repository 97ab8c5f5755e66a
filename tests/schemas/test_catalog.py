"""The catalog: central's chain, entry by entry, and what was in force at any of them."""

from __future__ import annotations

import copy
import re
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.acts import TABLE
from schemas.calendar import Year
from schemas.canonical import to_base64
from schemas.catalog import Catalog
from schemas.entries import (
    KINDS,
    Agency,
    Card,
    Centre,
    DataAnswer,
    Duty,
    Entry,
    Fee,
    FeeKind,
    Grant,
    Password,
    Person,
    Procedure,
    Role,
    SignOut,
    kind_of,
    subject_of,
)
from schemas.errors import CatalogBroken
from schemas.events import (
    Document,
    data_hash_of,
    database_of,
    hash_of,
    header_of,
    revision_of,
    seal_message,
    write,
)
from tests.schemas.histories import (
    AGENCY,
    MORNING,
    PROCEDURE,
    card,
    catalog_documents,
    certificate_of,
    key_of,
    office,
)
from tests.schemas.test_canonical import any_json, names, values

ROOT = office().root
TODAY = date(2026, 11, 23)


def written(*said: Entry, after: list[Document] | None = None, node: str = "central.1") -> list[Document]:
    return catalog_documents(said, ROOT, after=after or (), node=node)


def applied(*runs: list[Document]) -> Catalog:
    catalog = Catalog(ROOT)
    for run in runs:
        catalog.apply(run)
    return catalog


def first() -> list[Document]:
    return written(card("central.1"))


def agencies(*names: str) -> list[Entry]:
    return [Agency(AGENCY, name) for name in names]


def broken(documents: list[Document], catalog: Catalog | None = None) -> str:
    """Why a run does not continue a catalog; nothing of it may have been applied."""
    catalog = catalog or Catalog(ROOT)
    before = (catalog.number, catalog.name, catalog.tip, catalog.centre, catalog.latest.cards())
    with pytest.raises(CatalogBroken) as refusal:
        catalog.apply(documents)
    assert (catalog.number, catalog.name, catalog.tip, catalog.centre, catalog.latest.cards()) == before
    return str(refusal.value)


def resealed(document: Document, by: str, **changes: Any) -> Document:
    """The document with other members, made whole again with somebody's key."""
    document = {**copy.deepcopy(document), **changes}
    document["data_hash"] = data_hash_of(document["data"], document["salt"])
    seal = key_of(by).sign(seal_message(header_of(document)))
    event_hash = hash_of(header_of(document))
    return {
        **document,
        "_id": f"{document['stream']}:{event_hash}",
        "_rev": revision_of(event_hash, seal),
        "seal": to_base64(seal),
    }


# --- the chain ---


def test_entries_are_numbered_by_central_s_chain() -> None:
    documents = first() + written(*agencies("Sở Nội vụ"), after=first())
    catalog = applied(documents)

    assert catalog.number == 2
    assert catalog.centre == "central.1"
    assert documents[1]["_id"].endswith(catalog.tip)
    assert catalog.name == f"2-{catalog.tip[:16]}"
    assert catalog.names[0] == documents[1]["catalog"]


def test_before_its_first_entry_a_catalog_says_nothing() -> None:
    catalog = Catalog(ROOT)
    assert (catalog.number, catalog.name, catalog.tip, catalog.centre) == (0, "", "", None)
    assert catalog.latest.name == ""
    assert catalog.latest.cards() == []
    catalog.apply([])
    assert catalog.number == 0


@given(st.lists(st.integers(1, 18), unique=True).map(sorted))
def test_it_does_not_matter_in_how_many_pieces_the_entries_come(cuts: list[int]) -> None:
    documents = list(office().documents)
    edges = [0, *cuts, len(documents)]
    pieces = applied(*(documents[a:b] for a, b in pairwise(edges)))
    assert pieces == office().catalog


def test_a_gap_is_refused() -> None:
    documents = first() + written(*agencies("A", "B"), after=first())
    assert broken([documents[0], documents[2]]) == "catalog entry 2: does not follow the entry before it"
    assert broken(documents[1:]) == "catalog entry 1: does not follow the entry before it"


def test_the_wrong_order_is_refused() -> None:
    documents = first() + written(*agencies("A", "B"), after=first())
    assert "entry 2: does not follow" in broken([documents[0], documents[2], documents[1]])


def test_an_entry_applied_twice_is_refused() -> None:
    catalog = applied(first())
    assert broken(first(), catalog) == "catalog entry 2: does not follow the entry before it"


def test_a_fork_is_refused() -> None:
    """Two entries with one number, both sealed by central: the second to come does not fit."""
    one, other = written(*agencies("Sở A"), after=first()), written(*agencies("Sở B"), after=first())
    after_other = written(*agencies("Sở C"), after=first() + other)
    catalog = applied(first(), one)
    assert "entry 3: does not follow" in broken(other, catalog)
    assert "entry 3: does not follow" in broken(after_other, catalog)
    assert catalog.at(f"2-{other[0]['_id'][33:49]}") is None


# --- central alone ---


def test_the_first_entry_is_signed_by_the_pinned_authority() -> None:
    key = key_of("another authority")
    root = certificate_of("Motcua CA", key.public_key(), "Motcua CA", key)
    assert broken(first(), Catalog(root)) == (
        "catalog entry 1: not signed by the pinned certificate authority"
    )


def test_a_first_entry_without_a_signature_is_refused() -> None:
    bare = {name: value for name, value in first()[0].items() if name not in ("signed", "rests_on")}
    assert "not signed by the pinned" in broken([resealed(bare, "central.1")])


def test_the_authority_s_signature_cannot_be_moved_to_another_card() -> None:
    document = first()[0]
    stolen = resealed(document, "thief.1", data={**document["data"], "ed25519": _public("thief.1")})
    assert "not signed by the pinned" in broken([stolen])


def _public(name: str) -> str:
    return to_base64(key_of(name).public_key().public_bytes_raw())


@pytest.mark.parametrize(
    "entry",
    [
        Agency(AGENCY, "Sở Nội vụ"),
        card("counter-01.1"),
        msgspec.structs.replace(card("central.1"), duties=(Duty.DESK,)),
    ],
)
def test_the_first_entry_is_central_s_own_card(entry: Entry) -> None:
    assert broken(written(entry)) == "catalog entry 1: the first entry is central's own card"


def test_the_first_entry_of_an_unknown_kind_is_no_card() -> None:
    strange = resealed(first()[0], "central.1", kind="card.promised")
    assert "central's own card" in broken([strange])


def test_a_wrong_seal_is_refused() -> None:
    documents = [*first(), resealed(written(*agencies("A"), after=first())[0], "counter-01.1")]
    assert broken(documents) == "catalog entry 2: not sealed by central"


def test_an_entry_of_another_node_is_refused_even_with_its_own_seal() -> None:
    counter = written(card("counter-01.1"), after=first())
    documents = first() + counter + written(*agencies("A"), after=first() + counter, node="counter-01.1")
    assert broken(documents) == "catalog entry 3: not sealed by central"


def test_the_last_seal_proves_every_entry_before_it() -> None:
    """A junk seal in the middle cannot hide what a later seal proves; at the end it can prove nothing."""
    documents = first() + written(*agencies("A", "B"), after=first())
    junk = bytes(64)
    middle = {**documents[1], "seal": to_base64(junk), "_rev": revision_of(documents[1]["_id"][33:], junk)}
    assert applied([documents[0], middle, documents[2]]).number == 3
    assert broken([documents[0], middle]) == "catalog entry 2: not sealed by central"


@pytest.mark.parametrize("together", [True, False])
def test_central_may_renew_its_key(together: bool) -> None:
    """The entry with the new card is sealed with the old key, all after it with the new one."""
    renewed = written(msgspec.structs.replace(card("central.1"), ed25519=_public("new key")), after=first())
    later = written(*agencies("A"), after=first() + renewed)
    sealed = [resealed(later[0], "new key")]
    runs = [first() + renewed + sealed] if together else [first(), renewed, sealed]

    assert applied(*runs).number == 3
    assert broken(first() + renewed + later) == "catalog entry 3: not sealed by central"
    assert broken([*first(), resealed(renewed[0], "new key")]) == "catalog entry 2: not sealed by central"


# --- what stands in an entry ---


def test_an_entry_of_a_newer_version_stops_the_catalog() -> None:
    newer = resealed(written(*agencies("A"), after=first())[0], "central.1", v=2)
    assert broken([newer], applied(first())) == (
        "catalog entry 2: written by a newer version; update this node"
    )


def test_an_entry_of_an_unknown_kind_keeps_its_number_and_says_nothing_yet() -> None:
    strange = resealed(written(*agencies("A"), after=first())[0], "central.1", kind="weather.forecast")
    catalog = applied(first(), [strange])
    assert catalog.number == 2
    assert catalog.latest.agencies() == []


@pytest.mark.parametrize(
    "entry",
    [
        Agency("không mã", "Sở Nội vụ"),
        Centre("", "UBND", "Lạng Sơn"),
        Year(1999, (), (), True),
        Year(2026, (), (), True, closes="25:00"),
        Year(2026, (), (), True, closes="16:30\n"),
        Person("thu", "Thu", "Chuyên viên", (), certificates=("==",)),
        msgspec.structs.replace(card("counter-01.1"), number=1000),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused_with_its_run(entry: Entry) -> None:
    assert broken(written(entry, after=first()), applied(first())).startswith("catalog entry 2: ")


@given(any_json)
def test_no_bytes_of_a_peer_bring_the_catalog_down(value: Any) -> None:
    broken([value], applied(first()))


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(names, values))
def test_no_data_of_central_brings_the_catalog_down(kind: str, data: dict[str, Any]) -> None:
    """What canonical JSON can say is applied or refused, nothing else."""
    document = written(*agencies("A"), after=first())[0]
    catalog = applied(first())
    try:
        catalog.apply([resealed(document, "central.1", kind=kind, data=data)])
    except CatalogBroken:
        assert catalog.number == 1
    else:
        assert catalog.number == 2


# --- as of ---


def procedure(name: str, since: date) -> Procedure:
    now = office().catalog.latest.procedure(PROCEDURE, TODAY)
    assert now is not None
    return msgspec.structs.replace(now, name=name, since=since)


def test_every_entry_is_seen_as_of_any_number() -> None:
    documents = first() + written(*agencies("Sở cũ", "Sở mới"), after=first())
    catalog = applied(documents)
    names = [
        agency.name if (agency := view.agency(AGENCY)) else None
        for view in (catalog.at(name) for name in catalog.names)
        if view is not None
    ]
    assert names == [None, "Sở cũ", "Sở mới"]
    assert catalog.at(catalog.names[1]) is not None
    assert [view.name for view in (catalog.at(name) for name in catalog.names) if view] == catalog.names


@pytest.mark.parametrize("name", ["", "-", "0-" + "0" * 16, "x", "²-" + "0" * 16, "-1", "99-" + "0" * 16])
def test_a_catalog_that_we_have_not_applied_is_not_guessed_at(name: str) -> None:
    assert office().catalog.at(name) is None


def test_the_same_number_of_another_branch_is_another_catalog() -> None:
    catalog = office().catalog
    assert catalog.at(catalog.name) is not None
    assert catalog.at(catalog.name[:-1] + ("0" if catalog.name[-1] != "0" else "1")) is None


def test_a_procedure_is_the_version_in_force_on_the_day() -> None:
    """Entered in September, in force from January: until then the old one holds."""
    old, new = procedure("Cũ", date(2026, 1, 1)), procedure("Mới", date(2027, 1, 1))
    view = applied(first(), written(old, new, after=first())).latest

    assert view.procedure(PROCEDURE, date(2025, 12, 31)) is None
    assert view.procedure(PROCEDURE, date(2026, 12, 31)) == old
    assert view.procedure(PROCEDURE, date(2027, 1, 1)) == new
    assert view.procedures(TODAY) == [old]
    assert view.procedures(date(2025, 1, 1)) == []


def test_a_rate_is_collected_to_its_last_day() -> None:
    cheap, full = Fee(FeeKind.FEE, 50_000, until=date(2026, 12, 31)), Fee(FeeKind.CHARGE, 100_000)
    priced = msgspec.structs.replace(procedure("P", date(2026, 1, 1)), fees=(cheap, full))
    assert priced.fees_on(date(2026, 12, 31)) == (cheap, full)
    assert priced.fees_on(date(2027, 1, 1)) == (full,)


def test_a_role_holds_from_its_first_to_its_last_day() -> None:
    grants = (Grant(Role.APPROVER, date(2026, 3, 1), date(2026, 3, 31)), Grant(Role.RECEIVER, TODAY))
    person = Person("lan", "Lan", "Chuyên viên", grants)
    assert [person.has(Role.APPROVER, date(2026, month, day)) for month, day in [(2, 28), (3, 1), (3, 31), (4, 1)]] == [
        False, True, True, False,
    ]  # fmt: skip
    assert person.roles_on(TODAY) == {Role.RECEIVER}


def test_a_person_is_found_with_all_certificates() -> None:
    person = office().catalog.latest.person("viet")
    assert person is not None
    der = office().certificates["viet"]
    assert person.ders() == [der]
    assert person.certificate("0" * 64) is None


def test_lists_are_in_order() -> None:
    view = office().catalog.latest
    assert [person.id for person in view.people()] == sorted(person.id for person in view.people())
    assert [agency.code for agency in view.agencies()] == [AGENCY]
    assert {entry.node for entry in view.cards()} >= {"central.1", "counter-01.1", "room-01.1"}
    centre = view.centre()
    assert centre is not None
    assert centre.place == "Lạng Sơn"
    assert view.calendar().is_confirmed(TODAY)
    assert not view.calendar().is_working(date(2026, 11, 24))


def test_every_kind_of_entry_has_its_subject_and_its_stream() -> None:
    catalog = office().catalog
    said: list[tuple[Entry, str]] = [
        (card("room-01.1"), "room-01.1"),
        (Centre("A", "B", "C"), "centre"),
        (Agency(AGENCY, "A"), AGENCY),
        (procedure("P", TODAY), PROCEDURE),
        (Person("viet", "V", "T", ()), "viet"),
        (Year(2026, (), (), True), "2026"),
    ]
    for entry, subject in said:
        assert subject_of(entry) == subject
        assert KINDS[kind_of(entry)] is type(entry)
        stream = catalog.stream_of(entry)
        assert stream is not None
        assert f"{stream[0]}:{stream[1]}" in [document["_id"] for document in office().documents]
    assert catalog.stream_of(Agency("H99", "Sở mới")) is None


def test_only_the_first_entry_may_have_nothing_before_it() -> None:
    """An edge that writes into the catalog's place finds no reader."""
    document = write(
        stream="f" * 32,
        kind="agency.defined",
        parents=(),
        at=MORNING,
        node="counter-01.1",
        seq=1,
        prev="",
        catalog="",
        by="hoa",
        data=msgspec.to_builtins(Agency(AGENCY, "Sở giả")),
        salt=bytes(16),
        seal=key_of("counter-01.1").sign,
    )
    assert "central's own card" in broken([document])


def test_a_card_is_what_central_says_last() -> None:
    moved = msgspec.structs.replace(card("counter-01.1"), title="Quầy 9")
    catalog = applied(list(office().documents))
    catalog.apply(written(moved, after=list(office().documents)))
    assert catalog.latest.card("counter-01.1") == moved
    assert isinstance(moved, Card)
    before = catalog.at(office().catalog.name)
    assert before is not None
    assert before.card("counter-01.1") == card("counter-01.1")


def test_a_password_is_what_was_set_last() -> None:
    old, new = (
        Password("viet", f"$argon2id$v=19$m=65536,t=3,p=4${part}$abcdefgh") for part in ("AAAA", "BBBB")
    )
    catalog = applied(first() + written(old, new, after=first()))
    assert catalog.latest.password("viet") == new
    assert catalog.latest.password("hoa") is None


def test_signing_out_everywhere_ends_what_began_under_an_earlier_catalog() -> None:
    catalog = applied(first() + written(SignOut("viet", "PIN bị lộ", True), after=first()))
    assert catalog.trust.signed_out_since("viet", 1)
    assert catalog.trust.signed_out_since("viet", 1, pins=True)
    assert not catalog.trust.signed_out_since("viet", 2)
    assert not catalog.trust.signed_out_since("hoa", 1)


def test_a_sign_out_leaves_pins_alone_unless_it_says_so() -> None:
    """And a later one that does not forget them gives none back."""
    said = (SignOut("viet", "mất máy", True), SignOut("viet", "đổi chỗ"))
    catalog = applied(first() + written(*said, after=first()))
    assert catalog.trust.signed_out_since("viet", 2)
    assert not catalog.trust.signed_out_since("viet", 2, pins=True)
    assert catalog.trust.signed_out_since("viet", 1, pins=True)


def test_a_restriction_holds_until_it_is_lifted() -> None:
    stream = "0" * 32
    restricted = DataAnswer("1", "restricted", "Luật 91/2025/QH15", "đang tranh chấp", TODAY, (stream,))
    lifted = msgspec.structs.replace(restricted, id="2", what="lifted")
    documents = first() + written(restricted, after=first())
    assert stream in applied(documents).trust.restricted
    assert stream not in applied(documents + written(lifted, after=documents)).trust.restricted


def test_a_card_pins_the_key_of_its_certificate_and_not_the_certificate() -> None:
    """Renewed with the same key it is the same pin; a card without one has none to prove."""
    old, new, other = (
        msgspec.structs.replace(card("counter-01.1"), tls=to_base64(certificate))
        for certificate in (
            certificate_of("first", key_of("counter-01.1").public_key(), "ca", key_of("ca")),
            certificate_of("second", key_of("counter-01.1").public_key(), "ca", key_of("ca")),
            certificate_of("first", key_of("room-01.1").public_key(), "ca", key_of("ca")),
        )
    )

    assert old.tls != new.tls
    assert old.pin == new.pin != other.pin
    assert re.fullmatch("[0-9a-f]{64}", old.pin)
    assert card("counter-01.1").pin == ""
    assert msgspec.structs.replace(old, tls=to_base64(b"no certificate")).pin == ""


def test_a_revoked_card_opens_nothing_and_what_it_sealed_is_judged_as_before() -> None:
    """The card in force when an act was done still says what its machine might write."""
    granted = written(card("central.1"), card("counter-01.1"))
    revoked = msgspec.structs.replace(card("counter-01.1"), duties=(), revoked="stolen")
    catalog = applied(granted, written(revoked, after=granted))
    now, then = catalog.latest.card("counter-01.1"), catalog.as_of(2).card("counter-01.1")

    assert now is not None
    assert then is not None
    assert (now.opens, then.opens) == (False, True)
    assert then.duties == card("counter-01.1").duties
    assert now.ed25519 == then.ed25519


def test_a_card_with_half_a_certificate_breaks_the_catalog() -> None:
    broken = msgspec.structs.replace(card("counter-01.1"), tls="A")
    with pytest.raises(CatalogBroken, match="tls"):
        applied(written(card("central.1"), broken))


def test_every_kind_belongs_to_one_database() -> None:
    """Central's entries are those of the catalog, and no act is one of them."""
    assert {database_of(kind) for kind in KINDS} == {"catalog"}
    assert {(act.subject, database_of(act.kind)) for act in TABLE} == {
        ("dossier", "dossiers"),
        ("petition", "dossiers"),
        ("node", "dossiers"),
        ("visit", "visits"),
    }
