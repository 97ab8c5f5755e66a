"""A node's server over a line: it shows the key on its card, follows renewals, and shuts out who was revoked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from central.centre import Office
from central.enrolment import RENEWED_BEFORE, Enrolment
from edge.errors import CannotStart
from edge.keys import NodeKeys
from edge.node import Node
from edge.server import Door, application, serving
from edge.web import create_pages
from schemas.calendar import local_day
from sync.errors import Refused, SyncError, Unavailable
from sync.remote import RemotePeer
from tests.addresses import own_address
from tests.centres import SmallCentre

DEADLINE_S = 30


@contextmanager
def served(node: Node) -> Iterator[str]:
    """The node at every address of this machine; its URL over the line."""
    node.settings = msgspec.structs.replace(node.settings, host="0.0.0.0", port=0)
    pages = create_pages(node, None, lambda: None)
    with serving(application(node, pages), "0.0.0.0", 0, door=Door(node)) as (_, port):
        yield f"https://{own_address()}:{port}"


def peer(of: Node, url: str, server: str, database: str = "dossiers") -> RemotePeer:
    return RemotePeer(
        url,
        database,
        user=of.id,
        password=of.keys.password_for(of.id, server),
        heartbeat_s=5,
        trusts=partial(of.trusts, server),
    )


def certificate_at(url: str) -> x509.Certificate:
    host, _, port = url.removeprefix("https://").rpartition(":")
    context = ssl._create_unverified_context()
    with socket.create_connection((host, int(port)), DEADLINE_S) as line, context.wrap_socket(line) as secure:
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def test_two_machines_meet_over_tls_by_their_cards_alone(centre: SmallCentre) -> None:
    """Neither has anything of the other's but the card in its catalog."""
    with ExitStack() as stack:
        url = stack.enter_context(served(centre["room-01"]))
        remote = stack.enter_context(closing(peer(centre["counter-01"], url, "room-01.1")))
        assert remote.revs_diff({}) == {}


def test_no_machine_passes_for_another_though_both_have_cards(centre: SmallCentre) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(served(centre["counter-02"]))
        remote = stack.enter_context(closing(peer(centre["counter-01"], url, "central.1")))
        with pytest.raises(Unavailable, match="another machine answers"):
            remote.revs_diff({})


def test_a_front_passes_for_central_until_it_is_revoked(centre: SmallCentre) -> None:
    """With keys of its own, by its card; and central does not pass for it."""
    central, front = centre["central"], centre["counter-02"]
    card = central.catalog.latest.card(front.id)
    assert card is not None
    Office(central).define([msgspec.structs.replace(card, duties=(), front=True)], by="quan.nv")
    centre.meet("central", "counter-01", "counter-02")
    with ExitStack() as stack:
        url, own = stack.enter_context(served(front)), stack.enter_context(served(central))
        asked = stack.enter_context(closing(peer(centre["counter-01"], url, "central.1")))
        assert asked.revs_diff({}) == {}
        shown = certificate_at(url).public_bytes(Encoding.DER)
        assert not centre["counter-01"].trusts("central.1", shown, itself=True)
        wrong = stack.enter_context(closing(peer(centre["counter-01"], own, "counter-02.1")))
        with pytest.raises(Unavailable, match="another machine answers"):
            wrong.revs_diff({})
        Enrolment(central).revoke(front.id, "stolen", by="quan.nv")
        centre.meet("central", "counter-01")
        again = stack.enter_context(closing(peer(centre["counter-01"], url, "central.1")))
        with pytest.raises(Unavailable, match="another machine answers"):
            again.revs_diff({})


def test_a_revoked_machine_is_spoken_to_no_more(centre: SmallCentre) -> None:
    """Its server still has the right key."""
    with ExitStack() as stack:
        url = stack.enter_context(served(centre["counter-02"]))
        Enrolment(centre["central"]).revoke("counter-02.1", "stolen", by="quan.nv")
        centre.meet("central", "counter-01")
        remote = stack.enter_context(closing(peer(centre["counter-01"], url, "counter-02.1")))
        with pytest.raises(Unavailable, match="another machine answers"):
            remote.revs_diff({})


def test_revoking_ends_the_feeds_that_are_open(centre: SmallCentre) -> None:
    """Whoever listened has to ask again, and is refused; all others are let in again."""
    ended: list[SyncError | None] = []

    def listen(remote: RemotePeer) -> None:
        try:
            remote.changes(page.last_seq, limit=100, wait_s=DEADLINE_S)
            ended.append(None)
        except SyncError as why:
            ended.append(why)

    with ExitStack() as stack:
        central = centre["central"]
        url = stack.enter_context(served(central))
        stolen, other = (
            stack.enter_context(closing(peer(centre[name], url, "central.1")))
            for name in ("counter-01", "counter-02")
        )
        page = stolen.changes("0", limit=1000, wait_s=0)
        listening = threading.Thread(target=listen, args=(stolen,))
        listening.start()
        Enrolment(central).revoke("counter-01.1", "stolen", by="quan.nv")
        listening.join(DEADLINE_S)
        assert not listening.is_alive()
        assert ended
        with pytest.raises(Refused):
            stolen.revs_diff({})
        assert other.revs_diff({}) == {}


def test_a_renewed_certificate_is_shown_without_a_restart(centre: SmallCentre) -> None:
    """It came with the catalog; the key, and so the trust of all others, stays."""
    node, central = centre["counter-01"], centre["central"]
    with ExitStack() as stack:
        url = stack.enter_context(served(node))
        remote = stack.enter_context(closing(peer(centre["room-01"], url, "counter-01.1")))
        remote.revs_diff({})
        before = certificate_at(url)
        centre.clock.at += (
            node.card.lease_to - local_day(centre.clock.at) - RENEWED_BEFORE + timedelta(days=1)
        )
        central.contacts.heard("counter-01.1")
        assert "counter-01.1" in Enrolment(central).renew()
        centre.meet("central", "counter-01")
        after = certificate_at(url)
        assert after.not_valid_after_utc > before.not_valid_after_utc
        assert after.public_key() == before.public_key()
        assert remote.revs_diff({}) == {}
        # the room has not even heard of the new card
        with closing(peer(centre["room-01"], url, "counter-01.1")) as fresh:
            assert fresh.revs_diff({}) == {}


def test_a_card_without_a_certificate_serves_its_own_machine_only(centre: SmallCentre) -> None:
    node = centre["counter-01"]
    node.keys = NodeKeys(node.keys.ed25519, node.keys.x25519)
    node.settings = msgspec.structs.replace(node.settings, host="0.0.0.0")
    with pytest.raises(CannotStart, match="has no TLS certificate"):
        Door(node)
    node.settings = msgspec.structs.replace(node.settings, host="127.0.0.1")
    assert Door(node).tls is None


# cheroot leaves a socket that it could not bind to the collector; a node ends then
leaves_a_socket = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@leaves_a_socket
@pytest.mark.parametrize(
    ("host", "words"),
    [("198.51.100.77", "no address of this machine"), ("no-such-host.invalid", "no address of this machine")],
)
def test_an_address_that_cannot_be_had_is_said_so(centre: SmallCentre, host: str, words: str) -> None:
    node = centre["counter-01"]
    app = application(node, create_pages(node, None, lambda: None))
    with pytest.raises(CannotStart, match=words), serving(app, host, 0):
        pass


@leaves_a_socket
def test_a_port_in_use_is_said_so(centre: SmallCentre) -> None:
    node = centre["counter-01"]
    app = application(node, create_pages(node, None, lambda: None))
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(CannotStart, match=rf"port {port} of 127\.0\.0\.1 is in use"),
            serving(app, "127.0.0.1", port),
        ):
            pass
