"""The catalog's chain: which entries are proven to be central's, in their order.

Central alone writes it. Its chain numbers the entries: `seq` is the catalog's number, and an event that
names catalog "413-9f2c01ab44d0e7aa" is judged, by everybody and for ever, against exactly the first 413
entries. Entries are applied along `prev`, none left out; the first is central's own card, signed by the
centre's certificate authority, whose certificate is pinned at enrolment and is the root of all trust.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from schemas.canonical import from_base64
from schemas.enrolment import incarnation
from schemas.entries import KINDS, Agency, Card, Choice, Duty, Entry, Person, Redaction, kind_of, subject_of
from schemas.errors import CatalogBroken, Malformed
from schemas.events import Document, Event, Unknown, moment, parse
from schemas.seals import seal_holds, signature_holds
from schemas.views import Said, Trust, View


@dataclass
class Catalog:
    """The entries applied so far. `root` is the DER of the centre's pinned CA certificate."""

    root: bytes
    _said: Said = field(default_factory=Said)
    _numbers: dict[str, int] = field(default_factory=dict)
    _tip: str = ""
    _centre: str | None = None
    _seated: str | None = None
    _introduced: dict[str, Card] = field(default_factory=dict)
    _dropped: dict[str, int] = field(default_factory=dict)
    _streams: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The entries applied, by name, in order."""
        return self._said.names

    @property
    def moments(self) -> list[datetime]:
        """When each entry was written, by central's clock."""
        return self._said.moments

    @property
    def trust(self) -> Trust:
        """Who may be believed, by what the entries applied so far say."""
        return self._said.trust

    @property
    def number(self) -> int:
        """How many entries were applied: the number of the newest, 0 before the first."""
        return len(self.names)

    @property
    def centre(self) -> str | None:
        """Central's node id: the newest whose card the authority has signed, wherever that was seen."""
        return self._centre

    @property
    def seated(self) -> str | None:
        """The central that wrote the newest entry applied. A new one that has written none yet only collects."""
        return self._seated

    def card_of(self, node: str) -> Card | None:
        """The newest card of a node; that of a new central counts from when it was introduced."""
        return self.latest.card(node) or self._introduced.get(node)

    def introduce(self, document: Document) -> Card | None:
        """Hear of a central: its own card, sealed by itself and signed by the authority; None for anything else.

        Who is central the authority says and nobody else; where in the catalog its card stands does not matter here.
        """
        try:
            event = parse(document)
            if isinstance(event, Unknown) or event.kind != "card.granted" or event.signed is None:
                return None
            card = msgspec.convert(event.data, Card)
        except (Malformed, msgspec.ValidationError):
            return None
        if card.node != event.node or Duty.CATALOG not in card.duties:
            return None
        if not (signature_holds(event, self.root) and seal_holds(document, card.ed25519)):
            return None
        self._introduced[card.node] = card
        self._meet(card.node)
        return card

    def _meet(self, node: str) -> None:
        if self._centre is None or _follows(node, self._centre):
            self._centre = node

    def key_of_central(self, node: str) -> str | None:
        """The key of one that is, was or will be central; None for any other node."""
        card = self._introduced.get(node)
        if card is None and node == self._seated:
            card = self.latest.card(node)
        return None if card is None else card.ed25519

    @property
    def tip(self) -> str:
        """The hash of the newest entry applied."""
        return self._tip

    @property
    def name(self) -> str:
        """What an event written now puts in `catalog`; empty before the first entry."""
        return self.names[-1] if self.names else ""

    def apply(self, documents: Iterable[Document]) -> None:
        """Apply the next entries, in order of `seq`. Raises `CatalogBroken` and applies none of them.

        One seal is verified for the whole run: entry n's seal proves its `prev`, and so every entry before.
        """
        first = self.number + 1
        run = [(document, self._parsed(document, seq)) for seq, document in enumerate(documents, first)]
        if not run:
            return
        before, tip = self.name, self._tip
        for seq, (_, event) in enumerate(run, first):
            if event.seq != seq or event.prev != tip or event.catalog != before:
                raise CatalogBroken(seq, "does not follow the entry before it")
            before, tip = f"{seq}-{event.hash[:16]}", event.hash
        entries = [self._entry(event) for _, event in run]
        self._prove(run, entries)
        for (document, event), entry in zip(run, entries, strict=True):
            if isinstance(entry, Card) and entry.node == event.node and event.signed is not None:
                self.introduce(document)
            if entry is not None:
                self._said.learn(event.seq, entry)
                self._streams[event.kind, subject_of(entry)] = (event.stream, event.hash)
            if isinstance(entry, Choice):
                self._dropped.update(dict.fromkeys(entry.dropped, entry.after))
            self._seated = event.node
            self._centre = self._centre or event.node
            self.moments.append(moment(event.at))
            # last: another thread that sees the new number finds its entry
            self.names.append(f"{event.seq}-{event.hash[:16]}")
            self._numbers[self.name] = event.seq
        self._tip = tip

    def keys_of(self, node: str) -> frozenset[str]:
        """Every Ed25519 key that a node's cards ever had (base64url)."""
        return frozenset(card.ed25519 for card in self._said.cards_of(node))

    def stream_of(self, entry: Entry) -> tuple[str, str] | None:
        """The stream of an entry's subject and its newest event; None for a new subject."""
        return self._streams.get((kind_of(entry), subject_of(entry)))

    def at(self, name: str) -> View | None:
        """What was in force at a named catalog; None when we have not applied it (the event waits)."""
        number = self._numbers.get(name, self._dropped.get(name))
        return None if number is None else self.as_of(number)

    def as_of(self, number: int) -> View:
        """What was in force at an entry, by its number."""
        return View(self._said, number)

    def passed(self, name: str) -> bool:
        """Whether an entry that is not here has a number that was given to another one: central has said two things."""
        number = name.partition("-")[0]
        return number.isdecimal() and 0 < int(number) <= self.number and self.at(name) is None

    def drops(self, name: str) -> bool:
        """Whether an entry belongs to a branch that was not chosen."""
        return name in self._dropped

    def become(self, other: Catalog) -> None:
        """Say from now on what another one says: one of two branches was chosen, and this was the other."""
        introduced = {**self._introduced, **other._introduced}
        vars(self).update(vars(other))
        self._introduced = introduced
        for node in introduced:
            self._meet(node)

    @property
    def latest(self) -> View:
        """As of the newest entry applied; what is applied later is not in it."""
        return self.as_of(self.number)

    def _parsed(self, document: Document, seq: int) -> Event:
        try:
            event = parse(document)
        except Malformed as why:
            raise CatalogBroken(seq, str(why)) from why
        if isinstance(event, Unknown):
            raise CatalogBroken(seq, "written by a newer version; update this node")
        return event

    def _entry(self, event: Event) -> Entry | None:
        """The entry's content; a kind that a newer version writes is kept in the chain and not applied."""
        kind = KINDS.get(event.kind)
        if kind is None:
            return None
        try:
            entry: Entry = msgspec.convert(event.data, kind)
            if isinstance(entry, Person | Agency):
                entry.ders()
            if isinstance(entry, Card):
                from_base64(entry.tls, "tls")
            if isinstance(entry, Redaction | Choice) and len({event.by, *event.with_} - {""}) < 2:
                raise Malformed("with", "it needs two persons")
        except (msgspec.ValidationError, Malformed) as why:
            raise CatalogBroken(event.seq, str(why)) from why
        return entry

    def _prove(self, run: list[tuple[Document, Event]], entries: list[Entry | None]) -> None:
        first = run[0][1]
        if first.seq == 1:
            card = entries[0]
            if not isinstance(card, Card) or card.node != first.node or Duty.CATALOG not in card.duties:
                raise CatalogBroken(1, "the first entry is central's own card")
            if not signature_holds(first, self.root):
                raise CatalogBroken(1, "not signed by the pinned certificate authority")
        else:
            found = self.latest.card(self._seated or "")
            assert found is not None, "entry 1 is central's card"  # noqa: S101 - an invariant of this class
            card = found
        for place, ((document, event), entry) in enumerate(zip(run, entries, strict=True)):
            takes_over = self._takes_over(card, event, entry)
            renewed = entry if isinstance(entry, Card) and entry.node == card.node else None
            # the seal of the last entry proves those before it, as far back as the key is the same
            followed = place + 1 < len(run) and run[place + 1][1].node == event.node
            proves = renewed is not None or takes_over is not None or not followed
            key = (takes_over or card).ed25519
            if (takes_over or card).node != event.node or (proves and not seal_holds(document, key)):
                raise CatalogBroken(event.seq, "not sealed by central")
            card = takes_over or renewed or card

    def _takes_over(self, card: Card, event: Event, entry: Entry | None) -> Card | None:
        """The card of a new central, where an entry is that: signed by the authority, of a later installation."""
        if event.node == card.node or not isinstance(entry, Card) or entry.node != event.node:
            return None
        if Duty.CATALOG not in entry.duties or not signature_holds(event, self.root):
            return None
        return entry if _follows(entry.node, card.node) else None


def _follows(node: str, before: str) -> bool:
    """Whether one is a later installation at the place of the other."""
    try:
        (place, number), (other, earlier) = incarnation(node), incarnation(before)
    except Malformed:
        return False
    return place == other and number > earlier
