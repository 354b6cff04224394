"""Signatures that must not be taken: everything about each is right but one thing."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.e2e.bad_requests import Case
from tests.e2e.world import Signer, World, request, signed

from undersigned.crypto.keys import SignerKey, TokenKey
from undersigned.crypto.token import token_key_id
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import (
    EpochRecord,
    Record,
    SignRecord,
    WithdrawRecord,
    format_record,
)
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.signer.receipt import Receipt

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of Ed25519's group (RFC 8032, section 5.1): S + this is another spelling of S."""

SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order 8: some signatures hold under it for any message, if a library lets them."""

NOT_CANONICAL = (2**255 - 19 + 1).to_bytes(32, "little")
"""The neutral point's y coordinate 1, written as p + 1."""


def _signature(
    *,
    to: str = "letter",
    mode: Mode = Mode.ANONYMOUS,
    blob: Callable[[World, Signer], bytes | None] | None = None,
    unnamed: bool = False,
    entry: Callable[[World, bytes], bytes | str] | None = None,
    **changed: Any,
) -> Callable[[World], str]:
    """Send a new member's signature.

    `changed` replaces members before it is signed: values, or functions of the world and the signer.
    `blob` makes what comes with it, whose hash is the name unless it is `unnamed` or in `changed`.
    `entry` changes the canonical bytes after it is signed.
    """

    def send(world: World) -> str:
        letter: Letter = getattr(world, to)
        signer = Signer.new(letter)
        content = None if blob is None else blob(world, signer)
        members: dict[str, Any] = {
            "letter_id": letter.letter_id,
            "token": None if "token" in changed else world.token(signer),
            "pk": signer.key.public_key,
            "mode": mode,
            "condition": None,
            "name": None if content is None or unnamed else hash_bytes(content),
            "sig": bytes(64),
        }
        for name, value in changed.items():
            members[name] = value(world, signer) if callable(value) else value
        record = signed(signer, SignRecord(**members))
        sent = record if entry is None else entry(world, record)
        return world.post(letter, "signatures", request(sent, content))

    return send


def edited(**members: Any) -> Callable[[World, bytes], bytes]:
    """Replace members of the record in its JSON, canonically; the signature no longer holds."""

    def edit(_world: World, entry: bytes) -> bytes:
        value = json.loads(entry) | members
        kept = {name: member for name, member in value.items() if member != "left out"}
        return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()

    return edit


def replaced(old: bytes, new: bytes) -> Callable[[World, bytes], bytes]:
    """Replace some bytes of the record, which stand there once."""

    def replace_once(_world: World, entry: bytes) -> bytes:
        assert entry.count(old) == 1
        return entry.replace(old, new)

    return replace_once


def sealed(world: World, signer: Signer) -> bytes:
    """Seal the signer's name."""
    return world.blob(signer)


def named(world: World, signer: Signer) -> bytes:
    """Write the signer's name document."""
    return world.name_document(signer)


def _of_small_order(world: World) -> str:
    """Sign with a key of small order, which a real token was minted for: R = A, S = 0."""
    signer = Signer.new(world.letter)
    signer.key.public_key = SMALL_ORDER
    record = SignRecord(
        letter_id=world.letter.letter_id,
        token=world.token(signer),
        pk=SMALL_ORDER,
        mode=Mode.ANONYMOUS,
        condition=None,
        name=None,
        sig=SMALL_ORDER + bytes(32),
    )
    return world.post(world.letter, "signatures", request(format_record(record)))


def _with_key(key: bytes) -> Callable[[World], str]:
    """Name a key for which a token was minted, and sign with another."""

    def send(world: World) -> str:
        signer = Signer.new(world.letter)
        own = signer.key
        signer.key.public_key = key
        token = world.token(signer)
        record = SignRecord(
            world.letter.letter_id, token, key, Mode.ANONYMOUS, None, None, bytes(64)
        )
        return world.post(
            world.letter, "signatures", request(signed(Signer(world.letter, own), record))
        )

    return send


def _second_spelling(world: World, entry: bytes) -> bytes:
    """Add the order of the group to S: the same equation, other bytes."""
    sig = parse_base64url(json.loads(entry)["sig"])
    s = int.from_bytes(sig[32:], "little") + GROUP_ORDER
    return edited(sig=format_base64url(sig[:32] + s.to_bytes(32, "little")))(world, entry)


def _spent(world: World) -> str:
    """Sign once more with the token of a member who stands, in another mode."""
    signer = signer_of(world.receipt)
    record = replace(world.receipt.record, mode=Mode.ANONYMOUS, name=None, condition=None)
    return world.post(world.letter, "signatures", request(signed(signer, record)))


def signer_of(receipt: Receipt) -> Signer:
    """Return who holds a receipt."""
    letter = receipt.letter.letter
    return Signer(letter, SignerKey.from_words(receipt.words, letter.letter_id))


def _flipped_token(world: World, signer: Signer) -> bytes:
    token = world.token(signer)
    return token[:-1] + bytes([token[-1] ^ 1])


def _foreign_token(world: World, signer: Signer) -> bytes:
    """A token whose issuer is nobody here."""
    key = TokenKey.generate()
    return world.token(signer, key_id=token_key_id(key.spki))


def _token_of_another_letter(world: World, signer: Signer) -> bytes:
    other = Signer(world.named, signer.key)
    return world.token(other)


def _swapped(_world: World, entry: bytes) -> bytes:
    members = dict(reversed(json.loads(entry).items()))
    return json.dumps(members, separators=(",", ":")).encode()


def _other_record(make: Callable[[World], Record]) -> Callable[[World], str]:
    """Send a record that is no signature."""
    return lambda world: world.post(world.letter, "signatures", request(format_record(make(world))))


def _misdirected(world: World) -> str:
    """Send a record to another letter than its own."""
    signer = Signer.new(world.named)
    record = SignRecord(
        world.named.letter_id,
        world.token(signer),
        signer.key.public_key,
        Mode.PUBLIC,
        None,
        None,
        b"",
    )
    return world.post(world.letter, "signatures", request(signed(signer, record)))


def withdrawal(
    world: World, *, to: str = "amendments", signer: Signer | None = None, blob: bytes | None = None
) -> str:
    signer = signer or signer_of(world.receipt)
    record = WithdrawRecord(signer.letter.letter_id, signer.key.public_key, bytes(64))
    return world.post(world.letter, to, request(signed(signer, record), blob))


SIGNATURES = (
    Case("nothing in place of a record", _signature(entry=lambda _w, _e: "")),
    Case("a record that is not base64", _signature(entry=lambda _w, _e: "???")),
    Case(
        "a record in base64 with padding",
        _signature(entry=lambda _w, e: format_base64url(e) + "=="),
    ),
    Case(
        "a record in base64 with a line end",
        _signature(entry=lambda _w, e: format_base64url(e) + "\n"),
    ),
    Case("a record that is not JSON", _signature(entry=lambda _w, _e: b"sign")),
    Case("a record that is not UTF-8", _signature(entry=replaced(b'"sign"', b'"s\xffgn"'))),
    Case("a record behind a byte order mark", _signature(entry=lambda _w, e: b"\xef\xbb\xbf" + e)),
    Case("a record with a space in it", _signature(entry=replaced(b'"v":1', b'"v": 1'))),
    Case("a record with a line end after it", _signature(entry=lambda _w, e: e + b"\n")),
    Case("a record with its members in another order", _signature(entry=_swapped)),
    Case(
        "a record with an escape that is not needed",
        _signature(entry=replaced(b'"sign"', b'"\\u0073ign"')),
    ),
    Case("a record with a member twice", _signature(entry=replaced(b'"v":1', b'"v":1,"v":1'))),
    Case("two records in one", _signature(entry=lambda _w, e: e + e)),
    Case("a record of 9,000 bytes", _signature(entry=edited(pk="A" * 9_000))),
    Case("a record of 60,000 bytes", _signature(entry=edited(pk="A" * 60_000))),
    Case(
        "brackets 40,000 deep in place of a record", _signature(entry=lambda _w, _e: b"[" * 40_000)
    ),
    Case("a member too many", _signature(entry=edited(extra=1))),
    Case("a member too few", _signature(entry=edited(condition="left out"))),
    Case("another version", _signature(entry=edited(v=2))),
    Case("no version", _signature(entry=edited(v="left out"))),
    Case("a version that is `true`", _signature(entry=edited(v=True))),
    Case("an unknown kind", _signature(entry=edited(t="vote"))),
    Case(
        "a record that no member makes",
        _other_record(lambda w: EpochRecord(w.letter.letter_id, 1, 1)),
    ),
    Case("the `letter` record itself", _other_record(lambda w: w.receipt.letter)),
    Case("a withdrawal in place of a signature", lambda world: withdrawal(world, to="signatures")),
    Case("a record for another letter", _misdirected),
    Case("a record for no letter", _signature(letter_id=bytes(32))),
    Case("an unknown mode", _signature(entry=edited(mode="secret"))),
    Case("a mode that the letter does not offer", _signature(to="named")),
    Case(
        "a sealed name where none are offered",
        _signature(to="public", mode=Mode.SEALED, name=bytes(32)),
    ),
    Case("a condition that the letter does not offer", _signature(condition=4)),
    Case("condition 0", _signature(condition=0)),
    Case("a condition beyond all numbers", _signature(entry=edited(condition=2**53))),
    Case("a negative condition", _signature(entry=edited(condition=-2))),
    Case(
        "a condition that is a fraction",
        _signature(entry=replaced(b'"condition":null', b'"condition":2.0')),
    ),
    Case("a condition in quotes", _signature(entry=edited(condition="2"))),
    Case(
        "a condition of a public signature", _signature(mode=Mode.PUBLIC, blob=named, condition=2)
    ),
    Case("an anonymous signature with a name", _signature(name=bytes(32))),
    Case("an anonymous signature with a blob", _signature(blob=sealed, unnamed=True)),
    Case("a sealed signature without a name", _signature(mode=Mode.SEALED)),
    Case("a sealed signature without its blob", _signature(mode=Mode.SEALED, name=bytes(32))),
    Case("a public signature without its document", _signature(mode=Mode.PUBLIC, name=bytes(32))),
    Case(
        "a blob that is not the one in the record",
        _signature(mode=Mode.SEALED, blob=sealed, name=bytes(32)),
    ),
    Case(
        "a blob for two trustees where there is one",
        _signature(mode=Mode.SEALED, blob=lambda w, s: w.blob(s, 2)),
    ),
    Case(
        "a blob for no trustee",
        _signature(mode=Mode.SEALED, blob=lambda w, s: b"\0" + w.blob(s)[1:]),
    ),
    Case("a blob of random length", _signature(mode=Mode.SEALED, blob=lambda w, s: w.blob(s)[:-1])),
    Case("an empty blob", _signature(mode=Mode.SEALED, blob=lambda _w, _s: b"")),
    Case(
        "garbage in place of a blob",
        _signature(mode=Mode.SEALED, blob=lambda _w, _s: b"garbage" * 9),
    ),
    Case(
        "a blob of 65,537 bytes", _signature(mode=Mode.SEALED, blob=lambda _w, _s: b"\1" * 65_537)
    ),
    Case(
        "a blob that is not sealed: the document itself", _signature(mode=Mode.SEALED, blob=named)
    ),
    Case("a sealed blob in place of a public name", _signature(mode=Mode.PUBLIC, blob=sealed)),
    Case(
        "the name of another signer",
        _signature(mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(Signer.new(s.letter))),
    ),
    Case(
        "a name that was attested for another letter",
        _signature(
            mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(s, letter_id=w.named.letter_id)
        ),
    ),
    Case(
        "a name that nobody attested",
        _signature(mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(s, sig=bytes(64))),
    ),
    Case(
        "a name document with a space in it",
        _signature(mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(s) + b" "),
    ),
    Case(
        "a name document with half a character",
        _signature(
            mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(s).replace(b"Alva", b"\\ud800")
        ),
    ),
    Case(
        "a name document of 9,000 bytes",
        _signature(mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(s) + b" " * 9_000),
    ),
    Case("a token of 353 bytes", _signature(entry=edited(token=format_base64url(bytes(353))))),
    Case("a token of another type", _signature(token=lambda w, s: b"\0\1" + w.token(s)[2:])),
    Case("a token with one bit turned", _signature(token=_flipped_token)),
    Case("a token of zeros", _signature(token=lambda _w, _s: b"\0\2" + bytes(352))),
    Case("a token for another key", _signature(token=lambda w, s: w.token(Signer.new(s.letter)))),
    Case("a token for another letter", _signature(token=_token_of_another_letter)),
    Case("a token under another issuer's name", _signature(token=_foreign_token)),
    Case("a token that was used for another record", _spent),
    Case(
        "a signature with one bit turned",
        _signature(entry=edited(sig=format_base64url(bytes(64)))),
    ),
    Case("a record that was changed after it was signed", _signature(entry=edited(condition=3))),
    Case("a signature in its second spelling", _signature(entry=_second_spelling)),
    Case(
        "a signature that was made with another key",
        _with_key(SignerKey(bytes(16), bytes(32)).public_key),
    ),
    Case("a key of small order", _of_small_order),
    Case("a key that is no point", _with_key(b"\2" + bytes(31))),
    Case("a key in its second spelling", _with_key(NOT_CANONICAL)),
    Case("a signature when the letter has ended", _signature(to="lapsed")),
)
