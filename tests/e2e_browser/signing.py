"""What a member does on the sign page, step by step, and what they have in hand afterwards."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect


def open_signing(page: Page, site: str, slug: str, lang: str = "en") -> None:
    """Open the sign page of a letter."""
    page.goto(f"{site}/letters/{slug}/sign?lang={lang}")


def read_letter(page: Page) -> list[str]:
    """Go on from the letter; return the twelve words that are shown."""
    page.click("#read-done")
    return shown_words(page)


def shown_words(page: Page) -> list[str]:
    """Return the twelve words on the page."""
    expect(page.locator("#words li")).to_have_count(12)
    return page.locator("#words li").all_inner_texts()


def confirm_words(page: Page, words: list[str]) -> None:
    """Type the three words that are asked for."""
    page.click("#words-copied")
    for number in (1, 2, 3):
        place = int(page.locator(f"label[for=word-{number}] span").inner_text())
        page.fill(f"#word-{number}", words[place - 1])
    page.click("#words-check")
    expect(page.locator("#step-prove")).to_have_attribute("data-state", "now")


def prove_by_invite(page: Page, code: str) -> None:
    """Prove membership by an invite code."""
    page.fill("#invite", code)
    page.click("#prove")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")


def choose_stand(
    page: Page, mode: str, when: int | None = None, statement: str | None = None
) -> None:
    """Choose how to stand, and go on to the review."""
    page.check(f"#mode-{mode}")
    if when is not None:
        page.check(f"input[name=when][value='{when}']")
    if statement is not None:
        page.fill("#statement", statement)
    page.click("#stand")
    expect(page.locator("#step-review")).to_have_attribute("data-state", "now")


def sign(page: Page) -> None:
    """Sign, and wait for the receipt."""
    page.click("#sign-now")
    expect_receipt(page)


def expect_receipt(page: Page) -> None:
    """Wait for the receipt."""
    expect(page.locator("#step-receipt")).to_have_attribute("data-state", "now", timeout=40_000)


def save_receipt(page: Page, file: Path) -> Path:
    """Wait for the proof, and save the receipt as a file."""
    expect(page.locator("#proof-there")).to_be_visible(timeout=20_000)
    with page.expect_download() as waiting:
        page.click("#receipt-file")
    waiting.value.save_as(file)
    return file


@dataclass(frozen=True, slots=True)
class Checked:
    """What the program says of a receipt."""

    code: int
    said: str


def check_receipt(file: Path) -> Checked:
    """Verify a receipt with the command line, which asks nobody."""
    command = [sys.executable, "-m", "undersigned", "receipt", "verify", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return Checked(done.returncode, done.stdout + done.stderr)


def kept(page: Page) -> list[str]:
    """Return the names of all that the browser keeps for the site."""
    names: list[str] = page.evaluate(
        """async () => {
            const opened = indexedDB.open("undersigned");
            await new Promise((resolve) => { opened.onsuccess = resolve; });
            const asked = opened.result.transaction("attempts").objectStore("attempts").getAllKeys();
            await new Promise((resolve) => { asked.onsuccess = resolve; });
            opened.result.close();
            return asked.result;
        }"""
    )
    return names


def expect_nothing_kept(page: Page, timeout_s: float = 10) -> None:
    """Wait until the browser keeps nothing: the receipt is shown first, the attempt wiped after it."""
    until = time.monotonic() + timeout_s
    while (names := kept(page)) and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert names == []
