"""Take the pictures of a letter that is handed on: `python tools/take_share_pictures.py SITE SLUG [FOLDER]`.

SITE is the address of a site that is served, such as the demo's (`make demo`), SLUG a letter of it. Cards are
what the site serves; frames and elements stand in a page of another origin, as readers meet them.
"""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final, Literal

import httpx2
from playwright.sync_api import Browser, sync_playwright

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
ARTICLE: Final = """\
<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<style>body{margin:0;padding:2rem;font:1.0625rem/1.6 Georgia,serif;background:GROUND;color:INK}
main{display:grid;grid-template-columns:30rem 20rem;gap:1rem 2rem;max-width:52rem}
p{margin:0 0 1rem;grid-column:1/-1}</style>
<main><p>Most of the staff have signed, and everyone can count them.</p>FRAMES</main>"""


@contextmanager
def elsewhere(article: str) -> Iterator[str]:
    """Serve a page at another origin: another port, and another name of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(article.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def take_cards(site: httpx2.Client, slug: str, folder: Path) -> None:
    """Take the cards in each language."""
    for lang in ("en", "id"):
        card = site.get(f"/letters/{slug}/card.png", params={"lang": lang})
        (folder / f"card-{lang}.png").write_bytes(card.raise_for_status().content)


def take_embeds(
    browser: Browser, site: str, slug: str, folder: Path, theme: Literal["light", "dark"]
) -> None:
    """Take a page of somebody else with a frame and an element, one of them showing less."""
    page = browser.new_page(viewport={"width": 900, "height": 500}, color_scheme=theme)
    page.goto(f"{site}/letters/{slug}?lang=en")
    codes = page.locator(".share pre code").all_text_contents()
    frame = codes[1].replace("?lang=en", f"?lang=en&amp;theme={theme}")
    attributes = f'lang="id" theme="{theme}" show="title,count,bar"'
    element = codes[2].replace('lang="en"', attributes)
    ground, ink = ("#fff", "#222") if theme == "light" else ("#101114", "#ddd")
    article = ARTICLE.replace("FRAMES", f"<div>{frame}</div><div>{element}</div>")
    article = article.replace("GROUND", ground).replace("INK", ink)
    with elsewhere(article) as address:
        page.goto(address)
        page.frame_locator("iframe").locator(".us-button").wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / f"embed-{theme}.png", animations="disabled")
    page.close()


def take_share(browser: Browser, site: str, slug: str, folder: Path) -> None:
    """Take the part of the letter's page that hands it on, with its code for cameras."""
    for name, width, scheme, lang in (
        ("share", 1280, "light", "en"),
        ("share-phone", 320, "dark", "id"),
    ):
        page = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.goto(f"{site}/letters/{slug}?lang={lang}")
        part = page.locator("section.share")
        part.locator("summary").click()
        part.screenshot(path=folder / f"{name}.png", animations="disabled")
        page.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site")
    parser.add_argument("slug")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    asked = parser.parse_args()
    site = asked.site.rstrip("/")
    with httpx2.Client(base_url=site, timeout=60) as client:
        take_cards(client, asked.slug, asked.folder)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        take_embeds(browser, site, asked.slug, asked.folder, "light")
        take_embeds(browser, site, asked.slug, asked.folder, "dark")
        take_share(browser, site, asked.slug, asked.folder)
        browser.close()


if __name__ == "__main__":
    main()
