"""A proposal: a letter that is fixed and waits for its issuer and trustees; `docs/formats.md` §3.2.

Sent, not logged: what the log gets are the letter's body and the acks.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgspec

from undersigned.domain.canonical import (
    LetterId,
    check_size,
    decode_json,
    format_canonical,
    hash_bytes,
)
from undersigned.domain.kinds import Ack
from undersigned.domain.letter import Letter, LetterBody, format_letter, letter_of
from undersigned.domain.text import TextDocument, parse_text
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

LONGEST_PROPOSAL: Final = 16 * 1024 * 1024
"""Bytes: 40 texts of the length of a document, and the body."""

Party: TypeAlias = int | Literal["issuer"]
"""Who acknowledges a letter: the issuer, or a trustee by number (from 1)."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A letter with its texts, and the acks that there are, in the order of the record."""

    letter: Letter
    texts: tuple[TextDocument, ...]
    acks: tuple[Ack, ...] = ()
    opened: bool = False

    @property
    def letter_id(self) -> LetterId:
        """The id that the letter will have."""
        return self.letter.letter_id

    @property
    def awaited(self) -> tuple[Party, ...]:
        """Return who has not acknowledged, the issuer first."""
        given = {ack.by for ack in self.acks}
        return tuple(party for party in parties_of(self.letter) if party not in given)


def parties_of(letter: Letter) -> dict[Party, bytes]:
    """Return who has to acknowledge a letter and under which key, in the order of its record."""
    parties: dict[Party, bytes] = {"issuer": letter.attestation_key}
    return parties | {i: trustee.sign_key for i, trustee in enumerate(letter.trustees, 1)}


class _AckWire(msgspec.Struct):
    by: int | Literal["issuer"]
    sig: str


class _ProposalWire(msgspec.Struct):
    """A site may come to say more of a proposal than whoever acknowledges it needs."""

    letter_id: str
    body: LetterBody
    texts: list[msgspec.Raw]
    acks: list[_AckWire]
    opened: bool


_DECODER: Final = msgspec.json.Decoder(_ProposalWire)
_ANY: Final = msgspec.json.Decoder(Any)


def parse_proposal(data: bytes) -> Proposal:
    """Read what a site says of a proposal, and check that it is one letter with its own texts.

    The acks are not verified. Raises FormatError.
    """
    if len(data) > LONGEST_PROPOSAL:
        raise FormatError(f"proposal: longer than {LONGEST_PROPOSAL} bytes")
    wire = decode_json(_DECODER, data, "proposal")
    letter = letter_of(wire.body)
    if wire.letter_id != letter.letter_id.hex():
        raise FormatError("proposal: its body is not that of the letter that its id names")
    documents = [_canonical(text) for text in wire.texts]
    if [hash_bytes(document) for document in documents] != [text.hash for text in letter.texts]:
        raise FormatError("proposal: its texts are not those that its body names")
    acks = tuple(Ack(ack.by, parse_base64url(ack.sig, size=64)) for ack in wire.acks)
    if [ack.by for ack in acks] != [by for by in parties_of(letter) if by in {a.by for a in acks}]:
        raise FormatError("proposal: its acks are not in the order of the record, each once")
    return Proposal(letter, tuple(map(_text_of, letter.texts, documents)), acks, wire.opened)


def _canonical(text: msgspec.Raw) -> bytes:
    try:
        return format_canonical(decode_json(_ANY, bytes(text), "text document"))
    except RecursionError:
        raise FormatError("text document: not of that form") from None


def _text_of(reference: Any, document: bytes) -> TextDocument:
    text = parse_text(document)
    if text.lang != reference.lang:
        raise FormatError("proposal: a text is not in the language that the body says")
    return text


def format_proposal(proposal: Proposal) -> dict[str, Any]:
    """Write a proposal as plain JSON values."""
    letter = proposal.letter
    for ack in proposal.acks:
        check_size(ack.sig, "acks.sig", 64)
    return {
        "letter_id": letter.letter_id.hex(),
        "slug": letter.slug,
        "edition": letter.edition,
        "body": format_letter(letter),
        "texts": [msgspec.to_builtins(text) for text in proposal.texts],
        "acks": [{"by": ack.by, "sig": format_base64url(ack.sig)} for ack in proposal.acks],
        "awaited": list(proposal.awaited),
        "opened": proposal.opened,
    }
