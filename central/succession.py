"""A new central in the place of one that is gone: it collects, it takes over, and nothing that was said is lost.

| step        | what happens                                            | what can be done meanwhile             |
|-------------|---------------------------------------------------------|----------------------------------------|
| prepared    | keys of its own, a card signed by the authority         | everything at the edges                |
| collecting  | edges meet it and send what they have, the catalog too  | the same; at central pages are read    |
| taken over  | its card follows the newest entry; the old one is cut   | everything                             |

The authority's key is needed once, at the beginning: what it signs is the card, and not where in the catalog it
will stand. That, the new central seals itself when it knows which entry is the newest (decisions/0027).

Numbers go on 1,000 above the highest that anybody has seen: the old one may have given some that nobody has.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from central.centre import Lease, Office, Place, first_card, host_of
from central.enrolment import Enrolment, require_followed
from central.errors import NotGranted
from central.tls_authority import TlsAuthority
from edge.access import SENT
from edge.at_rest import AtRest
from edge.branches import branch_with
from edge.clock import Clock
from edge.enrolment import lay_down, make_request
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys, keep_keys
from edge.ledger import counter_of
from edge.node import Node
from edge.settings import NodeSettings, write_settings
from edge.tables.node import LEFT_OUT, Chain, Number
from edge.tables.streams import EventRow
from schemas import numbers
from schemas.calendar import local_day
from schemas.canonical import canonical, from_base64, to_base64
from schemas.catalog import Catalog
from schemas.enrolment import incarnation, read_request
from schemas.entries import KINDS, MOST_DROPPED, Card, Choice, Confirmation, Entry, subject_of
from schemas.events import Document, Signed, moment, timestamp, write
from sync.documents import load
from sync.errors import NotFound

MARGIN: Final = 1_000
"""So many numbers are left out: more than a machine gives in a day."""
_BACK: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Collected:
    """Whether a machine has said that it has brought its catalog and its acts, all that it has."""

    node: str
    all: bool
    heard_at: datetime | None


def prepare(
    folder: Folder,
    place: Place,
    settings: NodeSettings,
    *,
    keys: NodeKeys,
    root: bytes,
    sign: Callable[[bytes], Signed],
    tls: TlsAuthority | None,
    clock: Clock,
    ids: Ids,
) -> None:
    """The folder of a new central with these keys, there when all is in it: a card that the authority (`root`, DER) has
    signed, no catalog yet.
    """
    half = Folder(folder.path.with_name(f"{folder.path.name}.new"))
    shutil.rmtree(half.path, ignore_errors=True)
    half.path.mkdir(mode=0o700, parents=True)
    at = clock()
    keep_keys(half.keys, keys)
    half.root.write_bytes(root)
    lease, certificate = Lease.beginning(at), b""
    if tls is not None:
        tls.keep(half)
        certificate = tls.certify(keys.tls_key, place.name, host_of(place.address), at, lease.end)
    request = read_request(make_request(keys, address="", server=""))
    card = place.card(request, lease, certificate)
    half.succession.write_bytes(canonical(first_card(card, keys, sign, at, ids)))
    lay_down(half, [], dict.fromkeys(("dossiers", "visits"), (0, "", "")), ids)
    write_settings(half.path, settings)
    half.path.rename(folder.path)


def tls_authority_of(backup: Path, at_rest: AtRest) -> TlsAuthority | None:
    """The one of a central that was backed up."""
    folder = Folder(backup)
    folder.at_rest = at_rest
    return TlsAuthority.read(folder)


# ---- collecting


def collected(centre: Node) -> list[Collected]:
    """What has come from each machine that has a card."""
    return [
        Collected(card.node, _has_sent(centre, card.node), centre.contacts.of(card.node).heard_at)
        for card in sorted(centre.catalog.latest.cards(), key=lambda card: card.node)
        if card.opens and not card.front and card.place != incarnation(centre.id)[0]
    ]


def _has_sent(centre: Node, node: str) -> bool:
    try:
        said = centre.stores["catalog"].get_local(f"{SENT}{node}")
    except NotFound:
        return False
    # up to 0.1.0 a machine did not say to whom, and knew nobody who passes it on
    return said.get("to") in (None, centre.id)


# ---- two branches


@dataclass(frozen=True, slots=True)
class Branch:
    """One of several ways in which the catalog goes on after an entry. `entries`: those of this one only."""

    tip: str
    entries: tuple[Document, ...]
    here: bool
    """Whether this is what central itself goes by now."""


def branches(centre: Node) -> tuple[int, list[Branch]]:
    """The number of the last entry that all have, and the branches after it; none where there is only one way."""
    entries = centre.entries()
    by_hash = {_hash(one): one for one in entries}
    tips = by_hash.keys() - {str(one.get("prev")) for one in entries}
    paths = []
    for tip in sorted(tips):
        path: list[Document] = []
        at = tip
        while at in by_hash:
            path.append(by_hash[at])
            at = str(by_hash[at].get("prev"))
        if not centre.catalog.drops(name_of(path[0])):
            paths.append(path[::-1])
    if len(paths) < 2:
        return centre.catalog.number, []
    after = 0
    while len({_hash(path[after]) if after < len(path) else "" for path in paths}) == 1:
        after += 1
    own = centre.catalog.name
    return after, [
        Branch(name_of(path[-1]), tuple(path[after:]), own in (name_of(one) for one in path))
        for path in paths
    ]


def _last_of_both(centre: Node, lost: Sequence[str]) -> int:
    """The last entry that whoever said the lost ones surely knew: before the central of now began, and before them."""
    begun = min(int(one["seq"]) for one in centre.entries() if one["node"] == centre.id)
    before = int(lost[0].partition("-")[0])
    return max(1, min(before, begun if begun > 1 else before) - 1)


def choose(centre: Node, tip: str, *, by: str, second: str, reason: str) -> Card:
    """Two administrators say which branch goes on. What the others had said, and this one has not, is said again.

    Where there is one only, it goes on without what is lost (`Node.unheard`). Raises `NotGranted`.
    """
    # before the branches are looked at: one of them may be longer, or what seems lost be there
    require_followed(centre)
    after, found = branches(centre)
    lost = () if found else centre.unheard()
    if lost:
        found = [Branch(centre.catalog.name, (), here=True)]
    chosen = next((one for one in found if one.tip == tip or one.tip.partition("-")[0] == tip), None)
    if chosen is None:
        known = ", ".join(one.tip for one in found) or "none: the catalog has one way only"
        raise NotGranted(f"no branch of the catalog ends with {tip}; there are {known}", "no_branch")
    enrolment = Enrolment(centre)
    for one in (by, second):
        enrolment.require_administrator(one)
    if by == second:
        raise NotGranted("it takes two administrators, and this is one", "second")
    if lost:
        without = Choice(_last_of_both(centre, lost), lost[:MOST_DROPPED], reason)
        Office(centre).define([without], by=by, with_=(second,))
        return centre.card
    dropped = [entry for one in found if one.tip != chosen.tip for entry in one.entries]
    before, target = copy.copy(centre.catalog), Catalog(centre.catalog.root)
    target.apply(branch_with(centre.entries(), str(_tip_of(chosen, centre))))
    try:
        with centre.file.write():
            if not chosen.here:
                centre.go_over(target)
            card, ends = centre.card, list[Entry]()
            if centre.catalog.seated != centre.id:
                card = sit_down(centre)
                ends = list(_end_of_predecessors(centre, card))
                _leave_numbers_out(centre)
            else:
                _write_on(centre)
            again = list(_said_again(centre, dropped, chosen.entries))
            choice = Choice(after, tuple(name_of(one) for one in dropped), reason)
            Office(centre).define([*again, *ends, choice], by=by, with_=(second,), choosing=True)
    except BaseException:
        centre.go_over(before)
        raise
    stream = centre.catalog.stream_of(choice)
    assert stream is not None, "it was written just now"  # noqa: S101
    centre.folds_anew(stream[1])
    return card


def _tip_of(branch: Branch, centre: Node) -> str:
    """The hash of the newest entry of a branch."""
    if branch.entries:
        return _hash(branch.entries[-1])
    return next(_hash(one) for one in centre.entries() if name_of(one) == branch.tip)


def _write_on(centre: Node) -> None:
    """The own chain goes on behind the newest entry of the branch that was chosen."""
    catalog = centre.catalog
    Chain.update(seq=catalog.number, hash=catalog.tip, at=timestamp(catalog.moments[-1])).where(
        Chain.database == "catalog"
    ).execute()


def _said_again(centre: Node, dropped: Sequence[Document], chosen: Sequence[Document]) -> Iterator[Entry]:
    """What the other branch said of what this one is silent about, the newest word on each."""
    spoken = {subject for one in chosen if (subject := _subject(one)) is not None}
    newest: dict[tuple[str, str], Entry] = {}
    for document in dropped:
        entry, subject = _entry(document), _subject(document)
        if entry is None or subject is None or isinstance(entry, Confirmation | Choice) or subject in spoken:
            continue
        if not (isinstance(entry, Card) and centre.catalog.key_of_central(entry.node) is not None):
            newest[subject] = entry
    yield from newest.values()


def _entry(document: Document) -> Entry | None:
    kind = KINDS.get(str(document.get("kind")))
    try:
        return None if kind is None else msgspec.convert(document["data"], kind)
    except (msgspec.ValidationError, KeyError):
        return None


def _subject(document: Document) -> tuple[str, str] | None:
    entry = _entry(document)
    return None if entry is None else (str(document["kind"]), subject_of(entry))


def said_by(document: Document) -> str:
    """What an entry is about, for whoever has to choose: its kind and subject."""
    subject = _subject(document)
    return str(document.get("kind")) if subject is None else " ".join(subject)


def name_of(document: Document) -> str:
    """How an entry is called: its number and the beginning of its hash."""
    return f"{document['seq']}-{_hash(document)[:16]}"


def _hash(document: Document) -> str:
    return str(document["_id"]).partition(":")[2]


# ---- taking over


def take_over(centre: Node, *, by: str, without: Sequence[str] = ()) -> Card:
    """Become central: from here on this node writes the catalog, and the one before it is cut. Raises `NotGranted`.

    `without`: machines that are not waited for. What they hold comes in whenever they come; entries of the catalog
    that only they have would make a second branch.
    """
    _require_ready(centre, by, without)
    require_followed(centre)  # when all have said that they have sent, what they sent is to be here
    with centre.file.write():
        _require_ready(centre, by, without)
        card = sit_down(centre)
        office = Office(centre)
        office.define(_end_of_predecessors(centre, card), by=by)
        _leave_numbers_out(centre)
    return card


def sit_down(centre: Node) -> Card:
    """Put the new central's card behind the newest entry here, sealed in its place. Inside `file.write()`."""
    said = load(centre.folder.succession.read_bytes())
    catalog = centre.catalog
    at = moment(said["at"])
    signed = Signed(**said["signed"])
    placed = write(
        stream=said["stream"],
        kind=said["kind"],
        parents=said["parents"],
        rests_on=said["rests_on"],
        at=at,
        node=centre.id,
        seq=catalog.number + 1,
        prev=catalog.tip,
        catalog=catalog.name,
        by=said["by"],
        data=said["data"],
        salt=from_base64(said["salt"], "salt", 16),
        seal=centre.keys.ed25519.sign,
        sign=lambda message: signed,
    )
    event = str(placed["_id"]).partition(":")[2]
    newest = max([at, *catalog.moments[-1:]])
    Chain.insert(
        database="catalog", seq=placed["seq"], hash=event, at=timestamp(newest)
    ).on_conflict_replace().execute()
    Chain.update(hash=event).where(Chain.seq == 0, Chain.database != "catalog").execute()
    (outcome,) = centre.stores["catalog"].bulk_docs([placed], new_edits=False)
    outcome.saved()
    card: Card = msgspec.convert(said["data"], Card)
    return card


def _require_ready(centre: Node, by: str, without: Sequence[str]) -> None:
    if not centre.collects:
        raise NotGranted(f"{centre.id} is central already: there is nothing to take over", "seated")
    if centre.catalog_problem is not None:
        raise NotGranted(
            "the catalog has two branches: two administrators choose one, with `motcua central choose`",
            "branches",
        )
    if not centre.catalog.number:
        raise NotGranted("no machine has brought the catalog yet: wait until one has", "nothing")
    Enrolment(centre).require_administrator(by)
    machines = collected(centre)
    if not any(one.all or one.node in without for one in machines):
        raise NotGranted("no machine has brought all of the catalog yet: wait until one has", "nothing")
    missing = [one.node for one in machines if not one.all and one.node not in without]
    if missing:
        raise NotGranted(
            f"not everything has come from {', '.join(missing)}: wait, or say that it is not waited for with --without",
            "missing",
            nodes=", ".join(missing),
        )


def _end_of_predecessors(centre: Node, own: Card) -> Iterable[Entry]:
    """Cuts and the last cards of those that were central; and TLS certificates, where their authority is a new one."""
    enrolment, view = Enrolment(centre), centre.catalog.latest
    for card in view.cards():
        if card.place == own.place and card.node != own.node and card.opens:
            yield from enrolment.end(card, "lost")
    tls, words = TlsAuthority.read(centre.folder), view.centre()
    if tls is None or words is None or to_base64(tls.der) == words.tls_authority:
        return
    yield msgspec.structs.replace(words, tls_authority=to_base64(tls.der))
    now = centre.clock()
    for card in view.cards():
        if card.opens and card.tls and card.place != own.place:
            shown, end = from_base64(card.tls, "tls"), Lease(card.lease_from, card.lease_to).end
            renewed = tls.renew(shown, card.place, host_of(card.address), now, end)
            yield msgspec.structs.replace(card, tls=to_base64(renewed))


def _leave_numbers_out(centre: Node) -> None:
    """Go on above what the ones before have given, as far as anybody has seen, and what nobody has."""
    today = local_day(centre.clock())
    for key, highest in _highest(centre, today).items():
        row = Number.get_or_none(Number.key == key)
        last = max(highest, row.last if row else 0) + MARGIN
        for counter in (key, LEFT_OUT + key):
            Number.insert(key=counter, last=last).on_conflict_replace().execute()


def _highest(centre: Node, today: date) -> dict[str, int]:
    """The highest count that is known of each agency's dossiers of today, and of its results of this year."""
    view = centre.catalog.latest
    agencies = [agency.code for agency in view.agencies()]
    found = {counter_of(agency, today): 0 for agency in agencies}
    found |= {f"result {agency} {today.year}": 0 for agency in agencies}
    own = centre.card.number
    place = incarnation(centre.id)[0]
    predecessors = [card.node for card in view.cards() if card.place == place and card.node != centre.id]
    rows = EventRow.select(EventRow.stream).where(
        EventRow.node.in_(predecessors) & EventRow.kind.in_(["dossier.received", "dossier.numbered"])
    )
    for stream in {row.stream for row in rows}:
        dossier = centre.projector.dossier(stream)
        if dossier.received is None:
            continue
        given = numbers.parse(dossier.received.number)
        if given is not None and given.node == own and given.day == today:
            key = counter_of(given.agency, today)
            found[key] = max(found.get(key, 0), given.count)
        numbered = dossier.standing.newest.get("dossier.numbered")
        if numbered is not None and numbered.data.day[:4] == str(today.year):
            count = _count_in(numbered.data.number, own)
            key = f"result {dossier.received.agency} {today.year}"
            found[key] = max(found.get(key, 0), count)
    return found


def _count_in(number: str, own: int) -> int:
    """The count in a result's number that begins with the machine's own: 0007/QĐ-SXD of number 00 is 7."""
    digits = number[: len(number) - len(number.lstrip("0123456789"))]
    begins = f"{own:02d}"
    return int(digits.removeprefix(begins) or 0) if digits.startswith(begins) else 0
