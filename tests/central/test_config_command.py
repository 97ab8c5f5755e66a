"""What can be set stands in the docs as the code has it; what is set is shown, and its secrets are not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import click.testing
import msgspec
import pytest

from central.cli import main
from central.config_command import HIDDEN, explained
from edge.settings import NodeSettings

DOCS = Path(__file__).parents[2] / "docs"
WHOLE = """\
node = "central.1"
idle_lock_s = 600

[timestamp]
url = "https://tsa.example.vn/tsr"
password = "mật khẩu"

[[readers]]
name = "thống kê"
verifier = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"

[couchdb]
url = "https://couchdb.example.vn"
credentials = "couchdb"
[exchange]
url = "https://lgsp.example.vn/ho-so"
[receipts]
url = "https://bienlai.example.vn/api"
[mail]
host = "mail.example.vn"
sender = "hoso@example.vn"
password = "mật khẩu thư"
[backup]
keys = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
[demo]
token = "thẻ"
[demo.pins]
"hanh.nh" = "246810"
"""


def shown(*arguments: object, **environment: str) -> str:
    done = click.testing.CliRunner(env=environment).invoke(main, ["config", "show", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "node.toml").write_text(WHOLE, encoding="utf-8")
    return tmp_path / "node.toml"


def test_the_page_of_settings_is_what_the_code_says() -> None:
    """To make it anew: motcua config explain > docs/settings.md"""
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == explained()
    printed = click.testing.CliRunner().invoke(main, ["config", "explain"])
    assert printed.stdout == explained()


def test_what_is_in_force_is_shown_with_where_it_was_said(file: Path) -> None:
    said = shown(file, MOTCUA_PORT="8602")
    assert "idle_lock_s = 600  # node.toml, line 2\n" in said
    assert "port = 8602  # MOTCUA_PORT\n" in said
    assert 'host = "127.0.0.1"  # default\n' in said
    assert "# node.toml, line 4\n[timestamp]\n" in said
    told = tomllib.loads(said)
    expected = {field.encode_name for field in msgspec.structs.fields(NodeSettings)}
    assert set(told) == expected


def test_what_is_secret_is_not_shown(file: Path) -> None:
    for said in (shown(file), shown(file, "--json")):
        assert said.count(HIDDEN) == 5  # two passwords, verifier, token, PINs
        for secret in ("mật khẩu", "argon2id", "thẻ", "246810"):
            assert secret not in said
    told = json.loads(shown(file, "--json"))
    assert told["demo"]["value"] == {"pins": HIDDEN, "seal_pin": "", "switchboard": "", "token": HIDDEN}
    assert told["idle_lock_s"] == {"value": 600, "from": "node.toml, line 2"}


def test_what_is_wrong_is_shown_by_nobody(file: Path) -> None:
    file.write_text(WHOLE.replace("600", "6"), encoding="utf-8")
    done = click.testing.CliRunner().invoke(main, ["config", "show", str(file)])
    assert done.exit_code == 2
    assert f"{file}, line 2: idle_lock_s: Expected `int` >= 30" in done.stderr
