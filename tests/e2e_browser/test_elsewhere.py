"""Begun here, finished elsewhere: a file from the browser for the terminal, and the other way round.

And a new edition: the page of the old one leads to it, where the old words serve.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx2
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
    prove_by_invite,
    read_letter,
    save_receipt,
    sign,
)
from tests.live import LiveSite

from undersigned.app.drafting import open_letter
from undersigned.app.letter_file import read_draft

WORDS = {
    "en": {
        "small": "That is a small crowd",
        "first": "Please save the file first",
        "none": "not an unfinished signature",
        "other": "another letter, edition or site",
        "held": "holds no token",
        "earlier": "have not signed the edition before",
        "wrong": "not twelve words",
    },
    "id": {
        "small": "Itu sedikit",
        "first": "Silakan simpan berkasnya dulu",
        "none": "bukan tanda tangan yang belum selesai",
        "other": "surat, edisi, atau situs lain",
        "held": "tidak berisi token",
        "earlier": "belum menandatangani edisi sebelum",
        "wrong": "bukan dua belas kata",
    },
}


def command(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the program, as a member does on another machine."""
    line = [sys.executable, "-m", "undersigned", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=90, cwd=folder)


def take_token(page: Page, live: LiveSite, member: int, lang: str = "en") -> list[str]:
    """Go as far as the token; return the words."""
    open_signing(page, live.url, live.slug, lang)
    words = read_letter(page)
    confirm_words(page, words)
    prove_by_invite(page, live.invites[member])
    return words


@pytest.mark.parametrize(("lang", "member"), [("en", 0), ("id", 1)])
def test_from_the_browser_to_the_terminal(
    page: Page, live_site: LiveSite, tmp_path: Path, lang: str, member: int
) -> None:
    """The crowd is told, the file is saved, the browser forgets; the terminal signs with it."""
    say = WORDS[lang]
    add_axe(page.context)
    words = take_token(page, live_site, member, lang)
    expect(page.locator("#crowd-small")).to_contain_text(say["small"])
    page.locator("#save-file").locator("xpath=ancestor::details").locator("summary").click()
    assert find_faults(page) + find_overflow(page) == []
    page.click("#forget")
    expect(page.locator("#forget-problem")).to_contain_text(say["first"])
    with page.expect_download() as waiting:
        page.click("#save-file")
    assert waiting.value.suggested_filename == "small-letter-1.attempt"
    file = tmp_path / "small-letter-1.attempt"
    waiting.value.save_as(file)
    file.chmod(0o600)
    assert live_site.invites[member] not in file.read_text()
    page.click("#forget")
    expect(page.locator("#read-done")).to_be_visible()
    expect_nothing_kept(page)

    url = f"{live_site.url}/letters/{live_site.slug}"
    done = command(tmp_path, "sign", url, "--attempt", file, "--mode", "sealed", "--yes")
    assert done.returncode == 0, done.stderr
    assert not file.exists()
    receipt = tmp_path / "small-letter-1.receipt.json"
    assert json.loads(receipt.read_bytes())["words"] == " ".join(words)
    assert "holds: " in check_receipt(receipt).said


@pytest.mark.parametrize(("lang", "member"), [("en", 2), ("id", 3)])
def test_from_the_terminal_to_the_browser(
    page: Page, live_site: LiveSite, tmp_path: Path, lang: str, member: int
) -> None:
    """What is no such file is told at its field; the right one goes on with how to stand."""
    say = WORDS[lang]
    url = f"{live_site.url}/letters/{live_site.slug}"
    invite = live_site.invites[member]
    done = command(tmp_path, "sign", url, "--invite", invite, "--token-only", "--yes")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "small-letter-1.attempt"
    saved = json.loads(file.read_bytes())
    add_axe(page.context)
    open_signing(page, live_site.url, live_site.slug, lang)
    page.locator("#from-file summary").click()
    for change, told in (
        ({"v": 2}, "none"),
        ({"origin": "other.example/log"}, "other"),
        ({"step": {"state": "blinded", "blinding": "", "asked": None}}, "held"),
        ({"step": saved["step"] | {"token": "A" * 472}}, "none"),
        ({"code": "A" * 22}, "none"),
    ):
        odd = tmp_path / "odd.attempt"
        odd.write_text(json.dumps(saved | change))
        page.set_input_files("#attempt-file", odd)
        page.click("#take-file")
        expect(page.locator("#attempt-file-error")).to_contain_text(say[told])
        expect(page.locator("#attempt-file")).to_be_focused()
    assert find_faults(page) + find_overflow(page) == []
    page.set_input_files("#attempt-file", file)
    page.click("#take-file")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
    choose_stand(page, "sealed", 2)
    sign(page)
    receipt = save_receipt(page, tmp_path / "receipt.json")
    assert check_receipt(receipt).code == 0
    # The terminal's copy is worth nothing any more.
    spent = command(tmp_path, "sign", url, "--mode", "anonymous", "--yes")
    assert spent.returncode == 1
    assert "this member has signed already" in spent.stderr


def test_the_old_words_serve_the_new_edition(
    page: Page, live_site: LiveSite, tmp_path: Path
) -> None:
    """From the page of the old edition to the new one, with the words that are on paper already."""
    words = take_token(page, live_site, 4)
    choose_stand(page, "sealed")
    sign(page)
    save_receipt(page, tmp_path / "receipt.json")
    folder = live_site.folder.with_name("data-letter")
    text = (folder / "letter.toml").read_text()
    (folder / "letter.toml").write_text(text.replace("\ndeadline", "\nedition = 2\ndeadline", 1))
    open_letter(live_site.running.site, read_draft(folder / "letter.toml"))

    add_axe(page.context)
    for lang in ("id", "en"):
        say = WORDS[lang]
        page.goto(f"{live_site.url}/letters/{live_site.slug}@1/signature?lang={lang}")
        page.fill("#words-typed", " ".join(words))
        page.click("#look-up")
        expect(page.locator("#found-title [data-is=over]")).to_be_visible()
        expect(page.locator("#amend-offer")).to_be_hidden()
        page.locator("#signature > .notice a").first.click()
        # The second time new words were made already, and are gone on with.
        page.click("#read-done" if lang == "id" else "#continue")
        page.locator("#earlier-form").locator("xpath=ancestor::details").locator("summary").click()
        for typed, told in (("one two three", "wrong"), ("abandon " * 11 + "about", "earlier")):
            page.fill("#words-earlier", typed)
            page.click("#earlier")
            expect(page.locator("#words-earlier-error")).to_contain_text(say[told])
            expect(page.locator("#words-earlier")).to_be_focused()
        assert find_faults(page) + find_overflow(page) == []
    page.fill("#words-earlier", " ".join(words).upper())
    page.click("#earlier")
    expect(page.locator("#step-prove")).to_have_attribute("data-state", "now")
    expect(page.locator("#earlier-found")).to_be_visible()
    prove_by_invite(page, live_site.invites[4])
    choose_stand(page, "public")
    sign(page)
    receipt = save_receipt(page, tmp_path / "second.json")
    said = json.loads(receipt.read_bytes())
    assert said["words"] == " ".join(words)
    assert said["letter"]["body"]["edition"] == 2
    end = time.monotonic() + 120
    counts = f"{live_site.url}/api/v1/letters/{live_site.slug}/counts"
    while httpx2.get(counts, timeout=60).json()["standing"] != 1:
        assert time.monotonic() < end
        time.sleep(0.1)
