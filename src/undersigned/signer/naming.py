"""The name that goes with a signature, as its signer writes it; `docs/formats.md` §6.

For `sign` and `amend` alike: what the letter allows, what the issuer attested, and the bytes whose
hash the record holds.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import SignerKey
from undersigned.crypto.seal import seal
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Letter
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    attestation_signed_bytes,
    format_name,
)
from undersigned.domain.terms import Mode
from undersigned.errors import FormatError, ModeNotOffered, VerificationError


class WrittenName(NamedTuple):
    """What the record holds of a name (32 bytes), and the bytes that it is the hash of, or neither."""

    hash: bytes | None
    blob: bytes | None


ANONYMOUS = WrittenName(None, None)


@dataclass(frozen=True, slots=True)
class NameDraft:
    """A name to be shown or sealed: the issuer's attestation, and a statement or None."""

    attestation: Attestation = field(repr=False)
    statement: str | None = field(repr=False)


def verify_attestation(letter: Letter, attestation: Attestation, c: bytes) -> None:
    """Verify that this letter's issuer attested a name for the commitment c (32 bytes; §6).

    Raises VerificationError.
    """
    if attestation.letter_id != letter.letter_id:
        raise VerificationError("The attestation is one for another letter.")
    if attestation.c != c:
        raise VerificationError("The attestation is one for another signature.")
    message = attestation_signed_bytes(attestation)
    try:
        verify_ed25519(letter.attestation_key, message, attestation.sig)
    except VerificationError:
        raise VerificationError("The issuer's attestation does not hold.") from None


def write_name(letter: Letter, key: SignerKey, mode: Mode, draft: NameDraft | None) -> WrittenName:
    """Write the name document, and seal it if the mode is sealed; each sealing is another blob.

    A draft goes with a named mode, none with anonymous. Raises ModeNotOffered, and FormatError for
    a draft too many or too few, or a statement that is too long or misshapen.
    """
    if mode not in letter.modes:
        raise ModeNotOffered
    if (draft is None) != (mode is Mode.ANONYMOUS):
        raise FormatError("A name goes with a public or sealed signature, and only with these.")
    if draft is None:
        return ANONYMOUS
    document = format_name(NameDocument(draft.attestation, key.r, _normal(draft.statement)))
    if mode is Mode.PUBLIC:
        return WrittenName(hash_bytes(document), document)
    seal_keys = [trustee.seal_key for trustee in letter.trustees]
    blob = seal(document, letter.letter_id, key.public_key, seal_keys, letter.quorum)
    return WrittenName(hash_bytes(blob), blob)


def _normal(statement: str | None) -> str | None:
    """Keyboards differ in how they compose letters; what is read is the same."""
    return None if statement is None else unicodedata.normalize("NFC", statement)
