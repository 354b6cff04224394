"""A wave opened by trustees in two browsers and one at the command line, on a served site."""

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e_browser.axe import find_faults
from tests.e2e_browser.proposing import propose
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.test_accessible import LOOKS, Look, looking, name_of
from tests.e2e_browser.test_trustee import PASSPHRASE, expect_unlocked, unlock, visit
from tests.live import PEOPLE, LiveSite
from tests.web.members import enrolled

from undersigned.app.drafting import open_letter
from undersigned.app.proposing import add_ack
from undersigned.cli.trustee_key import table_of
from undersigned.crypto.keys import TrusteeKey, format_locked
from undersigned.domain.letter import Mode
from undersigned.signer.signing import sign, wait_for_proof
from undersigned.trustee.acking import make_ack
from undersigned.web.static_files import find_bundle

SIGNERS = 4
FROZEN_S = 30


@dataclass(frozen=True, slots=True)
class Held:
    """A letter whose wave waits, and the key files of its trustees."""

    slug: str
    files: tuple[Path, ...]


def freeze(live: LiveSite, folder: Path, slug: str, *, trustees: int, quorum: int) -> Held:
    """Open a letter with these trustees, let members sign it sealed, and wait until it is frozen."""
    keys = [TrusteeKey.generate() for _ in range(trustees)]
    cards = [table_of(key, f"Trustee {i}") for i, key in enumerate(keys, 1)]
    draft, proposal, invites = propose(
        live, folder / slug, slug, cards, quorum=quorum, rule=SIGNERS, cooling_off_s=0
    )
    site = live.running.site
    for key in keys:
        number, sig = make_ack(proposal, key)
        add_ack(site, proposal.letter_id, number, sig, None)
    open_letter(site, draft, find_bundle())
    with httpx2.Client(base_url=live.url, timeout=60) as client:
        for invite in invites[:SIGNERS]:
            attempt = enrolled(client, slug, invite)
            attempt.choose(Mode.SEALED)
            wait_for_proof(client, sign(client, attempt), 120)
    wait_for(live, slug, "frozen")
    files = []
    for i, key in enumerate(keys, 1):
        files.append(folder / f"{slug}-{i}.json")
        files[-1].write_text(format_locked(key, PASSPHRASE))
    return Held(slug, tuple(files))


def wait_for(live: LiveSite, slug: str, state: str) -> None:
    """Wait until a letter is in a state."""
    end = time.monotonic() + FROZEN_S
    while True:
        found = httpx2.get(f"{live.url}/api/v1/letters/{slug}", timeout=60).json()["state"]
        if found == state or time.monotonic() > end:
            assert found == state
            return
        time.sleep(0.2)


def take_turn(page: Page, live: LiveSite, file: Path) -> None:
    """Unlock a key, look whether it is one's turn, and send one's shares."""
    visit(page, live)
    unlock(page, file)
    expect_unlocked(page)
    page.click("#look")
    expect_turn(page, "It is your turn")
    page.click("#open-now")


def expect_turn(page: Page, title: str) -> None:
    """Wait until the page says this of the wave."""
    expect(page.locator("#turn-title")).to_have_text(title, use_inner_text=True, timeout=40_000)


def names_of(live: LiveSite, slug: str) -> list[str]:
    """Return the names that are public."""
    answer = httpx2.get(f"{live.url}/api/v1/letters/{slug}/names", timeout=60).json()
    return sorted(name["name"] for name in answer["names"])


def run_cli(
    live: LiveSite, held: Held, number: int, passphrase: Path
) -> subprocess.CompletedProcess[str]:
    """Let a trustee open names at the command line."""
    command = [
        sys.executable, "-m", "undersigned", "trustee", "open", f"{live.url}/letters/{held.slug}",
        "--key", str(held.files[number]), "--passphrase-file", str(passphrase),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_two_browsers_and_a_command_line(
    page: Page, browser: Browser, live_site: LiveSite, tmp_path: Path
) -> None:
    """Three of four must act: a browser, the command line, and the browser that opens."""
    held = freeze(live_site, tmp_path, "three-of-four", trustees=4, quorum=3)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    take_turn(page, live_site, held.files[0])
    expect_turn(page, "Your shares are sent; others are awaited")
    expect(page.locator("#turn")).to_contain_text(
        "Trustee 2, Trustee 3, Trustee 4", use_inner_text=True
    )
    page.click("#open-again")
    expect_turn(page, "Your shares are sent; others are awaited")
    done = run_cli(live_site, held, 1, passphrase)
    assert "Traceback" not in done.stderr, done.stderr
    assert names_of(live_site, held.slug) == []
    other = browser.new_context().new_page()
    take_turn(other, live_site, held.files[2])
    expect_turn(other, "The names are opened")
    other.context.close()
    wait_for(live_site, held.slug, "released")
    assert names_of(live_site, held.slug) == sorted(name for _, name, _ in PEOPLE[:SIGNERS])
    page.click("#open-again")
    expect(page.locator("#open [role=alert]")).to_contain_text(
        "opened already", use_inner_text=True
    )
    page.click("#look")
    expect_turn(page, "It is nobody's turn now")


def test_the_command_line_opens_what_a_browser_shared(
    page: Page, live_site: LiveSite, tmp_path: Path
) -> None:
    """Two of two: the browser's file is read by the command line, whose opening holds."""
    held = freeze(live_site, tmp_path, "two-of-two", trustees=2, quorum=2)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    take_turn(page, live_site, held.files[1])
    expect_turn(page, "Your shares are sent; others are awaited")
    done = run_cli(live_site, held, 0, passphrase)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(live_site, held.slug, "released")
    assert len(names_of(live_site, held.slug)) == SIGNERS


def test_one_trustee_elsewhere_opens_alone(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """A quorum of one exchanges nothing; a log that lies keeps the key closed."""
    held = freeze(live_site, tmp_path, "one-of-two", trustees=2, quorum=1)
    visit(page, live_site)
    unlock(page, held.files[0])
    expect_unlocked(page)
    page.route(
        "**/log/tile/entries/**",
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.body().replace(b'"mode":"sealed"', b'"mode":"seaLed"'),
        ),
    )
    page.click("#look")
    expect_turn(page, "The log does not hold: nothing was opened")
    expect(page.locator("#open-now")).to_be_hidden()
    page.unroute("**/log/tile/entries/**")
    page.click("#look")
    expect_turn(page, "It is your turn")
    expect(page.locator("#turn")).to_contain_text(
        f"names whose turn it is: {SIGNERS}", use_inner_text=True
    )
    page.click("#open-now")
    expect_turn(page, "The names are opened")
    wait_for(live_site, held.slug, "released")
    assert len(names_of(live_site, held.slug)) == SIGNERS


def test_a_seal_that_the_site_changed(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """Nothing is struck for what the site lost: the page says so, and sends nothing."""
    held = freeze(live_site, tmp_path, "changed-seal", trustees=2, quorum=2)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method) if "/waves/" in one.url else None)
    page.route(
        re.compile("/blobs/"), lambda route: route.fulfill(status=200, body=b"something else")
    )
    take_turn(page, live_site, held.files[0])
    expect(page.locator("#open [role=alert]")).to_contain_text(
        "lost or changed", use_inner_text=True
    )
    assert sent == []


@pytest.mark.parametrize("look", LOOKS[:2], ids=name_of)
def test_for_everybody(browser: Browser, live_site: LiveSite, tmp_path: Path, look: Look) -> None:
    """Axe has nothing against a turn, and the waiting after it."""
    held = freeze(live_site, tmp_path, f"turn-{look.invite}", trustees=2, quorum=2)
    found: list[str] = []
    with looking(browser, look) as page:
        visit(page, live_site, look.lang)
        unlock(page, held.files[0])
        expect_unlocked(page)
        page.click("#look")
        expect(page.locator("#open-now")).to_be_visible()
        found += find_faults(page) + find_overflow(page)
        page.click("#open-now")
        expect(page.locator("#open-again")).to_be_visible(timeout=40_000)
        found += find_faults(page) + find_overflow(page)
    assert found == []
