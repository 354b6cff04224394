"""What becomes of an open letter at the desk: moderated, told of, followed by a new edition; by keyboard.

The second half of the desk's story, at a site whose clock stands still; each page is looked at by axe, and
each form that is refused fits a window of 320 pixels. Once in each language of the interface.
"""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.app.answered import open_three
from tests.app.test_hiding import WHY, WORDS, speaker
from tests.app.village import DAY, HOUR, Village, village_in
from tests.desk import make_account
from tests.e2e_browser.axe import add_axe
from tests.e2e_browser.conftest import Watch
from tests.e2e_browser.desk_story import Desk, open_letter
from tests.e2e_browser.passkeys import enter
from tests.e2e_browser.reading import press_on, tab_to, type_into
from tests.web.inside import one_token_key, serving

from undersigned.app.running import RunningSite
from undersigned.crypto.keys.signer import words_of
from undersigned.domain.letter import Mode, State
from undersigned.domain.reasons import HideReason, InvalidateReason

CODES = {lang: secrets.token_bytes(16) for lang in ("en", "id")}
"""What a signer of the released letter holds, for each language of the story."""

PROVEN = "Two addresses of one person; the list has them twice."


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A site with `weir`, released and after its deadline, and a signer for each language."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("site") / "data") as made:
        weir = open_three(made, "weir", deadline_s=2 * DAY, modes='["public"]', conditions="[]")
        for code in CODES.values():
            made.take(made.villager(weir, code).sign_request(Mode.PUBLIC))
        made.members(weir, 2, Mode.PUBLIC)
        made.later(2)
        made.later(HOUR + 2 * DAY)
        assert made.state(weir) is State.RELEASED
        yield made


@pytest.fixture(scope="module")
def leaves(village: Village) -> dict[str, int]:
    """An open letter for each language, with five names and words beside one of them; the leaf of another."""
    found = {}
    for lang in CODES:
        letter = village.open(f"mill-{lang}", rule=50)
        speaker(village, letter)
        signer, *_ = village.members(letter, 4, Mode.PUBLIC)
        village.later(2)
        found[lang] = village.row(signer).leaf_index
    return found


@pytest.fixture(scope="module")
def running(village: Village) -> Iterator[RunningSite]:
    """The site, served; it takes records."""
    with serving(village) as served:
        served.intake.start()
        yield served
        served.intake.stop()


@pytest.fixture(params=list(CODES))
def lang(request: pytest.FixtureRequest) -> str:
    """The language of the organiser's browser."""
    return str(request.param)


@pytest.fixture
def desk(browser: Browser, watch: Watch, running: RunningSite, lang: str) -> Iterator[Desk]:
    """The browser of an organiser who is signed in."""
    context = browser.new_context(
        viewport={"width": 1100, "height": 800}, locale={"en": "en-GB", "id": "id-ID"}[lang]
    )
    add_axe(context)
    page = watch(context)
    enter(page, running.desk, make_account(running.desk, "Orla Fenwick", "organiser"))
    yield Desk(page, running.desk.url, f"mill-{lang}", "later-")
    context.close()


def test_the_life_of_an_open_letter(desk: Desk, leaves: dict[str, int], lang: str) -> None:
    """Invalidated after a preview, hidden, told of, a new edition; and what signers of another one did."""
    invalidate(desk, leaves[lang])
    hide_words(desk)
    post_notice(desk)
    open_next_edition(desk)
    say_what_was_done(desk, lang)


def read(desk: Desk, path: str = "", slug: str | None = None) -> Page:
    """Open a page as readers see it."""
    desk.page.goto(f"{desk.url}/letters/{slug or desk.slug}{path}")
    return desk.page


def invalidate(desk: Desk, leaf: int) -> None:
    """One is found and looked at; refused without a reason, then done and told to readers."""
    page, form = desk.page, "form[action*='/signatures/invalidate'] button.danger"
    desk.open(f"/letters/{desk.slug}/signatures")
    desk.fill(first="1", name="nobody-like-it")
    desk.press("main form[method=get] button")
    expect(page.locator("[role=alert]")).to_be_visible()
    desk.look_narrow("signatures-none")
    desk.fill(first="", name="villager", leaf=str(leaf))
    desk.press("main form[method=get] button")
    expect(page.locator("table.acts tbody tr")).to_have_count(1)
    desk.look("signatures-found")
    desk.press("a[href*='/signatures/invalidate?']")
    counts = page.locator("dl.facts dd")
    expect(counts.nth(0)).to_contain_text("5")
    expect(counts.nth(1)).to_contain_text("4")
    desk.press(form)
    expect(page.locator("#reason-error, #words-error, #sure-error")).to_have_count(3)
    desk.look_narrow("invalidate-refused")
    page.check(f"input[name=reason][value={InvalidateReason.DUPLICATE}]")
    desk.fill(words=PROVEN)
    page.check("#sure")
    desk.look("invalidate")
    desk.press(form)
    expect(page.locator("[role=status]")).to_be_visible()
    expect(read(desk).locator("main")).to_contain_text(PROVEN)


def hide_words(desk: Desk) -> None:
    """The words beside a name: hiding is refused without a reason, then readers see why they are gone."""
    page, button = desk.page, "form[action*='/hide'] button"
    desk.open(f"/letters/{desk.slug}/signatures?statement=son")
    desk.press("table.acts a")
    desk.press(button)
    expect(page.locator("#hide-reason-error, #words-error")).to_have_count(2)
    desk.look_narrow("signature-refused")
    page.check(f"input[name=reason][value={HideReason.OTHERS}]")
    desk.fill(words=WHY)
    desk.look("signature")
    desk.press(button)
    expect(page.locator("[role=status]")).to_be_visible()
    desk.look("signature-hidden")
    names = read(desk, "/names").locator("main")
    expect(names).to_contain_text(WHY)
    expect(names).not_to_contain_text(WORDS)


def post_notice(desk: Desk) -> None:
    """A new headcount: refused without its number, looked at, changed once more, posted."""
    page, button = desk.page, "form[action*='/notices'] button"
    desk.open(f"/letters/{desk.slug}/notices")
    page.check("input[name=kind][value=headcount]")
    desk.fill(words="Ten have moved away.")
    desk.press(button)
    expect(page.locator("#n-error")).to_be_visible()
    desk.look_narrow("notice-refused")
    desk.fill(n="190")
    desk.press(button)
    desk.look("notice-preview")
    desk.press("button[name=sure][value=edit]")
    desk.fill(words="Ten have moved away since March.")
    desk.press(button)
    desk.press("button[name=sure][value=yes]")
    expect(page.locator("section.notices")).to_contain_text("since March")
    desk.look("notices")
    expect(read(desk).locator("main")).to_contain_text("Ten have moved away since March.")


def open_next_edition(desk: Desk) -> None:
    """Written from what is there; the one before is superseded, with all that was said of it."""
    page = desk.page
    desk.open(f"/letters/{desk.slug}")
    desk.look("letter")
    desk.press("form[action^='/desk/drafts'] button")
    draft = page.url.partition("?")[0]
    page.goto(f"{draft}/text")
    desk.fill(t1__title="Mend the mill, and the weir")
    desk.save()
    page.goto(draft)
    open_letter(desk)
    expect(page.locator("h1")).to_have_text("Mend the mill, and the weir")
    before = read(desk, slug=f"{desk.slug}@1")
    expect(before.locator(".state.superseded").first).to_be_visible()
    expect(before.locator("main")).to_contain_text(PROVEN)
    desk.look("superseded")


def say_what_was_done(desk: Desk, lang: str) -> None:
    """A signer of a letter whose deadline is over says so once; readers and organisers see the number."""
    page = read(desk, "/signature", "weir")
    page.fill("#words-typed", words_of(CODES[lang]))
    page.click("#look-up")
    expect(page.locator("#follow-form")).to_be_visible()
    page.click("#follow")
    expect(page.locator("#found [role=alert]")).to_be_visible()
    desk.look_narrow("follow-refused")
    page.check("input[name=did][value=yes]")
    page.click("#follow")
    expect(page.locator("#follow-form")).to_be_hidden()
    read(desk, slug="weir")
    expect(page.locator("#followed")).to_be_visible()
    desk.look("followed")


@pytest.mark.parametrize("lang", ["en"], indirect=True)
def test_by_keyboard_alone(desk: Desk, village: Village) -> None:
    """A roll is pasted, a letter opened and a notice posted without a pointer; the focus is always shown."""
    page, slug = desk.page, "mill-keys"
    letter = village.open(slug)
    desk.open("/rolls/another-roll")
    type_into(page, "#text", "email,name")
    page.keyboard.press("Enter")
    page.keyboard.type("alva@mill.example,Alva Quillstone")
    press_on(page, "form[action*='/imports'] button")
    expect(page.locator("button[name=do][value=take]")).to_be_visible()
    press_on(page, "button[name=do][value=take]")
    expect(page.locator(".notice.good")).to_be_visible()
    desk.open(f"/letters/{slug}")
    with page.expect_navigation():
        press_on(page, "form[action^='/desk/drafts'] button")
    page.goto(f"{page.url.partition('?')[0]}/review")
    press_on(page, "form[action*='/propose'] button")
    expect(page.locator("form[action*='/open'] [name=slug]")).to_be_visible()
    type_into(page, "form[action*='/open'] [name=slug]", slug)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/letters/{slug}**")
    assert village.state(letter) is State.SUPERSEDED
    desk.open(f"/letters/{slug}/notices")
    tab_to(page, "input[name=kind]")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=kind][value=correction]")).to_be_checked()
    type_into(page, "#words", "It was the other wheel.")
    with page.expect_navigation():
        press_on(page, "form[action*='/notices'] button")
    press_on(page, "button[name=sure][value=yes]")
    expect(page.locator("section.notices")).to_contain_text("It was the other wheel.")
