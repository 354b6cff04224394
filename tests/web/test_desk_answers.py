"""The desk's pages of answers and guarantees: links that are shown once, answers with a source."""

import re

import httpx2
import pytest
from tests.app.answered import PLACES, open_three
from tests.app.village import DAY, Village
from tests.desk import DeskClient
from tests.web import inside
from tests.web.inside import new_slug
from tests.web.markup import check_soundness, texts_of

from undersigned.app.activity import get_activity
from undersigned.app.answers import get_answers
from undersigned.app.guaranteeing import list_offers
from undersigned.app.guarantees import list_guarantees
from undersigned.store.outbox import MailRow, list_due_mails

village, organiser = inside.village, inside.organiser
ASKED = {
    "guarantor": PLACES.guarantor,
    "address": PLACES.address,
    "terms": PLACES.terms,
    "lang": "en",
    "cap": "2",
    "until": "",
}
TOLD = {"state-wheel": "met", "text-wheel": "It turns.", "told_by": "On the door.", "lang": "en"}


@pytest.fixture
def slug(village: Village) -> str:
    """A new letter of three demands."""
    slug = new_slug()
    open_three(village, slug)
    return slug


def link_in(page: httpx2.Response) -> str:
    """Return the link that a page shows once."""
    check_soundness(page.text)
    found = re.findall(
        r"<code>(http://localhost:\d+/(?:answer|guarantee)/[\w-]{43})</code>", page.text
    )
    assert len(found) == 1
    return str(found[0])


def link_of(body: str) -> str:
    """Return the one-time link in a mail's text."""
    (found,) = re.findall(
        r"^http://localhost:\d+/(?:answer|guarantee)/[\w-]{43}$", body, re.MULTILINE
    )
    return str(found)


def mails(village: Village, address: str, slug: str = "") -> list[MailRow]:
    """Return the mails that wait for an address, about a letter."""
    with village.site.collector.read() as connection:
        rows = list_due_mails(connection, village.clock.now(), 100, "collector")
    return [row for row in rows if row.recipient == address and f"/{slug}" in row.body]


def acts(organiser: DeskClient, slug: str) -> list[tuple[str, str, str | None]]:
    """Return what the trail has of a letter: act, how it ended, detail; the newest first."""
    rows = [row for row, _ in get_activity(organiser.desk, 1).acts if row.letter == slug]
    return [(row.act, row.state, row.detail) for row in rows]


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("what", ["answers", "guarantees"])
def test_the_pages_are_sound(organiser: DeskClient, slug: str, what: str, lang: str) -> None:
    """With nothing on them yet; nothing keeps them."""
    page = organiser.get(f"/desk/letters/{slug}/{what}", params={"lang": lang})
    assert page.status_code == 200
    check_soundness(page.text)
    assert page.headers["Cache-Control"] == "no-store"
    assert organiser.get(f"/desk/letters/weir/{what}").status_code == 404


def test_a_link_is_shown_once(organiser: DeskClient, slug: str) -> None:
    """It leads to the addressee's page, with the domain; the desk has only that later."""
    path = f"/desk/letters/{slug}/answers"
    sent = {"addressee": "1", "address": " Miller@Mill.example "}
    link = link_in(organiser.post(f"{path}/links", sent))
    assert "mill.example" in organiser.http.get(link).text
    later = organiser.get(path)
    check_soundness(later.text)
    assert link.rpartition("/")[2] not in later.text
    assert "There is a link for an address at mill.example" in texts_of(later.text)
    again = link_in(organiser.post(f"{path}/links", sent))
    assert organiser.http.get(link).status_code == 404
    assert organiser.http.get(again).status_code == 200
    done = organiser.post(f"{path}/revoke", {"addressee": "1"})
    assert done.headers["location"] == f"{path}?done=revoked"
    assert organiser.http.get(again).status_code == 404
    gone = organiser.post(f"{path}/revoke", {"addressee": "1"})
    assert gone.headers["location"] == f"{path}?done=gone"
    assert acts(organiser, slug) == [
        ("revoke-answer-link", "refused", "1"),
        ("revoke-answer-link", "done", "1"),
        ("make-answer-link", "done", "1"),
        ("make-answer-link", "done", "1"),
    ]


def test_a_link_is_mailed(organiser: DeskClient, village: Village, slug: str) -> None:
    """To the address, in the transaction that makes it; the page does not show it."""
    path = f"/desk/letters/{slug}/answers"
    sent = {"addressee": "1", "address": "Miller@Mill.example", "by": "mail"}
    done = organiser.post(f"{path}/links", sent)
    assert done.headers["location"] == f"{path}?done=sent"
    assert "The link is on its way by mail." in texts_of(
        organiser.get(path, params={"done": "sent"}).text
    )
    (mail,) = mails(village, "miller@mill.example")
    link = link_of(mail.body)
    assert f"/letters/{slug}@1" in mail.body
    assert "To: The miller" in mail.body
    assert link in mail.html
    assert organiser.http.get(link).status_code == 200


def test_guarantors_are_mailed(organiser: DeskClient, village: Village, slug: str) -> None:
    """The link that confirms, a newer one, and once it is given the one that withdraws."""
    path = f"/desk/letters/{slug}/guarantees"
    assert organiser.post(path, ASKED | {"by": "mail"}).headers["location"] == f"{path}?done=sent"
    (offer,) = list_offers(village.site, village.letters, slug)
    again = organiser.post(f"{path}/link", {"offer": offer.offer.hex(), "by": "mail"})
    assert again.headers["location"] == f"{path}?done=sent"
    first, second = (link_of(mail.body) for mail in mails(village, offer.address, slug))
    statuses = sorted(organiser.http.get(link).status_code for link in (first, second))
    assert statuses == [200, 404]
    good = first if organiser.http.get(first).status_code == 200 else second
    organiser.http.post(good, data={"act": "give", "sure": "yes"})
    (withdrawal,) = [
        link_of(mail.body)
        for mail in mails(village, offer.address, slug)
        if mail.kind == "withdrawal-link"
    ]
    done = organiser.http.post(withdrawal, data={"act": "withdraw", "sure": "yes"})
    assert done.status_code == 303
    assert list_guarantees(village.site, village.letters, slug)[0].withdrawn_at is not None


@pytest.mark.parametrize("number", ["1", "2", "", "x", "-1", "²", "9" * 5_000])
def test_no_link_for_nobody(organiser: DeskClient, slug: str, number: str) -> None:
    """An address that is none is shown again, with the sentence beside it."""
    path = f"/desk/letters/{slug}/answers"
    page = organiser.post(f"{path}/links", {"addressee": number, "address": 'no "address"'})
    assert page.status_code == 422
    check_soundness(page.text)
    if number == "1":
        assert "That is no mail address." in texts_of(page.text)
        assert 'value="no &#34;address&#34;"' in page.text
    assert "There is a link" not in organiser.get(path).text


def test_an_answer_is_recorded_with_its_source(
    organiser: DeskClient, village: Village, slug: str
) -> None:
    """Looked at first; the letter's page says that the organisers tell it."""
    path = f"/desk/letters/{slug}/answers"
    review = organiser.post(path, TOLD | {"step": "review"})
    check_soundness(review.text)
    assert "Is this what was answered?" in texts_of(review.text)
    assert not get_answers(village.site, village.letters, slug).is_begun
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', review.text))
    edited = organiser.post(path, hidden | {"step": "edit"})
    assert edited.status_code == 200
    assert "On the door.</textarea>" in edited.text
    given = organiser.post(path, hidden | {"step": "give"})
    assert given.headers["location"] == f"{path}?done=recorded"
    check_soundness(organiser.get(path, params={"done": "recorded"}).text)
    text = texts_of(organiser.http.get(f"/letters/{slug}").text)
    assert "As the organisers tell it. Where they have it from: On the door." in text
    assert acts(organiser, slug) == [("record-answer", "done", "1")]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"told_by": " "}, "Please say where it is from."),
        ({"told_by": "x" * 1_001}, "at most 1,000 characters"),
        ({"told_by": "a\x07"}, "characters that cannot be shown"),
        ({"state-wheel": ""}, "Please choose what you answer"),
        ({"state-wheel": "", "text-wheel": ""}, "Please answer at least one demand."),
    ],
)
def test_what_is_not_right_is_said_beside_it(
    organiser: DeskClient, village: Village, slug: str, changed: dict[str, str], sentence: str
) -> None:
    """Nothing typed is lost, nothing is written."""
    for step in ("review", "give"):
        page = organiser.post(f"/desk/letters/{slug}/answers", TOLD | changed | {"step": step})
        assert page.status_code == 422
        check_soundness(page.text)
        assert sentence in texts_of(page.text)
    assert not get_answers(village.site, village.letters, slug).is_begun


def test_a_guarantee_from_asking_to_withdrawing(
    organiser: DeskClient, village: Village, slug: str
) -> None:
    """The organiser asks, the guarantor confirms, the organiser records that it is withdrawn."""
    path = f"/desk/letters/{slug}/guarantees"
    link = link_in(organiser.post(path, ASKED))
    page = organiser.get(path)
    check_soundness(page.text)
    assert "director@works.example" in page.text
    (offer,) = list_offers(village.site, village.letters, slug)
    anew = link_in(organiser.post(f"{path}/link", {"offer": offer.offer.hex()}))
    assert organiser.http.get(link).status_code == 404
    given = organiser.http.post(anew, data={"act": "give", "sure": "yes"})
    assert given.status_code == 303
    check_soundness(organiser.get(path).text)
    link_in(organiser.post(f"{path}/link", {"offer": offer.offer.hex()}))
    (shown,) = list_guarantees(village.site, village.letters, slug)
    unsure = organiser.post(f"{path}/withdraw", {"leaf": str(shown.leaf_index)})
    assert unsure.headers["location"] == f"{path}?done=unsure"
    sent = {"leaf": str(shown.leaf_index), "sure": "yes"}
    for ending in ("withdrawn", "decided"):
        done = organiser.post(f"{path}/withdraw", sent)
        assert done.headers["location"] == f"{path}?done={ending}"
        check_soundness(organiser.get(path, params={"done": ending}).text)
    cancelled = organiser.post(f"{path}/cancel", {"offer": offer.offer.hex()})
    assert cancelled.headers["location"] == f"{path}?done=cancelled"
    assert "director@works.example" not in organiser.get(path).text
    assert [act for act, *_ in acts(organiser, slug)] == [
        "cancel-guarantee",
        "withdraw-guarantee",
        "withdraw-guarantee",
        "make-guarantee-link",
        "make-guarantee-link",
        "ask-guarantee",
    ]
    assert all(detail is None for _, _, detail in acts(organiser, slug))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"guarantor": ""}, "Please name them, on one line."),
        ({"guarantor": "The\nworks"}, "Please name them, on one line."),
        ({"address": "works"}, "That is no mail address."),
        ({"terms": ""}, "Please write what is promised"),
        ({"terms": "x" * 5_001}, "Please write what is promised"),
        ({"cap": "0"}, "This must be a whole number"),
        ({"cap": "many"}, "This must be a whole number"),
        ({"cap": "9" * 12}, "This must be a whole number"),
        ({"until": "1999-01-01"}, "This must be a day to come."),
        ({"until": "tomorrow"}, "This must be a day to come."),
        ({"until": "9999-12-31"}, "This must be a day to come."),
        ({"lang": "English"}, "Something is not right yet"),
    ],
)
def test_what_cannot_be_asked_for(
    organiser: DeskClient, village: Village, slug: str, changed: dict[str, str], sentence: str
) -> None:
    """It is said beside the field, and what was typed is there."""
    page = organiser.post(f"/desk/letters/{slug}/guarantees", ASKED | changed)
    assert page.status_code == 422
    check_soundness(page.text)
    assert sentence in texts_of(page.text)
    if "guarantor" not in changed:
        assert 'value="The works"' in page.text
    assert list_offers(village.site, village.letters, slug) == []


def test_a_guarantee_ends_with_its_last_day(
    organiser: DeskClient, village: Village, slug: str
) -> None:
    """The day is one of UTC, and it holds until it is over."""
    link_in(organiser.post(f"/desk/letters/{slug}/guarantees", ASKED | {"until": "2027-02-01"}))
    (offer,) = list_offers(village.site, village.letters, slug)
    assert offer.expires is not None
    assert offer.expires % DAY == 0
    assert offer.expires == 1_801_526_400


@pytest.mark.parametrize("offer", ["", "x", "00" * 16, "00" * 500])
def test_of_what_is_not_there_nothing_is_made(organiser: DeskClient, slug: str, offer: str) -> None:
    """The page says that nothing was changed."""
    path = f"/desk/letters/{slug}/guarantees"
    for act in ("link", "cancel"):
        answer = organiser.post(f"{path}/{act}", {"offer": offer})
        assert answer.headers["location"] == f"{path}?done=decided"
    for leaf in ("", "x", "-1", "9" * 30, "3"):
        answer = organiser.post(f"{path}/withdraw", {"leaf": leaf, "sure": "yes"})
        assert answer.headers["location"] == f"{path}?done=decided"
