"""A letter is believed only when its keys and hashes bear it out."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signer.site import (
    LOG,
    ORIGIN,
    TEXT,
    InMemorySite,
    make_letter,
    open_letter,
    vkey,
)

from undersigned.crypto.keys import NoteSigner
from undersigned.domain.letter import Mode
from undersigned.domain.record import Ack, LetterRecord, format_record
from undersigned.errors import FormatError, UndersignedError, UnknownLetter, VerificationError
from undersigned.signer.letter_view import get_letter

Change = Callable[[dict[str, Any]], object]


def test_a_letter_is_fetched_and_verified(site: InMemorySite, client: httpx2.Client) -> None:
    """What comes back is the letter, its texts and where it is."""
    view = get_letter(client, "the-letter", pinned_vkey=vkey(LOG))
    assert view.record == site.record
    assert view.texts == (TEXT,)
    assert view.site.origin == ORIGIN
    assert view.address == "https://letters.example/api/v1/letters/the-letter@1"
    assert view.issuer_address == view.address


@pytest.mark.parametrize(
    "url",
    [
        "the-letter@1",
        "https://letters.example/letters/the-letter",
        "https://letters.example/letters/the-letter@1/sign?lang=id#form",
        "https://letters.example/api/v1/letters/the-letter",
    ],
)
def test_the_ways_to_name_a_letter(client: httpx2.Client, url: str) -> None:
    """A slug, an edition, and the address of a page all lead to the same API."""
    assert get_letter(client, url).base == "https://letters.example/api/v1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "The-Letter",
        "the-letter@0",
        "the-letter@01",
        "a/b",
        "../site",
        "ftp://letters.example/letters/the-letter",
        "https://a:b@letters.example/letters/the-letter",
        "https://letters.example/the-letter",
        "https:///letters/the-letter",
        "https://letters.example:port/letters/x",
        "x" * 3_000,
    ],
)
def test_what_names_no_letter(site: InMemorySite, client: httpx2.Client, url: str) -> None:
    """Nothing is asked for an address that is none."""
    with pytest.raises(FormatError):
        get_letter(client, url)
    assert not site.requests


def test_a_slug_needs_a_site() -> None:
    """A client without a base has nowhere to ask."""
    with httpx2.Client(timeout=60) as client, pytest.raises(FormatError):
        get_letter(client, "the-letter")


def test_an_unknown_letter(client: httpx2.Client) -> None:
    """The site's refusal is its class."""
    with pytest.raises(UnknownLetter):
        get_letter(client, "another")


def test_an_issuer_elsewhere(site: InMemorySite, client: httpx2.Client) -> None:
    """Tokens are asked for where the letter says."""
    site.record = open_letter(make_letter(issuer_url="https://issuer.example:8443"))
    address = get_letter(client, "the-letter").issuer_address
    assert address == "https://issuer.example:8443/api/v1/letters/the-letter@1"


def test_the_pinned_log(client: httpx2.Client) -> None:
    """Another log than the pinned one is refused."""
    other = NoteSigner(ORIGIN, bytes(32))
    with pytest.raises(VerificationError, match="pinned"):
        get_letter(client, "the-letter", pinned_vkey=vkey(other))


def _rename(text: dict[str, Any]) -> None:
    text["title"] = "Another letter"


LIES: dict[str, Change] = {
    "id": lambda answer: answer.update(letter_id="00" * 32),
    "rule": lambda answer: answer["record"]["body"].update(rule=1),
    "signature": lambda answer: answer["record"].update(sig="A" * 86),
    "issuer's ack": lambda answer: answer["record"]["acks"][0].update(sig="A" * 86),
    "trustee's ack": lambda answer: answer["record"]["acks"][2].update(sig="A" * 86),
    "acks exchanged": lambda answer: answer["record"]["acks"].__setitem__(
        1, answer["record"]["acks"][2] | {"by": 1}
    ),
    "text": lambda answer: _rename(answer["texts"][0]),
    "no text": lambda answer: answer["texts"].clear(),
    "two texts": lambda answer: answer["texts"].append(answer["texts"][0]),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lying_site_is_refused(site: InMemorySite, client: httpx2.Client, lie: Change) -> None:
    """Each part that a site might change is held by a signature or a hash."""
    answer = site.letter_answer()
    lie(answer)
    site.answers["the-letter"] = lambda _: httpx2.Response(200, json=answer)
    with pytest.raises(VerificationError):
        get_letter(client, "the-letter")


def test_missing_acks_are_refused(site: InMemorySite, client: httpx2.Client) -> None:
    """A letter that a trustee has not accepted is not one to be sealed to."""
    answer = site.letter_answer()
    answer["record"]["acks"].pop()
    site.answers["the-letter"] = lambda _: httpx2.Response(200, json=answer)
    with pytest.raises(FormatError):
        get_letter(client, "the-letter")


def test_another_letter_than_asked_for(site: InMemorySite, client: httpx2.Client) -> None:
    """A site cannot answer with a letter of another name or edition."""
    site.record = open_letter(make_letter(slug="another"))
    site.answers["the-letter"] = lambda _: httpx2.Response(200, json=site.letter_answer())
    with pytest.raises(VerificationError, match="another letter"):
        get_letter(client, "the-letter")


def test_a_text_in_the_wrong_language(site: InMemorySite, client: httpx2.Client) -> None:
    """A text under another language's name, or with other demands, is not the letter's."""
    ref = site.letter.texts[0]
    site.record = open_letter(make_letter(texts=(replace(ref, lang="id"),)))
    with pytest.raises(VerificationError, match="language"):
        get_letter(client, "the-letter")


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "elsewhere.example/log"},
        {"log_vkey": vkey(NoteSigner("elsewhere.example/log", bytes(32)))},
        {"promise_vkey": vkey(NoteSigner(f"{ORIGIN}/promise", bytes(32)))},
        {"promise_vkey": vkey(LOG)},
    ],
)
def test_keys_that_are_not_the_sites(
    site: InMemorySite, client: httpx2.Client, said: dict[str, str]
) -> None:
    """Keys bear the log's name, and the promise key is the letter's."""
    answer = site.site_answer() | said
    site.answers["site"] = lambda _: httpx2.Response(200, json=answer)
    with pytest.raises(VerificationError):
        get_letter(client, "the-letter")


def test_a_token_key_of_another_kind(site: InMemorySite, client: httpx2.Client) -> None:
    """A key that tokens could not be blinded for is found before anybody tries."""
    site.record = open_letter(make_letter(token_key=b"\x30" * 342))
    with pytest.raises(FormatError):
        get_letter(client, "the-letter")


def test_a_public_letter_has_no_trustees(site: InMemorySite, client: httpx2.Client) -> None:
    """The issuer's ack alone is then all of them."""
    terms = {"modes": (Mode.PUBLIC,), "conditions": (), "trustees": (), "quorum": 0}
    site.record = open_letter(make_letter(**terms))
    assert get_letter(client, "the-letter").record.acks == (Ack("issuer", site.record.acks[0].sig),)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_garbage_is_refused_cleanly(data: st.DataObject) -> None:
    """A damaged answer is an error of ours, never another exception, and never believed."""
    site = InMemorySite()
    body = bytearray(json.dumps(site.letter_answer()).encode())
    at = data.draw(st.integers(0, len(body) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "nest"])):
        case "flip":
            body[at] ^= 1 << data.draw(st.integers(0, 7))
        case "cut":
            del body[at:]
        case _:
            body[at:at] = b"[" * 5_000
    site.answers["the-letter"] = lambda _: httpx2.Response(200, content=bytes(body))
    with site.client() as client:
        try:
            view = get_letter(client, "the-letter")
        except UndersignedError:
            return
    # What a flipped bit left equal was no part of the letter: another member, or white space.
    assert isinstance(view.record, LetterRecord)
    assert format_record(view.record) == format_record(site.record)
    assert view.texts == (TEXT,)
