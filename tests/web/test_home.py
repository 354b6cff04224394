"""The home, the texts side by side, what a site says of itself; and all of it read from the right."""

import hashlib
import html
import re
from collections.abc import Iterator

import httpx2
import pytest
from tests.app.village import Village
from tests.test_documents import DOCS
from tests.web.inside import client_of
from tests.web.markup import check_soundness, texts_of
from tests.web.shelf import MILL, WELL, shelf_in

from undersigned.app.holding import HOLDINGS
from undersigned.web.static_files import FOLDER

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A site with letters in every state, and in several languages."""
    with shelf_in(tmp_path_factory.mktemp("home") / "site") as village:
        yield village


@pytest.fixture(scope="module")
def client(shelf: Village) -> Iterator[httpx2.Client]:
    """A client of its pages."""
    with client_of(shelf) as http:
        yield http


def digest_of(shelf: Village, slug: str, lang: str) -> str:
    """Return the hash that the record of a letter has for one of its texts."""
    with shelf.site.collector.read() as connection:
        letter = shelf.letters.view(shelf.letters.get_row(connection, slug)).letter
    return next(text.hash.hex() for text in letter.texts if text.lang == lang)


# --- the home


@pytest.mark.parametrize("lang", ["en", "id"])
def test_letters_by_state_with_their_numbers(client: httpx2.Client, lang: str) -> None:
    """A heading for each shelf, a bar and a share for each letter that is counted, none for what is over."""
    page = client.get("/", params={"lang": lang}).text
    tags = check_soundness(page)
    shelves = [attributes["id"] for tag, attributes in tags if tag == "h2" and "id" in attributes]
    assert shelves == ["shelf-open", "shelf-released", "shelf-closed", "shelf-over"]
    bars = [attributes["value"] for tag, attributes in tags if tag == "progress"]
    assert bars == ["4", "5", "0", "4", "5"]
    words = texts_of(page)
    assert ("4 of 12 33.3% open" if lang == "en" else "4 dari 12 33,3% terbuka") in words
    assert MILL[lang].title in words


def test_search_shows_where_the_words_are(client: httpx2.Client) -> None:
    """The letter, an excerpt with the word marked, and how many were found."""
    page = client.get("/", params={"q": " HARVEST ", "lang": "en"}).text
    check_soundness(page)
    assert (
        '<p class="excerpt" lang="en" dir="ltr">The wheel turns again before the <mark>harvest</mark>.</p>'
        in page
    )
    assert "Letters with “HARVEST”: 1." in page
    assert 'value="HARVEST"' in page
    # In a language that is not the page's the text says so.
    page = client.get("/", params={"q": "panen", "lang": "en"}).text
    assert (
        f'<h3 lang="id" dir="ltr"><a href="/letters/mill@1?lang=en">{MILL["id"].title}</a></h3>'
        in page
    )


@pytest.mark.parametrize("query", ["zzz", "<script>alert(1)</script>", "\x00", "%", "_"])
def test_nothing_is_found(client: httpx2.Client, query: str) -> None:
    """That is said in words, and what was typed is text."""
    page = client.get("/", params={"q": query, "lang": "en"}).text
    check_soundness(page)
    assert "No letter here says that." in page
    assert html.escape(query).replace("&#x27;", "&#39;") in page


def test_one_shelf_alone(client: httpx2.Client) -> None:
    """The link of a shelf leads to its letters, and search stays on it."""
    page = client.get("/", params={"state": "over", "lang": "en"}).text
    assert re.findall(r'id="shelf-(\w+)"', page) == ["over"]
    assert '<input type="hidden" name="state" value="over">' in page


@pytest.mark.parametrize(
    "query", ["state=lost", "page=0", "page=x", "page=01", f"q={'x' * 201}", "page=1000001"]
)
def test_bad_questions(client: httpx2.Client, query: str) -> None:
    """400, in words."""
    answer = client.get(f"/?{query}&lang=en", headers=PAGE)
    assert answer.status_code == 400
    assert "The request was not understood" in answer.text


# --- texts and their hashes


@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_letter_says_which_text_counts_and_its_hash(
    shelf: Village, client: httpx2.Client, lang: str
) -> None:
    """The hash is the one in the record, and that of the document that it links to."""
    page = client.get("/letters/mill", params={"lang": lang}).text
    digest = digest_of(shelf, "mill", lang)
    assert f'<a href="/documents/{digest}"><code class="hash">{digest}</code></a>' in page
    assert hashlib.sha256(client.get(f"/documents/{digest}").content).hexdigest() == digest
    assert ("Ini terjemahan" in page) == (lang == "id")
    assert "/letters/mill@1/texts?" in page


def test_two_texts_side_by_side(shelf: Village, client: httpx2.Client) -> None:
    """The authoritative one first, paragraph beside paragraph; each with its hash, `lang` and `dir`."""
    page = client.get("/letters/well/texts", params={"lang": "en"}).text
    check_soundness(page)
    assert page.count("the text that counts") == 1
    first, second = (page.index(digest_of(shelf, "well", lang)) for lang in ("ar", "en"))
    assert first < second
    rows = re.findall(
        r'<div class="row">\s*<div lang="ar" dir="rtl" class="text">(.*?)</div>\s*'
        r'<div lang="en" dir="ltr" class="text">(.*?)</div>\s*</div>',
        page,
        re.DOTALL,
    )
    assert [re.match(r"<\w+>", cell.strip())[0] for row in rows for cell in row] == [  # type: ignore[index]
        "<p>", "<p>", "<h3>", "<h3>", "<p>", "<p>",
    ]  # fmt: skip
    assert WELL["en"].consequence in page
    assert WELL["ar"].demand in page


def test_any_two_of_three(client: httpx2.Client) -> None:
    """The reader chooses; what no text is in, or the same twice, is passed over."""

    def shown(**query: str) -> list[str]:
        page = client.get("/letters/mill/texts", params={"lang": "en", **query}).text
        return re.findall(r'<p lang="(\w+)" dir="\w+" class="title">', page)

    assert shown() == ["en", "id"]
    assert shown(one="ar", other="id") == ["ar", "id"]
    assert shown(one="id") == ["id", "en"]
    assert shown(one="xx", other="yy") == ["en", "id"]
    assert shown(one="ar", other="ar") == ["ar", "en"]
    assert client.get("/letters/nothing/texts").status_code == 404
    assert client.get(f"/letters/mill/texts?one={'x' * 36}").status_code == 400
    single = client.get("/letters/bell/texts").text
    check_soundness(single)
    assert single.count('class="title"') == 1


# --- what the site says of itself


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("path", ["/about", "/privacy", "/how-to-check", "/threat-model"])
def test_pages_about_the_site(client: httpx2.Client, path: str, lang: str) -> None:
    """Sound, in the reader's language, without a script, and linked from the foot of every page."""
    answer = client.get(path, params={"lang": lang})
    tags = check_soundness(answer.text)
    assert tags[0][1]["lang"] == lang
    assert "script-src" not in answer.headers["content-security-policy"]
    assert f'href="{path}?lang={lang}"' in client.get("/verify", params={"lang": lang}).text


def test_privacy_is_what_the_code_keeps(client: httpx2.Client) -> None:
    """Everything personal has a line of its own, and every letter its own date."""
    page = texts_of(client.get("/privacy", params={"lang": "en"}).text)
    template = (FOLDER.parent / "templates" / "holding.html").read_text()
    for each in HOLDINGS:
        assert (f"name == '{each.name}'" in template) == each.is_personal, each.name
    assert "good for at most 15 minutes, and deleted after that" in page
    assert "good for nothing after 30 minutes without use" in page
    assert re.search(r"Cut the hedgeclosedby \d+ \w+ 2027, ", page)
    assert "Mend the millopen90 days after its end" in page
    assert "This site does not say who runs it" in page


def test_what_can_never_be_promised_is_all_said(client: httpx2.Client) -> None:
    """The page has as many as the threat model: one that is added there has to be said here, too."""
    listed = (DOCS / "threat-model.md").read_text().partition("## What can never be promised\n")[2]
    count = len(re.findall(r"^- ", listed.partition("\n## ")[0], re.MULTILINE))
    page = client.get("/threat-model").text
    never = page.partition('<ul class="never">')[2].partition("</ul>")[0]
    assert never.count("<li>") == count > 0


# --- from right to left


def test_a_partial_language_is_there_where_a_letter_is_in_it(client: httpx2.Client) -> None:
    """On pages on which an Arabic text is read; nowhere else, and never where one signs."""
    for path, is_there in (
        ("/letters/well", True), ("/letters/mill/names", True), ("/", True), ("/letters/bell", False),
        ("/about", False), ("/verify", False), ("/letters/well/sign", False),
    ):  # fmt: skip
        page = client.get(path, headers={"Accept-Language": "ar, id;q=0.5"}).text
        assert page.count('<html lang="ar" dir="rtl"') == is_there, path
        assert page.count('<html lang="id" dir="ltr"') == (not is_there), path
        offers = 'lang=ar" hreflang="ar" lang="ar" dir="rtl">' in client.get(path).text
        assert offers == is_there, path


def test_what_it_lacks_is_english_and_says_so(client: httpx2.Client) -> None:
    """Arabic and English on one page, each marked; the letter's own text as it is written."""
    page = client.get("/letters/well?lang=ar&text=en").text
    check_soundness(page)
    assert 'data-locale="ar-u-nu-latn"' in page
    assert '<article class="letter" lang="en" dir="ltr">' in page
    assert '<h2 id="demands" lang="ar" dir="rtl">المطالب</h2>' in page
    assert re.search(r'<p class="means" lang="en" dir="ltr">\s*The letter is reached', page)
    assert '<time datetime="2027-01-25T08:00:00Z" lang="ar" dir="rtl">25 يناير 2027' in page
    reverse = client.get("/letters/well?lang=en&text=ar").text
    assert '<article class="letter" lang="ar" dir="rtl">' in reverse
    assert f'<h1 lang="ar" dir="rtl">{WELL["ar"].title}</h1>' in reverse


def test_a_page_that_does_not_speak_it_leads_back(client: httpx2.Client) -> None:
    """The links of a page keep the language that was asked for, even where it cannot have it."""
    page = client.get("/letters/well/sign?lang=ar").text
    assert '<html lang="en"' in page
    assert "/letters/well@1?lang=ar" in page
    assert "lang=xx" not in client.get("/?lang=xx").text
