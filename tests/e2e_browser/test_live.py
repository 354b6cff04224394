"""An open page while others sign: it is told, or it asks; and nothing on it moves out of its place."""

import json
import re
from collections.abc import Iterator
from io import BytesIO

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Request, Route, ViewportSize, expect
from pypdf import PdfReader
from tests.e2e_browser.conftest import Watch
from tests.live import LiveSite
from tests.web.members import signed

SMALL: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 900}

_WATCH = """\
() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries())
            window.shifts.push([shift.value, ...shift.sources.map(({ node }) => node?.textContent)]);
    }).observe({ type: "layout-shift" });
}"""

_SHIFTS = """\
async () => {
    await new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); });
    return window.shifts;
}"""


@pytest.fixture(scope="module")
def members(live_site: LiveSite) -> Iterator[Iterator[bytes]]:
    """Members of the roll, each of whom signs when asked for."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        yield (signed(client, live_site.slug, invite) for invite in live_site.invites)


NUMBERS = (7, 9, 10, 12, 98, 99, 100, 998, 1_008)
"""Of those that stand, one after the other; each place gets one digit more, and another."""

EVENTS = tuple(
    f"event: counts\nid: {number}\ndata: "
    + json.dumps(
        {"standing": number, "headcount": 1_100, "size": number, "at": 1}
        | dict.fromkeys(("m", "waiting", "anonymous", "withdrawn", "invalidated"), number)
    )
    + "\n\n"
    for number in NUMBERS
)


def say(route: Route, event: str) -> None:
    """Say one event, and let the page come back for the next."""
    route.fulfill(content_type="text/event-stream", body=f"retry: 50\n\n{event}")


def requests_of(page: Page) -> list[str]:
    """Return the list of what a page asks of the API, by the last part of the address; it grows."""
    found: list[str] = []

    def note(asked: Request) -> None:
        if "/api/" in asked.url:
            found.append(asked.url.rpartition("/")[2])

    page.on("request", note)
    return found


@pytest.mark.parametrize("size", [SMALL, DESK], ids=["320 px", "1280 px"])
@pytest.mark.parametrize("lang", ["en", "id"])
def test_nothing_shifts(
    browser: Browser, watch: Watch, live_site: LiveSite, size: ViewportSize, lang: str
) -> None:
    """However many digits a number gets, all else stays in its place."""
    context = browser.new_context(viewport=size)
    page = watch(context)
    events = iter(EVENTS)
    page.route("**/events", lambda route: say(route, next(events, "")))
    page.add_init_script(f"({_WATCH})()")
    page.goto(f"{live_site.url}/letters/{live_site.slug}?lang={lang}")
    expect(page.locator("strong[data-count=standing]")).to_have_text(re.compile(r"1.008"))
    assert page.evaluate(_SHIFTS) == []
    context.close()


def test_a_page_is_told(page: Page, live_site: LiveSite, members: Iterator[bytes]) -> None:
    """The count goes up without a question."""
    asked = requests_of(page)
    page.goto(f"{live_site.url}/letters/{live_site.slug}")
    standing = page.locator("strong[data-count=standing]")
    before = int(standing.inner_text())
    next(members)
    expect(standing).to_have_text(str(before + 1))
    assert asked == ["events"]


def test_a_page_that_is_turned_away_asks(
    page: Page, live_site: LiveSite, members: Iterator[bytes]
) -> None:
    """Where as many listen as can, or a proxy lets no stream through, the count goes up all the same."""
    page.route("**/events", lambda route: route.fulfill(status=503, body=""))
    asked = requests_of(page)
    page.goto(f"{live_site.url}/letters/{live_site.slug}")
    standing = page.locator("strong[data-count=standing]")
    before = int(standing.inner_text())
    next(members)
    expect(standing).to_have_text(str(before + 1))
    assert asked[:2] == ["events", "counts"]
    assert asked.count("events") == 1


def test_the_page_on_paper(page: Page, live_site: LiveSite) -> None:
    """Printed, it has the letter, the count and as of when that is."""
    page.goto(f"{live_site.url}/letters/{live_site.slug}")
    paper = PdfReader(BytesIO(page.pdf(format="A4")))
    words = " ".join(sheet.extract_text() for sheet in paper.pages)
    for word in ("Keep the", "The kitchen stays open at night", "of 14", "These numbers are of"):
        assert word in words
