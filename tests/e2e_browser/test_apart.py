"""A real browser, and issuer and collector as two real processes at two origins: signed the whole way."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, Request, expect
from tests.apart import SLUG
from tests.e2e.test_apart import Pair, make_pair
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.signing import (
    check_receipt,
    choose_stand,
    confirm_words,
    open_signing,
    prove_by_invite,
    read_letter,
    save_receipt,
    sign,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both processes, and a letter."""
    made = make_pair(tmp_path_factory.mktemp("apart"), 4, conditions="[2]")
    yield made
    assert made.issuer.stop() == 0
    assert made.collector.stop() == 0


def note_requests(page: Page) -> list[Request]:
    """Return a list that every request of the page is added to."""
    sent: list[Request] = []

    def note(request: Request) -> None:
        sent.append(request)

    page.on("request", note)
    return sent


def test_a_member_signs_at_two_origins(page: Page, pair: Pair, tmp_path: Path) -> None:
    """Code and token at the issuer's host, the record at the site's; neither gets what is the other's."""
    sent = note_requests(page)
    open_signing(page, pair.collector.url, SLUG)
    confirm_words(page, read_letter(page))
    host = f"localhost:{pair.issuer.port}"
    expect(page.locator("#prove-form")).to_contain_text(host, use_inner_text=True)
    prove_by_invite(page, pair.members[0].invite)
    choose_stand(page, "sealed", when=2)
    sign(page)
    checked = check_receipt(save_receipt(page, tmp_path / "receipt.json"))
    assert checked.code == 0, checked.said
    hosts: dict[str, set[str]] = {}
    for request in sent:
        if request.url.startswith("http"):
            _, _, at, path = request.url.split("/", 3)
            hosts.setdefault(at, set()).add(f"{request.method} /{path.partition('?')[0]}")
    assert hosts.keys() == {host, f"127.0.0.1:{pair.collector.port}"}
    assert {each for each in hosts[host] if not each.startswith("OPTIONS")} == {
        f"POST /api/v1/letters/{SLUG}@1/tokens"
    }
    posted = {each for each in hosts[f"127.0.0.1:{pair.collector.port}"] if "POST" in each}
    assert posted == {f"POST /api/v1/letters/{SLUG}@1/signatures"}
    to_site = "".join(r.post_data or "" for r in sent if r.url.endswith("/signatures"))
    assert json.loads(to_site).keys() == {"record", "blob"}
    assert pair.members[0].invite not in to_site


def test_a_code_by_mail_comes_from_the_issuer(page: Page, pair: Pair) -> None:
    """The page asks there, and what the issuer refuses is told next to the field."""
    open_signing(page, pair.collector.url, SLUG)
    confirm_words(page, read_letter(page))
    page.check("input[name=method][value=email]")
    page.fill("#mail", pair.members[1].address)
    page.click("#mail-send")
    expect(page.locator("#mail-sent")).to_be_visible()
    page.fill("#mail-code", "0000-0000")
    page.click("#prove")
    expect(page.locator("#mail-code-error")).to_contain_text("wrong, used up or too old")
    mails = list((pair.issuer.folder / "outbox").glob("*.eml"))
    while not mails:
        page.wait_for_timeout(50)
        mails = list((pair.issuer.folder / "outbox").glob("*.eml"))
    page.fill("#mail-code", mails[0].read_text().partition("Your code: ")[2][:9])
    page.click("#prove")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")


def test_the_page_may_ask_nobody_else(page: Page, pair: Pair, complaints: list[str]) -> None:
    """The browser itself keeps the page from sending to a third place, and others from the issuer."""
    open_signing(page, pair.collector.url, SLUG)
    ask = "url => fetch(url, {method: 'POST', body: '{}'}).then(a => a.status, () => 'kept')"
    other = f"http://127.0.0.1:{pair.issuer.port}/api/v1/letters/{SLUG}@1/tokens"
    assert page.evaluate(ask, other) == "kept"
    assert any("Content Security Policy" in text for text in complaints)
    complaints.clear()
    page.goto(f"{pair.collector.url}/letters/{SLUG}/signature")
    named = f"http://localhost:{pair.issuer.port}/api/v1/letters/{SLUG}@1/tokens"
    assert page.evaluate(ask, named) == "kept"
    assert any("Content Security Policy" in text for text in complaints)
    complaints.clear()
    # Another page, without such a policy: the issuer's answer is not for it.
    page.goto(f"{pair.collector.url}/log/checkpoint")
    foreign = httpx2.post(named, json={}, headers={"Origin": "http://127.0.0.1:1"}, timeout=60)
    assert "access-control-allow-origin" not in foreign.headers


def test_the_issuers_page_is_for_people(page: Page, pair: Pair) -> None:
    """It says what is known there, in both languages, to everybody, and runs nothing."""
    add_axe(page.context)
    for lang, words in (("en", "What is not known here"), ("id", "Yang tidak diketahui di sini")):
        page.goto(f"http://localhost:{pair.issuer.port}/?lang={lang}")
        expect(page.locator("html")).to_have_attribute("lang", lang)
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        assert find_faults(page) + find_overflow(page) == []
    assert page.locator("script").count() == 0
