"""A configuration is right, or one line says where it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.errors import CannotStart
from edge.settings import (
    CouchdbSettings,
    NodeSettings,
    PeerSettings,
    read_config,
    read_settings,
    write_settings,
)

GOOD = """\
# Quầy 03
node = "counter-03.1"
host = "0.0.0.0"
port = 8603

[[peers]]
node = "central.1"
url = "https://10.0.0.2:8600"

[[peers]]
node = "room-01.1"
url = "http://127.0.0.1:8601"
"""


def couchdb(url: str) -> str:
    return f'{{url = "{url}", credentials = "couchdb"}}'


def read(folder: Path, text: str, **environment: str) -> NodeSettings:
    (folder / "node.toml").write_text(text, encoding="utf-8")
    return read_config(folder / "node.toml", environment)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert settings.peers[1] == PeerSettings("room-01.1", "http://127.0.0.1:8601")
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert (tmp_path / "node.toml").stat().st_mode & 0o077 == 0  # passwords may stand in it


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words"),
    [
        ("port = 8603", "port = 86030", 4, "port: Expected `int` <= 65535"),
        ("port = 8603", 'port = "8603"', 4, "port: Expected `int`, got `str`"),
        ("port = 8603", "prot = 8603", 4, "prot: there is no setting of this name"),
        ("port = 8603", "port = ", 4, "Invalid value"),
        ("port = 8603", "port 8603", 4, "Expected '=' after a key"),
        ('"counter-03.1"', '"Quầy 03"', 2, "node: Expected `str` matching regex"),
        ("https://10.0.0.2:8600", "http://10.0.0.2:8600", 6, "say https"),
        ("http://127.0.0.1:8601", "127.0.0.1:8601", 10, "is no https://HOST:PORT"),
        ('node = "room-01.1"', "node = 5", 11, "Expected `str`, got `int`"),
        ('node = "room-01.1"', 'name = "room-01.1"', 11, "there is no setting of this name"),
        ('node = "room-01.1"\n', "", 10, "missing required field `node`"),
        ('node = "room-01.1"', 'node = "central.1"', 11, "another one is called 'central.1' too"),
        ("port = 8603", "timestamp.every_s = 0", 4, "timestamp.every_s: Expected `int` >= 1"),
        ("port = 8603", 'timestamp = {url = "tsa"}', 4, "timestamp: 'tsa' is no https://HOST/PATH"),
        ("port = 8603", 'documents = "couchdb"', 4, "documents: there is no section [couchdb]"),
        ("port = 8603", 'documents = "couch"', 4, "documents: Invalid enum value 'couch'"),
        (
            "port = 8603",
            'couchdb = {url = "http://127.0.0.1:5984"}',
            4,
            "missing required field `credentials`",
        ),
        ("port = 8603", f"couchdb = {couchdb('http://10.0.0.9:5984')}", 4, "say https"),
        (
            "port = 8603",
            f"couchdb = {couchdb('http://a:b@127.0.0.1:5984')}",
            4,
            "couchdb: it is an address alone",
        ),
        ("port = 8603", f"couchdb = {couchdb('couch')}", 4, "couchdb: 'couch' is no https://HOST:PORT"),
        (
            "port = 8603",
            'couchdb = {url = "http://127.0.0.1:5984", credentials = "couchdb", database_prefix = "Cần Thơ/"}',
            4,
            "couchdb.database_prefix: Expected `str` matching regex",
        ),
        ("port = 8603", "mdns = 1", 4, "mdns: Expected `bool`, got `int`"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, words: str
) -> None:
    assert right in GOOD
    with pytest.raises(CannotStart) as told:
        read(tmp_path, GOOD.replace(right, wrong, 1))
    said = str(told.value)
    assert "\n" not in said
    assert f"{tmp_path / 'node.toml'}, line {line}: " in said
    assert words in said


def test_a_setting_that_is_missing_has_no_line(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"node\.toml: Object missing required field `node`"):
        read(tmp_path, "port = 1")


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    """And its mistakes are named by their variable."""
    settings = read(tmp_path, GOOD, MOTCUA_PORT="0", MOTCUA_HOST="127.0.0.1", MOTCUA_COUCHDB_URL="x")
    assert (settings.host, settings.port, settings.node) == ("127.0.0.1", 0, "counter-03.1")
    with pytest.raises(CannotStart, match=r"^MOTCUA_PORT: Expected `int` <= 65535"):
        read(tmp_path, GOOD, MOTCUA_PORT="86030")
    with pytest.raises(CannotStart, match=r"^MOTCUA_PORT: Expected `int`"):
        read(tmp_path, GOOD, MOTCUA_PORT="many")
    assert not read(tmp_path, GOOD, MOTCUA_MDNS="false").mdns
    with pytest.raises(CannotStart, match=r"^MOTCUA_MDNS: Expected `bool`, got `str`"):
        read(tmp_path, GOOD, MOTCUA_MDNS="maybe")


def test_a_machine_is_not_told_by_its_surroundings_who_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, MOTCUA_NODE="central.1").node == "counter-03.1"


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "node.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CannotStart, match=re.escape(str(file))):
        read_config(file, {})


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0o600, "cannot be read"),
        (b"motcua:s\n", 0o644, "can be read by others: chmod 600"),
        (b"motcua\n", 0o600, "is not one line with user:password"),
        (b"motcua:\n", 0o600, "is not one line with user:password"),
        (b"motcua:s\nx:y\n", 0o600, "is not one line with user:password"),
        (b"", 0o600, "is not one line with user:password"),
        (b"\xff:\xff", 0o600, "is not UTF-8"),
    ],
)
def test_credentials_of_couchdb_are_one_line_for_one_reader(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    settings = CouchdbSettings("http://127.0.0.1:5984", "couchdb")
    if content is not None:
        (tmp_path / "couchdb").write_bytes(content)
        (tmp_path / "couchdb").chmod(mode)
    with pytest.raises(CannotStart, match=words) as told:
        settings.login(tmp_path)
    assert str(tmp_path / "couchdb") in str(told.value)
    (tmp_path / "couchdb").write_text("motcua:mật:khẩu\n", encoding="utf-8")
    (tmp_path / "couchdb").chmod(0o600)
    assert settings.login(tmp_path) == ("motcua", "mật:khẩu")
