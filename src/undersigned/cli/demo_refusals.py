"""What the site says to those who try what they must not: asked for real, over HTTP."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx2

from undersigned.cli.demo_signing import Member
from undersigned.crypto.blind_rsa import blind, finalize
from undersigned.crypto.keys import SignerKey, TokenKey, generate_code
from undersigned.crypto.token import TokenChallenge, nonce_of, token_input, token_key_id
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import SignRecord, format_record, signed_bytes
from undersigned.encoding import format_base64url
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import LetterView
from undersigned.signer.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was tried, and the status and sentence that it got."""

    tried: str
    status: int
    said: str


def try_all(
    client: httpx2.Client, letter: LetterView, member: Member, receipt: Receipt
) -> list[Refusal]:
    """Try everything; `member` has signed, and `receipt` is another member's."""
    tries: tuple[tuple[str, Callable[[], httpx2.Response]], ...] = (
        ("a wrong invite code", lambda: _ask(client, letter, wrong_code())),
        ("a second token for one member", lambda: _ask(client, letter, member.invite)),
        ("a record changed on the way", lambda: _tampered(client, letter, receipt)),
        ("another signature with a spent token", lambda: _moved(client, letter, receipt)),
        ("the token of another letter", lambda: _foreign(client, letter)),
    )
    refusals = []
    for tried, attempt in tries:
        answer = attempt()
        refusals.append(Refusal(tried, answer.status_code, str(answer.json()["detail"])))
    return refusals


def wrong_code() -> str:
    """Make a well-formed invite code that nobody was given."""
    return "".join(secrets.choice("23456789ABCDEFGH") for _ in range(16))


def _ask(client: httpx2.Client, letter: LetterView, code: str) -> httpx2.Response:
    attempt = Attempt.start(letter, None)
    return client.post(f"{letter.address}/tokens", json=attempt.ask(InviteProof(code), None))


def _post(client: httpx2.Client, letter: LetterView, record: SignRecord) -> httpx2.Response:
    body = {"record": format_base64url(format_record(record)), "blob": None}
    return client.post(f"{letter.address}/signatures", json=body)


def _tampered(client: httpx2.Client, letter: LetterView, receipt: Receipt) -> httpx2.Response:
    """Send somebody's record with another mode, as a thief of the line would."""
    changed = replace(receipt.record, mode=Mode.ANONYMOUS, condition=None, name=None)
    return _post(client, letter, changed)


def _moved(client: httpx2.Client, letter: LetterView, receipt: Receipt) -> httpx2.Response:
    """Sign once more with the same words and token, in another way."""
    key = SignerKey.from_words(receipt.words, letter.letter.letter_id)
    changed = replace(receipt.record, mode=Mode.ANONYMOUS, condition=None, name=None)
    return _post(client, letter, replace(changed, sig=key.sign(signed_bytes(changed))))


def _foreign(client: httpx2.Client, letter: LetterView) -> httpx2.Response:
    """Sign with a good token of another letter's issuer."""
    here = letter.letter
    key = SignerKey(generate_code(), here.letter_id)
    record = SignRecord(
        letter_id=here.letter_id,
        token=_token_of_another_letter(letter, here, key),
        pk=key.public_key,
        mode=Mode.ANONYMOUS,
        condition=None,
        name=None,
        sig=b"",
    )
    return _post(client, letter, replace(record, sig=key.sign(signed_bytes(record))))


def _token_of_another_letter(view: LetterView, here: Letter, key: SignerKey) -> bytes:
    issuer = TokenKey.generate()
    host = view.site.origin.partition("/")[0]
    other_letter = bytes(reversed(here.letter_id))
    digest = TokenChallenge(host, other_letter, host).digest
    message = token_input(nonce_of(key.public_key), digest, token_key_id(issuer.spki))
    blinded = blind(issuer.public_key, message)
    signature = issuer.blind_sign(blinded.blinded)
    return message + finalize(issuer.public_key, message, signature, blinded.inverse)
