"""Plausible histories for property tests: several places work on one dossier, meet now and then, and err.

Each place knows what it wrote and what it was told, so that branches, merges and conflicts come about as
they do between real nodes; some acts break a rule (no such person, no such machine, nonsense).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

from schemas.events import Event, EventHash, Unknown
from tests.schemas.histories import (
    History,
    Step,
    amended,
    appraised,
    approved,
    extended,
    fee_collected,
    fee_refunded,
    history,
    numbered,
    recalled,
    received,
    refused,
    registered,
    returned,
    sealed,
    sent_back,
    settled,
    told,
    withdrawal_asked,
    withdrawal_granted,
    withdrawal_refused,
)

ROOM = [
    sealed(),
    numbered(),
    extended(3),
    told(
        "dossier.supplement_requested",
        "lan",
        "room-01.1",
        components=[{"name": "Đơn", "why": "thiếu"}],
        reason="?",
    ),
    told("dossier.obligation_asked", "lan", "room-01.1", what="Thuế", amount=1),
    told("dossier.taken_over", "lan", "room-01.1"),
]

WORK: dict[str, list[Step]] = {
    "room-01.1": [approved(), approved("b"), refused(), appraised(), appraised(passed=False), *ROOM],
    "counter-02.1": [
        withdrawal_asked(),
        returned(by="minh", node="counter-02.1"),
        received(by="minh", node="counter-02.1"),
        registered("H37.08-261120-0975"),
        amended("Nông Thị Tày", by="minh", node="counter-02.1"),
        fee_collected(2, by="ngan", node="counter-02.1"),
        told("dossier.forwarded", "minh", "counter-02.1", room="4", opinion=True),
        told("dossier.reception_cancelled", "minh", "counter-02.1", reason="Sai thủ tục"),
        told("visit.called", "minh", "counter-02.1", counter="Quầy 02"),
        told(
            "petition.filed",
            "",
            "counter-02.1",
            sender={"name": "Bà Lan"},
            text="?",
            due="2026-12-07T09:30:00.000000Z",
        ),
    ],
    "room-02.1": [
        withdrawal_granted(),
        approved("b", by="quang", node="room-02.1"),
        withdrawal_refused(),
        appraised(by="dung", node="room-02.1"),
        extended(2, by="quang", node="room-02.1"),
        sent_back(),
        recalled(),
        numbered("13/GCN", by="chi", node="room-02.1"),
        approved(by="kim", node="room-02.1"),
        told("dossier.suspended", "quang", "room-02.1", ground="other", reason="?"),
        told("dossier.note", "dung", "room-02.1", text="Đã gọi điện"),
    ],
    "counter-01.1": [
        returned(),
        withdrawal_asked(by="hoa", node="counter-01.1"),
        returned("b"),
        received("Ai đó khác"),
        amended(),
        fee_collected(),
        fee_refunded("0" * 64),
        told("dossier.supplied", "hoa", "counter-01.1"),
        told("visit.ticket_taken", "", "counter-01.1", ticket="A1", queue="Đất đai"),
        told("node.shift_opened", "tien", "counter-01.1", cash=0),
        told("dossier.seal_void", "kim", "counter-01.1", result="?", reason="?"),
    ],
    "central.1": [],
    "central.2": [],
}

ERRORS: list[dict[str, Any]] = [
    {"by": "nobody"},
    {"by": "hoa"},
    {"node": "kiosk-09.1"},
    {"node": "counter-02.1"},
    {"catalog": "999-" + "0" * 16},
    {"catalog": "1-" + "0" * 16},
    {"data": {"nonsense": True}},
    {"rests_on": ["0" * 64]},
    {"signed_by": ""},
    {"signed_by": "quang"},
    {"kind": "dossier.teleported", "data": {}},
]


def _settlement(past: History, officer: str, node: str, draw: Callable[[int], int]) -> Step | None:
    found = [conflict for conflict in past.dossier.conflicts if conflict.for_desk]
    if not found:
        return None
    conflict = found[draw(len(found))]
    chosen = draw(len(conflict.members) + 1)
    data = {
        "conflict": conflict.id,
        "members": list(conflict.members),
        "stands": list(conflict.members[chosen : chosen + 1]),
        "reason": "Theo biên bản",
    }
    return settled(None, by=officer, node=node).but(data=data, rests_on=list(conflict.members))


@st.composite
def histories(draw: st.DrawFn, *, max_acts: int = 12) -> History:
    """What all places together know in the end."""
    begin = history(received(), *[appraised()][draw(st.integers(0, 4)) // 4 :])
    knows = dict.fromkeys(WORK, begin)
    everything = begin

    def below(count: int) -> int:
        return draw(st.integers(0, count - 1))

    for _ in range(draw(st.integers(0, 3)) * max_acts // 3):
        place = draw(st.sampled_from(list(WORK)))
        if draw(st.booleans()):
            other = draw(st.sampled_from(list(WORK)))
            knows[place] = knows[other] = knows[place] | knows[other]
        step: Step | None
        if WORK[place]:
            step = draw(st.sampled_from(WORK[place]))
            if draw(st.integers(0, 6)) == 6:
                step = step.but(**draw(st.sampled_from(ERRORS)))
        else:
            knows[place] = everything if draw(st.booleans()) else knows[place]
            step = _settlement(knows[place], draw(st.sampled_from(["thu", "son", "ha"])), place, below)
        if step is not None:
            knows[place] = knows[place] + step
            everything = everything | knows[place]
    return everything


def ancestors(past: History, event_hash: str) -> set[EventHash]:
    """Everything that the author of an event could have seen, by the graph alone."""
    found: set[EventHash] = set()
    left = [EventHash(event_hash)]
    while left:
        event = past.events.get(left.pop())
        for parent in event.parents if isinstance(event, Event) else ():
            if parent in past.events and parent not in found:
                found.add(EventHash(parent))
                left.append(EventHash(parent))
    return found


def only(past: History, kept: set[EventHash]) -> History:
    return History(past.notebook, {h: event for h, event in past.events.items() if h in kept})


def shuffled_with_duplicates(past: History, random: Random) -> list[Event | Unknown]:
    events = list(past)
    more = events + random.choices(events, k=len(events) // 2 + 1) if events else []
    random.shuffle(more)
    return more
