"""Answers, guarantees and what signers did, as addressee, guarantor and member meet them in a browser.

One walk through one site: each page is looked at by axe, and fits a window of 320 pixels, in both languages.
"""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.app.answered import PLACES, link_of, open_three
from tests.app.village import DAY, HOUR, Village, village_in
from tests.desk import make_account
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.conftest import Watch
from tests.e2e_browser.passkeys import enter
from tests.web.inside import one_token_key, serving

from undersigned.app.following_through import get_follow_up
from undersigned.app.guaranteeing import ask_guarantee
from undersigned.app.running import RunningSite
from undersigned.crypto.keys.signer import words_of
from undersigned.domain.letter import Mode

CODE = secrets.token_bytes(16)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A released letter of three demands whose deadline is over; one signer's words are known."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("site") / "data") as made:
        letter = open_three(made, deadline_s=2 * DAY, modes='["public"]', conditions="[]")
        made.take(made.villager(letter, CODE).sign_request(Mode.PUBLIC))
        made.members(letter, 3, Mode.PUBLIC)
        made.later(2)
        made.later(HOUR)
        made.later(2 * DAY)
        yield made


@pytest.fixture(scope="module")
def running(village: Village) -> Iterator[RunningSite]:
    """The site, served."""
    with serving(village) as served:
        yield served


@pytest.fixture
def narrow(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page in a narrow window, with axe in it."""
    context = browser.new_context(viewport={"width": 320, "height": 800}, locale="en-GB")
    add_axe(context)
    yield watch(context)
    context.close()


def look_at(page: Page) -> None:
    """Check that a page has no fault, and nothing that reaches beyond a narrow window."""
    assert find_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def look_in_both(page: Page, url: str) -> None:
    """Look at a page in both languages; leave it in English."""
    for lang in ("id", "en"):
        page.goto(f"{url}?lang={lang}")
        look_at(page)


def test_an_addressee_answers_two_of_three(
    narrow: Page, running: RunningSite, village: Village
) -> None:
    """By keyboard, reviewed, given; the letter's page has them, and the link is good for the third."""
    url = f"{running.desk.url}/answer/{link_of(village)}"
    look_in_both(narrow, url)
    narrow.click("text=Look at it once more")
    expect(narrow.locator("[role=alert]")).to_contain_text("at least one demand")
    look_at(narrow)
    narrow.locator("#answer-wheel input[value=met]").focus()
    narrow.keyboard.press("Space")
    narrow.keyboard.press("Tab")
    narrow.keyboard.type("It turns, since May.")
    narrow.check("#answer-dam input[value=partly]")
    narrow.click("text=Look at it once more")
    expect(narrow.locator("h2")).to_have_text("Is this your answer?")
    look_at(narrow)
    narrow.click("text=Change it")
    expect(narrow.locator("#text-wheel")).to_have_value("It turns, since May.")
    narrow.click("text=Look at it once more")
    narrow.click("text=Answer in public")
    expect(narrow.locator("[role=status]")).to_contain_text("Your answer is public now")
    expect(narrow.locator("fieldset")).to_have_count(1)
    look_at(narrow)
    narrow.goto(f"{running.desk.url}/answer/{'A' * 43}")
    look_at(narrow)


def test_a_guarantor_confirms(narrow: Page, running: RunningSite, village: Village) -> None:
    """With the box; the page that follows withdraws, and has another address."""
    token = ask_guarantee(village.site, village.letters, "mill", PLACES)
    url = f"{running.desk.url}/guarantee/{token}"
    look_in_both(narrow, url)
    narrow.click("text=Guarantee it in public")
    expect(narrow.locator("[role=alert]")).to_contain_text("tick the box")
    narrow.check("input[name=sure]")
    narrow.click("text=Guarantee it in public")
    expect(narrow.locator("[role=status]")).to_contain_text("Keep the address of this page")
    assert token not in narrow.url
    look_at(narrow)


def test_a_signer_says_what_they_did(narrow: Page, running: RunningSite, village: Village) -> None:
    """Looked up by the twelve words, said once; the second time the page says that it was said."""
    narrow.goto(f"{running.desk.url}/letters/mill/signature?lang=en")
    for told in ("Your answer was counted", "You have answered before"):
        narrow.fill("#words-typed", words_of(CODE))
        narrow.click("#look-up")
        expect(narrow.locator("#follow-form")).to_be_visible()
        look_at(narrow)
        narrow.click("#follow")
        expect(narrow.locator("#found [role=alert]")).to_contain_text("choose an answer")
        narrow.check("input[name=did][value=not-yet]")
        narrow.click("#follow")
        expect(narrow.locator("#found")).to_contain_text(told)
    found = get_follow_up(village.site, village.letters, "mill")
    assert (found.yes, found.not_yet, found.no) == (0, 1, 0)


def test_readers_see_all_of_it(narrow: Page, running: RunningSite) -> None:
    """The letter's page with answers, verdict, guarantee and counts."""
    look_in_both(narrow, f"{running.desk.url}/letters/mill")
    for part in ("#demand-wheel", "#outcome", "#followed", ".guarantees"):
        expect(narrow.locator(part)).to_be_visible()
    expect(narrow.locator("#outcome")).to_contain_text("1 of 3. Not all of them are met")


@pytest.fixture
def desk_page(narrow: Page, running: RunningSite) -> Page:
    """A page of the desk, signed in, in a narrow window."""
    enter(narrow, running.desk, make_account(running.desk, "Organiser", "organiser"))
    return narrow


@pytest.mark.parametrize("what", ["answers", "guarantees"])
def test_the_desk_hands_out_links(desk_page: Page, running: RunningSite, what: str) -> None:
    """Its pages are sound before and after; the link is there to be copied, once."""
    url = f"{running.desk.url}/desk/letters/mill/{what}"
    look_in_both(desk_page, url)
    desk_page.fill("#address-1" if what == "answers" else "#address", "miller@mill.example")
    if what == "guarantees":
        desk_page.fill("#guarantor", "The bakery")
        desk_page.fill("#terms", "Bread for everyone who signs.")
        desk_page.fill("#until", "2027-12-31")
    desk_page.click("text=/Show me (a new|the) link/")
    expect(desk_page.locator("pre code")).to_contain_text(running.desk.url)
    look_at(desk_page)
