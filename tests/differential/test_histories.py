"""The same history lived on our server and on another: after each act both say and show the same."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from tests.bench.peers import Peer
from tests.differential.differences import KNOWN, Differences
from tests.differential.histories import DOCUMENTS, LOCALS, Act, histories
from tests.differential.sides import Side, documents_of
from tests.proving import Times


@pytest.mark.proof
def test_two_servers_live_the_same_history(ours: Peer, theirs: Peer, times: Times) -> None:
    """Where they may differ, and who is right, differences.py says."""
    numbers = count(1)
    known = KNOWN[theirs.name]
    with ours.client() as our_client, theirs.client() as their_client:

        @settings(
            max_examples=times(60, 800),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(histories)
        def lived_alike(history: list[Act]) -> None:
            database = f"history-{next(numbers)}"
            here = Side(our_client, ours.url, database)
            there = Side(their_client, theirs.url, database)
            try:
                _live(here, there, history, known)
            finally:
                here.drop()
                there.drop()

        lived_alike()


def _live(here: Side, there: Side, history: list[Act], known: Differences) -> None:
    open_questions: set[str] = set()
    """Documents whose winner depends on hashes that each server makes its own way."""
    for act in history:
        about = documents_of(act)
        if about & open_questions or known.apart(here, act):
            continue
        assert known.seen(here.do(act)) == known.seen(there.do(act)), act
        for doc in about:
            if _is_tied(here, doc):
                open_questions.add(doc)
            else:
                assert known.seen(here.document(doc)) == known.seen(there.document(doc)), (act, doc)
    docs = [doc for doc in DOCUMENTS if doc not in open_questions]
    if docs:
        seen, others = (known.seen(side.database(docs, LOCALS)) for side in (here, there))
        if not known.bulk_in_order and any(len(documents_of(act)) > 1 for act in history):
            seen["order"] = others["order"]
        assert seen == others


def _is_tied(side: Side, doc: str) -> bool:
    """Whether two leaves that servers made themselves are told apart by their hashes alone."""
    made = Counter((leaf.deleted, leaf.generation) for leaf in side.leaves(doc) if leaf.name[0] == "e")
    return any(many > 1 for many in made.values())
