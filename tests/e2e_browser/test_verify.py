"""The verify page: receipts, proofs, lists and counts, checked against the whole log in a real browser."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from tests.e2e_browser.axe import find_faults
from tests.e2e_browser.reading import find_overflow, press_on, type_into
from tests.e2e_browser.test_accessible import LOOKS, Look, looking, name_of
from tests.live import PEOPLE, LiveSite
from tests.web.members import enrolled

from undersigned.crypto.keys import NoteSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.letter import Mode
from undersigned.signer.promised import verified_promise
from undersigned.signer.receipt import Receipt, format_receipt
from undersigned.signer.signing import sign, wait_for_proof
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import Promise, format_promise_text


@dataclass(frozen=True, slots=True)
class Given:
    """What the tests give the page: receipts that hold, one whose promise was broken, files."""

    public: Receipt
    waiting: Receipt
    broken: Receipt
    folder: Path

    def file(self, name: str, content: bytes | str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def receipt(self, receipt: Receipt) -> Path:
        """Write a receipt as a file."""
        return self.file(f"{receipt.leaf_hash.hex()[:8]}.receipt.json", format_receipt(receipt))


@pytest.fixture(scope="module")
def given(live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Let two members sign; give a third a promise that nobody will keep."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        receipts = []
        for invite, mode, condition in (
            (live_site.invites[0], Mode.PUBLIC, None),
            (live_site.invites[1], Mode.SEALED, 6),
        ):
            attempt = enrolled(client, live_site.slug, invite)
            attempt.choose(mode, condition)
            receipts.append(wait_for_proof(client, sign(client, attempt), 120))
        cheated = enrolled(client, live_site.slug, live_site.invites[2])
    cheated.choose(Mode.ANONYMOUS)
    text = format_promise_text(Promise(leaf_hash(cheated.entry), 1_700_000_000)).encode()
    note = text + b"\n" + live_site.running.site.keys.promise.sign(text)
    broken = cheated.receipt(verified_promise(cheated.head, cheated.entry, note.decode()))
    return Given(receipts[0], receipts[1], broken, tmp_path_factory.mktemp("given"))


def visit(page: Page, live: LiveSite, lang: str = "en") -> None:
    """Open the page, as it is linked from the letter."""
    page.goto(f"{live.url}/verify?letter={live.slug}@1&lang={lang}")
    expect(page.locator("#give")).to_be_visible()


def check(page: Page, file: Path) -> None:
    """Choose a file, and have it checked."""
    page.set_input_files("#file", file)
    page.click("#check")


def expect_title(page: Page, title: str) -> Locator:
    """Wait for a result with this title."""
    heading = page.locator("#result-title")
    expect(heading).to_have_text(title, use_inner_text=True)
    expect(heading).to_be_focused()
    return page.locator("#result")


def expect_checks(page: Page, false: tuple[int, ...] = ()) -> None:
    """Expect that these checks are false, and no other."""
    for number in range(1, 13):
        mark = page.locator(f"#check-{number}")
        expected = expect(mark)
        if number in false:
            expected.to_have_attribute("data-status", "false")
        else:
            expected.not_to_have_attribute("data-status", "false")


def test_a_receipt_that_stands(page: Page, live_site: LiveSite, given: Given) -> None:
    """From the letter's own page to what is proved, and what is not."""
    page.goto(f"{live_site.url}/letters/{live_site.slug}?lang=en")
    page.click("main a[href^='/verify']")
    check(page, given.receipt(given.public))
    result = expect_title(page, "In the log, and standing")
    expect(result).to_contain_text("Keep the <night> kitchen open")
    expect(result).to_contain_text("Publicly", use_inner_text=True)
    expect(result).to_contain_text("A forced signature looks like a free one", use_inner_text=True)
    expect_checks(page)
    expect(page.locator("#check-4")).to_have_attribute("data-status", "holds")


def test_one_that_waits(page: Page, live_site: LiveSite, given: Given) -> None:
    """It says for how many, and how many stand by the log."""
    visit(page, live_site)
    check(page, given.receipt(given.waiting))
    result = expect_title(page, "In the log, and waiting")
    expect(result).to_contain_text("once so many of us stand: 6", use_inner_text=True)


def test_a_proof_and_a_pasted_one(page: Page, live_site: LiveSite, given: Given) -> None:
    """As a file, and as text; it proves an entry and names nobody."""
    assert given.public.proof is not None
    visit(page, live_site)
    check(page, given.file("a.tlog-proof", given.public.proof))
    result = expect_title(page, "In the log, and standing")
    expect(result).to_contain_text("A proof names an entry and nobody", use_inner_text=True)
    visit(page, live_site)
    page.click("#paste > summary")
    page.fill("#typed", given.public.proof)
    page.click("#check")
    expect_title(page, "In the log, and standing")
    lines = given.public.proof.split("\n")
    damaged = "\n".join([*lines[:1], "index 0", *lines[2:]])
    check(page, given.file("b.tlog-proof", damaged))
    result = expect_title(page, "This does not hold")
    expect(result).to_contain_text("The inclusion proof does not lead to the root")


def test_a_broken_promise_is_evidence(page: Page, live_site: LiveSite, given: Given) -> None:
    """Shown as such, saved without the words, and the same to whoever is given the file."""
    visit(page, live_site)
    check(page, given.receipt(given.broken))
    result = expect_title(page, "A broken promise: this is evidence against the site")
    expect(result).to_contain_text("14 November 2023", use_inner_text=True)
    with page.expect_download() as waiting:
        page.click("#evidence")
    file = given.folder / "saved.json"
    waiting.value.save_as(file)
    assert given.broken.words not in file.read_text()
    assert waiting.value.suggested_filename == "small-letter-1.evidence.json"
    visit(page, live_site)
    check(page, file)
    expect_title(page, "A broken promise: this is evidence against the site")
    forged = file.read_text().replace("1700000000", "1700000001")
    check(page, given.file("forged.json", forged))
    expect_title(page, "This does not hold")


def test_a_list_of_names(page: Page, live_site: LiveSite, given: Given) -> None:
    """Lines, a table, and the site's own list: what is there, what is not, what is left out."""
    name = PEOPLE[0][1]
    visit(page, live_site)
    check(page, given.file("names.txt", f"{name.upper()}\n"))
    result = expect_title(page, "Every line is in the log")
    expect(result).to_contain_text("Membership proved by an invite code", use_inner_text=True)
    check(page, given.file("names.csv", f'leaf,name\n,"{name}"\n,"Somebody, Famous"\n'))
    expect_title(page, "Not every line is in the log")
    expect(page.locator("#lines tr").first).to_contain_text("Somebody, Famous")
    listed = httpx2.get(f"{live_site.url}/api/v1/letters/{live_site.slug}/names", timeout=60).text
    check(page, given.file("names.json", listed))
    expect_title(page, "Every line is in the log")
    waiting = json.loads(listed)["names"][0]["leaf"] + 1
    check(page, given.file("more.json", json.dumps([name, 0, waiting])))
    expect_title(page, "Not every line is in the log")


def test_the_count_is_recomputed(page: Page, live_site: LiveSite, given: Given) -> None:
    """With every name, by keyboard alone; and a site that shows one more is found out."""
    visit(page, live_site)
    press_on(page, "#all-names", "Space")
    press_on(page, "#recount")
    result = expect_title(page, "The count is what the log gives")
    expect(page.locator("#figures tr[data-differs]")).to_have_count(0)
    expect_checks(page)
    expect(page.locator("#check-11")).to_have_attribute("data-status", "holds")
    expect(result).to_contain_text("open", use_inner_text=True)

    def add_one(route: Route) -> None:
        answer = route.fetch()
        counts = answer.json()
        route.fulfill(response=answer, json=counts | {"standing": counts["standing"] + 1})

    page.route("**/api/v1/letters/*/counts", add_one)
    page.click("#recount")
    expect_title(page, "The site shows other numbers than the log gives")
    expect(page.locator("#figures tr[data-differs]")).to_have_count(1)
    expect_checks(page, false=(12,))
    expect(page.locator("#log-false")).to_be_visible()


def test_a_record_that_was_changed(page: Page, live_site: LiveSite, given: Given) -> None:
    """A log whose entries are not those that were signed for."""

    def forge(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=answer.body().replace(b'"mode":"public"', b'"mode":"puBlic"')
        )

    page.route("**/log/tile/entries/**", forge)
    visit(page, live_site)
    page.click("#recount")
    expect_title(page, "The site shows other numbers than the log gives")
    expect(page.locator("#check-3")).to_have_attribute("data-status", "false")
    expect(page.locator("#check-5")).to_have_attribute("data-status", "false")


def test_what_cannot_be_checked(page: Page, live_site: LiveSite, given: Given) -> None:
    """Nothing, something else, another site's, another log under the same name, another key."""
    visit(page, live_site)
    page.click("#check")
    expect(page.locator("#file-error")).to_contain_text("choose a file", use_inner_text=True)
    expect(page.locator("#file")).to_be_focused()
    check(page, given.file("picture.png", b"\x89PNG\r\n\x1a\n\0\0"))
    expect(page.locator("#file-error")).to_contain_text("neither a receipt", use_inner_text=True)
    stranger = "other.example/log"
    keys = [NoteSigner(f"{stranger}{end}", bytes(32)).verifier for end in ("", "/promise")]
    wire = json.loads(format_receipt(given.public))
    wire |= {"origin": stranger, "log_vkey": format_vkey(keys[0])}
    wire["letter"]["body"]["promise_vkey"] = format_vkey(keys[1])
    check(page, given.file("other.json", json.dumps(wire)))
    result = expect_title(page, "This is from another site")
    expect(result).to_contain_text("https://other.example/verify", use_inner_text=True)
    same = NoteSigner(given.public.origin, bytes(32)).verifier
    false = replace(given.public, log_vkey=format_vkey(same))
    check(page, given.receipt(false))
    problem = page.locator("#give [role=alert]")
    expect(problem).to_contain_text("does not hold under the key", use_inner_text=True)


def test_an_unknown_letter(page: Page, live_site: LiveSite) -> None:
    """A link to a letter that is not there is a page that says so."""
    answer = page.goto(f"{live_site.url}/verify?letter=nothing")
    assert answer is not None
    assert answer.status == 404


def test_a_changed_receipt(page: Page, live_site: LiveSite, given: Given) -> None:
    """The page says what does not hold."""
    wire = json.loads(format_receipt(given.public))
    wire["attestation"]["name"] = "Somebody Famous"
    visit(page, live_site)
    check(page, given.file("changed.json", json.dumps(wire)))
    result = expect_title(page, "This does not hold")
    expect(result.locator("[lang=en]").first).to_contain_text("attestation")


def test_offline_and_back(page: Page, live_site: LiveSite, given: Given) -> None:
    """The page waits for the network, says so, and goes on by itself."""
    visit(page, live_site)
    page.context.set_offline(True)
    check(page, given.receipt(given.public))
    expect(page.locator("#status")).to_contain_text("offline", use_inner_text=True)
    page.context.set_offline(False)
    expect_title(page, "In the log, and standing")


def test_a_dropped_file(page: Page, live_site: LiveSite, given: Given) -> None:
    """Dropped anywhere, it is checked at once."""
    visit(page, live_site)
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.json"));
            dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        format_receipt(given.public).decode(),
    )
    expect_title(page, "In the log, and standing")


def test_without_a_script(browser: Browser, live_site: LiveSite) -> None:
    """The commands that do the same."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_site.url}/verify?lang=en")
    expect(page.locator("#plain")).to_contain_text(f"undersigned mirror {live_site.url} mirror")
    expect(page.locator("#give")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("look", LOOKS, ids=name_of)
def test_for_everybody(browser: Browser, live_site: LiveSite, given: Given, look: Look) -> None:
    """Axe has nothing against any of its states, and none scrolls sideways."""
    found: list[str] = []
    with looking(browser, look) as page:

        def note(state: str) -> None:
            found.extend(f"{state}: {fault}" for fault in find_faults(page) + find_overflow(page))

        visit(page, live_site, look.lang)
        note("empty")
        page.click("#check")
        expect(page.locator("#file-error")).to_be_visible()
        note("nothing given")
        files = {
            "receipt": given.receipt(given.public),
            "broken": given.receipt(given.broken),
            "names": given.file("few.txt", f"{PEOPLE[0][1]}\nNobody\n"),
        }
        for state, file in files.items():
            check(page, file)
            expect(page.locator("#result-title")).to_be_focused()
            note(state)
        page.click("#recount")
        expect(page.locator("#figures tr").first).to_be_visible()
        page.locator("#checks > summary").click()
        note("count")
    assert found == []


def test_by_keyboard(page: Page, live_site: LiveSite, given: Given) -> None:
    """A list is typed and checked without a pointer."""
    page.emulate_media(reduced_motion="reduce")
    visit(page, live_site)
    press_on(page, "#paste > summary")
    type_into(page, "#typed", PEOPLE[0][1])
    press_on(page, "#check")
    expect_title(page, "Every line is in the log")
