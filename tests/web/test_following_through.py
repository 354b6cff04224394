"""What signers say that they did, as the API takes it and the pages show it."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.app.test_following_through import released, say
from tests.app.village import Village, Villager
from tests.web import inside
from tests.web.inside import client_of
from tests.web.markup import check_soundness, texts_of
from tests.web.members import assert_problem

from undersigned.domain.follow_through import FollowAnswer
from undersigned.encoding import format_base64url

village = inside.village
PATH = "/api/v1/letters/mill/follow-through"


@pytest.fixture(scope="module")
def signers(village: Village) -> list[Villager]:
    """Those who stand under a released letter whose deadline is over."""
    return released(village)[1]


@pytest.fixture(scope="module")
def client(village: Village, signers: list[Villager]) -> Iterator[httpx2.Client]:
    """A client of its pages."""
    with client_of(village) as http:
        yield http


def body_of(villager: Villager, answer: FollowAnswer = FollowAnswer.YES) -> dict[str, Any]:
    """Return what a signer sends."""
    sent = say(villager, answer)
    return {
        "v": 1,
        "t": "follow-through",
        "letter": format_base64url(sent.letter_id),
        "pk": format_base64url(sent.pk),
        "answer": sent.answer.value,
        "sig": format_base64url(sent.sig),
    }


def test_said_once_and_shown_as_numbers(client: httpx2.Client, signers: list[Villager]) -> None:
    """Counted, then refused; both pages in both languages say what the numbers are."""
    first, second, *_ = signers
    assert client.get(PATH).json() == {"asked": True, "yes": 0, "not_yet": 0, "no": 0}
    taken = client.post(PATH, json=body_of(first))
    assert (taken.status_code, taken.json()) == (201, {"counted": True})
    assert_problem(client.post(PATH, json=body_of(first, FollowAnswer.NO)), 409, "said-before")
    client.post(PATH, json=body_of(second, FollowAnswer.NOT_YET))
    assert client.get(PATH).json() == {"asked": True, "yes": 1, "not_yet": 1, "no": 0}
    for lang in ("en", "id"):
        check_soundness(client.get("/letters/mill", params={"lang": lang}).text)
        assert client.get("/letters/mill/signature", params={"lang": lang}).status_code == 200
    text = texts_of(client.get("/letters/mill").text)
    assert "Did they do what the letter said? Yes1 Not yet1 No0" in text
    assert "2 of 6 who stand have answered. It is what they say of themselves" in text
    text = texts_of(client.get("/letters/mill/signature").text)
    assert "Did you do what the letter said?" in text
    assert "it does not keep which answer was yours" in text


def test_who_is_not_asked_sees_nothing(client: httpx2.Client, village: Village) -> None:
    """Of a letter that is open the pages do not speak of it, and the API says so."""
    village.open("weir")
    assert client.get("/api/v1/letters/weir/follow-through").json()["asked"] is False
    for page in ("/letters/weir", "/letters/weir/signature"):
        assert "what the letter said" not in client.get(page).text


def test_a_stranger_is_unknown(
    client: httpx2.Client, village: Village, signers: list[Villager]
) -> None:
    """Who has not signed is told so."""
    stranger = village.villager(signers[0].letter)
    assert_problem(client.post(PATH, json=body_of(stranger)), 404, "unknown-signature")
