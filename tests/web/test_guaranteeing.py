"""The guarantor's page, and what the letter's page and the API show of guarantees."""

from dataclasses import replace

import httpx2
import pytest
from tests.app.answered import PLACES, open_three
from tests.app.village import DAY, Village
from tests.web import inside
from tests.web.inside import new_slug
from tests.web.markup import check_soundness, texts_of

from undersigned.app.guaranteeing import Terms, ask_guarantee, list_offers
from undersigned.app.guarantees import list_guarantees

village, client = inside.village, inside.client
SURE = {"sure": "yes"}


@pytest.fixture
def slug(village: Village) -> str:
    """A new letter."""
    slug = new_slug()
    open_three(village, slug, closes_s=40 * DAY)
    return slug


def _ask(village: Village, slug: str, terms: Terms = PLACES) -> str:
    return f"/guarantee/{ask_guarantee(village.site, village.letters, slug, terms)}"


def _given(village: Village, slug: str) -> int:
    return len(list_guarantees(village.site, village.letters, slug))


@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_page_says_what_is_asked_for(
    client: httpx2.Client, village: Village, slug: str, lang: str
) -> None:
    """Exactly the terms, to how many, and that it is public and for good."""
    path = _ask(village, slug)
    before = village.records()
    answer = client.get(path, params={"lang": lang})
    assert answer.status_code == 200
    check_soundness(answer.text)
    text = texts_of(answer.text)
    for part in ("The works", "A place for everyone who signs.", "works.example"):
        assert part in text, part
    if lang == "en":
        assert "It covers the first 2 who signed, in the order of the log." in text
        assert "for good" in text
    assert "director@" not in answer.text.lower()
    assert answer.headers["Cache-Control"] == "no-store"
    assert village.records() == before


def test_confirmed_shown_and_withdrawn(client: httpx2.Client, village: Village, slug: str) -> None:
    """The link that confirms leads to the one that withdraws; the letter's page tells both."""
    path = _ask(village, slug)
    given = client.post(path, data=SURE | {"act": "give"})
    assert given.status_code == 303
    withdrawal = f"/guarantee/{given.headers['Location'].partition('?')[0]}"
    assert withdrawal != path
    assert client.get(path).status_code == 404
    page = client.get(withdrawal, params={"done": "given"})
    check_soundness(page.text)
    assert "Keep the address of this page" in texts_of(page.text)
    for lang in ("en", "id"):
        check_soundness(client.get(f"/letters/{slug}?lang={lang}").text)
    text = texts_of(client.get(f"/letters/{slug}").text)
    for part in (
        "Guarantees",
        "The works holds A place for everyone who signs.",
        "It covers the first 2 who signed",
        "Standing now: 0 (covered at most: 2).",
        "Confirmed for an address at works.example, ",
    ):
        assert part in text, part
    (told,) = client.get(f"/api/v1/letters/{slug}/guarantees").json()["guarantees"]
    assert (told["guarantor"], told["cap"], told["holds"]) == ("The works", 2, True)
    done = client.post(withdrawal, data=SURE | {"act": "withdraw"})
    assert done.status_code == 303
    ended = client.get(withdrawal, params={"done": "withdrawn"})
    check_soundness(ended.text)
    assert "The guarantee is withdrawn." in texts_of(ended.text)
    text = texts_of(client.get(f"/letters/{slug}").text)
    assert "The works withdrawn A place" in text
    assert "Standing now" not in text
    (told,) = client.get(f"/api/v1/letters/{slug}/guarantees").json()["guarantees"]
    assert told["withdrawn_at"] == village.clock.now()
    again = client.post(withdrawal, data=SURE | {"act": "withdraw"})
    assert again.status_code == 409
    check_soundness(again.text)


def test_nobody_promises_by_mistake(client: httpx2.Client, village: Village, slug: str) -> None:
    """Without the box nothing is given, and a button that is not there does nothing."""
    path = _ask(village, slug)
    for sent in ({"act": "give"}, {"act": "give", "sure": "no"}, SURE, SURE | {"act": "perhaps"}):
        answer = client.post(path, data=sent)
        assert answer.status_code == 422
        check_soundness(answer.text)
        assert "Please tick the box first." in texts_of(answer.text)
    assert client.post(path, data=SURE | {"act": "withdraw"}).status_code == 409
    assert _given(village, slug) == 0


def test_declined(client: httpx2.Client, village: Village, slug: str) -> None:
    """Without a box, since nothing follows; the page says so, also when it is opened again."""
    path = _ask(village, slug)
    assert client.post(path, data={"act": "decline"}).status_code == 303
    page = client.get(path, params={"done": "declined"})
    check_soundness(page.text)
    assert "You have declined." in texts_of(page.text)
    assert "This guarantee was declined." in texts_of(client.get(path).text)
    assert client.post(path, data=SURE | {"act": "give"}).status_code == 409
    assert _given(village, slug) == 0
    assert [offer.state for offer in list_offers(village.site, village.letters, slug)] == [
        "declined"
    ]


def test_the_same_again_and_too_late(client: httpx2.Client, village: Village, slug: str) -> None:
    """Both are said on the page, and nothing is written."""
    first, second = _ask(village, slug), _ask(village, slug)
    terms = replace(PLACES, terms="Soup.", expires=village.clock.now() + DAY)
    late, in_time = _ask(village, slug, terms), _ask(village, slug, replace(terms, terms="Tea."))
    for path in (first, in_time):
        assert client.post(path, data=SURE | {"act": "give"}).status_code == 303
    again = client.post(second, data=SURE | {"act": "give"})
    assert again.status_code == 409
    assert "The same guarantee is under the letter already." in texts_of(again.text)
    village.later(DAY)
    over = client.post(late, data=SURE | {"act": "give"})
    assert over.status_code == 409
    assert "is over. Nothing was made public." in texts_of(over.text)
    assert _given(village, slug) == 2
    page = client.get(f"/letters/{slug}")
    check_soundness(page.text)
    assert "The works expired Tea." in texts_of(page.text)


@pytest.mark.parametrize("made_up", ["x", "A" * 43, "%00"])
def test_a_link_that_nobody_made(client: httpx2.Client, village: Village, made_up: str) -> None:
    """One page for all that is not known."""
    path = f"/guarantee/{made_up}"
    for answer in (client.get(path), client.post(path, data=SURE | {"act": "give"})):
        assert answer.status_code == 404
        check_soundness(answer.text)
        assert "This link is good no longer" in texts_of(answer.text)
