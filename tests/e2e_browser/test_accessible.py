"""Every page and every step of signing for everybody: axe, the keyboard, small and large, read aloud."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import httpx2
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.reading import (
    find_overflow,
    focused_id,
    press_on,
    read_outline,
    tab_to,
    type_into,
)
from tests.e2e_browser.signing import (
    choose_stand,
    confirm_words,
    open_signing,
    prove_by_invite,
    read_letter,
    shown_words,
    sign,
)
from tests.live import LiveSite, make_proposal
from tests.web.members import signed

from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Mode

SIGNERS = 3
"""They stand in the list of names; the invites after theirs are for these tests."""

TITLE = "Keep the <night> kitchen open"
WINDOW: ViewportSize = {"width": 1280, "height": 800}
FRAME = ("banner", "navigation", "main")


class Look(NamedTuple):
    """How a reader has set up their browser."""

    scheme: Literal["dark", "light"]
    lang: str
    width: int
    invite: int


LOOKS = [
    Look("light", "en", 320, SIGNERS),
    Look("dark", "id", 1280, SIGNERS + 1),
    Look("light", "id", 1280, SIGNERS + 2),
    Look("dark", "en", 320, SIGNERS + 3),
]
KEYBOARD_INVITE = SIGNERS + 4


def name_of(look: Look) -> str:
    """Name a test after its look."""
    return f"{look.scheme}-{look.lang}-{look.width}"


@pytest.fixture(scope="module")
def paths(live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Let members sign; return the path of every kind of page."""
    letter = f"/letters/{live_site.slug}"
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        for invite in live_site.invites[:SIGNERS]:
            signed(client, live_site.slug, invite, Mode.PUBLIC, statement="At night, too.")
        names = client.get(f"/api/v1{letter}/names").json()["names"]
        size = client.get(f"/api/v1{letter}/counts").json()["size"]
    folder = tmp_path_factory.mktemp("proposed") / "letter"
    keys = (TrusteeKey.generate(), None)
    _, proposal = make_proposal(live_site.site, folder, "proposed", keys, 2)
    return [
        "/",
        letter,
        f"/proposals/{proposal.letter_id.hex()}",
        f"{letter}/at/{size}",
        f"{letter}/names",
        f"{letter}/names?q=nobody",
        f"{letter}/names/{names[0]['leaf']}",
        f"{letter}/sign",
        f"{letter}/signature",
        "/verify",
        "/trustee",
        "/?q=kitchen",
        f"{letter}/texts",
        "/about",
        "/privacy",
        "/how-to-check",
        "/threat-model",
        "/letters/nothing",
        f"{letter}/names?page=0",
    ]


@contextmanager
def looking(browser: Browser, look: Look) -> Iterator[Page]:
    """Open a page that looks so, with axe in it."""
    context = browser.new_context(
        viewport={"width": look.width, "height": 800}, color_scheme=look.scheme
    )
    add_axe(context)
    yield context.new_page()
    context.close()


def visit(page: Page, url: str) -> None:
    """Open a page, and wait until its script has shown what it has to show."""
    page.goto(url)
    if "/sign" in url:
        expect(page.locator("#read-done, #look").first).to_be_visible()
    if "/verify" in url or "/trustee" in url:
        expect(page.locator("#give, #key")).to_be_visible()


def faults_of(page: Page) -> list[str]:
    """Return what is wrong with a page as it is now."""
    return find_faults(page) + find_overflow(page)


@pytest.mark.parametrize("look", LOOKS, ids=name_of)
def test_pages(browser: Browser, live_site: LiveSite, paths: list[str], look: Look) -> None:
    """Axe has nothing against any page, errors among them, and none scrolls sideways."""
    found = []
    with looking(browser, look) as page:
        for path in paths:
            visit(page, f"{live_site.url}{path}{'&' if '?' in path else '?'}lang={look.lang}")
            expect(page.locator("html")).to_have_attribute("lang", look.lang)
            found += [f"{path}: {fault}" for fault in faults_of(page)]
    assert found == []


@pytest.mark.parametrize("look", LOOKS[:2], ids=name_of)
def test_steps_of_signing(
    browser: Browser, live_site: LiveSite, paths: list[str], look: Look
) -> None:
    """Nor against any step, whether it is new, filled in or wrong."""
    steps: list[str] = []
    found: list[str] = []
    with looking(browser, look) as page:

        def check(step: str) -> None:
            steps.append(step)
            found.extend(f"{step}: {fault}" for fault in faults_of(page))

        _walk(page, live_site, look, check)
    assert len(steps) == len(set(steps)) == 14
    assert found == []


def _walk(page: Page, site: LiveSite, look: Look, check: Callable[[str], None]) -> None:
    open_signing(page, site.url, site.slug, look.lang)
    expect(page.locator("#read-done")).to_be_visible()
    check("read")
    words = read_letter(page)
    check("words")
    page.click("#words-copied")
    page.click("#words-check")
    expect(page.locator("#word-1-error")).to_be_visible()
    check("words missing")
    page.click("#words-again")
    confirm_words(page, words)
    check("prove")
    page.fill("#invite", "abc")
    page.click("#prove")
    expect(page.locator("#invite-error")).to_be_visible()
    check("not an invite")
    page.check("input[name=method][value=email]")
    page.fill("#mail", "nobody@staff.example")
    page.click("#mail-send")
    expect(page.locator("#mail-sent")).to_be_visible()
    check("mail sent")
    page.check("input[name=method][value=invite]")
    prove_by_invite(page, site.invites[look.invite])
    for mode in ("public", "anonymous", "sealed"):
        page.check(f"#mode-{mode}")
        check(mode)
    choose_stand(page, "sealed", when=3, statement="In a few words.")
    page.click("#review-form summary")
    check("review")
    page.reload()
    expect(page.locator("#continue")).to_be_visible()
    check("under way")
    page.click("#start-over-ask")
    check("start over")
    page.click("#start-over-no")
    page.click("#continue")
    sign(page)
    check("receipt")
    expect(page.locator("#proof-there")).to_be_visible(timeout=20_000)
    check("proof")


def test_by_keyboard_alone(browser: Browser, live_site: LiveSite, paths: list[str]) -> None:
    """From the letter to the receipt without a pointer; the focus is always shown, and goes along."""
    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
    page = context.new_page()
    open_signing(page, live_site.url, live_site.slug)
    expect(page.locator("#read-done")).to_be_visible()
    press_on(page, "#read-done")
    words = shown_words(page)
    assert focused_id(page) == "words-title"
    press_on(page, "#words-copied")
    for number in (1, 2, 3):
        place = int(page.locator(f"label[for=word-{number}] span").inner_text())
        if focused_id(page) != f"word-{number}":
            tab_to(page, f"#word-{number}")
        page.keyboard.type(words[place - 1])
    page.keyboard.press("Enter")
    expect(page.locator("#prove-title")).to_be_focused()
    type_into(page, "#invite", "abc")
    page.keyboard.press("Enter")
    expect(page.locator("#invite")).to_be_focused()
    expect(page.locator("#invite-error")).to_be_visible()
    page.keyboard.press("Control+A")
    page.keyboard.type(live_site.invites[KEYBOARD_INVITE])
    page.keyboard.press("Enter")
    expect(page.locator("#stand-title")).to_be_focused()
    _choose_by_arrows(page, "mode", "sealed")
    _choose_by_arrows(page, "when", "3")
    type_into(page, "#statement", "By keyboard.")
    press_on(page, "#stand")
    expect(page.locator("#review-title")).to_be_focused()
    press_on(page, "#sign-now")
    expect(page.locator("#receipt-title")).to_be_focused(timeout=20_000)
    tab_to(page, "#receipt-file")
    context.close()


def _choose_by_arrows(page: Page, name: str, value: str) -> None:
    """Go to a group of radio buttons, and choose one with the arrow keys."""
    tab_to(page, f"input[name={name}]")
    for _ in range(10):
        if page.locator(f"input[name={name}][value='{value}']").is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrow keys do not lead to {value}")


def test_every_page_by_keyboard(browser: Browser, live_site: LiveSite, paths: list[str]) -> None:
    """The first thing is a way past the head; Tab leads through to the foot and is never caught."""
    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
    page = context.new_page()
    for path in paths:
        visit(page, live_site.url + path)
        tab_to(page, ".skip")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"#main$"))
        tab_to(page, "footer a")
    context.close()


@pytest.mark.parametrize("zoom", ["page", "text"])
def test_twice_as_large(browser: Browser, live_site: LiveSite, paths: list[str], zoom: str) -> None:
    """At 200 % of a window of 1280, the whole page or its text alone, nothing scrolls sideways."""
    if zoom == "page":
        context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    else:
        context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    found = []
    for path in paths:
        visit(page, live_site.url + path)
        if zoom == "text":
            page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        found += [f"{path}: {fault}" for fault in find_overflow(page)]
    context.close()
    assert found == []


def test_read_aloud(page: Page, live_site: LiveSite, paths: list[str]) -> None:
    """Landmarks and headings come in the order of the matter: what is asked, what stands, who, proof."""
    _, letter, _, _, names, _, name, *_, nothing, _ = paths
    outlines = {}
    for path in (letter, names, name, nothing):
        visit(page, live_site.url + path)
        outlines[path] = read_outline(page)
    assert [line for line in outlines[letter] if line != "3 Why"] == [
        *FRAME,
        f"1 {TITLE}",
        "navigation",
        *(line for line in outlines[letter] if line.startswith("2 The count")),
        "2 The letter",
        "2 What is demanded",
        "2 What follows otherwise",
        "2 How it grew",
        "2 What happened when",
        "2 The undersigned",
        "2 Share it",
        "2 Cite this count",
        "2 Check this count",
        "2 Who knows the members",
        "2 Who keeps the seals",
        "2 Terms and dates",
        "2 In a terminal",
        "contentinfo",
    ]
    assert outlines[names] == [
        *FRAME, "1 The undersigned", f"2 Names that are public: {SIGNERS}", "contentinfo",
    ]  # fmt: skip
    assert outlines[name][3:-1] == [
        "1 Alva Quillstone", "2 What this proves", "3 And what it does not", "2 The proof",
    ]  # fmt: skip
    assert outlines[nothing] == [*FRAME, "1 There is no such page", "contentinfo"]


def test_signing_read_aloud(page: Page, live_site: LiveSite) -> None:
    """The steps are headings in their order; after the first, the letter is no longer in the way."""
    open_signing(page, live_site.url, live_site.slug)
    expect(page.locator("#read-done")).to_be_visible()
    steps = [
        "2 Your twelve words", "2 Prove that you belong", "2 How you stand", "2 Review and sign",
    ]  # fmt: skip
    before = [*FRAME, f"1 Sign: {TITLE}", "2 Read the letter"]
    assert read_outline(page) == [*before, f"3 {TITLE}", "3 Why", *steps, "contentinfo"]
    read_letter(page)
    assert read_outline(page) == [*before, *steps, "contentinfo"]
