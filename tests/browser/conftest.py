"""A real browser (Debian's Chromium, by Playwright) before a running demo centre."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from central.demo.centre import RunningCentre
from central.demo.centre import centre as run_centre
from central.demo.plan import PEOPLE, nodes
from edge.clock import system_clock
from tests.large import enlarged

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PINS = {person.id: person.pin for person in PEOPLE}
SignIn = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def running(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """Four nodes as processes, with a switchboard between them."""
    data = tmp_path_factory.mktemp("browser") / "demo"
    shutil.copytree(founded, data)
    with enlarged(data / "central"), run_centre(data, nodes(first_port=0), system_clock) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def sign_in(running: RunningCentre, browser: Browser) -> Iterator[SignIn]:
    """Opens a page of a node (1366×768) with a person signed in by PIN."""
    contexts = []

    def enter(node: str, person: str) -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{running.url(node)}/sign-in")
        page.check(f"input[name=person][value='{person}']")
        page.fill("input[name=pin]", PINS[person])
        page.press("input[name=pin]", "Enter")
        page.wait_for_selector("header.bar nav")
        return page

    yield enter
    for context in contexts:
        context.close()
