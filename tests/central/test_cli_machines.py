"""The commands about machines: what they refuse before anything is done, and how they say it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from central.cli import main

DOCS = Path(__file__).parents[2] / "docs" / "enrolment.md"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture
def central(founded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(founded / "central", tmp_path / "central"))


PLACE = ("--place", "counter-03", "--title", "Quầy 03", "--kind", "counter", "--by", "quan.nv")


def test_a_code_for_programs(central: Path) -> None:
    """As JSON, with duties and numbers of its own."""
    more = ("--duty", "receive", "--range", "receipt:26TAA:1-500", "--range", "pad:01:1-50:01/BLĐT")
    made = run("central", "code", "--data", central, *PLACE, *more, "--json")
    assert made.exit_code == 0, made.output
    said = json.loads(made.stdout)
    assert (said["node"], said["number"]) == ("counter-03.1", 3)
    assert len(said["code"].split("-")) == 4


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--duty", "rest"), "the duties are receive"),
        (("--range", "26TAA"), "WHAT:SYMBOL:FIRST-LAST"),
        (("--range", "cheese:26TAA:1-5"), "WHAT:SYMBOL:FIRST-LAST"),
        (("--range", "receipt:26TAA:0-5"), "WHAT:SYMBOL:FIRST-LAST"),
        (("--number", "1000"), "0<=x<=999"),
    ],
)
def test_what_is_said_wrong_is_refused_with_how_to_say_it(
    central: Path, more: tuple[str, ...], words: str
) -> None:
    said = run("central", "code", "--data", central, *PLACE, *more)
    assert said.exit_code == 2
    assert words in said.output


def test_a_refusal_is_one_line(central: Path) -> None:
    said = run("revoke", "counter-09.1", "--why", "lost", "--data", central, "--by", "quan.nv")
    assert said.exit_code == 2
    assert said.stderr.splitlines() == [
        "motcua: there is no card of counter-09.1: `motcua status` and the page Máy trạm list them all"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("5EBXW-V1HTA-SJQAC-YKY78",),
        ("5EBXW-V1HTA-SJQAC-YKY78", "https://10.0.0.2", "--request", "request"),
        ("--request", "request", "--card", DOCS),
    ],
)
def test_enrolling_is_by_a_code_or_by_a_request_or_by_a_card(
    tmp_path: Path, arguments: tuple[object, ...]
) -> None:
    said = run("enrol", *arguments, "--data", tmp_path / "counter-03")
    assert said.exit_code == 2
    assert "give CODE and URL" in said.output
    assert not (tmp_path / "counter-03").exists()


def test_a_configuration_is_checked_before_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "counter-03.toml"
    file.write_text('node = "counter-03.1"\nport = 8603\n', encoding="utf-8")
    assert "counter-03.1 at 127.0.0.1:8603" in run("config", "check", file).stdout
    file.write_text('node = "counter-03.1"\nport = "8603"\n', encoding="utf-8")
    said = run("config", "check", file)
    assert said.exit_code == 2
    assert f"{file}, line 2: port: " in said.stderr


@pytest.mark.parametrize("command", ["edge", "central"])
def test_a_node_is_started_by_its_folder_or_its_file(tmp_path: Path, command: str) -> None:
    for arguments in ((), ("--data", tmp_path, "--config", tmp_path / "x")):
        said = run(command, *arguments)
        assert said.exit_code == 2
        assert "give --data DIR, or --config FILE" in said.output
    said = run(command, "--config", tmp_path / "x.toml")
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "no such file" in said.stderr


def test_a_file_elsewhere_names_its_folder(founded: Path, tmp_path: Path) -> None:
    """Central's folder by the command of an edge: found by `data`, and refused for what it is."""
    shutil.copytree(founded / "central", tmp_path / "data")
    file = tmp_path / "central.toml"
    file.write_text('node = "central.1"\ndata = "data"\n', encoding="utf-8")
    said = run("edge", "--config", file)
    assert said.exit_code == 2
    assert "start it with `motcua central`" in said.stderr
    file.write_text('node = "central.1"\ndata = "nowhere"\n', encoding="utf-8")
    assert "has no keys" in run("central", "--config", file).stderr


def test_every_command_about_machines_is_on_a_page() -> None:
    """With every option."""
    pages = (DOCS, DOCS.with_name("outages.md"), DOCS.with_name("cluster.md"))
    page = "".join(one.read_text(encoding="utf-8") for one in pages)
    group = main.commands["central"]
    assert isinstance(group, click.Group)
    for name in ("init", "code", "answer", "change", "takeover", "choose", "migrate"):
        assert f"motcua central {name}" in page, name
    for name in ("enrol", "close", "revoke", "config", "backup", "restore", "rescue"):
        assert f"motcua {name}" in page, name
    hidden = {"--json", "--help", "--passphrase-file", "--password-file", "--recovery-passphrase-file"}
    machines = ("enrol", "close", "recovery-key", "backup", "restore", "rescue")
    for command in (*group.commands.values(), *(main.commands[name] for name in machines)):
        for option in command.params:
            for word in option.opts:
                assert not word.startswith("--") or word in hidden or word in page, f"{command.name} {word}"
