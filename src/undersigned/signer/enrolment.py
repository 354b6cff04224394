"""Proving to be on the roll: asking for a code by mail, and the proofs that get a token.

What a member asks for is kept as plain JSON values, the same in the request and in a saved attempt,
so that a request that is sent again after a crash is the same bytes.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import httpx2
import msgspec

from undersigned.domain.address import canonical_address
from undersigned.domain.canonical import check_string, convert_json, decode_json
from undersigned.domain.name import LONGEST_NAME
from undersigned.domain.roll import parse_invite_code
from undersigned.domain.terms import Method
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError, Refused
from undersigned.signer.exchange import ONCE, fetch, submit
from undersigned.signer.letter_view import LetterHead
from undersigned.signer.work import solve

ENROLMENT_SIZE: Final = 16

LONGEST_CODE: Final = 64
"""Characters: a code from a mail is short; the rest is room for what a person types around it."""


_LOGIN_CODE: Final = re.compile(r"[A-Za-z0-9_-]{39,5499}")
_LOGIN_SECRET: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class EmailProof:
    """The enrolment (16 bytes) that a code was asked for under, and the code from the mail."""

    enrolment: bytes = field(repr=False)
    code: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.enrolment) != ENROLMENT_SIZE:
            raise FormatError("An enrolment has 16 bytes.")
        if not 0 < len(self.code) <= LONGEST_CODE or not self.code.isprintable():
            raise FormatError(f"A code has 1 to {LONGEST_CODE} characters.")


@dataclass(frozen=True, slots=True)
class InviteProof:
    """An invite code, as people may write it (§4); its 16 characters are kept."""

    code: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", parse_invite_code(self.code))


@dataclass(frozen=True, slots=True)
class OpenIdProof:
    """The code as the issuer handed it on, with verifier and nonce, made before the sign-on (§9.4)."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _LOGIN_CODE.fullmatch(self.code):
            raise FormatError("The code of a sign-on has 39 to 5499 letters, digits and -_")
        if not (_LOGIN_SECRET.fullmatch(self.verifier) and _LOGIN_SECRET.fullmatch(self.nonce)):
            raise FormatError("Verifier and nonce have 43 to 128 letters, digits and -._~")


Proof: TypeAlias = EmailProof | InviteProof | OpenIdProof


@dataclass(frozen=True, slots=True)
class ShownAs:
    """How a member wants to be shown.

    On a roll with names: `name` is None for the full name, or its initials; `role` is None to leave
    it out. On other rolls both are the member's own words. They are put into Unicode NFC.
    """

    name: str | None = field(repr=False)
    role: str | None = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _normal(self.name, "name"))
        object.__setattr__(self, "role", _normal(self.role, "role"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a token was asked for with: the proof, and how the member is to be shown."""

    proof: Proof
    shown_as: ShownAs | None


def ask_for_code(client: httpx2.Client, head: LetterHead, email: str) -> bytes:
    """Ask the issuer to mail a code to an address; return the enrolment (16 bytes).

    1. The issuer gives out a challenge. 2. It is solved, which takes a fraction of a second. 3. The code is
    asked for. The address may be written as people write it. The answer is the same whether it is on the roll
    or not. The request is sent once, since a second one would be a second mail. Raises Refused if
    the letter takes no proof by mail, FormatError for what is no address, and what the site refuses
    with.
    """
    if Method.EMAIL not in head.letter.methods:
        raise Refused("This letter takes no proof by mail.")
    address = canonical_address(email)
    # While it is solved the site may close a connection that is kept, and 3 must not be sent into that.
    challenge = fetch(client, f"{head.issuer_address}/challenge", last=True)  # 1
    value = {"method": "email", "email": address, "altcha": solve(challenge.body)}  # 2
    answer = submit(client, f"{head.issuer_address}/enrolments", value, ONCE, last=True)  # 3
    wire = decode_json(_ENROLLED, answer.body, "enrolment")
    return parse_base64url(wire.enrolment, size=ENROLMENT_SIZE)


def format_token_request(asked: Asked, blinded: bytes, c: bytes) -> dict[str, Any]:
    """Write the request for a token as plain JSON values; `c` has 32 bytes, `blinded` 256."""
    return format_asked(asked) | {"blinded": format_base64url(blinded), "c": format_base64url(c)}


def format_asked(asked: Asked) -> dict[str, Any]:
    """Write what was asked for as plain JSON values. They hold a code, which is a secret."""
    match asked.proof:
        case EmailProof(enrolment, code):
            proof = {"method": "email", "enrolment": format_base64url(enrolment), "code": code}
        case InviteProof(code):
            proof = {"method": "invite", "code": code}
        case OpenIdProof(code, verifier, nonce):
            proof = {"method": "openid", "code": code, "verifier": verifier, "nonce": nonce}
    return {"proof": proof, "shown_as": format_shown_as(asked.shown_as)}


def parse_asked(value: object) -> Asked:
    """Read what `format_asked` wrote. Raises FormatError."""
    wire = convert_json(value, _AskedWire, "asked")
    shown = shown_as_of(wire.shown_as)
    match wire.proof:
        case _EmailWire(enrolment=enrolment, code=code):
            return Asked(EmailProof(parse_base64url(enrolment), code), shown)
        case _InviteWire(code=code):
            return Asked(InviteProof(code), shown)
        case _OpenIdWire(code=code, verifier=verifier, nonce=nonce):
            return Asked(OpenIdProof(code, verifier, nonce), shown)


def format_shown_as(shown_as: ShownAs | None) -> dict[str, Any] | None:
    """Write how a member is to be shown as plain JSON values."""
    return None if shown_as is None else {"name": shown_as.name, "role": shown_as.role}


class _Enrolled(msgspec.Struct, forbid_unknown_fields=True):
    enrolment: str


class _EmailWire(msgspec.Struct, tag="email", tag_field="method", forbid_unknown_fields=True):
    enrolment: str
    code: str


class _InviteWire(msgspec.Struct, tag="invite", tag_field="method", forbid_unknown_fields=True):
    code: str


class _OpenIdWire(msgspec.Struct, tag="openid", tag_field="method", forbid_unknown_fields=True):
    code: str
    verifier: str
    nonce: str


class ShownWire(msgspec.Struct, forbid_unknown_fields=True):
    """`ShownAs` as JSON has it."""

    name: str | None
    role: str | None


def shown_as_of(wire: ShownWire | None) -> ShownAs | None:
    """Make what JSON describes. Raises FormatError."""
    return None if wire is None else ShownAs(wire.name, wire.role)


class _AskedWire(msgspec.Struct, forbid_unknown_fields=True):
    proof: _EmailWire | _InviteWire | _OpenIdWire
    shown_as: ShownWire | None


_ENROLLED: Final = msgspec.json.Decoder(_Enrolled)


def _normal(text: str | None, what: str) -> str | None:
    if text is None:
        return None
    text = unicodedata.normalize("NFC", text)
    if not text:
        raise FormatError(f"A {what} must not be empty.")
    check_string(text, what, longest=LONGEST_NAME)
    return text
