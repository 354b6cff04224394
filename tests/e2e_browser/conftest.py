"""A real browser: Chromium, driven by Playwright."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)
from tests.live import HOST

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A host that is no loopback name: pages of it by plain http are not secure.
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
)
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> BrowserType:
    """The kind of browser that the tests run in."""
    return playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    """A browser for the tests of a module; each has windows of its own.

    Not longer: while the driver runs, no test of the same process can run a loop of its own.
    """
    with chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS) as launched:
        yield launched


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pages complain of: nothing, or the test fails. Lost answers are not the page's fault."""
    found: list[str] = []
    yield found
    assert not [text for text in found if "Failed to load resource" not in text]


Watch = Callable[[BrowserContext], Page]


@pytest.fixture
def watch(complaints: list[str]) -> Watch:
    """Open a page in a context, and listen to what it complains of."""

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_page(context: BrowserContext) -> Page:
        context.set_default_timeout(PATIENCE_MS)
        page = context.pages[0] if context.pages else context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    return open_page


@pytest.fixture
def page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page on a telephone."""
    context = browser.new_context(viewport=TELEPHONE, locale="en-GB")
    yield watch(context)
    context.close()


@pytest.fixture
def reopen(chromium: BrowserType, watch: Watch, tmp_path: Path) -> Iterator[Callable[[], Page]]:
    """Close the browser, if it is open, and start it again with all that it has kept."""
    contexts: list[BrowserContext] = []

    def start() -> Page:
        while contexts:
            contexts.pop().close()
        context = chromium.launch_persistent_context(
            tmp_path / "browser",
            executable_path=shutil.which("chromium"),
            args=FLAGS,
            viewport=TELEPHONE,
            locale="en-GB",
        )
        contexts.append(context)
        return watch(context)

    yield start
    while contexts:
        contexts.pop().close()
