"""What signing and reading cost a browser: bytes on the line, and the time from the click to the receipt.

Bytes are counted as a proxy with `docs/reverse-proxy.md` sends them, with gzip at its usual level. The
reference is what one may cost.
"""

import gzip
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx2
from playwright.sync_api import Browser, Response, sync_playwright
from tests.e2e.community import open_for_members
from tests.e2e.served import served
from tests.e2e_browser.conftest import FLAGS
from tests.e2e_browser.signing import (
    choose_stand,
    confirm_words,
    open_signing,
    prove_by_invite,
    read_letter,
)
from tests.live import HOST
from tests.web.members import chosen

from bench.result import Result, share
from undersigned.app.names import NAMES_ON_A_PAGE
from undersigned.app.site import make_site
from undersigned.domain.letter import Mode

SLUG: Final = "measured"
NAMES: Final = NAMES_ON_A_PAGE + 10
"""Public names under the letter: more than its page shows at once."""

SIGNATURES: Final = 5
PATIENCE_S: Final = 20
GZIP_LEVEL: Final = 1
"""nginx's own, the least that it can do."""

SCRIPT_BYTES: Final = 100_000
PAGE_BYTES: Final = 60_000
RECEIPT_MS: Final = 500

_WATCH: Final = """\
() => {
    const receipt = document.getElementById("step-receipt");
    window.clickToReceipt = new Promise((tell) => {
        document.getElementById("sign-now").addEventListener("click", () => {
            const start = performance.now();
            new MutationObserver(() => {
                if (receipt.dataset.state === "now") {
                    requestAnimationFrame(() => { tell(performance.now() - start); });
                }
            }).observe(receipt, { attributes: true });
        }, { capture: true });
    });
}"""


def measure() -> list[Result]:
    """Measure the pages of a letter with names, and members who sign it with a sealed name."""
    with (
        tempfile.TemporaryDirectory() as name,
        _site(Path(name)) as (url, invites),
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        letter = f"{url}/letters/{SLUG}"
        script = _script_in(_load(browser, f"{letter}/sign"))
        page = sum(file.size for file in _load(browser, letter))
        needed = _script_needed(browser, letter)
        times = [_click_to_receipt(browser, url, invite) for invite in invites]
        browser.close()
    return [
        share("sign page, script", "bytes with gzip", [script], SCRIPT_BYTES, "bytes"),
        share("letter page, all files", "bytes with gzip", [page], PAGE_BYTES, "bytes"),
        share("letter page, script that reading needs", "bytes", [needed], page, "bytes", goal=0),
        share("click to receipt", f"median of {SIGNATURES}", times, RECEIPT_MS, "ms"),
    ]


@contextmanager
def _site(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a site in a process of its own; give its address and invites that are unused."""
    site = make_site(folder / "data", HOST)
    count = NAMES + SIGNATURES
    _, members = open_for_members(site, folder / "letter", SLUG, count, headcount=2 * count)
    site.close()
    with served(folder / "data", folder / "output") as url:
        with httpx2.Client(base_url=url, timeout=20) as client:
            for member in members[:NAMES]:
                _, request = chosen(client, SLUG, member.invite, Mode.PUBLIC)
                client.post(f"/api/v1/letters/{SLUG}/signatures", json=request).raise_for_status()
            _wait_for_names(client)
        yield url, [member.invite for member in members[NAMES:]]


def _wait_for_names(client: httpx2.Client) -> None:
    end = time.monotonic() + PATIENCE_S
    while len(client.get(f"/api/v1/letters/{SLUG}/names").json()["names"]) < NAMES:
        assert time.monotonic() < end
        time.sleep(0.1)


class Loaded(NamedTuple):
    """A file that a page loaded: what for, and its bytes on the line."""

    kind: str
    size: int


def _load(browser: Browser, url: str) -> list[Loaded]:
    """Open a page in a fresh window; return all the files that it loads."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page = browser.new_page()
    page.on("response", note)
    page.goto(url, wait_until="networkidle")
    files = [answer for answer in answers if "/api/" not in answer.url]
    loaded = [Loaded(file.request.resource_type, _size(file.body())) for file in files]
    page.close()
    return loaded


def _size(content: bytes) -> int:
    return len(gzip.compress(content, GZIP_LEVEL))


def _script_in(files: list[Loaded]) -> int:
    return sum(file.size for file in files if file.kind == "script")


def _script_needed(browser: Browser, url: str) -> int:
    """Return how many bytes of script it takes until nothing of the letter's page is missing."""
    with_script = _lines_of(browser, url, scripts=True)
    without = _lines_of(browser, url, scripts=False)
    assert len(without) > NAMES_ON_A_PAGE
    return _script_in(_load(browser, url)) if with_script - without else 0


def _lines_of(browser: Browser, url: str, *, scripts: bool) -> set[str]:
    """Return the lines that can be read on a page."""
    context = browser.new_context(java_script_enabled=scripts, locale="en-GB")
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    lines = set(page.locator("main").inner_text().splitlines())
    # What a script says of a place of the chart stands in its table for all.
    lines.difference_update(
        *(text.splitlines() for text in page.locator(".said").all_inner_texts())
    )
    context.close()
    return lines


def _click_to_receipt(browser: Browser, url: str, invite: str) -> float:
    """Let a member sign with a sealed name; return the milliseconds from the click on."""
    context = browser.new_context()
    page = context.new_page()
    open_signing(page, url, SLUG)
    confirm_words(page, read_letter(page))
    prove_by_invite(page, invite)
    choose_stand(page, "sealed")
    page.evaluate(_WATCH)
    page.click("#sign-now")
    took: float = page.evaluate("() => window.clickToReceipt")
    context.close()
    return took
