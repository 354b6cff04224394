"""The pages: what people read, in both languages, in every state, and nothing that runs."""

import re
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from tests.live import HOST, LiveSite
from tests.web.markup import check_soundness, outline, texts_of
from tests.web.members import signed

from undersigned.app.counting import Counts
from undersigned.app.names import NamesPage
from undersigned.app.reading import LetterNumbers, Notice, get_page
from undersigned.app.struck import Struck
from undersigned.domain.letter import Mode, State, TrusteeTerms
from undersigned.domain.stage import Stage
from undersigned.language import read_languages
from undersigned.store.notices import TimestampRow
from undersigned.web.pages.address import choose_base_url
from undersigned.web.pages.language import LONGEST_ACCEPT, choose_language, wanted_languages
from undersigned.web.pages.letters import values_of
from undersigned.web.pages.markup import render_markdown
from undersigned.web.pages.rendering import Renderer
from undersigned.web.pages.share import make_share
from undersigned.web.pages.timeline import Timeline
from undersigned.web.static_files import StaticFiles

PATH = "/letters/small-letter"
HTML = {"Accept": "text/html"}
RENDERER = Renderer(StaticFiles())
COUNTS = Counts(1234, 1300, 20, 66, 5, 4, 3)


@pytest.fixture(scope="module", autouse=True)
def signers(live_site: LiveSite) -> None:
    """A public signature with a statement that would like to be markup."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        statement = "<script>alert(2)</script>\nSecond line"
        signed(client, live_site.slug, live_site.invites[0], Mode.PUBLIC, statement=statement)


def test_first_page_lists_the_letters(client: httpx2.Client) -> None:
    """Title, count and state of every letter, linked by edition."""
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (
        '<a href="/letters/small-letter@1">Keep the &lt;night&gt; kitchen open</a>' in answer.text
    )
    text = texts_of(answer.text)
    assert "1 of 14 7.1% open" in text
    assert "To: The council of the house" in text
    assert "An answer is due by 1 May 2099, 12:00 UTC, in " in text
    check_soundness(answer.text)


@pytest.mark.parametrize("name", ["small-letter", "small-letter@1"])
def test_letter_page_says_it_all(client: httpx2.Client, live_site: LiveSite, name: str) -> None:
    """Text, demands, consequence, state, numbers, seals, names, and how to check the count."""
    answer = client.get(f"/letters/{name}")
    text = texts_of(answer.text)
    for part in (
        "Keep the &lt;night&gt; kitchen open",
        "To: The council of the house",
        "The kitchen stays open at night.",
        "Unless the kitchen stays open, we will cook in the yard.",
        "By 1 May 2099, 12:00 UTC, in ",
        "The letter is open. It is reached once 6 signatures that count are standing.",
        "No sealed name is opened before.",
        "1 of 14 7.1% of all members stand",
        "Standing1 anonymous among them0 counting towards the rule of 61",
        "Waiting until more stand0 Withdrawn0 Invalidated0",
        "It can be signed until 1 June 2099, 12:00 UTC, in ",
        "Rule6 (public and sealed signatures count, anonymous ones do not)",
        "Entries of the roll12",
        "Headcount14, 1 March 2026. The list on the door.",
        "“Count me in once … of us stand”2, 3, 6",
        "Closes1 June 2099, 12:00 UTC",
        "Sealed names are kept by the operator",
        "Names that are public: 1. Signatures without a name: 0. Sealed names appear here together",
        "Alva QuillstoneCook, proved by invite code",
        f"undersigned sign {live_site.url}/letters/small-letter@1",
        f"undersigned withdraw {live_site.url}/letters/small-letter@1",
        f"undersigned mirror {live_site.url} mirror undersigned verify mirror",
        live_site.letter.letter_id.hex(),
    ):
        assert part in text, part


@pytest.mark.parametrize("lang", ["en", "id"])
def test_page_is_sound_html(client: httpx2.Client, lang: str) -> None:
    """The outline holds, and what a script keeps up to date says so and is told to everyone."""
    tags = check_soundness(client.get(f"{PATH}?lang={lang}").text)
    assert tags[0][1]["lang"] == lang
    assert tags[0][1]["data-locale"] == {"en": "en-GB", "id": "id"}[lang]
    progress = next(attributes for tag, attributes in tags if tag == "progress")
    assert (progress["max"], progress["value"]) == ("14", "1")
    status = [attributes for _, attributes in tags if attributes.get("role") == "status"]
    assert [attributes["aria-atomic"] for attributes in status] == ["true"]
    live = [attributes["data-live"] for _, attributes in tags if "data-live" in attributes]
    assert live == ["/api/v1/letters/small-letter@1/counts"]


def test_numbers_are_those_of_the_api(client: httpx2.Client) -> None:
    """Each number that the page shows is the one that programs are told."""
    html = client.get(PATH).text
    counts = client.get("/api/v1/letters/small-letter/counts").json()
    shown = dict(re.findall(r'<dd data-count="(\w+)">([0-9]+)</dd>', html))
    assert shown == {
        name: str(counts[name])
        for name in ("standing", "anonymous", "m", "waiting", "withdrawn", "invalidated")
    }
    assert f'<strong data-count="standing">{counts["standing"]}</strong>' in html


def test_what_members_and_organisers_write_is_text(client: httpx2.Client) -> None:
    """Markup in a text, a title or a statement is shown, not obeyed; only safe links are links."""
    html = client.get(PATH).text
    assert "<script>" not in html
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
        assert '<html lang="id"' in answer.text
        assert answer.headers["content-language"] == "id"
        text = texts_of(answer.text)
        assert "Biarkan dapur malam tetap buka" in text
        assert "Surat ini terbuka." in text
        assert "1 Juni 2099" in text
        assert "1 dari 14 7,1% dari semua anggota berlaku" in text
        assert "yang dalam bahasa ini: Inggris" in text
        assert "Accept-Language" in answer.headers["vary"]
        outline(answer.text)


def test_text_in_another_language_than_the_page(client: httpx2.Client) -> None:
    """A reader may choose the language of the letter apart from the page's; the first one counts."""
    html = client.get(f"{PATH}?lang=en&text=id").text
    assert '<html lang="en"' in html
    assert '<article class="letter" lang="id" dir="ltr">' in html
    assert "The text that counts is the one in this language: English." in html
    assert (
        '<article class="letter" lang="en" dir="ltr">' in client.get(f"{PATH}?lang=en&text=xx").text
    )


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


def test_of_languages_little_is_kept() -> None:
    """What comes after the characters that are read makes no other list; each language is there once."""
    header = "fr, en;q=0.5, fr, id;q=0.1, en, " + "x" * LONGEST_ACCEPT
    assert wanted_languages(header) == ("fr", "en", "id")
    assert wanted_languages(header + "y") is wanted_languages(header)


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


LOCAL = "http://localhost:8000"


@pytest.mark.parametrize(
    ("url", "asked", "base"),
    [
        (LOCAL, "localhost:8000", LOCAL),
        (LOCAL, "127.0.0.1:8000", "http://127.0.0.1:8000"),
        (LOCAL, "[::1]:8000", "http://[::1]:8000"),
        ("http://localhost", "127.0.0.1", "http://127.0.0.1"),
        (LOCAL, "localhost:8001", f"https://{HOST}"),
        (LOCAL, "localhost", f"https://{HOST}"),
        (LOCAL, HOST, f"https://{HOST}"),
        (LOCAL, f"{HOST}:8443", f"https://{HOST}"),
        (LOCAL, "evil.example", f"https://{HOST}"),
        (LOCAL, "localhost:8000; rm -r", f"https://{HOST}"),
        (LOCAL, "", f"https://{HOST}"),
        (f"https://{HOST}", f"{HOST}:8443", f"https://{HOST}"),
        (f"https://{HOST}", "localhost:8000", f"https://{HOST}"),
        ("https://else.example:8443", HOST, "https://else.example:8443"),
        ("https://localhost", "localhost", "https://localhost"),
    ],
)
def test_commands_name_this_site_only(url: str, asked: str, base: str) -> None:
    """A forged Host header does not get into the commands that readers copy."""
    assert choose_base_url(asked, url, HOST) == base


@pytest.mark.parametrize("host", ["localhost:1", f"{HOST}:8443", "evil.example"])
def test_a_forged_host_makes_no_other_page(client: httpx2.Client, host: str) -> None:
    """Whoever asks with it gets the very page that others have got, where the site is for everybody."""
    forged = client.get(PATH, headers={"Host": host})
    assert forged.text == client.get(PATH, headers={"Host": HOST}).text
    assert f"undersigned sign https://{HOST}/letters/" in forged.text
    assert host not in forged.text


SENTENCES: dict[str, set[str]] = {}
"""What each state was said with, by language: none twice."""


@pytest.mark.parametrize("tag", ["en", "id"])
@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words(live_site: LiveSite, state: State, tag: str) -> None:
    """Each state is said in words, and signing is offered only while it is possible."""
    html = render(live_site, tag, Stage(state, 1, 86_400, 86_400))
    check_soundness(html)
    offers = state in {State.OPEN, State.REACHED, State.FROZEN, State.RELEASED}
    assert ("undersigned sign " in html) == offers
    assert ("undersigned withdraw " in html) == (offers or state is State.CLOSED)
    assert ("/sign?" in html) == offers
    sentence = html.partition('<p class="means">')[2].partition("</p>")[0].strip()
    assert sentence
    assert sentence not in SENTENCES.setdefault(tag, set())
    SENTENCES[tag].add(sentence)


def render(
    live_site: LiveSite,
    tag: str,
    stage: Stage,
    numbers: LetterNumbers | None = None,
    seen: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Render the letter's page in another stage; `seen` is what is around the letter."""
    running = live_site.running
    page = replace(get_page(running.site, running.letters, live_site.slug), stage=stage)
    page = replace(
        page,
        view=replace(page.view, letter=replace(page.letter, **changes)),
        numbers=numbers or replace(page.numbers, counts=COUNTS, headcount=2000),
        **(seen or {}),
    )
    text = page.texts[0]
    values = values_of(page, text, 0) | {
        "html": render_markdown(text.text),
        "growth": None,
        "timeline": Timeline((), ()),
        "names": NamesPage((), 0, 1, 1),
        "query": "",
        "struck": Struck((), 0),
        "has_pdf": False,
        "base": "https://letters.example",
        "share": make_share(page, page.texts[0], read_languages()[tag], "https://letters.example"),
        "element_code": None,
        "witnesses": ["ada", "ben"],
        "waits_for_witnesses": True,
    }
    response = RENDERER.page(request(f"lang={tag}"), "letter.html", values)
    return bytes(response.body).decode()


def test_numbers_are_written_as_the_language_does(live_site: LiveSite) -> None:
    """Thousands have the separator of the reader's language."""
    stage = Stage(State.OPEN, 0, 86_400)
    assert "1,300 of 2,000" in texts_of(render(live_site, "en", stage))
    assert "1.300 dari 2.000" in texts_of(render(live_site, "id", stage))


@pytest.mark.parametrize(
    ("state", "wave", "standing", "warns"),
    [
        (State.OPEN, 0, 1800, False), (State.OPEN, 0, 1801, True), (State.REACHED, 0, 2000, True),
        (State.FROZEN, 1, 1900, True), (State.RELEASED, 1, 1900, False),
        (State.RELEASED, 2, 1900, False), (State.CLOSED, 1, 1900, False), (State.OPEN, 1, 1900, True),
    ],
)  # fmt: skip
def test_nearly_all_before_release(
    live_site: LiveSite, state: State, wave: int, standing: int, warns: bool
) -> None:
    """From 90 % on who is missing can be guessed: pages can tell, as long as nothing is open."""
    running = live_site.running
    page = get_page(running.site, running.letters, live_site.slug)
    numbers = replace(page.numbers, headcount=2000, counts=counts_with(standing))
    page = replace(page, stage=Stage(state, wave, 86_400, 86_400), numbers=numbers)
    assert page.nearly_all_stand == warns


def counts_with(standing: int) -> Counts:
    """Return counts with so many standing."""
    return Counts(standing, standing, 0, 0, 0, 0, 0)


def test_more_than_the_headcount_fits_the_page(live_site: LiveSite) -> None:
    """A headcount that was too low breaks neither the bar nor the share."""
    running = live_site.running
    page = get_page(running.site, running.letters, live_site.slug)
    many = replace(page.numbers, headcount=10, counts=Counts(12, 12, 3, 0, 0, 0, 0))
    html = render(live_site, "en", page.stage, numbers=many)
    assert "120%" in html
    assert '<progress max="10" value="10"' in html


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [
        (0, 770, "0%"), (738, 770, "95.8%"), (505, 770, "65.6%"), (770, 770, "100%"),
        (99_999, 100_000, "99.9%"), (1, 100_000, "0%"), (385, 770, "50%"),
    ],
)  # fmt: skip
def test_shares(part: int, whole: int, share: str) -> None:
    """Rounded to a tenth, and 100 % only for all."""
    assert read_languages()["en"].share(part, whole) == share


@pytest.mark.parametrize(
    ("seconds", "english", "indonesian"),
    [
        (5, "in 1 minute", "dalam 1 menit"),
        (90 * 60, "in 90 minutes", "dalam 90 menit"),
        (47 * 3600, "in 47 hours", "dalam 47 jam"),
        (4 * 86_400 - 1, "in 3 days", "dalam 3 hari"),
        (45 * 86_400, "in 45 days", "dalam 45 hari"),
        (729 * 86_400, "in 729 days", "dalam 729 hari"),
        (3 * 366 * 86_400, "in 3 years", "dalam 3 tahun"),
        (-2 * 86_400, "2 days ago", "2 hari yang lalu"),
    ],
)
def test_distances(seconds: int, english: str, indonesian: str) -> None:
    """Whole units that are left, never more than there are."""
    languages = read_languages()
    assert languages["en"].distance(10**9 + seconds, 10**9) == english
    assert languages["id"].distance(10**9 + seconds, 10**9) == indonesian


def test_who_keeps_the_seals(live_site: LiveSite) -> None:
    """Independent trustees are named with their quorum; a letter without seals says so."""
    stage = Stage(State.OPEN, 0, 86_400)
    trustees = tuple(TrusteeTerms(name, False, bytes(1216), bytes(32)) for name in ("Union", "Bar"))
    text = texts_of(render(live_site, "en", stage, trustees=trustees, quorum=2))
    assert "Names are sealed: 2 of 2 trustees must act together to open them. Union Bar" in text
    plain: dict[str, Any] = {"trustees": (), "quorum": 0, "modes": (Mode.PUBLIC,), "conditions": ()}
    text = texts_of(render(live_site, "en", stage, **plain))
    assert "This letter takes no sealed names." in text


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nothing", 404, "There is no such page"),
        ("/letters/no-such", 404, "There is no such page"),
        ("/letters/small-letter/names?page=x", 400, "The request was not understood"),
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
    assert '<html lang="id"' in indonesian.text
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


def noticed(live_site: LiveSite, tag: str) -> str:
    """Render the letter's page with three notices and two timestamps."""
    letter_id = bytes(live_site.letter.letter_id)
    notices = (
        Notice(9, "correction", 7_200, None, bytes(32), None),
        Notice(8, "headcount", 3_600, 2000, bytes(32), "Ten <have> joined.\nAnd two."),
        Notice(5, "news", 60, None, bytes(32), "The kettle is back."),
    )
    stamps = tuple(
        TimestampRow(leaf, letter_id, bytes(32), name, None, at)
        for leaf, name, at in ((3, "Clock & Sons", 100), (4, "Zeit GmbH", 160))
    )
    running = live_site.running
    page = get_page(running.site, running.letters, live_site.slug)
    numbers = replace(page.numbers, headcount=2000)
    return render(
        live_site, tag, page.stage, numbers, seen={"notices": notices, "timestamps": stamps}
    )


def test_notices_are_on_the_page(live_site: LiveSite) -> None:
    """What was told, the newest first, and where the headcount is from; words that are gone say so."""
    html = noticed(live_site, "en")
    text = texts_of(html)
    for part in (
        "Correction, 1 January 1970, 02:00 UTC The words of this notice were taken down.",
        "New headcount: 2,000, 1 January 1970, 01:00 UTC Ten &lt;have&gt; joined. And two.",
        "News, 1 January 1970, 00:01 UTC The kettle is back.",
        "Headcount2,000, 1 January 1970, 01:00 UTC: the notice says why. When the letter opened: 14,",
    ):
        assert part in text
    assert 'href="#notice-8"' in html
    assert '<li id="notice-8">' in html
    check_soundness(html)


def test_timestamps_are_on_the_page(live_site: LiveSite) -> None:
    """Everybody outside who says that the text existed, and when."""
    text = texts_of(noticed(live_site, "en"))
    assert (
        "The text existed at 1 January 1970, 00:01 UTC, says Clock &amp; Sons, who does not" in text
    )
    assert "says Zeit GmbH" in text
    assert "kata Clock &amp; Sons" in texts_of(noticed(live_site, "id"))
