"""protocol.md §4.11: pages of other origins. Needs a server of our own, with origins configured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sync.cors import Cors
from tests.conformance.conftest import basic, our_server
from tests.sync.servers import PASSWORD, USER

PAGE = "http://localhost:8000"
QUESTION = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with our_server(tmp_path, cors=Cors((PAGE,))) as server:
        requests.put(f"{server.url}/a", auth=basic(USER, PASSWORD), timeout=9)
        yield server.url


def ask(method: str, url: str, **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, url, headers=sent, timeout=9)


def test_a_browser_may_ask_before_it_asks_without_saying_who_it_is(url: str) -> None:
    headers = "content-type, Authorization,x-couch-full-commit, if-match, destination"
    said = requests.options(
        f"{url}/a/x", headers={**QUESTION, "Access-Control-Request-Headers": headers}, timeout=9
    )
    assert (said.status_code, said.content) == (204, b"")
    assert said.headers["Access-Control-Allow-Origin"] == PAGE
    assert said.headers["Access-Control-Allow-Credentials"] == "true"
    assert said.headers["Access-Control-Allow-Headers"] == headers
    assert {"PUT", "DELETE", "COPY"} <= set(said.headers["Access-Control-Allow-Methods"].split(", "))
    assert said.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://elsewhere"},
        {"Origin": PAGE.upper()},
        {"Access-Control-Request-Method": "PATCH"},
        {"Access-Control-Request-Headers": "x-strange"},
    ],
)
def test_what_is_not_allowed_gets_no_yes(url: str, changed: dict[str, str]) -> None:
    said = requests.options(f"{url}/a/x", headers={**QUESTION, **changed}, timeout=9)
    assert said.status_code != 204
    assert "Access-Control-Allow-Methods" not in said.headers


def test_answers_and_errors_alike_may_be_read_by_the_page(url: str) -> None:
    right = requests.get(f"{url}/a", auth=basic(USER, PASSWORD), headers={"Origin": PAGE}, timeout=9)
    for answer, status in (
        (ask("GET", f"{url}/", Origin=PAGE), 200),
        (right, 200),
        (ask("GET", f"{url}/a", Origin=PAGE), 401),
        (ask("GET", f"{url}/none", Origin=PAGE), 404),
        (ask("PATCH", f"{url}/", Origin=PAGE), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "etag" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"


def test_others_get_the_answer_without_leave_to_read_it(url: str) -> None:
    for headers in ({}, {"Origin": "http://elsewhere"}, {"Origin": "null"}):
        answer = requests.get(url, headers=headers, timeout=9)
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_every_origin(tmp_path: Path) -> None:
    with our_server(tmp_path, cors=Cors(("*",))) as server:
        said = ask("GET", server.url, Origin="http://any.where:1")
    assert said.headers["Access-Control-Allow-Origin"] == "http://any.where:1"


def test_off_unless_configured(tmp_path: Path) -> None:
    with our_server(tmp_path) as server:
        assert "Access-Control-Allow-Origin" not in ask("GET", server.url, Origin=PAGE).headers
        assert requests.options(f"{server.url}/a", headers=QUESTION, timeout=9).status_code == 404
