"""What an organiser does at the desk, page by page, in whatever language its pages are.

Fields and buttons are found by their names, which are the same in every language.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FilePayload, Page, ViewportSize, expect
from tests.e2e_browser.axe import find_faults
from tests.e2e_browser.reading import find_overflow

PICTURES = os.environ.get("PICTURES_OF_THE_DESK")
"""A folder: each page of the story is then kept in it as a picture (docs/organiser.md)."""

CLOSES = "2099-06-01"

SMALL: ViewportSize = {"width": 320, "height": 640}


@dataclass(slots=True)
class Desk:
    """An organiser's browser at a desk. Every page that it looks at is checked for everybody's use.

    `chapter` goes before the names of pictures, so that no story takes those of another.
    """

    page: Page
    url: str
    slug: str
    chapter: str = ""
    seen: int = 0

    def open(self, path: str) -> None:
        """Open a page of the desk."""
        self.page.goto(f"{self.url}/desk{path}")

    def look(self, name: str) -> None:
        """Check the page as it is now: axe, nothing cut off, one heading; keep a picture if asked to."""
        expect(self.page.locator("h1")).to_have_count(1)
        found = (find_faults(self.page), find_overflow(self.page))
        assert found == ([], []), (name, found)
        self.seen += 1
        if PICTURES is not None:
            lang = self.page.locator("html").get_attribute("lang")
            file = (
                Path(PICTURES)
                / f"desk-{self.chapter}{name}{'' if lang == 'en' else f'-{lang}'}.png"
            )
            self.page.screenshot(path=file, full_page=True)

    def look_narrow(self, name: str) -> None:
        """Check the page on a small telephone, too, then look at it as usual."""
        usual = self.page.viewport_size
        assert usual is not None
        self.page.set_viewport_size(SMALL)
        found = (find_faults(self.page), find_overflow(self.page))
        assert found == ([], []), (name, found)
        self.page.set_viewport_size(usual)
        self.look(name)

    def press(self, selector: str) -> None:
        """Press a button of a form that leads to another page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def fill(self, **values: str) -> None:
        """Type into fields; `__` stands for a dot in a name."""
        for name, value in values.items():
            self.page.fill(f"[name='{name.replace('__', '.')}']", value)

    def save(self) -> None:
        """Save the page of a draft, and go on."""
        self.press("button[name=do][value=next]")


def claim(desk: Desk, link: str, name: str) -> None:
    """Take the desk over by the link that was printed."""
    desk.page.goto(link)
    desk.look("claim")
    desk.page.fill("#name", name)
    desk.page.click("#passkey-form button")
    expect(desk.page).to_have_url(re.compile("/desk/account"))
    desk.look("account")


def write_letter(desk: Desk, *, headcount: int, rule: int) -> str:
    """Write a letter with three demands, from an empty draft on; return the address of the draft."""
    page = desk.page
    desk.open("/letters")
    desk.look("letters-none")
    desk.press("form[action^='/desk/drafts'] button")
    expect(page).to_have_url(re.compile("/desk/drafts/[0-9a-f]+/text"))
    draft = page.url.rpartition("/")[0]
    for _ in range(2):
        desk.press("button[name=do][value='add.demands']")
    page.fill("[name='t1.lang']", "en")
    desk.fill(slug=desk.slug, t1__title="Keep the mill")
    page.locator("[name^='t1.addressee.']").fill("The council of the valley")
    page.locator("[name$='.mail']").fill("council@valley.example")
    page.fill("[name='t1.text']", "The mill is *ours*.\n\nIt feeds the valley.")
    demands = page.locator("[name^='t1.demand.']")
    expect(demands).to_have_count(3)
    for place, text in enumerate(("Mend the wheel.", "Keep the miller.", "Open the books.")):
        demands.nth(place).fill(text)
    page.fill("[name='t1.consequence']", "Otherwise we will grind by hand.")
    expect(page.locator("#preview em")).to_have_text("ours")
    desk.look("draft-text")
    desk.save()
    page.goto(f"{draft}/dates")
    desk.fill(closes_day=CLOSES, cooling_off="1")
    page.select_option("[name=cooling_off_unit]", "seconds")
    page.locator("details summary").click()
    desk.fill(period="1", floor="1", max_wait="1")
    desk.look("draft-dates")
    desk.save()
    page.goto(f"{draft}/count")
    desk.fill(headcount=str(headcount), rule=str(rule), conditions="2, 3")
    desk.fill(headcount_day="2026-11-01", t1__headcount_source="The list on the door.")
    desk.look("draft-count")
    desk.save()
    page.goto(f"{draft}/trustees")
    desk.look("draft-trustees")
    page.goto(f"{draft}/members")
    for method in ("invite", "email", "openid"):
        page.check(f"[name='method.{method}']")
    desk.look("draft-members")
    desk.save()
    page.goto(draft)
    desk.look("draft")
    return draft


def open_letter(desk: Desk) -> None:
    """Read the exact record, type the address, and open the letter."""
    page = desk.page
    draft = page.url.partition("?")[0]
    page.goto(f"{draft}/review")
    desk.look("draft-review")
    desk.press("form[action*='/propose'] button")
    desk.look("draft-record")
    page.fill("form[action*='/open'] [name=slug]", "something-else")
    desk.press("form[action*='/open'] button")
    expect(page.locator("[role=alert]")).to_be_visible()
    page.fill("form[action*='/open'] [name=slug]", desk.slug)
    desk.press("form[action*='/open'] button")
    expect(page).to_have_url(re.compile(f"/desk/letters/{desk.slug}"))
    desk.look("letter-open")


def import_roll(desk: Desk, bad: str, good: str, *, faulty: int, members: int) -> None:
    """Look at a file with bad rows and take nothing of it; then paste a good one, and take it."""
    page = desk.page
    desk.open(f"/rolls/{desk.slug}")
    desk.look("roll-empty")
    file = FilePayload(name="roll.csv", mimeType="text/csv", buffer=bad.encode())
    page.set_input_files("#file", [file])
    desk.press("form[action*='/imports'] button")
    expect(page.locator("#bad-caption")).to_be_visible()
    expect(page.locator("table:has(#bad-caption) tbody tr")).to_have_count(faulty)
    expect(page.locator("table:has(#again-caption) tbody tr")).to_have_count(1)
    desk.look("roll-import")
    desk.press("button[name=do][value=leave]")
    expect(page.locator("dl.facts dd").first).to_have_text("0")
    page.fill("#text", good)
    desk.press("form[action*='/imports'] button")
    expect(page.locator("button[name=do][value=take]")).to_be_visible()
    page.click("button[name=do][value=take]")
    expect(page.locator(".notice.good")).to_contain_text(str(members), timeout=20_000)
    desk.open(f"/rolls/{desk.slug}")
    expect(page.locator("dl.facts dd").first).to_have_text(str(members))
    desk.look("roll")


def make_cards(desk: Desk) -> bytes:
    """Make the invite cards of everybody on the roll; return the PDF, which comes this once."""
    desk.open(f"/rolls/{desk.slug}/invites")
    desk.look("cards")
    with desk.page.expect_download() as waiting:
        desk.page.click("form[action*='/invites'] button")
    cards = Path(waiting.value.path()).read_bytes()
    desk.open(f"/rolls/{desk.slug}/invites")
    desk.look("cards-made")
    return cards
