"""Signing in a browser: each way to prove membership, each way to stand, in both languages."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Request, expect
from tests.e2e.served import MailSink, mail_sink, served
from tests.e2e_browser.conftest import Watch
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
from tests.live import HOST, PEOPLE, SLUG, LiveSite, make_letter

from undersigned.app.site import make_site


def test_sealed_and_conditional_by_mail(page: Page, tmp_path: Path) -> None:
    """The code comes by SMTP, is typed by hand, and the signature waits for two others."""
    data = tmp_path / "data"
    site = make_site(data, HOST)
    make_letter(site, tmp_path / "letter")
    site.close()
    with (
        mail_sink_beside() as sink,
        served(data, tmp_path / "out.txt", smtp_url=f"smtp://127.0.0.1:{sink.port}") as url,
    ):
        open_signing(page, url, SLUG)
        confirm_words(page, read_letter(page))
        page.check("input[name=method][value=email]")
        page.fill("#mail", "  Alva@Staff.Example ")
        page.click("#mail-send")
        expect(page.locator("#mail-sent")).to_be_visible()
        expect(page.locator("#mail-code")).to_be_focused()
        page.fill("#mail-code", sink.take_code("alva@staff.example").lower())
        page.click("#prove")
        expect(page.locator("#stand-form")).to_contain_text(
            "Alva Quillstone, Cook", use_inner_text=True
        )
        choose_stand(page, "sealed", when=3, statement="We cook at night.\nAlways.")
        expect(page.locator("#review-form")).to_contain_text("Always.", use_inner_text=True)
        sign(page)
        expect(page.locator("#receipt-waits")).to_be_visible()
        expect_nothing_kept(page)
        file = save_receipt(page, tmp_path / "receipt.json")
        assert count_of(url, SLUG) == {"standing": 0, "waiting": 1}
    checked = check_receipt(file)
    assert checked.code == 0, checked.said
    assert "is entry" in checked.said
    record = json.loads(file.read_text())["record"]
    assert (record["mode"], record["condition"]) == ("sealed", 3)


def test_public_by_invite(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """With initials, which appear on the letter's page, and a statement."""
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    page.check("input[name=shown][value=initials]")
    page.fill("#name", PEOPLE[1][1])
    page.fill("#role", PEOPLE[1][2])
    expect(page.locator("#name-preview")).to_contain_text("B. T., Porter", use_inner_text=True)
    prove_by_invite(page, live_site.invites[1].lower())
    page.check("#mode-public")
    expect(page.locator("#when-fields")).to_be_hidden()
    choose_stand(page, "public", statement="Openly.")
    page.click("#review-form summary")
    expect(page.locator("[data-slot=blob]")).to_contain_text(
        '"statement":"Openly."', use_inner_text=True
    )
    sign(page)
    checked = check_receipt(save_receipt(page, tmp_path / "receipt.json"))
    assert checked.code == 0, checked.said
    answer = httpx2.get(f"{live_site.url}/api/v1/letters/{live_site.slug}/names", timeout=60)
    shown = [(name["name"], name["role"], name["statement"]) for name in answer.json()["names"]]
    assert ("B. T.", "Porter", "Openly.") in shown


def test_anonymous(page: Page, live_site: LiveSite, tmp_path: Path) -> None:
    """No name leaves the browser, and no statement is asked for."""
    sent: list[Request] = []

    def note(request: Request) -> None:
        sent.append(request)

    page.on("request", note)
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    prove_by_invite(page, live_site.invites[2])
    page.check("#mode-anonymous")
    expect(page.locator("#statement-field")).to_be_hidden()
    expect(page.locator("#when-small")).to_be_visible()
    choose_stand(page, "anonymous", when=2)
    expect(page.locator("#review-form")).not_to_contain_text(PEOPLE[2][1], use_inner_text=True)
    sign(page)
    checked = check_receipt(save_receipt(page, tmp_path / "receipt.json"))
    assert checked.code == 0, checked.said
    [body] = [request.post_data or "" for request in sent if request.url.endswith("/signatures")]
    assert json.loads(body)["blob"] is None
    hosts = {request.url.split("/")[2] for request in sent if request.url.startswith("http")}
    assert hosts == {live_site.url.split("/")[2]}


def test_in_indonesian(page: Page, live_site: LiveSite) -> None:
    """The page, its errors and its receipt are in the language of the address."""
    open_signing(page, live_site.url, live_site.slug, "id")
    expect(page.locator("html")).to_have_attribute("lang", "id")
    words = read_letter(page)
    page.click("#words-copied")
    page.click("#words-check")
    expect(page.locator("#word-1-error")).to_have_text("Silakan ketik kata ini.")
    page.click("#words-again")
    confirm_words(page, words)
    page.fill("#invite", "abc")
    page.click("#prove")
    expect(page.locator("#invite-error")).to_contain_text(
        "Kode undangan terdiri dari 16 huruf", use_inner_text=True
    )
    prove_by_invite(page, live_site.invites[3])
    choose_stand(page, "sealed")
    expect(page.locator("#review-form")).to_contain_text("Tersegel", use_inner_text=True)
    sign(page)
    expect(page.locator("#step-receipt h2")).to_have_text("Anda sudah menandatangani")


def test_double_click(page: Page, live_site: LiveSite) -> None:
    """Two clicks send one signature, once."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    prove_by_invite(page, live_site.invites[4])
    choose_stand(page, "sealed")
    page.dblclick("#sign-now")
    expect(page.locator("#step-receipt")).to_have_attribute("data-state", "now")
    assert len([url for url in sent if url.endswith("/signatures")]) == 1


def test_without_a_script(browser: Browser, live_site: LiveSite, watch: Watch) -> None:
    """The letter can be read, and the page says how to sign in a terminal."""
    with browser.new_context(java_script_enabled=False) as context:
        page = watch(context)
        open_signing(page, live_site.url, live_site.slug)
        expect(page.locator("#read")).to_contain_text(
            "The kitchen stays open at night.", use_inner_text=True
        )
        expect(page.locator("#plain")).to_contain_text(
            f"undersigned sign {live_site.url}", use_inner_text=True
        )
        expect(page.locator("#read-done")).to_be_hidden()
        expect(page.locator("#steps")).to_be_hidden()


def test_without_https(page: Page, live_site: LiveSite, complaints: list[str]) -> None:
    """Another address than this machine's, by plain http: told why, and what to put before it."""
    port = live_site.url.rpartition(":")[2]
    open_signing(page, f"http://{HOST}:{port}", live_site.slug)
    expect(page.locator("#insecure")).to_be_visible()
    expect(page.locator("#insecure a")).to_have_attribute(
        "href", f"https://{HOST}/letters/{live_site.slug}@1/sign"
    )
    page.click("#insecure summary")
    expect(page.locator("#insecure")).to_contain_text(f"127.0.0.1:{port}", use_inner_text=True)
    expect(page.locator("#steps")).to_be_hidden()
    # The browser says that it heeds this header on secure pages only.
    assert [text for text in complaints if "Cross-Origin-Opener-Policy" not in text] == []
    complaints.clear()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(page: Page, live_site: LiveSite, width: int) -> None:
    """Every step fits into a narrow telephone: nothing scrolls sideways."""
    page.set_viewport_size({"width": width, "height": 700})
    open_signing(page, live_site.url, live_site.slug)
    read_letter(page)
    page.evaluate(
        """() => {
            for (const body of document.querySelectorAll("[data-body]")) body.hidden = false;
        }"""
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@contextmanager
def mail_sink_beside() -> Iterator[MailSink]:
    """Run a mail server from another thread: in this one the driver's loop is running."""
    running = mail_sink()
    with ThreadPoolExecutor(1) as thread:
        sink = thread.submit(running.__enter__).result()
        try:
            yield sink
        finally:
            thread.submit(running.__exit__, None, None, None).result()


def count_of(url: str, slug: str) -> dict[str, int]:
    """Return how many stand and wait, as the site counts."""
    counts = httpx2.get(f"{url}/api/v1/letters/{slug}/counts", timeout=60).json()
    return {"standing": counts["standing"], "waiting": counts["waiting"]}
