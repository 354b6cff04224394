"""A draft in the browser: it saves itself, shows what it will look like, and loses nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.app.drafts import KEYS, MILL, lines_of
from tests.desk import make_account
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.conftest import Watch
from tests.e2e_browser.passkeys import enter
from tests.live import LiveSite

from undersigned.app.desk import Desk
from undersigned.app.desk_drafts import get_draft, make_draft
from undersigned.app.draft_fields import Fields
from undersigned.app.sessions import end_session, find_session
from undersigned.web.desk.guard import COOKIE

FULL: Fields = MILL | {
    "closes_day": "2098-03-01",
    "texts": "t1 t2",
    "t2.lang": "id",
    "trustees": "k1 k2",
    "k1.keys": lines_of(KEYS[0]),
    "k1.bound": "on",
    "k2.operator": "on",
    "quorum": "2",
    "rule": "nobody",
}
PAGES = ("", "/text", "/translation-t2", "/dates", "/count", "/trustees", "/members")
"""What a draft has of pages; with those of `LAST`, all of them."""

LAST = ("/preview", "/review", "/delete")
NARROW = 320


@pytest.fixture
def desk(live_site: LiveSite) -> Desk:
    """The desk of the live site."""
    return live_site.running.desk


@pytest.fixture
def window(browser: Browser, desk: Desk, watch: Watch) -> Iterator[Page]:
    """The window of an organiser who is signed in, on a small telephone, with axe in it."""
    context = browser.new_context(viewport={"width": NARROW, "height": 700}, locale="en-GB")
    add_axe(context)
    page = watch(context)
    enter(page, desk, make_account(desk, "Mira Oxenby"))
    yield page
    context.close()


@pytest.fixture
def draft(desk: Desk) -> bytes:
    """A draft with every kind of field."""
    return make_draft(desk, make_account(desk, "Mira Oxenby"), FULL)


def address(desk: Desk, draft: bytes, path: str = "") -> str:
    """Return where a page of a draft is."""
    return f"{desk.url}/desk/drafts/{draft.hex()}{path}"


def saved(page: Page) -> None:
    """Wait until the page says that it was saved."""
    expect(page.locator("#saved")).to_contain_text("Saved,")


def test_every_page_is_accessible_and_narrow(window: Page, desk: Desk, draft: bytes) -> None:
    """Axe has nothing to say, and nothing is wider than 320 pixels; with what is missing marked."""
    paths = [*(f"{path}?missing=yes" for path in PAGES), *LAST]
    for path in paths:
        window.goto(address(desk, draft, path))
        assert find_faults(window) == [], path
        assert window.evaluate("document.documentElement.scrollWidth") <= NARROW, path


def test_a_page_saves_itself_and_shows_the_text(window: Page, desk: Desk, draft: bytes) -> None:
    """What is typed is on the desk a moment later; the preview is made by the server, safely."""
    window.goto(address(desk, draft, "/text"))
    window.get_by_label("Text", exact=True).fill("It is *so* <b onclick=x>quiet</b>.")
    expect(window.locator("#preview em")).to_have_text("so")
    expect(window.locator("#preview b")).to_have_count(0)
    saved(window)
    assert get_draft(desk, draft).fields["t1.text"] == "It is *so* <b onclick=x>quiet</b>."
    window.goto(address(desk, draft, "/count"))
    rule = window.get_by_label("Rule", exact=True)
    expect(rule).to_have_attribute("aria-invalid", "true")
    rule.fill("95 %")
    expect(window.locator("#rule-read")).to_have_text("190 of 200 people, 95%")
    expect(window.locator("[data-advice=rule-exposes-rest]")).to_be_visible()
    expect(rule).not_to_have_attribute("aria-invalid", "true")
    rule.fill("lots")
    expect(window.locator("#rule-error")).to_contain_text("Write whole numbers")
    assert find_faults(window) == []


def test_a_draft_is_written_by_keyboard(window: Page, desk: Desk, draft: bytes) -> None:
    """From field to field by tab; a demand is added, moved up and removed without a mouse."""
    window.goto(address(desk, draft, "/text"))
    window.get_by_label("Demand 1", exact=True).focus()
    for _ in range(2):
        window.keyboard.press("Tab")
        if window.evaluate("document.activeElement.textContent").strip() == "Add a demand":
            break
    window.keyboard.press("Enter")
    window.wait_for_url("**#item-demand-2")
    window.get_by_label("Demand 2", exact=True).focus()
    window.keyboard.type("Pay us.")
    window.keyboard.press("Tab")
    expect(window.get_by_role("button", name="Move 2 up")).to_be_focused()
    window.keyboard.press("Enter")
    expect(window.get_by_label("Demand 1", exact=True)).to_have_value("Pay us.")
    window.get_by_role("button", name="Remove 1").focus()
    window.keyboard.press("Enter")
    expect(window.get_by_label("Demand 1", exact=True)).to_have_value("The wheel turns again.")
    # Enter in a line saves, and moves nothing.
    window.get_by_label("Title", exact=True).fill("By keyboard")
    window.keyboard.press("Enter")
    expect(window.get_by_role("status").first).to_have_text("Saved.")
    assert get_draft(desk, draft).fields["t1.title"] == "By keyboard"


def test_of_two_windows_the_later_one_chooses(
    window: Page, browser: Browser, watch: Watch, desk: Desk, draft: bytes
) -> None:
    """It is told while it types, keeps what it has, and sees both."""
    context = browser.new_context(locale="en-GB")
    add_axe(context)
    other = watch(context)
    enter(other, desk, make_account(desk, "Second one"))
    for page in (window, other):
        page.goto(address(desk, draft, "/text"))
    other.get_by_label("Title", exact=True).fill("Theirs")
    saved(other)
    window.get_by_label("Title", exact=True).fill("Mine")
    expect(window.locator("#trouble")).to_be_visible()
    assert get_draft(desk, draft).fields["t1.title"] == "Theirs"
    window.get_by_role("button", name="Compare and choose").click()
    expect(window.get_by_role("heading", name="Two versions")).to_be_visible()
    assert find_faults(window) == []
    window.get_by_label("What you wrote").check()
    window.get_by_role("button", name="Save what was chosen").click()
    expect(window.get_by_label("Title", exact=True)).to_have_value("Mine")
    expect(window.locator("#trouble")).to_be_hidden()
    assert get_draft(desk, draft).fields["t1.title"] == "Mine"
    context.close()


def test_nothing_is_lost_when_the_connection_or_the_session_is(
    window: Page, desk: Desk, draft: bytes
) -> None:
    """It is kept in the tab, saved when the connection is back, and put back after signing in again."""
    window.goto(address(desk, draft, "/text"))
    title = window.get_by_label("Title", exact=True)
    window.context.set_offline(True)
    title.fill("Written on the train")
    expect(window.locator("[data-trouble=offline]").first).to_be_visible()
    window.context.set_offline(False)
    saved(window)
    assert get_draft(desk, draft).fields["t1.title"] == "Written on the train"
    expect(window.locator("#trouble")).to_be_hidden()
    cookies = {
        cookie["name"]: cookie["value"] for cookie in window.context.cookies(desk.url + "/desk")
    }
    session = find_session(desk, cookies[COOKIE])
    assert session is not None
    end_session(desk, session.account, session.id)
    title.fill("Written too late")
    expect(window.get_by_role("link", name="Sign in again")).to_be_visible()
    assert get_draft(desk, draft).fields["t1.title"] == "Written on the train"
    enter(window, desk, make_account(desk, "Mira Oxenby"))
    window.goto(address(desk, draft, "/text"))
    expect(window.get_by_label("Title", exact=True)).to_have_value("Written too late")
    saved(window)
    assert get_draft(desk, draft).fields["t1.title"] == "Written too late"
