"""What one side makes the other takes: keys, names, tokens, letters, receipts; Python and the browser."""

import json
import secrets
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.frontend.conftest import Browser
from tests.live import PEOPLE, LiveSite
from tests.strategies import letter_records, name_documents, text_documents

from undersigned.crypto import seal
from undersigned.crypto.blind_rsa import blind, finalize
from undersigned.crypto.keys import SignerKey, TokenKey, TrusteeKey, generate_code, words_of
from undersigned.crypto.note_key import format_vkey
from undersigned.crypto.token import (
    TokenChallenge,
    nonce_of,
    token_input,
    token_key_id,
    verify_token,
)
from undersigned.domain.letter import Mode, TextDocument, format_text
from undersigned.domain.name import NameDocument, commitment, format_name, initials
from undersigned.domain.record import AmendRecord, LetterRecord, format_record, parse_record
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.promised import verified_promise
from undersigned.signer.receipt import format_receipt, parse_receipt
from undersigned.signer.receipt_report import verify_receipt
from undersigned.signer.signing import enrol, sign, wait_for_proof

HOST = "letters.example"

batches = settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Node is started once for each example: many values in few of them."""


def text(data: bytes) -> str:
    """Write bytes as a task takes them."""
    return format_base64url(data)


def octets(answer: dict[str, Any], member: str) -> bytes:
    """Read bytes from a task's answer."""
    return parse_base64url(answer[member])


def test_codes_give_the_same_keys(browser: Browser) -> None:
    """Words, key, r, c and signature of a new code."""
    code, letter_id = generate_code(), secrets.token_bytes(32)
    key = SignerKey(code, letter_id)
    answer = browser("keys", code=text(code), letter=text(letter_id), words=words_of(code))
    assert answer == {
        "words": words_of(code),
        "code": text(code),
        "pk": text(key.public_key),
        "r": text(key.r),
        "c": text(commitment(key.public_key, key.r)),
        "signature": text(key.sign(code)),
    }


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 3), (2, 3), (3, 5), (16, 16)])
def test_names_sealed_in_the_browser_open_here(browser: Browser, k: int, n: int) -> None:
    """Every trustee's share holds, and the last k of them open the name."""
    letter_id, pk = secrets.token_bytes(32), secrets.token_bytes(32)
    trustees = [TrusteeKey.generate() for _ in range(n)]
    document = "a name, ‖ é".encode() * 100
    answer = browser(
        "seal",
        document=text(document),
        letter=text(letter_id),
        pk=text(pk),
        seal_keys=[text(trustee.seal_key) for trustee in trustees],
        quorum=k,
    )
    blob = seal.parse_blob(octets(answer, "blob"))
    shares = {i: t.open_share(blob, i, letter_id, pk) for i, t in enumerate(trustees, start=1)}
    quorum = dict(list(shares.items())[n - k :])
    key = seal.combine_key(blob, quorum, k)
    assert seal.combine_key(blob, shares, k) == key
    assert seal.open_blob(blob, key, letter_id, pk) == document


def test_names_sealed_here_open_in_the_browser(browser: Browser) -> None:
    """With the key that the trustees publish, as a reader of an opened name does."""
    letter_id, pk = secrets.token_bytes(32), secrets.token_bytes(32)
    trustee = TrusteeKey.generate()
    value = seal.seal(b"a name", letter_id, pk, [trustee.seal_key], 1)
    blob = seal.parse_blob(value)
    shares = {1: trustee.open_share(blob, 1, letter_id, pk)}
    members = {"blob": text(value), "key": text(seal.combine_key(blob, shares, 1))}
    members |= {"letter": text(letter_id), "pk": text(pk)}
    assert octets(browser("open", **members), "document") == b"a name"
    other = members | {"pk": text(secrets.token_bytes(32))}
    assert browser("open", **other)["error"] == "verification-error"


def test_tokens_blinded_in_the_browser_are_signed_and_hold_here(browser: Browser) -> None:
    """The whole way of a token; and a signature by another key is noticed."""
    issuer, letter_id, pk = TokenKey.generate(), secrets.token_bytes(32), secrets.token_bytes(32)
    terms = {
        "host": HOST,
        "letter": text(letter_id),
        "token_key": text(issuer.spki),
        "pk": text(pk),
    }
    blinding = browser("blind", **terms)
    answer = issuer.blind_sign(octets(blinding, "blinded"))
    finalized = browser("finalize", **terms, answer=text(answer), inverse=blinding["inverse"])
    challenge = TokenChallenge(HOST, letter_id, HOST)
    verify_token(octets(finalized, "token"), issuer.spki, challenge, pk)
    other = TokenKey.generate().blind_sign(bytes(255) + b"\x02")
    refused = browser("finalize", **terms, answer=text(other), inverse=blinding["inverse"])
    assert refused["error"] == "verification-error"


def test_tokens_made_here_hold_in_the_browser(browser: Browser) -> None:
    """And only for the key that they were made for."""
    issuer, letter_id, pk = TokenKey.generate(), secrets.token_bytes(32), secrets.token_bytes(32)
    challenge = TokenChallenge(HOST, letter_id, HOST)
    message = token_input(nonce_of(pk), challenge.digest, token_key_id(issuer.spki))
    blinding = blind(issuer.public_key, message)
    answer = issuer.blind_sign(blinding.blinded)
    token = message + finalize(issuer.public_key, message, answer, blinding.inverse)
    terms = {"host": HOST, "letter": text(letter_id), "token_key": text(issuer.spki)}
    assert octets(browser("token_input", **terms, pk=text(pk)), "input") == message
    assert browser("verify_token", **terms, pk=text(pk), token=text(token)) == {}
    other = browser("verify_token", **terms, pk=text(bytes(32)), token=text(token))
    assert other["error"] == "verification-error"


@batches
@given(records=st.lists(letter_records(), min_size=5, max_size=10))
def test_letters_have_the_same_ids(browser: Browser, records: list[LetterRecord]) -> None:
    """Whatever a letter may be here it may be in the browser, under the same id."""
    plain = [json.loads(format_record(record)) for record in records]
    ids = [record.letter.letter_id.hex() for record in records]
    assert browser("letters", records=plain) == {"ids": ids}


@batches
@given(documents=st.lists(text_documents(), min_size=10, max_size=20))
def test_texts_are_written_alike(browser: Browser, documents: list[TextDocument]) -> None:
    """Every text is within the browser's bounds and has the same canonical bytes."""
    values = [format_text(document) for document in documents]
    answer = browser("texts", documents=[json.loads(value) for value in values])
    assert answer == {"canonical": [text(value) for value in values]}


@batches
@given(documents=st.lists(name_documents, min_size=20, max_size=40))
def test_names_are_read_alike(browser: Browser, documents: list[NameDocument]) -> None:
    """Name documents are read from their canonical bytes, and have the same initials."""
    answer = browser("names", documents=[text(format_name(document)) for document in documents])
    assert answer == {"initials": [initials(one.attestation.name) for one in documents]}


def take_part(browser: Browser, live: LiveSite, member: int, **choice: Any) -> dict[str, Any]:
    """Let a member sign in the browser; the default is a sealed name without condition."""
    members = {"mode": "sealed", "condition": None, "statement": None, "shown_as": None}
    return browser(
        "member",
        root=live.url,
        slug=live.slug,
        pinned=format_vkey(live.running.site.keys.log.verifier),
        invite=live.invites[member],
        **(members | choice),
    )


@pytest.mark.parametrize(
    ("member", "choice"),
    [
        (0, {"mode": "public", "statement": "Why I sign: ‖ é\nand more."}),
        (1, {"mode": "sealed", "condition": 3, "statement": None}),
        (2, {"mode": "anonymous", "condition": 2}),
        (3, {"mode": "public", "shown_as": {"name": "D. H.", "role": None}}),
    ],
)
def test_a_member_signs_in_the_browser_on_a_real_site(
    browser: Browser, live_site: LiveSite, member: int, choice: dict[str, Any]
) -> None:
    """The receipt, with its proof, holds here and there."""
    pinned = format_vkey(live_site.running.site.keys.log.verifier)
    answer = take_part(browser, live_site, member, **choice)
    receipt = parse_receipt(octets(answer, "receipt"))
    blob = None if answer["blob"] is None else octets(answer, "blob")
    report = verify_receipt(receipt, pinned_vkey=pinned, blob=blob)
    assert report.place is not None
    assert receipt.record.mode == choice["mode"]
    assert receipt.attestation.name == (choice.get("shown_as") or {}).get("name", PEOPLE[member][1])
    again = browser("verify_receipt", receipt=answer["receipt"], blob=answer["blob"], pinned=pinned)
    assert again == {"by": report.promised_by, "index": report.place.index}


def test_a_receipt_made_here_holds_in_the_browser(browser: Browser, live_site: LiveSite) -> None:
    """Signed and proved by the command line's code; a receipt that says otherwise is refused."""
    pinned = format_vkey(live_site.running.site.keys.log.verifier)
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        view = get_letter(client, live_site.slug, pinned_vkey=pinned)
        attempt = Attempt.start(view, None)
        enrol(client, attempt, InviteProof(live_site.invites[6]))
        attempt.choose(Mode.PUBLIC, statement="As I said.")
        blob = attempt.blob or b""
        receipt = wait_for_proof(client, sign(client, attempt), 120)
    value = format_receipt(receipt)
    answer = browser("verify_receipt", receipt=text(value), blob=text(blob), pinned=pinned)
    assert answer["index"] is not None
    lie = value.replace(b"Gwilla", b"Gwillo")
    refused = browser("verify_receipt", receipt=text(lie), blob=None, pinned=pinned)
    assert refused["error"] == "verification-error"


def test_a_member_changes_their_mind_in_the_browser(browser: Browser, live_site: LiveSite) -> None:
    """Sealed, then public, then anonymous, then gone: each with a promise that holds here."""
    answer = take_part(browser, live_site, 4)
    mine = {"root": live_site.url, "receipt": answer["receipt"]}
    receipt = parse_receipt(octets(answer, "receipt"))
    steps = [
        browser("amend", **mine, mode="public", condition=None, statement="Now."),
        browser("amend", **mine, mode="anonymous", condition=2, statement=None),
        browser("withdraw", **mine),
    ]
    assert not any("error" in step for step in steps), steps
    for step in steps:
        verified_promise(receipt.head(""), octets(step, "entry"), step["promise"])
    records = [parse_record(octets(step, "entry")) for step in steps]
    assert [record.seq for record in records if isinstance(record, AmendRecord)] == [1, 2]
    refused = browser("amend", **mine, mode="anonymous", condition=None, statement=None)
    assert refused["error"] == "already-withdrawn"


def test_who_has_signed_cannot_sign_again(browser: Browser, live_site: LiveSite) -> None:
    """The second token is refused, and a wrong code too, by the names of the rules."""
    take_part(browser, live_site, 5)
    assert take_part(browser, live_site, 5)["error"] == "already-issued"
    members = {"invite": "0" * 16, "mode": "sealed", "condition": None, "statement": None}
    wrong = browser("member", root=live_site.url, slug=live_site.slug, shown_as=None, **members)
    assert wrong["error"] == "proof-rejected"
