"""One's own signature: looked up in a log that the browser checks, and withdrawn."""

from pathlib import Path

import httpx2
from playwright.sync_api import Page, Route, expect
from tests.e2e_browser.signing import (
    choose_stand,
    confirm_words,
    open_signing,
    prove_by_invite,
    read_letter,
    save_receipt,
    sign,
)
from tests.e2e_browser.test_sign import count_of
from tests.live import LiveSite


def signed(page: Page, live: LiveSite, member: int, when: int | None = None) -> list[str]:
    """Sign as a member, sealed; return the words."""
    open_signing(page, live.url, live.slug)
    words = read_letter(page)
    confirm_words(page, words)
    prove_by_invite(page, live.invites[member])
    choose_stand(page, "sealed", when)
    sign(page)
    return words


def look_up(page: Page, live: LiveSite, words: str) -> None:
    """Look a signature up with its words."""
    page.goto(f"{live.url}/letters/{live.slug}/signature?lang=en")
    page.fill("#words-typed", words)
    page.click("#look-up")


def test_withdraw_with_the_words(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """Found by the words alone, withdrawn after a question, and gone from the count."""
    words = signed(page, live_site, 0)
    save_receipt(page, tmp_path / "receipt.json")
    before = count_of(live_site.url, live_site.slug)
    look_up(page, live_site, "  ".join(words).upper())
    expect(page.locator("#found-title")).to_contain_text(
        "Your signature stands", use_inner_text=True
    )
    expect(page.locator("#found-title")).to_be_focused()
    page.click("#withdraw")
    page.click("#withdraw-no")
    expect(page.locator("#withdraw-dialog")).to_be_hidden()
    page.click("#withdraw")
    page.click("#withdraw-yes")
    expect(page.locator("#withdraw-done")).to_be_visible()
    live_site.wait_until_logged()
    look_up(page, live_site, " ".join(words))
    expect(page.locator("#found-title")).to_contain_text(
        "Your signature is withdrawn", use_inner_text=True
    )
    expect(page.locator("#withdraw-offer")).to_be_hidden()
    after = count_of(live_site.url, live_site.slug)
    assert after["standing"] == before["standing"] - 1


def test_with_a_receipt(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """A file in place of the words; a signature that waits says for how many."""
    signed(page, live_site, 1, when=6)
    file = save_receipt(page, tmp_path / "receipt.json")
    page.goto(f"{live_site.url}/letters/{live_site.slug}/signature?lang=en")
    page.check("input[name=with][value=receipt]")
    page.set_input_files("#receipt-typed", file)
    page.click("#look-up")
    expect(page.locator("#found-title")).to_contain_text(
        "Your signature waits", use_inner_text=True
    )
    expect(page.locator("#found")).to_contain_text(
        "once so many of us stand: 6", use_inner_text=True
    )
    file.write_text(file.read_text().replace('"v":1', '"v":2'))
    page.set_input_files("#receipt-typed", file)
    page.click("#look-up")
    expect(page.locator("#receipt-typed-error")).to_contain_text(
        "not a receipt", use_inner_text=True
    )


def test_strange_words(page: Page, live_site: LiveSite) -> None:
    """Words that are none, and words that have signed nothing."""
    look_up(page, live_site, "one two three")
    expect(page.locator("#words-typed-error")).to_contain_text(
        "not twelve words", use_inner_text=True
    )
    expect(page.locator("#words-typed")).to_be_focused()
    look_up(page, live_site, "abandon " * 11 + "about")
    expect(page.locator("#found-title")).to_contain_text(
        "no signature in the log", use_inner_text=True
    )


def test_a_log_that_lies(page: Page, live_site: LiveSite) -> None:
    """Entries that do not give the signed root are found out in the browser."""

    def forge(route: Route) -> None:
        answer = route.fetch()
        body = bytearray(answer.body())
        body[-3] ^= 1
        route.fulfill(response=answer, body=bytes(body))

    page.route("**/log/tile/**", forge)
    look_up(page, live_site, "abandon " * 11 + "about")
    expect(page.locator("#look [role=alert]")).to_contain_text("does not hold", use_inner_text=True)


def test_the_count_is_live(page: Page, live_site: LiveSite) -> None:
    """An open letter page shows a new signature by itself."""
    url = f"{live_site.url}/letters/{live_site.slug}"
    page.goto(f"{url}?lang=en")
    standing = page.locator("[data-live] strong[data-count=standing]")
    before = int(standing.inner_text())
    with page.context.expect_page() as opened:
        page.evaluate("url => { window.open(url, '_blank', 'noopener') }", f"{url}/sign?lang=en")
    other = opened.value
    words = read_letter(other)
    confirm_words(other, words)
    prove_by_invite(other, live_site.invites[2])
    choose_stand(other, "sealed")
    sign(other)
    other.close()
    page.bring_to_front()
    expect(standing).to_have_text(str(before + 1))
    assert httpx2.get(f"{live_site.url}/static/dist/live.js", timeout=60).status_code == 200
