"""A real browser and a certified provider: signed on, sent back, signed; in both languages."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.signing import (
    check_receipt,
    choose_stand,
    confirm_words,
    expect_nothing_kept,
    open_signing,
    read_letter,
    save_receipt,
    sign,
)
from tests.live import PEOPLE, SLUG, LiveSite, live_site_in
from tests.provider.certified import CLIENT, SECRET, certified_provider

from undersigned.provider.asking import Provider
from undersigned.provider.terms import ProviderTerms


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A site whose members may sign on with the certified provider."""
    with ExitStack() as stack:

        def find_provider(url: str) -> Provider:
            issuer = stack.enter_context(certified_provider(f"{url}/openid/return"))
            return Provider(ProviderTerms(issuer, CLIENT, SECRET, "Accounts of the house"))

        folder = tmp_path_factory.mktemp("sign-on") / "data"
        yield stack.enter_context(live_site_in(folder, find_provider))


def begin(page: Page, live: LiveSite, lang: str = "en") -> None:
    """Come to the step of membership, and choose to sign on."""
    add_axe(page.context)
    open_signing(page, live.running.desk.url, SLUG, lang)
    confirm_words(page, read_letter(page))
    page.check("input[name=method][value=openid]")


def log_in(page: Page, login: str) -> None:
    """Sign on at the provider, and agree."""
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")
    page.click("button[type=submit]")


@pytest.mark.parametrize(("lang", "member"), [("en", 0), ("id", 1)])
def test_a_member_signs_on_and_signs(
    page: Page, live: LiveSite, tmp_path: Path, lang: str, member: int
) -> None:
    """The provider is named, with the warning; after it everything goes on where it was."""
    begin(page, live, lang)
    expect(page.locator("#by-openid")).to_contain_text("Accounts of the house")
    assert find_faults(page) == []
    assert find_overflow(page) == []
    page.check("input[name=shown][value=no-role]")
    page.click("#prove")
    page.wait_for_selector("input[name=login]")
    assert SLUG not in page.url
    log_in(page, PEOPLE[member][0].upper())
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
    assert "code=" not in page.url
    assert page.locator("html").get_attribute("lang") == lang
    expect(page.locator("#step-stand")).to_contain_text(PEOPLE[member][1])
    choose_stand(page, "sealed", when=2)
    sign(page)
    checked = check_receipt(save_receipt(page, tmp_path / "receipt.json"))
    assert checked.code == 0, checked.said
    expect_nothing_kept(page)


def test_whoever_is_not_on_the_roll_can_take_another_way(page: Page, live: LiveSite) -> None:
    """The page says so, keeps the words, and takes an invite code instead."""
    begin(page, live)
    page.click("#prove")
    log_in(page, "stranger@else.example")
    expect(page.locator("#step-prove [data-problem]")).to_contain_text("not on the roll")
    page.check("input[name=method][value=invite]")
    page.fill("#invite", live.invites[2])
    page.click("#prove")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")


def test_an_unverified_address_proves_nothing(page: Page, live: LiveSite) -> None:
    """And the page says what is missing."""
    begin(page, live)
    page.click("#prove")
    log_in(page, f"unverified.{PEOPLE[3][0]}")
    expect(page.locator("#step-prove [data-problem]")).to_contain_text("has verified the mail")


def test_a_sign_on_that_is_given_up_loses_nothing(page: Page, live: LiveSite) -> None:
    """Back from the provider the words are there, and so is the way."""
    begin(page, live)
    page.click("#prove")
    page.wait_for_selector("input[name=login]")
    page.click("a[href*=abort]")
    expect(page.locator("#step-prove [data-problem]")).to_contain_text("not finished")
    page.click("#prove")
    log_in(page, PEOPLE[4][0])
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")


def test_a_lost_answer_is_asked_for_again(page: Page, live: LiveSite) -> None:
    """The page is closed while the token is on its way: the same request brings it."""
    begin(page, live)
    page.click("#prove")
    page.route("**/tokens", lambda route: route.fetch() and route.abort())
    log_in(page, PEOPLE[5][0])
    expect(page.locator("#status")).to_be_visible()
    page.wait_for_timeout(1_000)
    page.unroute_all(behavior="ignoreErrors")
    page.goto(f"{live.running.desk.url}/letters/{SLUG}/sign")
    page.click("#continue")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")


def test_a_sign_on_of_somebody_else_is_not_taken(page: Page, live: LiveSite) -> None:
    """Whoever is sent to the page with another's code is told, and nothing is sent."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    state = f"{'A' * 134}.{'x' * 43}"
    page.goto(f"{live.running.desk.url}/letters/{SLUG}/sign#openid={state}&code=stolen")
    expect(page.locator("#login-elsewhere")).to_be_visible()
    assert not [each for each in sent if each.startswith("POST")]


def test_the_page_of_the_ways_is_sound(page: Page, live: LiveSite) -> None:
    """In both languages: the safest first, nothing too wide, nothing that axe finds."""
    add_axe(page.context)
    for lang in ("en", "id"):
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto(f"{live.running.desk.url}/letters/{SLUG}/methods?lang={lang}")
        ids = [each.get_attribute("id") for each in page.locator("main section[id]").all()]
        assert ids == ["invite", "openid", "email"]
        assert find_overflow(page) == []
        assert find_faults(page) == []
