"""This machine on its way to a card: what it is told, what it keeps, and what a power cut leaves."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from central.enrolment import COUNTER, Enrolment, Wish
from edge.enrolment import Machine
from edge.errors import CannotStart, NotEnrolled
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import read_keys
from edge.node import Node
from edge.settings import read_settings
from schemas.boxes import closed, opened
from schemas.enrolment import Misspelled, check_of, spelled
from tests.centres import SmallCentre

WISH = Wish("counter-03", "Quầy 03", COUNTER)
ADDRESS = "https://10.0.0.13:8600"


def machine(folder: Path, address: str = "") -> Machine:
    return Machine(folder / "counter-03", address=address, port=8603, ids=Ids())


@pytest.fixture
def card(centre: SmallCentre, tmp_path: Path) -> tuple[Path, str]:
    """The file that central answered with, and its check."""
    check = machine(tmp_path, ADDRESS).write_request(tmp_path / "request")
    request = (tmp_path / "request").read_bytes()
    answer, answer_check = Enrolment(centre["central"]).answer_file(request, check, WISH, by="quan.nv")
    (tmp_path / "card").write_bytes(answer)
    return tmp_path / "card", answer_check


def test_a_machine_is_a_node_when_it_has_taken_its_card(
    centre: SmallCentre, tmp_path: Path, card: tuple[Path, str]
) -> None:
    """It listens where it said that others reach it, and remembers that from its request on."""
    machine(tmp_path).take_card(*card)
    folder = Folder(tmp_path / "counter-03")
    settings = read_settings(folder.path)
    assert (settings.node, settings.host, settings.port) == ("counter-03.1", "0.0.0.0", 8600)
    node = Node(folder, settings, clock=centre.clock, ids=centre.ids)
    try:
        assert node.card.address == ADDRESS
        assert node.card.pin == node.keys.pin
    finally:
        node.close()
    with pytest.raises(CannotStart, match="holds a node already"):
        machine(tmp_path).write_request(tmp_path / "request")


def test_the_private_keys_are_in_no_file_that_leaves(tmp_path: Path, card: tuple[Path, str]) -> None:
    keys = read_keys(tmp_path / "counter-03" / "keys")
    assert keys.tls is not None
    secrets = (
        keys.ed25519.private_bytes_raw(),
        keys.x25519.private_bytes_raw(),
        keys.tls.private_numbers().private_value.to_bytes(32),
    )
    for file in (tmp_path / "request", card[0]):
        content = file.read_bytes()
        assert not any(secret in content or secret.hex().encode() in content for secret in secrets)


def test_a_power_cut_before_the_end_is_gone_on_from(tmp_path: Path, card: tuple[Path, str]) -> None:
    """Half of a database and a certificate are there, and no `node.toml`: it is laid down again from the beginning."""
    folder = Folder(tmp_path / "counter-03")
    folder.database.write_bytes(b"half a page")
    Path(f"{folder.database}-wal").write_bytes(b"torn")
    folder.root.write_bytes(b"")
    before = read_keys(folder.keys)
    machine(tmp_path).take_card(*card)
    assert read_keys(folder.keys).seal_key == before.seal_key


def test_a_power_cut_while_the_keys_are_made_leaves_none(tmp_path: Path) -> None:
    half = tmp_path / "counter-03" / "keys.new"
    half.mkdir(parents=True)
    (half / "seal.key").write_bytes(b"half")
    machine(tmp_path).write_request(tmp_path / "request")
    assert read_keys(tmp_path / "counter-03" / "keys").tls is not None
    assert not half.exists()


def test_asking_again_is_asking_for_the_same(tmp_path: Path) -> None:
    first = machine(tmp_path, ADDRESS).write_request(tmp_path / "one")
    assert machine(tmp_path, ADDRESS).write_request(tmp_path / "two") == first
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_card_with_another_check_is_not_taken(tmp_path: Path, card: tuple[Path, str]) -> None:
    with pytest.raises(NotEnrolled, match="somebody has changed the file"):
        machine(tmp_path).take_card(card[0], check_of(b"another"))
    with pytest.raises(Misspelled):
        machine(tmp_path).take_card(card[0], card[1][:-1])
    assert not (tmp_path / "counter-03" / "node.toml").exists()


def test_a_forged_card_is_not_taken_though_its_check_is_its_own(
    tmp_path: Path, card: tuple[Path, str]
) -> None:
    """One byte of the catalog changed, and the check made anew: the chain from the certificate does not hold."""
    keys = read_keys(tmp_path / "counter-03" / "keys")
    inside = opened(card[0].read_bytes(), keys.x25519)
    forged = closed(inside.replace("Quầy 03".encode(), "Quầy 09".encode()), keys.box_key, bytes(range(32)))
    card[0].write_bytes(forged)
    with pytest.raises(NotEnrolled, match="does not hold together"):
        machine(tmp_path).take_card(card[0], check_of(forged))


def test_a_card_in_another_folder_is_for_another_machine(tmp_path: Path, card: tuple[Path, str]) -> None:
    other = Machine(tmp_path / "counter-04", address="", port=0, ids=Ids())
    with pytest.raises(NotEnrolled, match="begin with --request"):
        other.take_card(*card)
    other.write_request(tmp_path / "request")
    with pytest.raises(NotEnrolled, match="closed for another machine"):
        other.take_card(*card)
    inside = opened(card[0].read_bytes(), read_keys(tmp_path / "counter-03" / "keys").x25519)
    passed_on = closed(inside, read_keys(tmp_path / "counter-04" / "keys").box_key, bytes(range(32)))
    card[0].write_bytes(passed_on)
    with pytest.raises(NotEnrolled, match="the keys of another machine"):
        other.take_card(card[0], check_of(passed_on))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("10.0.0.2:8600", "no address of a centre"),
        ("http://10.0.0.2:8600", "say https"),
        ("ftp://10.0.0.2", "no address of a centre"),
    ],
)
def test_central_is_asked_at_an_address_that_nobody_overhears(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(NotEnrolled, match=words):
        machine(tmp_path).ask(spelled(1), url)


def test_a_centre_that_does_not_answer_costs_nothing(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(NotEnrolled, match="give the same command again"):
        machine(tmp_path).ask(spelled(1), f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["10.0.0.3", "http://10.0.0.3", "https://A.local", "https://10.0.0.3/x"])
def test_an_address_is_one_that_others_can_use(tmp_path: Path, address: str) -> None:
    with pytest.raises(NotEnrolled, match="no address of a machine"):
        machine(tmp_path, address)
