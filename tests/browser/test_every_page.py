"""Every page of the product in a browser: no violation of WCAG 2.2 AA, nothing wider than the screen, nothing that moves.

One centre in this process and one window, for all of them. With `--pictures DIR` a picture of each page is left there.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from werkzeug.test import Cookie

from edge.looks import Language, Looks, Size, Theme, keep_looks
from edge.server import application, serving
from tests.browser.walks import AXE, violations
from tests.centres import SmallCentre
from tests.pages import SIGHTS, Sight, a_full_day
from tests.proving import Times
from tests.web.clerk import Clerk, pages_of

DESK: Final[ViewportSize] = {"width": 1366, "height": 768}
HALL: Final[ViewportSize] = {"width": 1080, "height": 1920}
STILL: Final = 0.01
"""The cumulative layout shift of a page that nobody sees move; browsers call 0.1 good."""
LARGEST_FIRST_PAGE: Final = 200 * 1024
_SHIFT: Final = """() => new Promise(done => {
  let sum = 0;
  const moved = new Set();
  const add = list => { for (const one of list) if (!one.hadRecentInput) {
    sum += one.value;
    for (const source of one.sources) moved.add(source.node?.outerHTML?.slice(0, 80) ?? "?");
  } };
  const seen = new PerformanceObserver(list => add(list.getEntries()));
  seen.observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => { add(seen.takeRecords()); done([sum, [...moved].join(" | ")]); }));
})"""
_WIDE: Final = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass
class Eyes:
    """Somebody who looks at one page after the other, as whoever may."""

    page: Page
    centre: SmallCentre
    urls: dict[str, str]
    day: dict[str, str]
    signed_in: dict[tuple[str, str], Cookie] = field(default_factory=dict)

    def open(self, sight: Sight) -> None:
        context = self.page.context
        context.clear_cookies()
        if sight.person is not None:
            cookie = self._cookie(sight.node, sight.person)
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.urls[sight.node]}])
        self.page.set_viewport_size(HALL if sight.tall else DESK)
        answer = self.page.goto(f"{self.urls[sight.node]}{sight.path.format(**self.day)}")
        assert answer is not None
        assert answer.status == 200, (sight, answer.status)

    def _cookie(self, node: str, person: str) -> Cookie:
        """Of somebody who signed in without a window: that page has tests of its own."""
        if (node, person) not in self.signed_in:
            kept = Clerk(self.centre, node, person).client._cookies
            assert kept is not None
            (self.signed_in[node, person],) = kept.values()
        return self.signed_in[node, person]

    def wrong(self) -> list[str]:
        """What is wrong with the page that is open."""
        found = []
        shift, moved = self.page.evaluate(_SHIFT)
        if shift > STILL:  # starved, a browser paints half a table; what moves by itself moves again
            self.page.reload()
            shift, moved = self.page.evaluate(_SHIFT)
        if shift > STILL:
            found.append(f"moves by {shift:.3f}: {moved}")
        if self.page.evaluate(_WIDE):
            found.append("wider than the screen")
        return found + [f"{rule}: {element}" for rule, element in violations(self.page)]


@pytest.fixture(scope="module")
def eyes(founded: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    data = tmp_path_factory.mktemp("pages") / "centre"
    shutil.copytree(founded, data)
    centre = SmallCentre(data)
    with contextlib.ExitStack() as stack:
        stack.callback(centre.close)
        # signing runs a loop of its own, and Playwright has one in this thread
        day = stack.enter_context(ThreadPoolExecutor(1)).submit(a_full_day, centre).result()
        urls = {}
        for name, node in centre.nodes.items():
            host, port = stack.enter_context(serving(application(node, pages_of(node)), "127.0.0.1", 0))
            urls[name] = f"http://{host}:{port}"
        context = browser.new_context(bypass_csp=True, locale="vi-VN")
        stack.callback(context.close)
        context.add_init_script(path=AXE)  # sent once, and not with each page
        yield Eyes(context.new_page(), centre, urls, day)


@pytest.mark.timeout(900)  # more than a hundred pages: two and a half minutes where nothing else runs
def test_every_page_is_for_everybody_fits_and_stands_still(
    eyes: Eyes, pictures: Path | None, times: Times
) -> None:
    """Every fifth of them, where it is no proof and nobody wants pictures; a quarter of the proofs has all."""
    wrong: list[str] = []
    many = len(SIGHTS) if pictures is not None else times(len(SIGHTS) // 5, 4 * len(SIGHTS))
    for sight in SIGHTS[:: max(1, len(SIGHTS) // many)]:
        eyes.open(sight)
        wrong += [f"{sight.node}{sight.path}: {one}" for one in eyes.wrong()]
        if pictures is not None:
            eyes.page.screenshot(path=pictures / f"{sight.name}.png")
    assert not wrong, "\n".join(wrong)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_every_page_is_for_everybody_in_the_dark_in_the_largest_type(
    eyes: Eyes, pictures: Path | None
) -> None:
    """As each person may choose for themselves, in English as well."""
    for sight in SIGHTS:
        if sight.person is not None:
            file = eyes.centre[sight.node].file
            keep_looks(file, sight.person, Looks(Theme.DARK, Size.LARGEST, Language.ENGLISH))
    wrong: list[str] = []
    for sight in SIGHTS:
        if sight.person is not None:
            eyes.open(sight)
            wrong += [f"{sight.node}{sight.path}: {one}" for one in eyes.wrong()]
            if pictures is not None:
                eyes.page.screenshot(path=pictures / f"dark-{sight.name}.png")
    assert not wrong, "\n".join(wrong)


def test_nothing_moves_when_a_page_hears_something_new(eyes: Eyes) -> None:
    """The status line, the queue and who is at the counter come anew every other second."""
    for endpoint in ("calling.page", "room.page"):
        eyes.open(next(one for one in SIGHTS if one.endpoint == endpoint))
        with eyes.page.expect_response("**/status?*"):
            pass
        shift, moved = eyes.page.evaluate(_SHIFT)
        assert shift <= STILL, moved


def test_the_first_page_is_small(eyes: Eyes, browser: Browser) -> None:
    """With type, styles and scripts, as they travel to a browser that has nothing yet."""
    for page in ("counter-01/sign-in", "counter-01/kiosk", "central/look-up"):
        node, _, path = page.partition("/")
        context = browser.new_context()
        first = context.new_page()
        first.goto(f"{eyes.urls[node]}/{path}", wait_until="networkidle")
        sizes = first.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".map(one => [one.name, one.transferSize])"
        )
        context.close()
        assert sum(size for _, size in sizes) < LARGEST_FIRST_PAGE, sizes
