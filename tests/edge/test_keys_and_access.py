"""Who gets in: nodes by their card's key, offline, each at the server that it means; programs by a password."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from argon2 import PasswordHasher
from werkzeug.test import Client

from central.centre import Office
from edge.access import READER, SENT, STATE, Access
from edge.keys import password_holds
from edge.server import own_databases
from edge.settings import ReaderSettings
from sync.errors import NotFound
from sync.sessions import User
from tests.centres import SmallCentre


def _access(centre: SmallCentre, heard: list[str]) -> Access:
    hasher = PasswordHasher(time_cost=1, memory_cost=64)
    reader = ReaderSettings("auditor", hasher.hash("secret"))
    room = centre["room-01"]
    return Access(room.catalog, (reader,), hasher, node=room.id, heard=heard.append)


def test_a_neighbour_is_let_in_by_its_signature(centre: SmallCentre) -> None:
    """With no shared secret, and central out of reach."""
    heard: list[str] = []
    access = _access(centre, heard)
    password = centre["counter-01"].keys.password_for("counter-01.1", "room-01.1")
    user = access.authenticate("counter-01.1", password)

    assert user is not None
    assert access.authorize(user, "dossiers", "POST", "_bulk_docs")
    assert heard == ["counter-01.1"]


def test_what_opens_one_server_opens_no_other(centre: SmallCentre) -> None:
    """The password names the server that it is for, and the node whose it is."""
    access = _access(centre, [])
    keys = centre["counter-01"].keys
    assert access.authenticate("counter-01.1", keys.password_for("counter-01.1", "central.1")) is None
    assert access.authenticate("counter-02.1", keys.password_for("counter-02.1", "room-01.1")) is None
    assert access.authenticate("counter-09.1", keys.password_for("counter-09.1", "room-01.1")) is None
    assert not password_holds(keys.seal_key, "counter-01.1", "room-01.1", "rubbish")


def test_a_reader_reads_and_keeps_its_checkpoint_and_no_more(centre: SmallCentre) -> None:
    """CouchDB's replicator insists on its `_local` document; nothing else is written."""
    access = _access(centre, [])
    assert access.authenticate("auditor", "wrong") is None
    user = access.authenticate("auditor", "secret")
    assert user is not None
    assert access.authorize(user, "dossiers", "GET", "_all_docs")
    assert access.authorize(user, "dossiers", "POST", "_bulk_get")
    assert access.authorize(user, "dossiers", "PUT", "_local/x")
    assert not access.authorize(user, "dossiers", "POST", "_bulk_docs")
    assert not access.authorize(user, "dossiers", "PUT", "x")
    assert not access.authorize(None, "dossiers", "GET", "")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "_purge"),
        ("POST", "_compact"),
        ("PUT", "_security"),
        ("GET", "_security"),
        ("PUT", "_revs_limit"),
        ("GET", "_local_docs"),
        ("POST", "_find"),
        ("POST", "_explain"),
        ("POST", "_index"),
        ("DELETE", "_index/a/json/b"),
        ("POST", "_all_docs_"),
    ],
)
def test_what_replicating_does_not_need_is_closed_to_all(centre: SmallCentre, method: str, path: str) -> None:
    access = _access(centre, [])
    neighbour = access.authenticate(
        "counter-01.1", centre["counter-01"].keys.password_for("counter-01.1", "room-01.1")
    )
    reader = access.authenticate("auditor", "secret")
    assert neighbour is not None
    assert reader is not None
    for user in (neighbour, reader):
        assert not access.authorize(user, "dossiers", method, path)


def test_a_neighbour_may_all_that_replicating_needs(centre: SmallCentre) -> None:
    access = _access(centre, [])
    password = centre["counter-01"].keys.password_for("counter-01.1", "room-01.1")
    user = access.authenticate("counter-01.1", password)
    for method, path in (
        ("GET", ""),
        ("GET", "_changes"),
        ("POST", "_revs_diff"),
        ("POST", "_bulk_get"),
        ("POST", "_bulk_docs"),
        ("PUT", "_local/abc"),
        ("POST", "_ensure_full_commit"),
        ("PUT", "a-document/an-attachment"),
        ("GET", "_design/x"),
    ):
        assert access.authorize(user, "dossiers", method, path), path


def test_only_the_machine_itself_says_how_it_stands(centre: SmallCentre) -> None:
    """Or one machine, or a program that only reads, could tell a new central that it need not wait for another machine's work."""
    access = _access(centre, [])
    password = centre["counter-01"].keys.password_for("counter-01.1", "room-01.1")
    user = access.authenticate("counter-01.1", password)
    for note in (STATE, SENT):
        for method in ("PUT", "DELETE"):
            assert access.authorize(user, "catalog", method, f"_local/{note}counter-01.1")
            assert not access.authorize(user, "catalog", method, f"_local/{note}counter-02.1")
            assert not access.authorize(
                User("counter-01.1", (READER,)), "catalog", method, f"_local/{note}counter-01.1"
            )
        assert access.authorize(user, "catalog", "GET", f"_local/{note}counter-02.1")


def test_no_way_of_writing_a_note_leads_past_that(centre: SmallCentre) -> None:
    """Notes travel among the documents of a batch too, and by POST and COPY, and there the address says nothing of whose they are."""
    counter, room = centre["counter-01"], centre["room-01"]
    client = own_databases(room, _access(centre, []))
    name, password = counter.id, counter.keys.password_for(counter.id, room.id)
    for note in (f"_local/{STATE}counter-02.1", f"_local/{SENT}counter-02.1"):
        ways: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
            ("POST", "/catalog/_bulk_docs", {"docs": [{"_id": note}], "new_edits": False}, {}),
            ("POST", "/catalog/_bulk_docs", {"docs": [{"_id": note}]}, {}),
            ("POST", "/catalog", {"_id": note}, {}),
            ("COPY", f"/catalog/_local/{SENT}counter-01.1", None, {"Destination": note}),
            ("PUT", f"/catalog/{note}", {}, {}),
        )
        mine = Client(client).put(f"/catalog/_local/{SENT}counter-01.1", json={}, auth=(name, password))
        assert mine.status_code == 201
        for method, path, body, headers in ways:
            said = Client(client).open(path, method=method, json=body, headers=headers, auth=(name, password))
            assert said.status_code in (401, 403, 404, 405), (method, path, said.status_code, said.text)
        with pytest.raises(NotFound):
            room.stores["catalog"].get_local(note.removeprefix("_local/"))


def test_a_revoked_node_is_let_in_nowhere_whatever_session_it_has(centre: SmallCentre) -> None:
    """Not by its password, which still holds, and not by the session that it opened before."""
    access = _access(centre, [])
    password = centre["counter-01"].keys.password_for("counter-01.1", "room-01.1")
    user = access.authenticate("counter-01.1", password)
    assert access.authorize(user, "dossiers", "GET", "_changes")

    card = centre["central"].catalog.latest.card("counter-01.1")
    assert card is not None
    revoked = msgspec.structs.replace(card, duties=(), revoked="stolen")
    Office(centre["central"]).define([revoked], by="quan.nv")
    centre.meet("central", "room-01")

    assert access.authenticate("counter-01.1", password) is None
    assert not access.authorize(user, "dossiers", "GET", "_changes")
