"""The pages: what people read, in both languages, in every state, and nothing that runs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from tests.live import HOST, LiveSite
from tests.web.members import signed

from undersigned.app.counting import Counts
from undersigned.app.reading import get_page
from undersigned.domain.letter import Mode, State, TrusteeTerms
from undersigned.domain.stage import Stage
from undersigned.store.signatures import ShownName, add_shown_names, delete_shown_name
from undersigned.web.api.letters import seals_of
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.language import choose_language, read_languages
from undersigned.web.pages.markup import render_markdown
from undersigned.web.pages.rendering import Renderer
from undersigned.web.static_files import StaticFiles

PATH = "/letters/small-letter"
HTML = {"Accept": "text/html"}
RENDERER = Renderer(StaticFiles())


@pytest.fixture(scope="module", autouse=True)
def signers(live_site: LiveSite) -> None:
    """A public signature with a statement that would like to be markup."""
    with httpx2.Client(base_url=live_site.url, timeout=20) as client:
        statement = "<script>alert(2)</script>\nSecond line"
        signed(client, live_site.slug, live_site.invites[0], Mode.PUBLIC, statement=statement)


class _Outline(HTMLParser):
    """Collects elements, checks that they are closed in order."""

    VOID = frozenset({"meta", "link", "br", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Return the elements of a page whose elements are all closed in order."""
    parser = _Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.tags


def texts_of(html: str) -> str:
    """Return a page's text without markup, white space made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_first_page_lists_the_letters(client: httpx2.Client) -> None:
    """Title, count and state of every letter, linked by edition."""
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (
        '<a href="/letters/small-letter@1">Keep the &lt;night&gt; kitchen open</a>' in answer.text
    )
    assert "1 of 14 (open)" in texts_of(answer.text)
    outline(answer.text)


@pytest.mark.parametrize("name", ["small-letter", "small-letter@1"])
def test_letter_page_says_it_all(client: httpx2.Client, live_site: LiveSite, name: str) -> None:
    """Text, demands, consequence, state, numbers, seals, names, and how to check the count."""
    answer = client.get(f"/letters/{name}")
    text = texts_of(answer.text)
    for part in (
        "Keep the &lt;night&gt; kitchen open",
        "The council of the house",
        "The kitchen stays open at night.",
        "Unless the kitchen stays open, we will cook in the yard.",
        "By 1 May 2099, 12:00:00 UTC",
        "The letter is open. It is reached once 6 signatures that count are standing.",
        "1 of 14",
        "Standing 1 (anonymous among them: 0)",
        "Waiting until more stand 0",
        "Withdrawn 0",
        "Invalidated 0",
        "Names erased 0",
        "Rule 6 (public and sealed signatures count, anonymous ones do not)",
        "Entries of the roll 12",
        "Headcount 14, 1 March 2026. The list on the door.",
        "Closes 1 June 2099, 12:00:00 UTC",
        "Sealed names are kept by the operator",
        "Alva Quillstone, Cook (on the roll, proved by invite code)",
        f"undersigned sign {live_site.url}/letters/small-letter@1",
        f"undersigned withdraw {live_site.url}/letters/small-letter@1",
        f"undersigned mirror {live_site.url} mirror undersigned verify mirror",
        live_site.letter.letter_id.hex(),
    ):
        assert part in text, part


def test_page_is_sound_html(client: httpx2.Client) -> None:
    """One h1, headings without gaps, unique ids, labels that lead somewhere, nothing from elsewhere."""
    tags = outline(client.get(PATH).text)
    assert tags[0] == ("html", {"lang": "en"})
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = {a["aria-labelledby"] for _, a in tags if "aria-labelledby" in a}
    assert labels <= set(ids)
    for tag, attributes in tags:
        assert tag not in {"script", "iframe", "img", "form", "style", "object"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        if tag == "link":
            assert (attributes["href"] or "").startswith("/static/")
    progress = next(attributes for tag, attributes in tags if tag == "progress")
    assert (progress["max"], progress["value"]) == ("14", "1")
    assert ("p", {"class": "count", "role": "status"}) in tags


def test_what_members_and_organisers_write_is_text(client: httpx2.Client) -> None:
    """Markup in a text, a title or a statement is shown, not obeyed; only safe links are links."""
    html = client.get(PATH).text
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;script&gt;alert(2)&lt;/script&gt;\nSecond line" in html
    assert "<h3>Why</h3>" in html
    assert '<a href="https://plan.example/a" rel="nofollow noopener noreferrer">' in html
    assert 'href="javascript' not in html


def test_indonesian(client: httpx2.Client) -> None:
    """Asked for by the address or by the browser: interface, letter, dates and numbers."""
    for answer in (
        client.get(f"{PATH}?lang=id"),
        client.get(PATH, headers={"Accept-Language": "fr, id-ID;q=0.9, en;q=0.5"}),
    ):
        assert '<html lang="id">' in answer.text
        assert answer.headers["content-language"] == "id"
        text = texts_of(answer.text)
        assert "Biarkan dapur malam tetap buka" in text
        assert "Surat ini terbuka." in text
        assert "1 Juni 2099" in text
        assert "1 dari 14" in text
        assert "yang dalam bahasa ini: Inggris" in text
        assert "Accept-Language" in answer.headers["vary"]
        outline(answer.text)


def test_text_in_another_language_than_the_page(client: httpx2.Client) -> None:
    """A reader may choose the language of the letter apart from the page's; the first one counts."""
    html = client.get(f"{PATH}?lang=en&text=id").text
    assert '<html lang="en">' in html
    assert '<article lang="id" dir="auto">' in html
    assert "The text that counts is the one in this language: English." in html
    assert '<article lang="en" dir="auto">' in client.get(f"{PATH}?lang=en&text=xx").text


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"), ("id", "id"), ("ID-id", "id"), ("en-GB,en;q=0.9,id;q=0.8", "en"),
        ("de;q=1, id;q=0.4, en;q=0.3", "id"), ("id;q=0, en", "en"), ("*", "en"),
        ("id;q=5", "en"), (",,;;id", "en"), ("x" * 10_000 + ",id", "en"), ("fr", "en"),
    ],
)  # fmt: skip
def test_language_is_negotiated(header: str, tag: str) -> None:
    """Accept-Language is weighed; what cannot be read is passed over."""
    assert (
        choose_language(request(headers={"accept-language": header}), read_languages()).tag == tag
    )


def test_language_of_the_address_comes_first() -> None:
    """`?lang=` wins over the browser; an unknown one is passed over."""
    headers = {"accept-language": "en"}
    languages = read_languages()
    assert choose_language(request("lang=id", headers), languages).tag == "id"
    assert choose_language(request("lang=xx", headers), languages).tag == "en"


def request(
    query: str = "", headers: dict[str, str] | None = None, scheme: str = "http"
) -> Request:
    """Return a request with a query and headers."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": scheme,
            "path": PATH,
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "server": ("127.0.0.1", 80),
        }
    )


@pytest.mark.parametrize(
    ("host", "scheme", "base"),
    [
        (HOST, "https", f"https://{HOST}"),
        (f"{HOST}:8443", "https", f"https://{HOST}:8443"),
        ("localhost:8000", "http", "http://localhost:8000"),
        ("127.0.0.1:8000", "http", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http", "http://[::1]:8000"),
        ("evil.example", "https", f"https://{HOST}"),
        (f"{HOST}:8000; rm -r", "http", f"https://{HOST}"),
        ("", "http", f"https://{HOST}"),
    ],
)
def test_commands_name_this_site_only(host: str, scheme: str, base: str) -> None:
    """A forged Host header does not get into the commands that readers copy."""
    assert find_base_url(request(headers={"host": host}, scheme=scheme), HOST) == base


SENTENCES: dict[str, set[str]] = {}
"""What each state was said with, by language: none twice."""


@pytest.mark.parametrize("tag", ["en", "id"])
@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words(live_site: LiveSite, state: State, tag: str) -> None:
    """Each state is said in words, and signing is offered only while it is possible."""
    html = render(live_site, tag, Stage(state, 1, 86_400, 86_400))
    outline(html)
    offers = state in {State.OPEN, State.REACHED, State.FROZEN, State.RELEASED}
    assert ("undersigned sign " in html) == offers
    assert ("undersigned withdraw " in html) == (offers or state is State.CLOSED)
    sentence = html.partition("</progress>")[2].partition("<dl>")[0].strip()
    assert sentence not in SENTENCES.setdefault(tag, set())
    SENTENCES[tag].add(sentence)


def render(live_site: LiveSite, tag: str, stage: Stage, **changes: Any) -> str:
    """Render the letter's page in another stage."""
    running = live_site.running
    page = replace(get_page(running.site, running.letters, live_site.slug), stage=stage)
    letter = replace(page.letter, **changes)
    values = {
        "page": page,
        "letter": letter,
        "stage": stage,
        "counts": Counts(1234, 1300, 20, 66, 5, 4, 3),
        "numbers": replace(page.numbers, headcount=2000),
        "text": page.texts[0],
        "html": render_markdown(page.texts[0].text),
        "seals": seals_of(letter),
        "moments": (1, 86_400),
        "names": [],
        "after": -1,
        "next_after": None,
        "base": "https://letters.example",
        "now": 0,
    }
    response = RENDERER.page(request(f"lang={tag}"), "letter.html", values)
    return bytes(response.body).decode()


def test_numbers_are_written_as_the_language_does(live_site: LiveSite) -> None:
    """Thousands have the separator of the reader's language."""
    stage = Stage(State.OPEN, 0, 86_400)
    assert "1,234 of 2,000" in texts_of(render(live_site, "en", stage))
    assert "1.234 dari 2.000" in texts_of(render(live_site, "id", stage))


def test_who_keeps_the_seals(live_site: LiveSite) -> None:
    """Independent trustees are named with their quorum; a letter without seals says so."""
    stage = Stage(State.OPEN, 0, 86_400)
    trustees = tuple(TrusteeTerms(name, False, bytes(1216), bytes(32)) for name in ("Union", "Bar"))
    text = texts_of(render(live_site, "en", stage, trustees=trustees, quorum=2))
    assert "Names are sealed: 2 of 2 trustees must act together to open them. Union Bar" in text
    plain: dict[str, Any] = {"trustees": (), "quorum": 0, "modes": (Mode.PUBLIC,), "conditions": ()}
    text = texts_of(render(live_site, "en", stage, **plain))
    assert "This letter takes no sealed names." in text


@pytest.fixture
def crowd(live_site: LiveSite) -> Iterator[None]:
    """Many names that are shown, put into the table of names alone."""
    rows = [
        ShownName(1000 + i, live_site.letter.letter_id, f"Person {i}", None, "self-declared", None)
        for i in range(150)
    ]
    database = live_site.running.site.collector
    with database.write() as connection:
        add_shown_names(connection, rows)
    yield
    with database.write() as connection:
        for row in rows:
            delete_shown_name(connection, row.leaf_index)


@pytest.mark.usefixtures("crowd")
def test_names_are_paged(client: httpx2.Client) -> None:
    """A hundred names on a page, a link to the rest, and one back; none twice."""
    first = client.get(PATH).text
    link = re.search(r'rel="next" href="([^"#]*)', first)
    assert link is not None
    second = client.get(PATH + link[1].replace("&amp;", "&")).text
    names = [
        re.findall(r"<strong>(Person \d+|Alva Quillstone)</strong>", html)
        for html in (first, second)
    ]
    assert [len(page) for page in names] == [100, 51]
    assert len(set(names[0] + names[1])) == 151
    assert "Names from the beginning" in second
    assert 'rel="next"' not in second


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nothing", 404, "There is no such page"),
        ("/letters/no-such", 404, "There is no such page"),
        ("/letters/small-letter?after=x", 400, "The request was not understood"),
        ("/letters/small-letter?text=" + "x" * 36, 400, "The request was not understood"),
    ],
)
def test_errors_are_pages_for_people(
    client: httpx2.Client, path: str, status: int, title: str
) -> None:
    """A browser gets a small page in its language, a program the problem document."""
    answer = client.get(path, headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "text/html; charset=utf-8",
    )
    assert title in texts_of(answer.text)
    outline(answer.text)
    indonesian = client.get(path, headers=HTML | {"Accept-Language": "id"})
    assert '<html lang="id">' in indonesian.text
    assert title not in indonesian.text
    assert client.get(path).headers["content-type"] == "application/problem+json"


def test_wrong_methods_get_a_page(client: httpx2.Client) -> None:
    """Also for a method that a page does not take, with the methods that it does."""
    answer = client.post("/", headers=HTML)
    assert answer.status_code == 405
    assert "This page cannot do that" in answer.text
    assert answer.headers["allow"] == "GET, HEAD"


def test_programs_never_get_a_page(client: httpx2.Client) -> None:
    """Under the addresses for programs an error is a problem document, whatever is accepted."""
    for path in ("/api/v1/nothing", "/log/nothing", "/documents/x", "/static/x"):
        assert client.get(path, headers=HTML).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# a", "<h3>a</h3>\n"),
        ("###### a", "<h6>a</h6>\n"),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>\n"),
        ("<div onclick=x>", "<p>&lt;div onclick=x&gt;</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>\n"),
        ("![a](/b)", '<p>!<a href="/b" rel="nofollow noopener noreferrer">a</a></p>\n'),
    ],
)
def test_markdown(markdown: str, html: str) -> None:
    """The text's Markdown becomes plain elements; nothing in it becomes more."""
    assert render_markdown(markdown) == html
