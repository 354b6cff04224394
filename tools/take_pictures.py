"""Take the pictures of the pages: `python tools/take_pictures.py SITE SLUG INVITE [FOLDER] [NAME ...]`.

SITE is the address of a site that is served, such as the demo's (`make demo`), SLUG a letter of it, INVITE an
unused invite code: one member signs. Chromium is driven by Playwright; what is on the pictures is what
the site shows. Pictures of errors and of a lost network are made on the same pages.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
PHONE: Final = 390
NARROW: Final = 320
WIDE: Final = 1280
HEIGHT: Final = 844
WORDS: Final = 12


class Camera:
    """Takes pictures of a site's pages into a folder."""

    def __init__(self, browser: Browser, site: str, slug: str, folder: Path) -> None:
        self._browser = browser
        self.site = site
        self.slug = slug
        self.folder = folder

    @contextmanager
    def window(
        self,
        width: int,
        *,
        scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
    ) -> Iterator[Page]:
        """Open a window of a reader."""
        context = self._browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme=scheme,
            java_script_enabled=scripts,
            locale="en-GB",
            reduced_motion="reduce",
        )
        yield context.new_page()
        context.close()

    def address(self, path: str = "", lang: str = "en") -> str:
        """Return the address of a page of the letter."""
        return f"{self.site}/letters/{self.slug}{path}?lang={lang}"

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        """Take a picture of a page."""
        page.screenshot(path=self.folder / f"{name}.png", full_page=whole, animations="disabled")
        sys.stdout.write(f"{name}\n")


def take_reading(camera: Camera) -> None:
    """Take the pages that readers see."""
    with camera.window(WIDE) as page:
        page.goto(f"{camera.site}/?lang=en")
        camera.take(page, "home")
        page.goto(camera.address())
        camera.take(page, "letter-light", whole=False)
        page.locator("#growth").scroll_into_view_if_needed()
        page.locator("figure.read .plot").hover()
        page.locator("section", has=page.locator("#growth")).screenshot(
            path=camera.folder / "letter-growth.png"
        )
        link = page.locator(".names a").first.get_attribute("href")
        page.goto(f"{camera.site}{link}")
        camera.take(page, "name-page")
        page.goto(f"{camera.site}/letters/nothing?lang=en")
        camera.take(page, "error")
        page.goto(camera.address(lang="id"))
        camera.take(page, "letter-indonesian", whole=False)
    with camera.window(WIDE, scheme="dark") as page:
        page.goto(camera.address())
        camera.take(page, "letter-dark", whole=False)
    with camera.window(PHONE) as page:
        page.goto(camera.address())
        camera.take(page, "letter-phone", whole=False)
        page.goto(camera.address("/signature"))
        expect(page.locator("#look")).to_be_visible()
        camera.take(page, "sign-signature")
    with camera.window(PHONE, scripts=False) as page:
        page.goto(camera.address("/sign"))
        camera.take(page, "sign-no-script")


def take_signing(camera: Camera, invite: str) -> None:
    """Take every step of signing, on a telephone, and what can go wrong in it."""
    looks = looks_of(camera)
    with camera.window(WIDE) as page:
        page.goto(camera.address("/sign"))
        expect(page.locator("#read-done")).to_be_visible()
        camera.take(page, "sign-read-wide", whole=False)
    with camera.window(PHONE) as page:
        page.goto(camera.address("/sign"))
        expect(page.locator("#read-done")).to_be_visible()
        camera.take(page, "sign-read", whole=False)
        take_words(camera, page, looks)
        page.fill("#invite", "0000-0000-0000-0000")
        page.click("#prove")
        expect(page.locator("#invite-error")).to_be_visible()
        looks(page, "sign-code-wrong", ())
        page.fill("#invite", invite)
        page.click("#prove")
        expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")
        page.check("#mode-sealed")
        looks(page, "sign-stand", ("dark", "320"))
        go_on(page, camera.address("/sign", "id"))
        camera.take(page, "sign-stand-indonesian")
        go_on(page, camera.address("/sign"))
        page.fill("#statement", "I have worked here for six years, and I want to go on.")
        page.click("#stand")
        expect(page.locator("#step-review")).to_have_attribute("data-state", "now")
        looks(page, "sign-review", ())
        page.context.set_offline(True)
        page.click("#sign-now")
        expect(page.locator("#status")).to_contain_text("offline", use_inner_text=True)
        camera.take(page, "sign-offline", whole=False)
        page.context.set_offline(False)
        page.goto("about:blank")
        page.goto(camera.address("/sign"))
        expect(page.locator("#continue")).to_be_visible()
        looks(page, "sign-under-way", ())
        page.click("#start-over-ask")
        camera.take(page, "sign-start-over", whole=False)
        page.click("#start-over-no")
        # What was sent is sent again, as the same bytes.
        page.click("#continue")
        expect(page.locator("#step-receipt")).to_have_attribute("data-state", "now", timeout=60_000)
        expect(page.locator("#proof-there")).to_be_visible(timeout=60_000)
        looks(page, "sign-receipt", ("dark",))
        page.emulate_media(media="print")
        camera.take(page, "sign-print")


def take_words(camera: Camera, page: Page, looks: "Looks") -> None:
    """Take the step of the twelve words."""
    page.click("#read-done")
    expect(page.locator("#words li")).to_have_count(WORDS)
    words = page.locator("#words li").all_inner_texts()
    looks(page, "sign-words", ("dark",))
    page.click("#words-copied")
    page.fill("#word-1", "paper")
    page.click("#words-check")
    camera.take(page, "sign-words-wrong", whole=False)
    for number in (1, 2, 3):
        label = page.locator(f"label[for=word-{number}] span").inner_text()
        place = int(re.sub(r"\D", "", label))
        page.fill(f"#word-{number}", words[place - 1])
    page.click("#words-check")
    expect(page.locator("#step-prove")).to_have_attribute("data-state", "now")


def go_on(page: Page, address: str) -> None:
    """Open the page again, in whichever language, and go on where one was."""
    page.goto("about:blank")
    page.goto(address)
    page.click("#continue")
    expect(page.locator("#step-stand")).to_have_attribute("data-state", "now")


Looks = Callable[[Page, str, tuple[str, ...]], None]


def looks_of(camera: Camera) -> Looks:
    """Return what takes a step as it is, and in other looks that need no new page."""

    def take(page: Page, name: str, more: tuple[str, ...]) -> None:
        page.evaluate("scrollTo(0, 0)")
        camera.take(page, name)
        if "dark" in more:
            page.emulate_media(color_scheme="dark")
            camera.take(page, f"{name}-dark")
            page.emulate_media(color_scheme="light")
        if "320" in more:
            page.set_viewport_size({"width": NARROW, "height": HEIGHT})
            camera.take(page, f"{name}-320")
            page.set_viewport_size({"width": PHONE, "height": HEIGHT})

    return take


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("site", "slug", "invite"):
        parser.add_argument(name)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    asked = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        camera = Camera(browser, asked.site.rstrip("/"), asked.slug, asked.folder)
        take_reading(camera)
        take_signing(camera, asked.invite)
        browser.close()


if __name__ == "__main__":
    main()
