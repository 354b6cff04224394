"""A letter handed on: its part of the page, previews, frame, oEmbed, files; whatever is asked for."""

import html
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.app.answered import tell_all
from tests.app.village import village_in
from tests.live import LiveSite
from tests.web.inside import client_of, one_token_key
from tests.web.markup import check_soundness, outline
from tests.web.test_headers import check

from undersigned.app.guarantees import list_guarantees
from undersigned.store.letters import delete_document
from undersigned.web.headers import EMBED_CSP
from undersigned.web.static_files import FOLDER

PATH = "/letters/small-letter"
TITLE = "Keep the <night> kitchen open"
FILES = {
    "qr.svg": "image/svg+xml",
    "card.png": "image/png",
    "feed.atom": "application/atom+xml",
    "names.csv": "text/csv; charset=utf-8; header=present",
    "names.json": "application/json",
    "history.csv": "text/csv; charset=utf-8; header=present",
    "history.json": "application/json",
}
GARBAGE = [
    "", "x", "light;", "%00", "%ff", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "..%2f..%2f",
    "a" * 2_000, "%ed%a0%80", "dark&theme=light", "javascript:alert(1)",
]  # fmt: skip


def metas_of(page: str) -> dict[str, str]:
    """Return what a page says of itself to programs."""
    tags = [attributes for tag, attributes in outline(page) if tag == "meta"]
    return {
        str(it.get("property") or it.get("name")): str(it.get("content"))
        for it in tags
        if "content" in it
    }


def codes_of(page: str) -> list[str]:
    """Return what the page offers to be copied: the address, the frame, the element."""
    part = page.partition('<section class="share"')[2].partition("</section>")[0]
    return [
        html.unescape(code) for code in re.findall(r"<pre[^>]*><code>(.*?)</code>", part, re.DOTALL)
    ]


@pytest.mark.parametrize(("lang", "locale"), [("en", "en_GB"), ("id", "id")])
def test_a_page_says_what_previews_show(
    client: httpx2.Client, live_site: LiveSite, lang: str, locale: str
) -> None:
    """Title, count and picture in the language of the page; addresses are whole, and answer."""
    page = client.get(f"{PATH}?lang={lang}").text
    metas = metas_of(page)
    url = f"{live_site.url}/letters/small-letter@1"
    assert metas["og:url"] == url
    assert metas["og:locale"] == locale
    assert metas["og:description"] == metas["description"]
    assert metas["twitter:card"] == "summary_large_image"
    assert metas["og:title"] == {"en": TITLE, "id": "Biarkan dapur malam tetap buka"}[lang]
    picture = client.get(metas["og:image"])
    assert picture.headers["content-type"] == "image/png"
    size = tuple(int.from_bytes(picture.content[at : at + 4]) for at in (16, 20))
    assert size == (int(metas["og:image:width"]), int(metas["og:image:height"]))
    again = client.get(metas["og:image"], headers={"If-None-Match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    links = {str(it.get("type")): str(it["href"]) for tag, it in outline(page) if tag == "link"}
    told = client.get(links["application/json+oembed"]).json()
    assert told["title"] == metas["og:title"]
    assert client.get(links["application/atom+xml"]).status_code == 200


def test_the_part_of_the_page(client: httpx2.Client, live_site: LiveSite) -> None:
    """The address, a code for cameras, a frame and an element; no button of anybody else."""
    page = client.get(PATH).text
    check_soundness(page)
    address, frame, *element = codes_of(page)
    assert address == f"{live_site.url}/letters/small-letter@1"
    assert frame.startswith(f'<iframe src="{live_site.url}/embed/small-letter@1?lang=en" title="')
    assert 'sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"' in frame
    assert html.escape(TITLE) in frame
    has_script = (FOLDER / "dist" / "embed.js").is_file()
    assert len(element) == has_script
    for code in element:
        assert f'<undersigned-letter src="{address}" lang="en"><a href="{address}">' in code
        assert re.search(r'integrity="sha256-[A-Za-z0-9+/]{43}=" crossorigin="anonymous"', code)
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') == 1


@pytest.mark.parametrize("file", FILES)
def test_files(client: httpx2.Client, file: str) -> None:
    """Each is what it says, open to every page, without a right to anything, and gone with its letter."""
    answer = client.get(f"{PATH}/{file}")
    check(answer)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FILES[file]
    for found in (answer, client.get(f"/letters/nothing/{file}")):
        assert found.headers["access-control-allow-origin"] == "*"
        assert found.headers["cross-origin-resource-policy"] == "cross-origin"
    assert found.status_code == 404
    assert client.get(f"/letters/A%20b/{file}").status_code == 404
    assert answer.headers["cache-control"].startswith("public, max-age=")
    if file.startswith("names"):
        assert answer.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize("name", ["theme", "show", "lang"])
def test_a_frame_passes_over_garbage(client: httpx2.Client, name: str, value: str) -> None:
    """What is no theme, part or language is as if it was not there; nothing of it is in the page."""
    answer = client.get(f"/embed/small-letter?{name}={value}")
    assert answer.status_code == 200
    check(answer, EMBED_CSP)
    assert "alert(1)" not in answer.text
    tags = outline(answer.text)
    (main,) = [it for tag, it in tags if tag == "main"]
    assert main["data-theme"] in ("auto", "dark", "light")
    assert {it.get("rel") for tag, it in tags if tag == "a"} == {"noopener"}
    assert {it.get("target") for tag, it in tags if tag == "a"} == {"_blank"}
    assert {tag for tag, _ in tags}.isdisjoint({"form", "input", "button", "iframe", "object"})


def test_a_frame_shows_the_parts_that_are_asked_for(client: httpx2.Client) -> None:
    """Its title is always there for those who hear it."""
    whole = client.get("/embed/small-letter").text
    assert all(part in whole for part in ("us-title", "us-figure", "us-bar", "us-button"))
    part = client.get("/embed/small-letter?show=bar,count,nothing&theme=dark").text
    assert "us-button" not in part
    assert "us-hidden" in part
    assert html.escape(TITLE) in part
    assert '<meta name="color-scheme" content="dark">' in part


def test_a_frame_of_no_letter_says_so(client: httpx2.Client) -> None:
    """Within its frame, with the rights of one."""
    answer = client.get("/embed/nothing?lang=id")
    assert answer.status_code == 404
    check(answer, EMBED_CSP)
    assert "Tidak ada surat seperti itu" in answer.text


def test_only_frames_may_be_framed(client: httpx2.Client, live_site: LiveSite) -> None:
    """Every other address that answers GET refuses it, and says so itself."""
    document = client.get("/api/v1/openapi.json").json()
    values = {"slug": live_site.slug, "digest": "0" * 64, "leaf_hash": "0" * 64}
    walked = 0
    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith("/events"):
            continue
        filled = re.sub(r"{(\w+)}", lambda part: values.get(part[1], "1"), path)
        policy = client.get(filled).headers["content-security-policy"]
        framed = "*" if path == "/embed/{slug}" else "'none'"
        assert f"frame-ancestors {framed}" in policy, path
        walked += 1
    assert walked > 40


def test_oembed(client: httpx2.Client, live_site: LiveSite) -> None:
    """Any page of a letter of this site, by any of its names; never larger than was asked for."""
    url = f"{live_site.url}/letters/small-letter"
    for address in (url, f"{url}@1", f"{url}@1/names?q=x#check"):
        told = client.get("/oembed", params={"url": address}).json()
        assert (told["type"], told["version"], told["title"]) == ("rich", "1.0", TITLE)
        assert f'src="{live_site.url}/embed/small-letter@1?lang=en"' in told["html"]
        assert html.escape(TITLE) in told["html"]
        assert "<night>" not in told["html"]
    answer = client.get("/oembed", params={"url": url}, headers={"Accept-Language": "id"})
    assert "?lang=id" in answer.json()["html"]
    assert answer.headers["vary"] == "Accept-Language"
    small = client.get("/oembed", params={"url": url, "maxwidth": 200, "maxheight": 50}).json()
    assert (small["width"], small["height"]) == (200, 50)
    assert 'width="200" height="50"' in small["html"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400), ({"url": ""}, 404), ({"url": "x" * 501}, 400), ({"url": "https://[::1"}, 404),
        ({"url": "https://other.example/letters/small-letter"}, 404),
        ({"url": "SITE/letters/nothing"}, 404), ({"url": "SITE/"}, 404),
        ({"url": "SITE/letters/small-letter@2"}, 404), ({"url": "SITE/letters/%2e%2e"}, 404),
        ({"url": "javascript:SITE/letters/small-letter"}, 404),
        ({"url": "SITE/letters/small-letter", "format": "xml"}, 501),
        ({"url": "SITE/letters/small-letter", "format": "<xml>"}, 400),
        ({"url": "SITE/letters/small-letter", "maxwidth": "0"}, 400),
        ({"url": "SITE/letters/small-letter", "maxwidth": "1e3"}, 400),
        ({"url": "SITE/letters/small-letter", "maxheight": "-1"}, 400),
    ],
)  # fmt: skip
def test_oembed_of_anything_else(
    client: httpx2.Client, live_site: LiveSite, query: dict[str, str], status: int
) -> None:
    """What is no letter of this site is none; what is no number is refused."""
    params = {name: value.replace("SITE", live_site.url) for name, value in query.items()}
    answer = client.get("/oembed", params=params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_words_for_other_pages(client: httpx2.Client) -> None:
    """In the language that is asked for; the numbers are those of the API."""
    english = client.get("/api/v1/letters/small-letter/embed").json()
    indonesian = client.get("/api/v1/letters/small-letter/embed?lang=id").json()
    assert english["counts"] == client.get("/api/v1/letters/small-letter/counts").json()
    assert (english["title"], indonesian["lang"]) == (TITLE, "id")
    assert english["words"]["figure"] == "0 of 14"
    assert indonesian["words"]["figure"] == "0 dari 14"
    for wish, lang in (("id", "id"), ("en", "en"), ("id", "id")):
        headers = {"Accept-Language": wish}
        wished = client.get("/api/v1/letters/small-letter/embed", headers=headers).json()
        assert wished["lang"] == lang


def test_a_host_that_is_not_ours_is_not_handed_on(client: httpx2.Client) -> None:
    """Addresses in previews, frames and feeds name the site, whatever a request says."""
    headers = {"Host": "evil.example"}
    for path in (PATH, f"{PATH}/feed.atom", "/embed/small-letter", f"{PATH}/qr.svg"):
        assert "evil.example" not in client.get(path, headers=headers).text
    assert "https://letters.example/embed/" in client.get(PATH, headers=headers).text


@pytest.mark.parametrize("path", ["/static/embed.css", "/static/dist/embed.js"])
def test_what_a_frame_is_made_of_is_open(client: httpx2.Client, path: str) -> None:
    """It has no origin of its own, and the element is in the page of another; the rest is not open."""
    headers: Any = client.get(path).headers
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/static/style.css").headers


def test_a_feed_that_was_kept_loses_what_was_taken_down(tmp_path: Path) -> None:
    """Nothing in the log changes with it; the feed is made anew all the same, with another tag."""
    with one_token_key(), village_in(tmp_path / "data") as village, client_of(village) as client:
        tell_all(village)
        before = client.get("/letters/mill/feed.atom")
        again = {"If-None-Match": before.headers["etag"]}
        assert client.get("/letters/mill/feed.atom", headers=again).status_code == 304
        assert "A guarantee was withdrawn: The bakery" in before.text
        given = list_guarantees(village.site, village.letters, "mill")
        with village.site.collector.write() as connection:
            for each in given:
                delete_document(connection, each.document)
        after = client.get("/letters/mill/feed.atom", headers=again)
    assert after.status_code == 200
    assert "bakery" not in after.text
    assert before.text.count("<id>") == after.text.count("<id>")
