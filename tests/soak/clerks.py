"""Clerks who work from morning to evening, whatever happens to their machine: each a thread before one screen.

What a page has called saved is remembered, and must be at central in the end. What was interrupted is left, and the next
dossier is begun: a clerk would look whether it is there, and no figure rests on it.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import requests

from central.demo.centre import RunningCentre
from central.demo.plan import PEOPLE
from central.demo.player import Player, Received
from central.demo.visitor import PageError, Visitor

PINS: Final = {person.id: person.pin for person in PEOPLE}
BREATH_S: Final = 0.2
NOT_HERE_YET: Final = 404


@dataclass
class Work:
    """What went from hand to hand, and what was done; shared by all clerks."""

    received: queue.Queue[Received] = field(default_factory=queue.Queue)
    approved: queue.Queue[Received] = field(default_factory=queue.Queue)
    saved: set[str] = field(default_factory=set)
    """Dossiers that a page has called received."""
    procedures: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    interrupted: int = 0
    """Acts in the middle of which a machine went away."""
    refused: Counter[str] = field(default_factory=Counter)
    """Acts that a page said no to, by its status; 404: the dossier had not come there yet."""


class Clerk(Player):
    """One clerk at one machine, who does the same two things in turn while it is day."""

    def __init__(self, centre: RunningCentre, name: str, seed: int, work: Work) -> None:
        super().__init__(centre, seed, lambda said: None)
        self._name, self._work = name, work
        self._turns_of: list[Callable[[], None]] = (
            [self._approve_one, self._approve_one]
            if name == "room-01"
            else [self._receive_one, self._return_one]
        )

    def work(self, evening: threading.Event) -> None:
        """Until it is evening."""
        self._visitors.clear()
        while not evening.is_set():
            for turn in self._turns_of:
                try:
                    turn()
                except requests.RequestException:
                    self._work.interrupted += 1
                    self._visitors.clear()
                    ready = self._centre.nodes[self._name].ready
                    while not evening.is_set() and not ready.wait(BREATH_S):
                        pass
                except PageError as why:
                    self._work.refused[str(why.status)] += 1
                    if why.status != NOT_HERE_YET:
                        self._visitors.clear()
                evening.wait(BREATH_S)

    def _at(self, node: str, person: str) -> Visitor:
        """Signed in, and the hour confirmed where the machine asks: it was off, or its clock has moved."""
        if (node, person) not in self._visitors:
            visitor = Visitor(self._centre.url(node))
            page = visitor.open("/sign-in")
            form = page.form("pin")
            if "hour" in form.choices:
                form.fields["hour"] = "right"
            visitor.press(page, form, person=person, pin=PINS[person])
            self._visitors[node, person] = visitor
        return self._visitors[node, person]

    # ---- what they do

    def _receive_one(self) -> None:
        if not self._work.procedures:
            if self._name != "counter-01":  # whose search it is that finds them
                return
            self._work.procedures = self._choose_procedures()
        self._procedures = self._work.procedures
        dossier = self._receive(self._name)
        self._work.saved.add(dossier.stream)
        self._work.done["received"] += 1
        self._work.received.put(dossier)

    def _approve_one(self) -> None:
        """Appraised, approved and sealed; one that has not come yet goes to the end of the pile."""
        try:
            dossier = self._work.received.get_nowait()
        except queue.Empty:
            return
        try:
            self._appraise(dossier)
            self._approve(dossier)
        except PageError as why:
            if why.status == NOT_HERE_YET:
                self._work.received.put(dossier)
            raise
        self._work.done["approved"] += 1
        self._work.approved.put(dossier)

    def _return_one(self) -> None:
        try:
            dossier = self._work.approved.get_nowait()
        except queue.Empty:
            return
        try:
            self._return(dossier, self._name)
        except PageError as why:
            if why.status == NOT_HERE_YET:
                self._work.approved.put(dossier)
            raise
        self._work.done["returned"] += 1
