"""The desk from its claim to the addressee's answer, with real mail, a certified provider and passkeys.

An organiser who has never used a terminal; three members, each by another way of proving membership; an
addressee, a guarantor. Once in each language of the interface.
"""

import csv
import email
import email.policy
import hashlib
import io
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from email.message import Message
from pathlib import Path
from typing import TypeVar

import httpx2
import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.served import MailSink
from tests.e2e.server import Server
from tests.e2e_browser.axe import add_axe
from tests.e2e_browser.conftest import Watch
from tests.e2e_browser.desk_story import (
    Desk,
    claim,
    import_roll,
    make_cards,
    open_letter,
    write_letter,
)
from tests.e2e_browser.passkeys import Devices
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.signing import (
    check_receipt,
    choose_stand,
    confirm_words,
    open_signing,
    read_letter,
    save_receipt,
    sign,
)
from tests.e2e_browser.test_sign import mail_sink_beside
from tests.e2e_browser.test_sign_on import log_in
from tests.live import HOST
from tests.provider.certified import CLIENT, SECRET, certified_provider

from undersigned.app.site import make_site

SLUG = "keep-the-mill"
PATIENCE_S = 60

MEMBERS = (
    ("alva@mill.example", "Alva Quillstone", "Cook"),
    ("bosse@mill.example", "Bosse Tarnwick", "Porter"),
    ("cilka@mill.example", "Cilka Fennmoor", ""),
    ("dorrin@mill.example", "Dorrin Haleby", "Nurse"),
    ("edda@mill.example", "Edda Marlrose", "Nurse"),
)
GOOD_ROLL = "email,name,role\n" + "".join(",".join(member) + "\n" for member in MEMBERS)
BAD_ROLL = GOOD_ROLL + (
    "no address,Fjor Underlea,\ngwilla@mill.example,,\nhesper@mill.example\nalva@mill.example,Alva,\n"
)
"""Three bad rows: no address, no name, too few columns; and somebody who is there already."""

HEADCOUNT, RULE = 6, 3


@contextmanager
def site_with_everything(folder: Path) -> Iterator[tuple[Server, MailSink]]:
    """Serve a new site beside a mail server and a provider of accounts."""
    make_site(folder, HOST).close()
    with ExitStack() as stack:
        sink = stack.enter_context(mail_sink_beside())
        server = Server(folder)
        url = f"http://localhost:{server.port}"
        provider = stack.enter_context(certified_provider(f"{url}/openid/return"))
        server.settings |= {
            "UNDERSIGNED_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            "UNDERSIGNED_OPENID_ISSUER": provider,
            "UNDERSIGNED_OPENID_CLIENT_ID": CLIENT,
            "UNDERSIGNED_OPENID_CLIENT_SECRET": SECRET,
            "UNDERSIGNED_OPENID_NAME": "Accounts of the valley",
        }
        yield stack.enter_context(server), sink


Found = TypeVar("Found")


def wait_for(find: Callable[[], Found | None], what: str) -> Found:
    """Ask again and again for something that comes by itself."""
    end = time.monotonic() + PATIENCE_S
    while (found := find()) is None:
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.1)
    return found


class Mails:
    """What has come to the mail server, as messages."""

    def __init__(self, sink: MailSink) -> None:
        self.sink = sink
        self.links: set[str] = set()

    def take(self, address: str) -> Message:
        """Wait for a mail to an address; its links are remembered."""
        content = wait_for(lambda: self.sink.mails.pop(address, None), f"a mail to {address}")
        message = email.message_from_bytes(content, policy=email.policy.default)
        self.links |= set(re.findall(r"https?://[^\s<>\"]+", text_of(message)))
        unsubscribe = message["List-Unsubscribe"]
        if unsubscribe is not None:
            self.links.add(str(unsubscribe).strip("<> "))
        return message

    def link(self, address: str, path: str) -> str:
        """Wait for the first mail to an address that has a link to a path; return it."""
        while True:
            text = text_of(self.take(address))
            found = set(re.findall(rf"https?://[^\s<>\"]+{path}[^\s<>\"]+", text))
            if found:
                assert len(found) == 1, found
                return str(found.pop())


def text_of(message: Message) -> str:
    """Return the plain text of a mail."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content.decode()
    raise AssertionError("a mail without plain text")


def attached_pdf(message: Message) -> bytes:
    """Return the PDF that a mail brings."""
    found = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    assert len(found) == 1
    content = found[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def read_pdf(content: bytes) -> str:
    """Return the text of a PDF."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def state_of(folder: Path) -> str:
    """Return a hash over all rows of the databases, as they are."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            for line in database.iterdump():
                digest.update(line.encode())
    return digest.hexdigest()


@pytest.fixture(params=["en", "id"])
def lang(request: pytest.FixtureRequest) -> str:
    """The language of everybody's browser."""
    return str(request.param)


@pytest.fixture
def window(browser: Browser, watch: Watch, lang: str) -> Iterator[Callable[[], Page]]:
    """Open browsers that know nothing of one another."""
    contexts = []

    def open_window() -> Page:
        locale = {"en": "en-GB", "id": "id-ID"}[lang]
        context = browser.new_context(viewport={"width": 1100, "height": 800}, locale=locale)
        contexts.append(context)
        add_axe(context)
        return watch(context)

    yield open_window
    for context in contexts:
        context.close()


def test_the_desk_from_claim_to_answer(
    window: Callable[[], Page], tmp_path: Path, lang: str
) -> None:
    """Claim, draft, roll, cards, opening, three members, release, delivery, answers, guarantee, export."""
    with site_with_everything(tmp_path / "data") as (server, sink):
        mails = Mails(sink)
        desk = Desk(window(), f"http://localhost:{server.port}", SLUG)
        Devices(desk.page).add()
        link = re.search(r"http://localhost:\d+/desk/join/\S+", server.words)
        assert link is not None, server.words
        claim(desk, link[0], "Orla Fenwick")
        assert desk.page.locator("html").get_attribute("lang") == lang
        draft = write_letter(desk, headcount=HEADCOUNT, rule=RULE)
        import_roll(desk, BAD_ROLL, GOOD_ROLL, faulty=3, members=len(MEMBERS))
        codes = read_codes(make_cards(desk), len(MEMBERS))
        desk.page.goto(draft)
        open_letter(desk)

        sign_by_mail(window(), desk, mails)
        sign_by_card(window(), desk, codes[MEMBERS[1][1]])
        receipt = sign_by_account(window(), desk, tmp_path)
        checked = check_receipt(receipt)
        assert checked.code == 0, checked.said

        delivered = mails.take("council@valley.example")
        answer(window(), desk, delivered)
        guarantee(window(), desk, mails)
        check_exports(desk)
        look_at_the_rest(desk)
        open_every_link(mails, desk, tmp_path / "data")


def read_codes(cards: bytes, count: int) -> dict[str, str]:
    """Return the invite code on each card by the name on it."""
    text = read_pdf(cards)
    found = {}
    for _, name, _ in MEMBERS:
        after = text[text.index(name) :]
        code = re.search(r"[0-9A-Z]{4}(?:[- ][0-9A-Z]{4}){3}", after)
        assert code is not None, text
        found[name] = code[0].replace(" ", "-")
    assert len(set(found.values())) == count
    return found


def finish(page: Page) -> None:
    """Choose to be sealed until all three stand, and sign."""
    choose_stand(page, "sealed", when=RULE)
    sign(page)


def sign_by_mail(page: Page, desk: Desk, mails: Mails) -> None:
    """The code is typed by hand."""
    open_signing(page, desk.url, SLUG)
    confirm_words(page, read_letter(page))
    page.check("input[name=method][value=email]")
    page.fill("#mail", MEMBERS[0][0])
    page.click("#mail-send")
    expect(page.locator("#mail-sent")).to_be_visible()
    page.fill("#mail-code", mails.sink.take_code(MEMBERS[0][0]))
    page.check("#notify")
    page.click("#prove")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
    finish(page)


def sign_by_card(page: Page, desk: Desk, code: str) -> None:
    """The address on the card fills the field, and the code is gone from the address at once."""
    page.goto(f"{desk.url}/letters/{SLUG}/sign#invite={code}")
    confirm_words(page, read_letter(page))
    expect(page.locator("#invite")).to_have_value(code)
    assert code not in page.url
    page.click("#prove")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
    finish(page)


def sign_by_account(page: Page, desk: Desk, folder: Path) -> Path:
    """Signed on at the provider; return the receipt's file."""
    open_signing(page, desk.url, SLUG)
    confirm_words(page, read_letter(page))
    page.check("input[name=method][value=openid]")
    page.click("#prove")
    page.wait_for_selector("input[name=login]")
    log_in(page, MEMBERS[2][0])
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
    finish(page)
    return save_receipt(page, folder / "receipt.json")


def answer(page: Page, desk: Desk, delivered: Message) -> None:
    """The mail brings the letter with three names; two of three demands are answered by its link."""
    text, pdf = text_of(delivered), read_pdf(attached_pdf(delivered))
    for demand in ("Mend the wheel.", "Keep the miller.", "Open the books."):
        assert demand in text
        assert demand in pdf
    for _, name, _ in MEMBERS[:3]:
        assert name in pdf
    for _, name, _ in MEMBERS[3:]:
        assert name not in pdf
    link = re.search(r"http://localhost:\d+/answer/\S+", text)
    assert link is not None, text
    page.goto(link[0])
    visitor = Desk(page, desk.url, SLUG)
    visitor.look("answer")
    states = page.locator("input[type=radio][value=met]")
    states.nth(0).check()
    page.locator("textarea").nth(0).fill("The wheel turns since Monday.")
    page.locator("input[type=radio][value=refused]").nth(1).check()
    visitor.press("button[name=step][value=review]")
    visitor.look("answer-review")
    visitor.press("button[name=step][value=give]")
    visitor.look("answer-given")
    assert page.locator("input[type=radio][value=met]").count() == 1
    page.goto(f"{desk.url}/letters/{SLUG}")
    expect(page.locator("main")).to_contain_text("The wheel turns since Monday.")
    visitor.look("letter-answered")


def guarantee(page: Page, desk: Desk, mails: Mails) -> None:
    """An organiser asks, the guarantor confirms, readers see it."""
    desk.open(f"/letters/{SLUG}/guarantees")
    desk.look("guarantees")
    desk.fill(guarantor="Oxbow Foundry", address="hr@oxbow.example", cap="500")
    desk.page.fill("[name=terms]", "A position for everyone who signs.")
    desk.press("button[name=by][value=mail]")
    page.goto(mails.link("hr@oxbow.example", "/guarantee/"))
    visitor = Desk(page, desk.url, SLUG)
    visitor.look("guarantee")
    page.check("input[name=sure]")
    visitor.press("button[name=act][value=give]")
    visitor.look("guarantee-given")
    page.goto(f"{desk.url}/letters/{SLUG}")
    expect(page.locator("main")).to_contain_text("A position for everyone who signs.")


def check_exports(desk: Desk) -> None:
    """The names as CSV and JSON are those that stand; the PDF has them, too."""
    desk.open(f"/letters/{SLUG}/export")
    desk.look("export")
    files: dict[str, bytes] = {}
    for anchor in desk.page.locator("main a[href*='/export/']").all():
        href = anchor.get_attribute("href")
        assert href is not None
        got = desk.page.context.request.get(f"{desk.url}{href}" if href.startswith("/") else href)
        assert got.ok, href
        files[href.partition("?")[0].rpartition("/")[2]] = got.body()
    rows = csv.reader(io.StringIO(files["names.csv"].decode("utf-8-sig")))
    names = {name for _, name, _ in MEMBERS[:3]}
    assert {cell for row in rows for cell in row} & {name for _, name, _ in MEMBERS} == names
    said = json.dumps(json.loads(files["letter.json"]), ensure_ascii=False)
    assert all(name in said for name in names)
    pdf = next(content for content in files.values() if content.startswith(b"%PDF"))
    assert all(name in read_pdf(pdf) for name in names)


def look_at_the_rest(desk: Desk) -> None:
    """Every other page of the desk, as it is at the end; on a small telephone, too."""
    for path, name in (
        (f"/letters/{SLUG}", "letter"),
        (f"/letters/{SLUG}/answers", "answers"),
        (f"/letters/{SLUG}/delivery", "delivery"),
        (f"/letters/{SLUG}/notices", "notices"),
        (f"/letters/{SLUG}/signatures", "signatures"),
        (f"/letters/{SLUG}/export", "export-later"),
        (f"/letters/{SLUG}/guarantees", "guarantees-later"),
        (f"/rolls/{SLUG}", "roll-open"),
        ("/letters", "letters"),
        ("/accounts", "accounts"),
        ("/activity", "activity"),
        ("/account", "account-later"),
    ):
        desk.open(path)
        desk.look(name)
        desk.page.set_viewport_size({"width": 320, "height": 640})
        assert find_overflow(desk.page) == [], path
        desk.page.set_viewport_size({"width": 1100, "height": 800})


def open_every_link(mails: Mails, desk: Desk, data: Path) -> None:
    """What a scanner of mails does: GET all that is linked. Nothing is another thing after it."""
    mails.link(MEMBERS[0][0], "/mails/")
    kinds = ("/answer/", "/guarantee/", "/mails/")
    assert {kind for kind in kinds for link in mails.links if kind in link} == set(kinds)
    before = state_of(data)
    for link in sorted(mails.links):
        if link.startswith(desk.url):
            answer = httpx2.get(link.rstrip(".,)"), follow_redirects=True, timeout=60)
            assert answer.status_code in (200, 404, 410), link
    assert state_of(data) == before
