"""PouchDB 9 in Chromium, in a page of another origin, with a server that names this origin for CORS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from sync.cors import Cors
from tests.conformance.conftest import Client, Server, our_server
from tests.sync.servers import serving_app

POUCHDB = Path(__file__).parents[2] / "node_modules" / "pouchdb" / "dist" / "pouchdb.min.js"
PLAY = Path(__file__).parent / "pouchdb" / "play.js"


def page_app(_environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<!doctype html><title>PouchDB</title>"]


@pytest.fixture
def origin() -> Iterator[str]:
    """Where the page comes from."""
    with serving_app(page_app) as url:
        yield url


@pytest.fixture
def server(tmp_path: Path, origin: str) -> Iterator[Server]:
    """Ours, with one database."""
    with our_server(tmp_path, cors=Cors((origin,))) as server:
        client = Client(server)
        assert client.put(f"/{server.database}").status_code == 201
        yield server
        client.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def play(page: Page, origin: str, scenario: str, server: Server) -> Any:
    """Load the page from `origin` and play what play.js says; its result."""
    page.goto(origin)
    for script in (POUCHDB, PLAY):
        page.add_script_tag(path=str(script))
    at = {
        "url": f"{server.url}/{server.database}",
        "username": server.user,
        "password": server.password,
    }
    return page.evaluate(f"at => scenarios.{scenario}(at)", at)


def test_documents_conflicts_and_deletions_travel_both_ways(page: Page, origin: str, server: Server) -> None:
    seen = play(page, origin, "both_directions", server)

    assert sorted(seen["ids"]) == sorted(seen["sent"])
    assert seen["same"]
    assert seen["conflicts"] == 1


def test_attachments_are_blobs(page: Page, origin: str, server: Server) -> None:
    seen = play(page, origin, "attachments_as_blobs", server)

    assert seen == {
        "same": [True, True],
        "types": ["image/png", "image/png"],
        "direct": [True, "một"],
    }


def test_live_replication_brings_and_takes(page: Page, origin: str, server: Server) -> None:
    assert play(page, origin, "live", server) == ["from here", "from there"]


def test_a_page_reads_why_it_is_refused(page: Page, origin: str, server: Server) -> None:
    """Errors carry the headers too; and no dialog of the browser asks for a password."""
    assert play(page, origin, "refusals", server) == {
        "wrong_password": 401,
        "not_there": 404,
        "conflict": 409,
    }


def test_a_page_of_an_origin_that_is_not_named_reads_nothing(page: Page, server: Server) -> None:
    with serving_app(page_app) as stranger:
        seen = play(page, stranger, "refusals", server)

    assert set(seen.values()) <= {0, 500}  # PouchDB calls a request that came to nothing a 500
