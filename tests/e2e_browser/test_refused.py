"""What is wrong is said next to the field, in words, with the focus on it; what was typed stays."""

from playwright.sync_api import Browser, Page, expect
from tests.e2e_browser.conftest import Watch
from tests.e2e_browser.signing import (
    choose_stand,
    confirm_words,
    open_signing,
    prove_by_invite,
    read_letter,
    sign,
)
from tests.live import PEOPLE, LiveSite


def expect_wrong(page: Page, field: str, text: str) -> None:
    """Check that a field is marked, described and focused, with this sentence beside it."""
    place = page.locator(f"#{field}")
    expect(place).to_have_attribute("aria-invalid", "true")
    expect(place).to_be_focused()
    expect(page.locator(f"#{field}-error")).to_contain_text(text, use_inner_text=True)
    assert f"{field}-error" in (place.get_attribute("aria-describedby") or "").split()


def test_words(page: Page, live_site: LiveSite) -> None:
    """A wrong word is told at its place, the first of several has the focus."""
    open_signing(page, live_site.url, live_site.slug)
    words = read_letter(page)
    page.click("#words-copied")
    expect(page.locator("#word-1")).to_be_focused()
    page.fill("#word-1", "wrong-word")
    page.click("#words-check")
    expect_wrong(page, "word-1", "That is another word")
    expect(page.locator("#word-1")).to_have_value("wrong-word")
    expect(page.locator("#word-2-error")).to_have_text("Please type this word.")
    expect(page.locator("#words li")).to_have_count(0)
    page.click("#words-again")
    confirm_words(page, words)


def test_wrong_codes_and_names(page: Page, live_site: LiveSite) -> None:
    """Codes that are none, that are nobody's, and initials that are somebody else's."""
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    page.click("#prove")
    expect_wrong(page, "invite", "Please type the code")
    page.fill("#invite", "ABCD-1234")
    page.click("#prove")
    expect_wrong(page, "invite", "16 letters and digits")
    page.fill("#invite", "0000-0000-0000-0000")
    page.click("#prove")
    expect_wrong(page, "invite", "wrong, used up or too old")
    expect(page.locator("#invite")).to_have_value("0000-0000-0000-0000")
    page.fill("#invite", live_site.invites[9])
    page.check("input[name=shown][value=initials]")
    page.click("#prove")
    expect_wrong(page, "name", "Please type your name")
    page.fill("#name", "Somebody Else")
    page.click("#prove")
    expect_wrong(page, "name", "another name or role")
    page.fill("#name", PEOPLE[9][1])
    prove_by_invite(page, live_site.invites[9])


def test_wrong_mail_code(page: Page, live_site: LiveSite) -> None:
    """An address that is none; a code that is another."""
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    page.check("input[name=method][value=email]")
    page.fill("#mail", "nobody")
    page.click("#mail-send")
    expect_wrong(page, "mail", "not a mail address")
    page.fill("#mail", "stranger@staff.example")
    page.click("#mail-send")
    page.fill("#mail-code", "0000-0000")
    page.click("#prove")
    expect_wrong(page, "mail-code", "wrong, used up or too old")
    expect(page.locator("#mail")).to_have_value("stranger@staff.example")


def test_used_code_and_statement(
    page: Page, browser: Browser, live_site: LiveSite, watch: Watch
) -> None:
    """Who has a token is told so only with a valid code; a statement is measured in characters."""
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    prove_by_invite(page, live_site.invites[10])
    page.check("#mode-public")
    page.fill("#statement", "🎉" * 1001)
    expect(page.locator("#statement-count")).to_contain_text("1,001 / 1,000", use_inner_text=True)
    page.click("#stand")
    expect_wrong(page, "statement", "too long")
    page.fill("#statement", "🎉" * 1000)
    choose_stand(page, "public")
    sign(page)
    with browser.new_context() as context:
        other = watch(context)
        open_signing(other, live_site.url, live_site.slug)
        confirm_words(other, read_letter(other))
        other.fill("#invite", live_site.invites[10])
        other.click("#prove")
        expect(other.locator("#step-prove [role=alert]")).to_contain_text(
            "with other words", use_inner_text=True
        )
        expect(other.locator("#prove-title")).to_be_focused()
        expect(other.locator("#invite")).to_have_value(live_site.invites[10])
