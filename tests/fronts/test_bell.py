"""The one who listens for all: what he does not hear any more nobody waits for."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from typing import Any

import pytest

from sync.bell import Bell
from sync.errors import Unavailable
from sync.peer import ChangesPage
from sync.remote import CONNECT_S, RemoteDatabase, RemotePeer
from tests.conformance.conftest import Server
from tests.waiting import until


class Breaking(RemotePeer):
    """Breaks with what nobody thought of, as soon as it would wait."""

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        if wait_s:
            raise RuntimeError("nobody thought of this")
        return super().changes(since, limit=limit, wait_s=0)


class Breakable(RemoteDatabase):
    def listener(self, *, heartbeat_s: float) -> RemotePeer:
        whole = super().listener(heartbeat_s=heartbeat_s)
        whole.__class__ = Breaking
        return whole


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_breaks_for_any_reason_hears_nothing_any_more(behind: Server) -> None:
    """Or feeds would beat for ever, as if somebody listened."""
    database = Breakable(behind.url, behind.database, user=behind.user, password=behind.password)
    with closing(database), closing(Bell(database, name="dossiers")) as bell:
        until(lambda: bell.published > 0)
        until(lambda: bell.closed)
        with pytest.raises(Unavailable):
            bell.await_hearing(0)


def test_a_listener_has_no_more_patience_with_a_host_that_is_not_there_than_the_database_has() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        closing(RemoteDatabase(f"http://127.0.0.1:{full.getsockname()[1]}", "a", connect_s=0.1)) as database,
        closing(database.listener(heartbeat_s=5)) as listener,
    ):
        began = time.monotonic()
        with pytest.raises(Unavailable, match="no connection in time"):
            listener.changes("now", limit=1, wait_s=0)
        assert time.monotonic() - began < CONNECT_S / 2
