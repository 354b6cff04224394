"""The desk in a real browser: claimed, left, entered again, shared, recovered; and read by everybody."""

import re

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from tests.app.desks import follow
from tests.authenticator import Authenticator
from tests.desk import make_account, make_session
from tests.e2e_browser.axe import find_faults
from tests.e2e_browser.passkeys import Devices, enter, is_signed_in
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.test_accessible import LOOKS, Look, looking, name_of
from tests.live import LiveSite

from undersigned.app.desk import Account, Desk
from undersigned.app.entering import make_claim, make_invitation, make_recovery


@pytest.fixture
def desk(live_site: LiveSite) -> Desk:
    """The desk of the live site."""
    return live_site.running.desk


def read_name(page: Page) -> str:
    """Return whose session the page is in."""
    return page.locator(".desk-bar form .quiet").inner_text()


def join(page: Page, url: str, name: str) -> None:
    """Follow a link, and make a passkey."""
    page.goto(url)
    page.fill("#name", name)
    page.click("#passkey-form button")
    expect(page).to_have_url(re.compile(r"/desk/account\?done=joined"))


def sign_out(page: Page) -> None:
    """Leave."""
    page.click(".desk-bar form button")
    expect(page).to_have_url(re.compile(r"/desk/sign-in"))
    assert not is_signed_in(page)


def sign_in(page: Page) -> None:
    """Sign in with the passkey that the device finds."""
    page.click("#passkey-form button")


def test_the_desk_from_claim_to_recovery(page: Page, desk: Desk, live_site: LiveSite) -> None:
    """Claim, second passkey, invitation, what only owners may, and a new passkey by a link."""
    devices = Devices(page)
    first = devices.add()
    made = make_claim(desk)
    assert made is not None
    # Claimed; what is typed wrong is said next to it, and nothing is used up.
    page.goto(made.url)
    expect(page.locator("h1")).to_have_text("Take over the desk")
    page.click("#passkey-form button")
    expect(page.locator("#name-error")).to_have_text("A name has 1 to 60 characters.")
    expect(page.locator("#name")).to_be_focused()
    devices.verify(first, False)
    page.fill("#name", "Orla Fenwick")
    page.click("#passkey-form button")
    expect(page.locator("[data-problem]")).to_contain_text("made or used no passkey")
    devices.verify(first, True)
    page.click("#passkey-form button")
    expect(page).to_have_url(re.compile("done=joined"))
    assert read_name(page) == "Orla Fenwick"
    assert len(devices.keys(first)) == 1
    # Out, and in again where one wanted to go.
    sign_out(page)
    page.goto(f"{desk.url}/desk/activity")
    expect(page).to_have_url(re.compile("next="))
    sign_in(page)
    expect(page).to_have_url(f"{desk.url}/desk/activity")
    expect(page.locator(".acts tbody tr")).to_have_count(4)
    # A second passkey on another device, renamed; the first is revoked, and with it this session.
    page.click("text=My account")
    second = devices.add(transport="usb")
    page.fill("#passkey-name", "Key on the ring")
    page.click("#passkey-form button")
    expect(page.locator(".notice.good")).to_have_text("The passkey was added.")
    entry = page.locator(".desk-list > li", has_text="Key on the ring")
    entry.locator("summary", has_text="Rename it").click()
    entry.locator("input[name=name]").fill("Ring")
    entry.locator("button", has_text="Save the name").click()
    entry = page.locator(".desk-list > li", has_text="The first passkey")
    entry.locator("summary", has_text="Revoke it").click()
    entry.locator("button", has_text="Revoke this passkey").click()
    expect(page).to_have_url(re.compile("/desk/sign-in"))
    sign_in(page)
    expect(page).to_have_url(re.compile("done=passkey-revoked"))
    expect(page.locator(".notice.good")).to_contain_text("was revoked")
    expect(page.locator("section[aria-labelledby=passkeys-title] li")).to_have_count(1)
    # Somebody is invited, and may not do what only owners may.
    page.click("nav >> text=Accounts")
    page.click("button:has-text('Make a link')")
    url = page.locator("#invitation-link").inner_text()
    sign_out(page)
    devices.remove(first)
    devices.remove(second)
    devices.add()
    join(page, url, "Ketut Samar")
    page.click("nav >> text=Accounts")
    expect(page.locator("main form")).to_have_count(0)
    # The one form that is there is turned into another one.
    page.locator(".desk-bar form").evaluate(
        """(form) => { form.action = "/desk/accounts/invite"; form.submit(); }"""
    )
    expect(page.locator("h1")).to_have_text("This is for owners")
    page.click("text=Back to the desk")
    sign_out(page)
    page.goto(url)
    expect(page.locator("h1")).to_have_text("This link does not work any more")
    # The owner has lost both devices: a link from the terminal.
    page.goto(make_recovery(desk, "Orla Fenwick").url)
    expect(page.locator(".lead")).to_contain_text("Orla Fenwick")
    page.click("#passkey-form button")
    expect(page).to_have_url(re.compile("done=joined"))
    assert read_name(page) == "Orla Fenwick"
    # No page outside knows of it.
    seen: list[Request] = []

    def note(request: Request) -> None:
        seen.append(request)

    page.on("request", note)
    page.goto(f"{desk.url}/letters/{live_site.slug}")
    assert seen
    assert not any("cookie" in request.all_headers() for request in seen)


def test_a_passkey_of_nobody_is_told_so(page: Page, desk: Desk) -> None:
    """One that was revoked, or none at all: a sentence, and the button works again."""
    devices = Devices(page)
    device = devices.add()
    owner = make_account(desk, "Inviting owner")
    join(page, make_invitation(desk, owner, "organiser").url, "Soon revoked")
    sign_out(page)
    make_recovered(desk, "Soon revoked")
    sign_in(page)
    expect(page.locator("[data-problem]")).to_contain_text("This passkey was not accepted")
    expect(page.locator("#passkey-form button")).not_to_have_attribute("aria-disabled", "true")
    devices.remove(device)


def make_recovered(desk: Desk, name: str) -> None:
    """Take an account's passkeys away, as a recovery does."""
    token = make_recovery(desk, name).url.rpartition("/")[2]
    follow(desk, token, "", Authenticator(desk.url))


def test_what_cannot_work_is_said(browser: Browser, live_site: LiveSite, desk: Desk) -> None:
    """Without a script, without passkeys, at another address."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{desk.url}/desk/sign-in")
    expect(page.locator("#plain")).to_contain_text("There is no password")
    expect(page.locator("#passkey-form")).to_be_hidden()
    page.goto(f"{live_site.url}/desk/sign-in")
    expect(page.locator("h1")).to_have_text("The desk is at another address")
    page.click(f"text={desk.url}/desk/sign-in")
    expect(page.locator("h1")).to_have_text("Sign in to the desk")
    context.close()
    context = browser.new_context(locale="en-GB")
    context.add_init_script("delete window.PublicKeyCredential")
    page = context.new_page()
    page.goto(f"{desk.url}/desk/sign-in")
    expect(page.locator("#unsupported")).to_be_visible()
    expect(page.locator("#passkey-form")).to_be_hidden()
    context.close()


@pytest.fixture
def owner(desk: Desk) -> Account:
    """An owner with a second session and an invitation that waits."""
    account = make_account(desk, "Anneliese van der Westhuizen-Kartasasmita")
    make_session(desk, account)
    make_invitation(desk, account, "organiser")
    return account


@pytest.mark.parametrize("look", LOOKS, ids=name_of)
def test_every_page_is_for_everybody(
    browser: Browser, desk: Desk, owner: Account, look: Look
) -> None:
    """Axe finds nothing, nothing is cut off, and the title and language are the page's."""
    link = make_invitation(desk, owner, "owner").url.removeprefix(desk.url)
    recovery = make_recovery(desk, owner.name).url.removeprefix(desk.url)
    with looking(browser, look) as page:
        for path in ("/desk/sign-in", link, recovery, "/desk/join/none"):
            check(page, f"{desk.url}{path}", look)
        enter(page, desk, owner)
        for path in ("letters", "activity", "accounts", "account", "account?done=joined"):
            check(page, f"{desk.url}/desk/{path}", look)
        for summary in page.locator("summary").all():
            summary.click()
        assert find_faults(page) == []
        assert find_overflow(page) == []


def check(page: Page, url: str, look: Look) -> None:
    """Open a page and look at it."""
    joint = "&" if "?" in url else "?"
    page.goto(f"{url}{joint}lang={look.lang}")
    expect(page.locator("html")).to_have_attribute("lang", look.lang)
    expect(page.locator("h1")).to_have_count(1)
    assert find_faults(page) == [], url
    assert find_overflow(page) == [], url
