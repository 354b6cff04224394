"""A letter in the page of another origin: it is shown there, and neither can act for the other."""

import html
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from playwright.sync_api import Browser, Error, Frame, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.conftest import PATIENCE_MS
from tests.e2e_browser.reading import find_overflow
from tests.live import LiveSite, serve
from tests.web.members import signed
from tests.web.test_share import codes_of

from undersigned.domain.letter import Mode

ISOLATED = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What a page that isolates itself sends: it shows only what allows to be shown."""


@dataclass(slots=True)
class Host:
    """A page of another origin, which a test fills; and what it was asked for."""

    url: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, _: Request) -> Response:
        """Show the page."""
        page = f'<!doctype html><html lang="en"><title>Host</title>{self.body}'
        return HTMLResponse(page, headers=self.headers)


@pytest.fixture
def host() -> Iterator[Host]:
    """Another origin, as the browser sees it: another name of this machine."""
    made = Host()
    with serve(Starlette(routes=[Route("/", made.answer)])) as url:
        made.url = url.replace("127.0.0.1", "localhost")
        yield made


@pytest.fixture(scope="module")
def codes(live_site: LiveSite) -> list[str]:
    """What the letter's page offers to be copied: its address, a frame, an element."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        found = codes_of(client.get("/letters/small-letter").text)
    assert len(found) == 3, "the scripts are not built: make setup"
    return found


def open_host(page: Page, host: Host, body: str, **headers: str) -> Page:
    """Open the host's page with something in it."""
    host.body, host.headers = body, ISOLATED | headers
    page.goto(host.url)
    return page


def frame_of(page: Page) -> Frame:
    """Return the frame in a page, once it is there."""
    page.frame_locator("iframe").locator("main").wait_for()
    return page.frames[1]


def names_of(page: Page) -> list[str]:
    """Return what a screen reader says of a page, closed shadows with it."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [node.get("name", {}).get("value", "") for node in nodes if not node["ignored"]]


def test_a_frame_is_shown_and_has_no_power(
    browser: Browser, host: Host, codes: list[str], live_site: LiveSite
) -> None:
    """The code that the page offers, in an isolated page; it cannot leave its frame or read anything."""
    page = browser.new_context().new_page()
    frame = frame_of(open_host(page, host, codes[1]))
    assert page.evaluate("crossOriginIsolated")
    expect(frame.locator(".us-figure")).to_contain_text("of 14")
    assert frame.evaluate("origin") == "null"
    for power in ("localStorage.length", "document.cookie", "parent.document.title"):
        with pytest.raises(Error, match="SecurityError"):
            frame.evaluate(power)
    # Neither a click in the frame nor its script takes the page around it away.
    frame.evaluate("() => { try { top.location.href = 'about:blank'; } catch {} }")
    page.evaluate("() => frames[0].postMessage({ type: 'click', action: 'sign' }, '*')")
    with page.context.expect_page() as opened:
        frame.locator(".us-button").click()
    letter = opened.value
    letter.wait_for_load_state()
    assert letter.url.startswith(f"{live_site.url}/letters/small-letter@1")
    assert letter.evaluate("opener") is None
    assert letter.evaluate("document.referrer") == ""
    assert page.url == f"{host.url}/"
    page.context.close()


def test_an_element_is_shown_and_takes_only_words(
    page: Page, host: Host, codes: list[str], live_site: LiveSite
) -> None:
    """The code that the page offers, held to its hash, under the strictest policy that lets it in."""
    policy = (
        f"default-src 'none'; script-src {live_site.url}; connect-src {live_site.url}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    asked: list[tuple[str, dict[str, str]]] = []
    page.on("request", lambda request: asked.append((request.url, request.headers)))
    body = codes[2].replace('lang="en"', 'lang="id" theme="dark" show="count,button"')
    open_host(page, host, body, **{"Content-Security-Policy": policy})
    element = page.locator("undersigned-letter")
    # Its shadow is closed to scripts: what is in it is what is heard.
    heard = names_of(page)
    for _ in range(100):
        if "Baca dan tanda tangani" in heard:
            break
        page.wait_for_timeout(100)
        heard = names_of(page)
    assert any("dari 14" in name for name in heard)
    assert "Baca dan tanda tangani" in heard
    assert element.evaluate("(it) => it.shadowRoot") is None
    data = [(url, headers) for url, headers in asked if "/api/" in url]
    assert {url for url, _ in data} == {
        f"{live_site.url}/api/v1/letters/small-letter@1/embed?lang=id"
    }
    assert not any(headers.get("cookie") or headers.get("referer") for _, headers in data)


NO_LETTERS = [
    "javascript:alert(1)", "data:text/html,x", "//evil.example/letters/x", "letters/x",
    "SITE/letters/small-letter/../../desk", "SITE/letters/small-letter/sign", "SITE/desk",
    "https://user:word@evil.example/letters/x", "SITE/letters/UPPER", "ftp://a.example/letters/x",
]  # fmt: skip


def test_an_element_asks_for_nothing_but_letters(
    page: Page, host: Host, codes: list[str], live_site: LiveSite
) -> None:
    """Whatever else `src` says, the link between the tags is shown, and nothing is asked."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    elements = "".join(
        f'<undersigned-letter src="{html.escape(src.replace("SITE", live_site.url))}">'
        f'<a href="/">Read it there</a></undersigned-letter>'
        for src in NO_LETTERS
    )
    open_host(page, host, codes[2].partition("\n")[0] + elements)
    page.wait_for_function("customElements.get('undersigned-letter') !== undefined")
    links = page.get_by_role("link", name="Read it there")
    expect(links).to_have_count(len(NO_LETTERS))
    for link in links.all():
        expect(link).to_be_visible()
    page.evaluate("() => document.querySelector('undersigned-letter').setAttribute('show', '<b>')")
    assert not [url for url in asked if "/api/" in url or "/desk" in url or "evil" in url]


PAGES = ["/letters/small-letter", "/letters/small-letter/sign", "/", "/verify"]


def test_no_other_page_is_framed(browser: Browser, host: Host, live_site: LiveSite) -> None:
    """The browser shows nothing of it: no button of it can be laid under a click."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    host.body = "".join(f'<iframe src="{live_site.url}{path}"></iframe>' for path in PAGES)
    page.goto(host.url)
    page.wait_for_function(f"frames.length === {len(PAGES)}")
    end = time.monotonic() + PATIENCE_MS / 1000
    while sum("frame-ancestors" in text for text in said) < len(PAGES):
        assert time.monotonic() < end, said
        page.wait_for_timeout(50)
    assert sum("frame-ancestors" in text for text in said) == len(PAGES), said
    assert not [frame.url for frame in page.frames[1:] if live_site.url in frame.url]
    page.close()


def test_numbers_come_into_a_frame(
    page: Page, host: Host, codes: list[str], live_site: LiveSite
) -> None:
    """Somebody signs, and the frame says so without being loaded again."""
    page.clock.install()
    frame = frame_of(open_host(page, host, codes[1]))
    before = frame.locator(".us-figure strong").text_content() or ""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        signed(client, live_site.slug, live_site.invites[0], Mode.PUBLIC)
    number = int(before.partition(" ")[0]) + 1
    for _ in range(30):
        page.clock.fast_forward(21_000)
        if (frame.locator(".us-figure strong").text_content() or "").startswith(str(number)):
            break
        page.wait_for_timeout(200)
    expect(frame.locator(".us-figure strong")).to_have_text(f"{number} of 14")
    assert frame.locator("rect.us-standing").get_attribute("width") == str(number)


@pytest.mark.parametrize(
    ("lang", "theme", "width"), [("en", "light", 200), ("id", "dark", 200), ("en", "dark", 480)]
)
def test_a_frame_is_accessible(
    browser: Browser, live_site: LiveSite, lang: str, theme: str, width: int
) -> None:
    """As axe sees it, in both themes and languages, however narrow it is."""
    context = browser.new_context(viewport={"width": width, "height": 340})
    add_axe(context)
    page = context.new_page()
    page.goto(f"{live_site.url}/embed/small-letter?lang={lang}&theme={theme}")
    assert find_faults(page) == []
    assert find_overflow(page) == []
    context.close()
