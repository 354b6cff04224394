"""The desk's pages of an open letter: progress, notices, signatures, exports, in both languages."""

import csv
import io
import re
import time

import httpx2
import pypdf
import pytest
from tests.desk import DeskClient
from tests.live import PEOPLE, LiveSite
from tests.web.markup import check_soundness, texts_of
from tests.web.members import signed, wait_for_proof
from tests.web.test_moderation import sign_public

from undersigned.app.activity import get_activity
from undersigned.domain.letter import Mode
from undersigned.store.signatures import list_live
from undersigned.tlog.proof import parse_proof
from undersigned.web.desk import signatures as signature_pages

DESK = "/desk/letters/small-letter@1"
STATEMENT = '=HYPERLINK("https://evil.example")\nThe cook\'s brother stole the pans.'


@pytest.fixture(scope="module")
def leaves(live_site: LiveSite, client: httpx2.Client) -> list[int]:
    """Five members sign: four in public, the first with a statement, and one sealed."""
    digest = signed(client, live_site.slug, live_site.invites[0], Mode.PUBLIC, None, STATEMENT)
    first = parse_proof(wait_for_proof(client, digest).content).index
    signed(client, live_site.slug, live_site.invites[4], Mode.SEALED, None, "Sealed words.")
    return [first, *(sign_public(client, live_site, number) for number in (1, 2, 3))]


@pytest.fixture(params=["en", "id"])
def lang(request: pytest.FixtureRequest) -> str:
    """A language of the interface."""
    return str(request.param)


def acts_of(live_site: LiveSite) -> list[tuple[str, str | None, str]]:
    """Return act, detail and state of what was done last."""
    acts = get_activity(live_site.running.desk, 1).acts
    return [(row.act, row.detail, row.state) for row, _ in acts]


def digest_in(html: str) -> str:
    """Return what a page of a preview says of those who are meant."""
    found = re.search(r'name="meant" value="([0-9a-f]{64})"', html)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("leaves")
@pytest.mark.parametrize(
    "path", ["", "/notices", "/signatures", "/signatures?name=o", "/export", "/signatures/going/x"]
)
def test_pages_are_sound(organiser: DeskClient, lang: str, path: str) -> None:
    """For every organiser, in both languages; nothing keeps them."""
    page = organiser.get(
        f"{DESK}{path}", params={"lang": lang} | dict([("name", "o")] * ("?" in path))
    )
    assert page.status_code == 200
    check_soundness(page.text)
    assert page.headers["cache-control"] == "no-store"
    assert f'lang="{lang}"' in page.text


@pytest.mark.parametrize("name", ["small-letter", "small-letter@1"])
def test_each_page_leads_to_the_others(organiser: DeskClient, name: str) -> None:
    """And says which of them it is, whether the address names the edition or not."""
    parts = ("notices", "signatures", "delivery", "answers", "guarantees", "webhooks", "export")
    for part in ("", *(f"/{each}" for each in parts)):
        html = organiser.get(f"/desk/letters/{name}{part}").text
        nav = html.partition('<nav class="letter-nav"')[2].partition("</nav>")[0]
        assert nav.count("<li>") == 10, part
        current = re.findall(r'href="([^"?]+)[^"]*" aria-current="page"', nav)
        assert [re.sub("@1", "", href) for href in current] == [f"/desk/letters/small-letter{part}"]


@pytest.mark.usefixtures("leaves")
def test_progress_at_a_glance(organiser: DeskClient) -> None:
    """Numbers, what comes next and why nobody can end the letter early."""
    words = texts_of(organiser.get(DESK).text)
    assert "counting towards the rule of 6" in words
    assert "The letter lapses, unless it is reached before that:" in words
    assert "A letter ends at its closing time and not before." in words
    assert "How it grew" in words


def test_a_letter_that_is_not_there(organiser: DeskClient) -> None:
    """Every page of it says so."""
    for path in ("", "/notices", "/signatures", "/export", "/export/names.csv"):
        assert organiser.get(f"/desk/letters/nothing{path}").status_code == 404


def test_a_notice_is_looked_at_before_it_is_posted(
    live_site: LiveSite, organiser: DeskClient, client: httpx2.Client, lang: str
) -> None:
    """Asks once; only then it is in the log, and on the letter's page."""
    words = f"The council has asked for a week.\r\n<b>We</b> wait ({lang})."
    form = {"kind": "news", "words": words, "n": ""}
    shown = organiser.post(f"{DESK}/notices?lang={lang}", form)
    assert shown.status_code == 200
    check_soundness(shown.text)
    assert "&lt;b&gt;We&lt;/b&gt; wait" in shown.text
    assert f"wait ({lang})" not in client.get("/letters/small-letter").text
    changing = organiser.post(f"{DESK}/notices?lang={lang}", form | {"sure": "edit"})
    assert changing.status_code == 200
    assert "&lt;b&gt;We&lt;/b&gt; wait" in changing.text
    posted = organiser.post(f"{DESK}/notices", form | {"sure": "yes"})
    assert posted.headers["location"] == f"{DESK}/notices?done=posted"
    assert 'role="status"' in organiser.get(posted.headers["location"]).text
    assert f"wait ({lang})" in client.get("/letters/small-letter").text
    assert acts_of(live_site)[0] == ("post-notice", "news", "done")


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"kind": "news", "words": " \n"}, "Please write something."),
        ({"kind": "news", "words": "x" * 10_001}, "at most 10,000 characters"),
        ({"kind": "news", "words": "bell\x07"}, "cannot be printed"),
        ({"kind": "timestamp", "words": "kept"}, "Please choose what it is."),
        ({"kind": "headcount", "words": "kept", "n": "many"}, "in digits alone"),
        ({"kind": "headcount", "words": "kept", "n": "0"}, "in digits alone"),
        ({"kind": "headcount", "words": "kept", "n": "٣"}, "in digits alone"),
        ({}, "Please choose what it is."),
    ],
)
def test_a_notice_that_is_none(organiser: DeskClient, form: dict[str, str], problem: str) -> None:
    """Is refused beside its field, and nothing that was typed is lost; even if it was confirmed."""
    answer = organiser.post(f"{DESK}/notices", form | {"sure": "yes"})
    assert answer.status_code == 422
    assert problem in texts_of(answer.text)
    assert "kept" not in form.get("words", "") or "\nkept</textarea>" in answer.text
    check_soundness(answer.text)


def test_a_new_headcount(organiser: DeskClient, client: httpx2.Client) -> None:
    """Takes the place of the letter's wherever it is shown."""
    form = {"kind": "headcount", "words": "Two have left.", "n": "13", "sure": "yes"}
    assert organiser.post(f"{DESK}/notices", form).status_code == 303
    assert client.get("/api/v1/letters/small-letter/counts").json()["headcount"] == 13


def test_words_beside_a_name_are_hidden(
    live_site: LiveSite, organiser: DeskClient, client: httpx2.Client, leaves: list[int], lang: str
) -> None:
    """With a reason that everybody reads; the API says both; the document stays; and shown again."""
    one = f"{DESK}/signatures/{leaves[0]}"
    refused = organiser.post(f"{one}/hide", {"reason": "", "words": "About somebody."})
    assert refused.status_code == 422
    assert "Please choose a reason." in refused.text
    assert "\nAbout somebody.</textarea>" in refused.text
    form = {"reason": "about-others", "words": "It is about <his> brother."}
    hidden = organiser.post(f"{one}/hide", form)
    assert hidden.headers["location"] == f"{one}?done=hidden"
    assert acts_of(live_site)[0] == ("hide-statement", "about-others", "done")
    for path in ("/letters/small-letter", f"/letters/small-letter/names/{leaves[0]}"):
        page = client.get(path, params={"lang": lang}).text
        check_soundness(page)
        assert "stole the pans" not in page
        assert "It is about &lt;his&gt; brother." in page
    names = client.get("/api/v1/letters/small-letter/names").json()["names"]
    (named,) = [each for each in names if each["leaf"] == leaves[0]]
    assert (named["statement"], named["hidden"]["reason"]) == (STATEMENT, "about-others")
    check_soundness(organiser.get(one, params={"lang": lang}).text)
    assert organiser.post(f"{one}/show").headers["location"] == f"{one}?done=shown"
    assert "stole the pans" in client.get("/letters/small-letter").text
    again = organiser.post(f"{one}/show")
    assert again.status_code == 422
    assert acts_of(live_site)[0] == ("show-statement", None, "refused")


def test_a_name_is_erased(
    live_site: LiveSite, organiser: DeskClient, client: httpx2.Client, leaves: list[int], lang: str
) -> None:
    """Asks once, and for a reason; the signature counts on."""
    one = f"{DESK}/signatures/{leaves[1]}"
    if lang == "en":
        refused = organiser.post(f"{one}/erase", {"reason": "asked"})
        assert refused.status_code == 422
        assert "Please say that you are sure." in refused.text
        assert 'value="asked" checked' in refused.text
        done = organiser.post(f"{one}/erase", {"reason": "asked", "sure": "yes"})
        assert done.headers["location"] == f"{one}?done=erased"
        assert acts_of(live_site)[0] == ("erase-name", "asked", "done")
    page = organiser.get(one, params={"lang": lang})
    check_soundness(page.text)
    assert PEOPLE[1][1] not in page.text
    assert organiser.post(f"{one}/erase", {"reason": "asked", "sure": "yes"}).status_code == 422
    assert client.get("/api/v1/letters/small-letter/counts").json()["erased"] == 1


def test_signatures_are_looked_for_by_what_is_public(
    live_site: LiveSite, organiser: DeskClient, leaves: list[int]
) -> None:
    """A sealed one is never found, whatever is asked; bad questions are answered."""
    with live_site.site.collector.read() as connection:
        sealed = [
            row.leaf_index
            for row in list_live(connection, live_site.letter.letter_id)
            if row.mode == "sealed"
        ]
    everyone = organiser.get(f"{DESK}/signatures", params={"first": "0"}).text
    for leaf in leaves:
        assert f"{DESK}/signatures/{leaf}" in everyone
    assert PEOPLE[4][1] not in everyone
    for leaf in sealed:
        assert f"{DESK}/signatures/{leaf}" not in everyone
        one = organiser.get(f"{DESK}/signatures", params={"leaf": str(leaf)}).text
        assert "nobody can be singled out by it" in one
        shown = organiser.get(f"{DESK}/signatures/{leaf}").text
        assert PEOPLE[4][1] not in shown
        assert "Sealed words" not in shown
    for query, words, status in (
        ({"leaf": "x"}, "Places in the log and waves are numbers.", 422),
        ({"leaf": "999"}, "There is no signature of this letter", 200),
        ({"name": "nobody here"}, "No public or opened signature fits", 200),
        ({"verified": "magic"}, "Places in the log and waves are numbers.", 422),
        ({"name": "..."}, "No public or opened signature fits", 200),
    ):
        answer = organiser.get(f"{DESK}/signatures", params=query)
        assert (answer.status_code, words in texts_of(answer.text)) == (status, True), query


def test_false_signatures_are_invalidated(
    live_site: LiveSite, organiser: DeskClient, client: httpx2.Client, leaves: list[int], lang: str
) -> None:
    """Exactly those who were shown, with a reason that everybody reads."""
    leaf = leaves[2] if lang == "en" else leaves[3]
    address = f"{DESK}/signatures/invalidate"
    shown = organiser.get(address, params={"leaf": str(leaf), "lang": lang}).text
    check_soundness(shown)
    form = {"leaf": str(leaf), "meant": digest_in(shown), "reason": "not-a-member"}
    refused = organiser.post(address, form | {"words": ""})
    assert refused.status_code == 422
    assert "Please say that you are sure." in refused.text
    others = form | {"meant": "0" * 64, "words": "No such person.", "sure": "yes"}
    assert "Others fit by now" in organiser.post(address, others).text
    done = organiser.post(address, form | {"words": f"No such person ({lang}).", "sure": "yes"})
    assert done.headers["location"] == f"{DESK}/signatures?done=invalidated"
    assert acts_of(live_site)[0] == ("invalidate", "1", "done")
    assert f"No such person ({lang})." in client.get("/letters/small-letter").text
    gone = organiser.get(address, params={"leaf": str(leaf)})
    assert gone.status_code == 422
    assert "has ended already" in gone.text


def test_many_go_on_by_themselves(
    live_site: LiveSite,
    organiser: DeskClient,
    client: httpx2.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their progress is shown; what a new process knows nothing of is said to be in the log."""
    monkeypatch.setattr(signature_pages, "MOST_PER_TRANSACTION", 1)
    for number in (5, 6, 7):
        sign_public(client, live_site, number)
    address = f"{DESK}/signatures/invalidate"
    shown = organiser.get(address, params={"role": "Clerk"}).text
    form = {"role": "Clerk", "meant": digest_in(shown), "reason": "duplicate"}
    monkeypatch.setattr(signature_pages, "MOST_PER_TRANSACTION", 0)
    begun = organiser.post(address, form | {"words": "Twice.", "sure": "yes"})
    assert begun.headers["location"].startswith(f"{DESK}/signatures/going/")
    end = time.monotonic() + 120
    while "Invalidated: 1." not in texts_of(organiser.get(begun.headers["location"]).text):
        assert time.monotonic() < end
        time.sleep(0.05)
    check_soundness(organiser.get(begun.headers["location"]).text)
    assert ("invalidate", "1", "done") in acts_of(live_site)


@pytest.mark.usefixtures("leaves")
def test_files_to_take_along(live_site: LiveSite, organiser: DeskClient) -> None:
    """Attachments with the names that stand; nothing of whoever is sealed."""
    names = organiser.get(f"{DESK}/export/names.csv")
    assert names.headers["content-type"].startswith("text/csv")
    assert names.headers["content-disposition"] == 'attachment; filename="small-letter-1-names.csv"'
    rows = list(csv.DictReader(io.StringIO(names.content.decode("utf-8-sig"), newline="")))
    (first,) = [row for row in rows if row["name"] == PEOPLE[0][1]]
    assert first["statement"].startswith("'=HYPERLINK")
    growth = organiser.get(f"{DESK}/export/growth.csv").content.decode("utf-8-sig")
    assert growth.startswith('"epoch","at","size","m","standing"')
    whole = organiser.get(f"{DESK}/export/letter.json").json()
    assert whole["letter_id"] == live_site.letter.letter_id.hex()
    assert PEOPLE[4][1] not in names.text + growth + str(whole)
    assert organiser.get(f"{DESK}/export/other.csv").status_code == 400


@pytest.mark.usefixtures("leaves")
def test_the_letter_to_be_printed(organiser: DeskClient, lang: str) -> None:
    """A PDF in the language of the desk, with the public names and no sealed one."""
    answer = organiser.get(f"{DESK}/export/letter.pdf", params={"lang": lang})
    assert answer.headers["content-type"] == "application/pdf"
    text = "".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages
    )
    assert PEOPLE[0][1] in text
    assert PEOPLE[4][1] not in text
    assert ("Keep the" if lang == "en" else "Biarkan dapur") in text


@pytest.mark.parametrize(
    "path",
    [
        "/notices",
        "/signatures/invalidate",
        "/signatures/3/hide",
        "/signatures/3/show",
        "/signatures/3/erase",
        "/signatures/99999/erase",
        "/signatures/x/erase",
    ],
)
def test_nonsense_is_refused(organiser: DeskClient, path: str) -> None:
    """By a page with a sentence, and nothing is done."""
    fields = {
        "reason": "\ud800".encode("utf-8", "surrogatepass"),
        "words": b"\xff\xfe",
        "sure": "yes",
    }
    for form in ({}, {"reason": "x" * 500, "words": "y" * 9000, "sure": "z"}, fields):
        answer = organiser.post(f"{DESK}{path}", form)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"].startswith("text/html")
