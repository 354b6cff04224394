"""The trustee's page in a real browser: a key made, tested and kept; a letter read and acknowledged."""

import re
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e_browser.axe import find_faults
from tests.e2e_browser.proposing import propose
from tests.e2e_browser.reading import find_overflow, press_on, type_into
from tests.e2e_browser.test_accessible import LOOKS, Look, looking, name_of
from tests.live import LiveSite

from undersigned.app.drafting import open_letter
from undersigned.app.proposing import add_ack, get_proposal
from undersigned.cli.trustee_key import table_of
from undersigned.crypto.keys import TrusteeKey, format_locked, parse_locked
from undersigned.encoding import parse_base64url
from undersigned.trustee.acking import make_ack
from undersigned.web.static_files import find_bundle

PASSPHRASE = "seven odd pears at dawn"


def visit(page: Page, live: LiveSite, lang: str = "en", proposal: str = "") -> None:
    """Open the page."""
    query = f"&proposal={proposal}" if proposal else ""
    page.goto(f"{live.url}/trustee?lang={lang}{query}")
    expect(page.locator("#key")).to_be_visible()


def make_key(page: Page, file: Path, name: str = "Ada Ö.") -> str:
    """Make a key and save its file; return the card."""
    page.check("input[name=with][value=new]")
    page.fill("#name", name)
    page.fill("#new-passphrase", PASSPHRASE)
    page.fill("#again", PASSPHRASE)
    page.click("#make")
    expect(page.locator("#held-title")).to_be_focused(timeout=40_000)
    with page.expect_download() as waiting:
        page.click("#key-save")
    waiting.value.save_as(file)
    return page.locator("#card").inner_text()


def unlock(page: Page, file: Path, passphrase: str = PASSPHRASE) -> None:
    """Unlock a key file."""
    page.check("input[name=with][value=file]")
    page.set_input_files("#key-file", file)
    page.fill("#passphrase", passphrase)
    page.click("#unlock")


def expect_unlocked(page: Page) -> None:
    """Wait until the key is in hand."""
    expect(page.locator("#held-title")).to_be_focused(timeout=40_000)


def stored(page: Page) -> str:
    """Return all that the browser keeps for the site."""
    kept: str = page.evaluate(
        """async () => JSON.stringify([
            { ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(),
        ])"""
    )
    return kept


def test_a_key_is_made_and_kept_in_its_file_alone(
    page: Page, live_site: LiveSite, tmp_path: Path
) -> None:
    """The command line opens the file; nothing of it stays in the browser or goes to the site."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.post_data or ''}"))
    visit(page, live_site)
    card = tomllib.loads(make_key(page, tmp_path / "key.json"))["trustees"][0]
    key = parse_locked((tmp_path / "key.json").read_text(), PASSPHRASE)
    assert card["name"] == "Ada Ö."
    assert parse_base64url(card["seal_key"]) == key.seal_key
    assert parse_base64url(card["sign_key"]) == key.sign_key
    assert stored(page) == '[{},{},"",[]]'
    assert all(line.startswith("GET ") for line in sent)
    page.click("#forget")
    unlock(page, tmp_path / "key.json")
    expect_unlocked(page)
    assert tomllib.loads(page.locator("#card").inner_text())["trustees"][0]["seal_key"]


def test_what_is_typed_wrong(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """Each wrong field says what is wrong, and nothing that was typed is lost."""
    visit(page, live_site)
    page.click("#unlock")
    expect(page.locator("#key-file-error")).to_be_visible()
    (tmp_path / "other.json").write_text("{}")
    unlock(page, tmp_path / "other.json")
    expect(page.locator("#key-file-error")).to_contain_text("not a trustee", use_inner_text=True)
    (tmp_path / "key.json").write_text(format_locked(TrusteeKey.generate(), PASSPHRASE))
    unlock(page, tmp_path / "key.json", "something else")
    expect(page.locator("#passphrase-error")).to_contain_text("is not that of", use_inner_text=True)
    expect(page.locator("#passphrase")).to_be_focused()
    page.check("input[name=with][value=new]")
    page.fill("#new-passphrase", "short")
    page.click("#make")
    for field in ("name", "new-passphrase", "again"):
        expect(page.locator(f"#{field}-error")).to_be_visible()
    assert page.input_value("#new-passphrase") == "short"


def test_a_letter_is_acknowledged_and_opened(
    page: Page, live_site: LiveSite, tmp_path: Path
) -> None:
    """One trustee here, one by the command line's code; the letter opens with both."""
    visit(page, live_site)
    card = make_key(page, tmp_path / "key.json")
    ben = TrusteeKey.generate()
    draft, proposal, _ = propose(
        live_site, tmp_path / "letter", "held", (card, table_of(ben, "Ben")), quorum=2
    )
    page.goto(f"{live_site.url}/proposals/{proposal.letter_id.hex()}?lang=en")
    page.click("a[href^='/trustee']")
    unlock(page, tmp_path / "key.json")
    expect_unlocked(page)
    page.click("#read")
    shown = page.locator("#proposal")
    expect(page.locator("#proposal-title")).to_be_focused()
    for fact in (proposal.letter_id.hex(), "held@1", "2 / 2", "Ada Ö. (you)", "Ben"):
        expect(shown).to_contain_text(fact, use_inner_text=True)
    assert "The kitchen is *ours*. <script>" in page.locator("#texts pre").first.inner_text()
    page.click("#acknowledge")
    expect(page.locator("#acknowledged")).to_be_visible()
    expect(page.locator("#acknowledged")).to_contain_text("Ben", use_inner_text=True)
    site = live_site.running.site
    assert get_proposal(site, proposal.letter_id).awaited == (2,)
    page.click("#read")
    expect(page.locator("#acknowledged")).to_be_visible()
    expect(page.locator("#acknowledge")).to_be_hidden()
    number, sig = make_ack(proposal, ben)
    add_ack(site, proposal.letter_id, number, sig, None)
    assert open_letter(site, draft, find_bundle()) == proposal.letter
    page.click("#look")
    expect(page.locator("#turn-title")).to_have_text("It is nobody's turn now", use_inner_text=True)
    expect(page.locator("#turn")).to_contain_text("Keep the <night> kitchen open")


def test_what_is_not_acknowledged(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """A letter of others, one whose site shows another text, one that is not there, no address."""
    keys = [TrusteeKey.generate() for _ in range(3)]
    cards = [table_of(key, f"T{i}") for i, key in enumerate(keys[:2])]
    _, proposal, _ = propose(live_site, tmp_path / "letter", "others", cards, quorum=2)
    address = f"{live_site.url}/proposals/{proposal.letter_id.hex()}"
    problem = page.locator("#ack [role=alert]")

    def read(number: int, text: str) -> None:
        file = tmp_path / f"{number}.json"
        file.write_text(format_locked(keys[number], PASSPHRASE))
        visit(page, live_site)
        unlock(page, file)
        expect_unlocked(page)
        page.fill("#address", text)
        page.click("#read")

    read(2, address)
    expect(problem).to_contain_text("your key is not in it", use_inner_text=True)
    page.fill("#address", "the letter")
    page.click("#read")
    expect(page.locator("#address-error")).to_be_visible()
    page.fill("#address", "0" * 64)
    page.click("#read")
    expect(problem).to_contain_text("no such proposal", use_inner_text=True)
    page.route(
        re.compile("/api/v1/proposals/"),
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace("will cook in the yard", "will go home"),
        ),
    )
    read(0, address)
    expect(problem).to_contain_text("Do not acknowledge it", use_inner_text=True)


@pytest.mark.parametrize("look", LOOKS, ids=name_of)
def test_for_everybody(browser: Browser, live_site: LiveSite, tmp_path: Path, look: Look) -> None:
    """Axe has nothing against any of its states, and none scrolls sideways."""
    keys = [TrusteeKey.generate() for _ in range(2)]
    cards = [table_of(key, f"Trustee {i}") for i, key in enumerate(keys)]
    slug = f"look-{look.invite}"
    _, proposal, _ = propose(live_site, tmp_path / "letter", slug, cards, quorum=2)
    (tmp_path / "key.json").write_text(format_locked(keys[0], PASSPHRASE))
    found: list[str] = []
    with looking(browser, look) as page:

        def note(state: str) -> None:
            found.extend(f"{state}: {fault}" for fault in find_faults(page) + find_overflow(page))

        visit(page, live_site, look.lang, proposal.letter_id.hex())
        note("locked")
        page.check("input[name=with][value=new]")
        page.click("#make")
        expect(page.locator("#name-error")).to_be_visible()
        note("new key")
        page.check("input[name=with][value=file]")
        unlock(page, tmp_path / "key.json")
        expect_unlocked(page)
        note("unlocked")
        page.click("#read")
        expect(page.locator("#proposal-title")).to_be_focused()
        note("proposal")
        page.click("#acknowledge")
        expect(page.locator("#acknowledged")).to_be_visible()
        page.click("#look")
        expect(page.locator("#turn-title")).to_be_focused()
        page.click("#checks > summary")
        note("looked")
    assert found == []


def test_by_keyboard(page: Page, live_site: LiveSite) -> None:
    """A key is made without a pointer; the focus goes along."""
    page.emulate_media(reduced_motion="reduce")
    visit(page, live_site)
    press_on(page, "input[name=with]", "ArrowDown")
    type_into(page, "#name", "Ada")
    type_into(page, "#new-passphrase", PASSPHRASE)
    type_into(page, "#again", PASSPHRASE)
    press_on(page, "#make")
    expect(page.locator("#held-title")).to_be_focused(timeout=40_000)
    press_on(page, "#card-copy")


def test_without_a_script(browser: Browser, live_site: LiveSite) -> None:
    """The commands that do the same."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_site.url}/trustee?lang=en")
    expect(page.locator("#plain")).to_contain_text("undersigned trustee keygen")
    expect(page.locator("#key")).to_be_hidden()
    context.close()
