"""What central hears of machines that speak to other fronts, and of the fronts themselves. decisions/0051.

What a machine says of itself lies in the cluster, whichever front it came through, and central asks for it: a few machines at a
time, so that all of them are asked about as often as they say something new. A front says nothing there; central asks it
whether it is alive.
"""

from __future__ import annotations

import http.client
import logging
import math
import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from central.sending import address_of
from edge.access import SENT, STATE
from edge.lines import line_to
from edge.node import Node
from edge.state import SAID_EVERY_S
from schemas.entries import Card
from schemas.errors import Malformed
from schemas.events import moment
from schemas.states import read
from sync.documents import said_in
from sync.errors import NotFound, SyncError
from sync.remote import RemotePeer

LOOK_S: Final = 2.0
AT_ONCE: Final = 200
"""Of so many machines the cluster is asked at each look."""
PATIENCE_S: Final = 1.0
STOP_S: Final = 5.0

log = logging.getLogger(__name__)


class Hearing:
    """Of a running central, until `stop`. `there`: the catalog in the cluster; it is this one's own."""

    def __init__(self, centre: Node, there: RemotePeer) -> None:
        self._centre, self._there = centre, there
        self._next = 0
        self._known: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)

    def start(self) -> None:
        """The first look comes after `LOOK_S`, not before this returns."""
        self._thread.start()

    def stop(self) -> None:
        """Cuts off what the cluster is being asked; a front that is asked may still answer, for `STOP_S`."""
        self._stopping.set()
        self._there.close()
        if self._thread.ident is not None:
            self._thread.join(timeout=STOP_S)

    def _run(self) -> None:
        told = ""
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
                told = ""
            except SyncError as why:
                if told != (told := str(why)):
                    log.info("what machines say of themselves cannot be asked for: %s", why)
            except Exception:  # nobody would miss a thread that ends here
                log.exception("what machines say of themselves cannot be asked for")

    def look(self) -> None:
        """Ask each front, and the cluster for the notes of the next machines. Raises `SyncError`."""
        cards = [card for card in self._centre.catalog.latest.cards() if card.opens]
        fronts = [card for card in cards if card.front]
        if not fronts:
            return  # all that machines say comes by here
        for front in fronts:
            self._ask(front)
        machines = [card for card in cards if not card.front and card.node != self._centre.id]
        self._hear(machines)

    def _ask(self, front: Card) -> None:
        url = address_of(self._centre, front)
        if not url:
            return
        try:
            with line_to(url, partial(self._centre.trusts, front.node), PATIENCE_S) as (connection, path):
                connection.request("GET", f"{path}/healthz")
                said = connection.getresponse()
                said.read()
        except (OSError, http.client.HTTPException) as why:
            self._centre.contacts.lost(front.node, str(why))
            return
        if said.status == http.HTTPStatus.OK:
            self._centre.contacts.heard(front.node)
        else:
            self._centre.contacts.lost(front.node, f"it says {said.status}")

    def _hear(self, machines: Sequence[Card]) -> None:
        """Of all machines within `SAID_EVERY_S`, while there are not too many of them."""
        if not machines:
            return
        at_once = min(AT_ONCE, math.ceil(len(machines) * LOOK_S / SAID_EVERY_S))
        rounds_s = len(machines) / at_once * LOOK_S
        for number in range(at_once):
            card = machines[(self._next + number) % len(machines)]
            self._take(card, timedelta(seconds=2 * max(rounds_s, SAID_EVERY_S)))
        self._next = (self._next + at_once) % len(machines)

    def _take(self, card: Card, silent: timedelta) -> None:
        """Keep what a machine said since it was last asked about; only what is new proves that it is there. At the first
        time central believes the machine's clock, if that agrees with its own."""
        note = self._there.get_local(f"{STATE}{card.node}")
        try:
            state = None if note is None else read(note, card)
        except Malformed:
            state = None  # somebody else's, or of another version
        if state is not None:
            before = self._known.get(card.node)
            self._known[card.node] = state.at
            if before is None:
                is_there = timedelta(0) <= self._centre.clock() - moment(state.at) < silent
            else:
                is_there = before != state.at
            if is_there:
                self._centre.contacts.heard(card.node, silent=silent)
            if state.at > self._own(card):
                self._centre.stores["catalog"].put_local(f"{STATE}{card.node}", state.document())
        if self._centre.collects:
            self._take_sent(card)

    def _own(self, card: Card) -> str:
        """When the machine said what central has of it; "" for nothing."""
        try:
            return read(self._centre.stores["catalog"].get_local(f"{STATE}{card.node}"), card).at
        except (NotFound, Malformed):
            return ""

    def _take_sent(self, card: Card) -> None:
        """That a machine has sent all that it has, to this central: what it said to the one before lies there as well."""
        note = self._there.get_local(f"{SENT}{card.node}")
        if note is not None and note.get("to") == self._centre.id:
            self._centre.stores["catalog"].put_local(f"{SENT}{card.node}", said_in(note))
