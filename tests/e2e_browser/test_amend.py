"""One's own signature, changed in the browser: with the words alone, and with the receipt."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.signing import save_receipt
from tests.e2e_browser.test_signature import look_up, signed
from tests.live import LiveSite

WORDS = {
    "en": {
        "waits": "Your signature waits",
        "stands": "Your signature stands",
        "same": "That is how your signature stands already",
        "long": "Your statement is too long",
        "done": "Changed. The site has promised",
        "withdrawn": "Your signature is withdrawn",
    },
    "id": {
        "waits": "Tanda tangan Anda menunggu",
        "stands": "Tanda tangan Anda berdiri",
        "same": "Tanda tangan Anda sudah seperti itu",
        "long": "terlalu panjang",
        "done": "Sudah diubah.",
        "withdrawn": "Tanda tangan Anda sudah ditarik",
    },
}


def open_signature(page: Page, live: LiveSite, lang: str) -> None:
    """Open the page of one's own signature."""
    page.goto(f"{live.url}/letters/{live.slug}/signature?lang={lang}")


def find_by_words(page: Page, live: LiveSite, words: list[str], lang: str) -> None:
    """Look a signature up with its words, again and again until the log has what is wanted."""
    open_signature(page, live, lang)
    page.fill("#words-typed", " ".join(words))
    page.click("#look-up")
    expect(page.locator("#found")).to_be_visible()


def find_by_receipt(page: Page, live: LiveSite, file: Path, lang: str) -> None:
    """Look a signature up with its receipt."""
    open_signature(page, live, lang)
    page.check("input[name=with][value=receipt]")
    page.set_input_files("#receipt-typed", file)
    page.click("#look-up")
    expect(page.locator("#found")).to_be_visible()


def confirm(page: Page, live: LiveSite, lang: str) -> None:
    """Press the button, see the summary, and say yes; wait until it is in the log."""
    page.click("#amend")
    expect(page.locator("#amend-dialog")).to_be_visible()
    page.click("#amend-yes")
    expect(page.locator("#amend-done")).to_contain_text(WORDS[lang]["done"])
    expect(page.locator("#found-title")).to_be_focused()
    live.wait_until_logged()


def refusing(code: str) -> Callable[[Route], None]:
    """Return what answers a request with a refusal."""
    body = f'{{"code":"{code}","detail":"no"}}'
    problem = "application/problem+json"
    return lambda route: route.fulfill(status=409, content_type=problem, body=body)


def options(page: Page) -> list[str]:
    """Return the ways to stand that can be chosen."""
    return [
        str(option.get_attribute("value"))
        for option in page.locator("#amend-mode option").all()
        if option.is_enabled()
    ]


@pytest.mark.parametrize(("lang", "member"), [("en", 0), ("id", 1)])
def test_the_words_alone(
    page: Page, live_site: LiveSite, tmp_path: Path, lang: str, member: int
) -> None:
    """They change the condition and keep the sealed name; or they take the name away."""
    say = WORDS[lang]
    add_axe(page.context)
    words = signed(page, live_site, member, when=6)
    save_receipt(page, tmp_path / "receipt.json")
    find_by_words(page, live_site, words, lang)
    expect(page.locator("#found-title")).to_contain_text(say["waits"], use_inner_text=True)
    assert options(page) == ["sealed", "anonymous"]
    expect(page.locator("#amend-words-only")).to_be_visible()
    expect(page.locator("#amend-anew-field")).to_be_hidden()

    page.click("#amend")
    expect(page.locator("#amend-mode-error")).to_contain_text(say["same"])
    expect(page.locator("#amend-mode")).to_be_focused()
    expect(page.locator("#amend-dialog")).to_be_hidden()

    page.select_option("#amend-when", "now")
    page.click("#amend")
    assert find_faults(page) + find_overflow(page) == []
    page.click("#amend-no")
    expect(page.locator("#amend-dialog")).to_be_hidden()
    expect(page.locator("#amend-done")).to_be_hidden()
    confirm(page, live_site, lang)

    find_by_words(page, live_site, words, lang)
    expect(page.locator("#found-title")).to_contain_text(say["stands"], use_inner_text=True)
    expect(page.locator("#amended")).to_be_visible()
    expect(page.locator("#amend-offer [data-slot=left]")).to_have_text("7")
    page.select_option("#amend-mode", "anonymous")
    page.select_option("#amend-when", "3")
    confirm(page, live_site, lang)

    find_by_words(page, live_site, words, lang)
    expect(page.locator("#facts [data-mode=anonymous]")).to_be_visible()
    assert options(page) == ["anonymous"]
    page.click("#withdraw")
    page.click("#withdraw-yes")
    expect(page.locator("#withdraw-done")).to_be_visible()
    expect(page.locator("#amend-offer")).to_be_hidden()
    live_site.wait_until_logged()
    find_by_words(page, live_site, words, lang)
    expect(page.locator("#found-title")).to_contain_text(say["withdrawn"], use_inner_text=True)
    expect(page.locator("#amend-offer")).to_be_hidden()


@pytest.mark.parametrize(("lang", "member"), [("en", 2), ("id", 3)])
def test_with_the_receipt(
    page: Page, live_site: LiveSite, tmp_path: Path, lang: str, member: int
) -> None:
    """Everything changes: into the open with words beside the name, other words, and withdrawn."""
    say = WORDS[lang]
    add_axe(page.context)
    signed(page, live_site, member)
    file = save_receipt(page, tmp_path / "receipt.json")
    find_by_receipt(page, live_site, file, lang)
    expect(page.locator("#amend-words-only")).to_be_hidden()
    assert options(page) == ["public", "sealed", "anonymous"]
    expect(page.locator("#amend-statement-field")).to_be_hidden()
    page.select_option("#amend-mode", "public")
    expect(page.locator("#amend-to-public")).to_be_visible()
    expect(page.locator("#amend-when-field")).to_be_hidden()

    page.fill("#amend-statement", "x" * 1001)
    page.click("#amend")
    expect(page.locator("#amend-statement-error")).to_contain_text(say["long"])
    expect(page.locator("#amend-statement")).to_be_focused()
    assert find_faults(page) + find_overflow(page) == []
    page.fill("#amend-statement", f"Said in {lang}, at last.")
    confirm(page, live_site, lang)

    names = f"{live_site.url}/letters/{live_site.slug}/names?lang={lang}"
    page.goto(names)
    expect(page.locator("main")).to_contain_text(f"Said in {lang}, at last.")

    find_by_receipt(page, live_site, file, lang)
    expect(page.locator("#facts [data-mode=public]")).to_be_visible()
    page.check("#amend-anew")
    page.fill("#amend-statement", "")
    confirm(page, live_site, lang)
    page.goto(names)
    expect(page.locator("main")).not_to_contain_text(f"Said in {lang}")

    find_by_receipt(page, live_site, file, lang)
    page.select_option("#amend-mode", "sealed")
    expect(page.locator("#amend-from-public")).to_be_visible()
    confirm(page, live_site, lang)
    find_by_receipt(page, live_site, file, lang)
    expect(page.locator("#facts [data-mode=sealed]")).to_be_visible()
    page.click("#withdraw")
    page.click("#withdraw-yes")
    expect(page.locator("#withdraw-done")).to_be_visible()


def test_what_the_site_refuses_is_told(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """A change that waits, and a letter that takes none at the moment, each with its sentence."""
    words = signed(page, live_site, 4)
    save_receipt(page, tmp_path / "receipt.json")
    for code, sentence in (
        ("format-error", "An earlier change of this signature waits"),
        ("letter-not-open", "The letter takes no changes now"),
        ("amendment-out-of-turn", "all eight are used up"),
    ):
        page.route("**/amendments", refusing(code))
        look_up(page, live_site, " ".join(words))
        expect(page.locator("#found")).to_be_visible()
        page.select_option("#amend-when", "2")
        page.click("#amend")
        page.click("#amend-yes")
        expect(page.locator("#found [role=alert]")).to_contain_text(sentence, use_inner_text=True)
        page.unroute("**/amendments")
