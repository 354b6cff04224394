"""The roll in a real browser: imported with the script's bar, cards made, and a card that is scanned."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Request, expect
from tests.app.test_cards import codes_in
from tests.desk import make_account
from tests.e2e_browser.axe import find_faults
from tests.e2e_browser.passkeys import enter
from tests.e2e_browser.reading import find_overflow
from tests.e2e_browser.signing import choose_stand, confirm_words, open_signing, read_letter, sign
from tests.e2e_browser.test_accessible import Look, looking, name_of
from tests.e2e_browser.test_desk import check
from tests.live import PEOPLE, LiveSite, make_letter

from undersigned.app.desk import Desk

NUMBERS = count()
SLOW_MS = 60_000
LOOKS = [Look("light", "en", 320, 0), Look("dark", "id", 320, 0)]

MANY = "email,name\n" + "".join(f"m{n}@staff.example,Member {n}\n" for n in range(40_000))
BAD = "email,name,role\nana@staff.example,Ana,Cook\nbudi,Budi,\ncita@staff.example,,\nAna@staff.example,A,\n"


@pytest.fixture
def desk(live_site: LiveSite) -> Desk:
    """The desk of the live site."""
    return live_site.running.desk


def import_rows(page: Page, desk: Desk, slug: str, rows: str) -> None:
    """Upload a file, and wait until the page has opened itself anew."""
    page.goto(f"{desk.url}/desk/rolls/{slug}")
    file = FilePayload(name="roll.csv", mimeType="text/csv", buffer=rows.encode())
    page.set_input_files("#file", file)
    page.click("section[aria-labelledby=import] button")
    expect(page).to_have_url(re.compile("/imports/"))
    expect(page.locator("button[value=take]")).to_be_visible(timeout=SLOW_MS)


def make_cards(page: Page, file: Path) -> list[str]:
    """Make the cards that the page offers; return the codes on them."""
    with page.expect_download() as waiting:
        page.click("section[aria-labelledby=make] button")
    assert re.fullmatch(r"[a-z0-9-]+-cards\.pdf", waiting.value.suggested_filename)
    waiting.value.save_as(file)
    return codes_in(file.read_bytes())


def test_a_large_roll_is_imported(page: Page, desk: Desk) -> None:
    """The page asks how far it is and opens itself anew, twice, with no hand on it; the roll has them."""
    enter(page, desk, make_account(desk, "Importing owner"))
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    import_rows(page, desk, "many", MANY)
    assert any(url.endswith("/progress") for url in asked)
    asked.clear()
    page.click("text=Take all rows")
    done = page.locator(".notice.good")
    expect(done).to_contain_text("Put on the roll: 40,000.", timeout=SLOW_MS)
    assert any(url.endswith("/progress") for url in asked)


@pytest.mark.parametrize("look", LOOKS, ids=name_of)
def test_every_page_is_for_everybody(
    browser: Browser, desk: Desk, look: Look, tmp_path: Path
) -> None:
    """Axe finds nothing and nothing is cut off: of roll, import and invites, empty and full."""
    roll, codes = f"roll-{next(NUMBERS)}", f"codes-{next(NUMBERS)}"
    with looking(browser, look) as page:
        enter(page, desk, make_account(desk, "Anneliese van der Westhuizen-Kartasasmita"))
        for slug in (roll, codes):
            for path in ("", "/invites"):
                check(page, f"{desk.url}/desk/rolls/{slug}{path}", look)
        import_rows(page, desk, roll, BAD)
        check(page, page.url, look)
        page.click("button[value=take]")
        expect(page.locator(".notice.good")).to_be_visible(timeout=SLOW_MS)
        check(page, page.url, look)
        for path in ("", "?done=added", "/invites"):
            check(page, f"{desk.url}/desk/rolls/{roll}{path}", look)
        assert len(make_cards(page, tmp_path / "list.pdf")) == 1
        check(page, f"{desk.url}/desk/rolls/{roll}/invites?done=voided", look)
        check_in_place(page, "address", "nobody@staff.example", 422)
        check_in_place(page, "address", "ana@staff.example", 200)
        check_in_place(page, "card", "0000000", 422)
        page.goto(f"{desk.url}/desk/rolls/{codes}/invites?lang={look.lang}")
        check_in_place(page, "count", "0", 422)
        page.fill("#count", "2")
        assert len(make_cards(page, tmp_path / "codes.pdf")) == 2
        check(page, f"{desk.url}/desk/rolls/{codes}/invites", look)


def check_in_place(page: Page, field: str, typed: str, status: int) -> None:
    """Send a form with one field, and look at the page that is its answer."""
    page.fill(f"#{field}", typed)
    with page.expect_response(lambda answer: answer.request.method == "POST") as waiting:
        page.press(f"#{field}", "Enter")
    assert waiting.value.status == status
    expect(page.locator("h1")).to_be_visible()
    assert find_faults(page) == []
    assert find_overflow(page) == []


# --- a card that is scanned


def test_a_card_fills_in_its_code(live_site: LiveSite, reopen: Callable[[], Page]) -> None:
    """Out of the address at once, over the words and a reload, and sent when the member says so."""
    page = reopen()
    sent: list[str] = []

    def note(request: Request) -> None:
        sent.append(request.url + (request.post_data or ""))

    page.on("request", note)
    written = live_site.invites[len(PEOPLE) - 1]
    code = written.replace("-", "")
    address = f"{live_site.url}/letters/{live_site.slug}/sign"
    page.goto(f"{address}#invite={code}")
    expect(page.locator("#read-done")).to_be_visible()
    assert page.url == address
    confirm_words(page, read_letter(page))
    expect(page.locator("#invite")).to_have_value(written)
    expect(page.locator("input[name=method][value=invite]")).to_be_checked()
    page.reload()
    page.click("#continue")
    expect(page.locator("#invite")).to_have_value(written)
    # Another card is scanned into the same window, and what is no code changes nothing.
    page.evaluate("() => { location.hash = '#invite=zzzzzzzzzzzzzzzz'; }")
    expect(page.locator("#invite")).to_have_value("ZZZZ-ZZZZ-ZZZZ-ZZZZ")
    page.evaluate("(code) => { location.hash = `#invite=${code}`; }", code)
    expect(page.locator("#invite")).to_have_value(written)
    assert page.url == address
    assert not any(code in request or written in request for request in sent)
    page.click("#prove")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
    assert any(code in request for request in sent if "/tokens" in request)
    assert page.evaluate("() => history.state") is None
    assert page.input_value("#invite") == ""
    choose_stand(page, "sealed")
    sign(page)


def test_a_card_of_another_language_and_no_code(page: Page, live_site: LiveSite) -> None:
    """The query stays; what is no code is taken out of the address, and fills in nothing."""
    open_signing(page, live_site.url, live_site.slug, "id")
    page.goto(f"{live_site.url}/letters/{live_site.slug}/sign?lang=id#invite=abc")
    expect(page.locator("#read-done")).to_be_visible()
    assert page.url.endswith("/sign?lang=id")
    assert page.input_value("#invite") == ""


def test_a_card_of_a_letter_that_takes_no_codes(page: Page, live_site: LiveSite) -> None:
    """Its code is neither in the address nor kept; the other ways stand as they did."""
    slug = f"mail-alone-{next(NUMBERS)}"
    folder = live_site.folder.with_name(slug)
    _, invites = make_letter(live_site.site, folder, slug, methods='["email"]')
    page.goto(f"{live_site.url}/letters/{slug}/sign#invite={invites[0].replace('-', '')}")
    expect(page.locator("#read-done")).to_be_visible()
    assert page.url.endswith("/sign")
    expect(page.locator("#mail")).to_be_attached()
    assert page.evaluate("() => history.state") is None
