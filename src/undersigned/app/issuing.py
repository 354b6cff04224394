"""One token for each member: the issuer signs blindly, once, and says so in the log first.

1. The proof names one entry of the roll.
2. The issuance is stored; the unique constraint lets one in.
3. The collector takes the `issued` record, durably.
4. Only then the member gets the token.

A crash after 2 leaves an issuance without a record: the member's retry (the same blinded message, the
same answer) goes through 3 again, and nobody has seen the token before that.
"""

import dataclasses
import hashlib
import hmac
from dataclasses import dataclass

from undersigned.app.intake import Intake
from undersigned.app.letters import LetterView, stage_of
from undersigned.app.site import Site
from undersigned.app.taking import IssuedRequest
from undersigned.domain.letter import RollKind
from undersigned.domain.name import (
    Attestation,
    Verified,
    attestation_signed_bytes,
    format_attestation,
    initials,
    parse_attestation,
)
from undersigned.domain.record import IssuedRecord, signed_bytes
from undersigned.domain.stage import check_takes_signature
from undersigned.errors import AlreadyIssued, FormatError, UnknownLetter
from undersigned.store import issuances
from undersigned.store import letters as letter_store
from undersigned.store.issuances import IssuanceRow
from undersigned.store.members import MemberRow

NO_SIGNATURE = bytes(64)

TAKE_TIMEOUT_S = 30
"""How long a token waits for its `issued` record to be on disk."""


@dataclass(frozen=True, slots=True)
class ShownAs:
    """How a member wants to be shown; `name` None is the roll's name, `role` None is no role."""

    name: str | None
    role: str | None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a member asks for: the blinded message (256 bytes) and c (32 bytes)."""

    blinded: bytes
    c: bytes
    shown_as: ShownAs | None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a member receives: blind signature (256 bytes), attestation, salt (16 bytes)."""

    blind_signature: bytes
    attestation: Attestation
    salt: bytes


def issue_token(
    site: Site,
    intake: Intake,
    view: LetterView,
    member: MemberRow,
    verified: Verified,
    request: TokenRequest,
) -> TokenAnswer:
    """Give a proven member their one token. Raises AlreadyIssued, LetterNotOpen, FormatError, Busy."""
    with site.issuer.read() as connection:
        row = issuances.find_issuance(connection, view.letter_id, member.commit)
    if row is None:
        _check_open(site, view)
        row = _make_issuance(site, view, member, verified, request)
        with site.issuer.write() as connection:
            if not issuances.add_issuance(connection, row):
                # Another request of the same member was first.
                existing = issuances.find_issuance(connection, view.letter_id, member.commit)
                row = existing or row
    blinded_hash = hashlib.sha256(request.blinded).digest()
    same = hmac.compare_digest(row.blinded_hash, blinded_hash)
    if not (same and hmac.compare_digest(row.c, request.c)):
        raise AlreadyIssued
    intake.submit(IssuedRequest(_issued_record(site, view, row))).result(TAKE_TIMEOUT_S)
    return TokenAnswer(row.blind_signature, parse_attestation(row.attestation), member.salt)


def _check_open(site: Site, view: LetterView) -> None:
    with site.collector.read() as connection:
        letter = letter_store.find_letter(connection, view.letter_id)
    if letter is None:
        raise UnknownLetter
    check_takes_signature(view.letter, stage_of(letter), site.clock.now())


def _make_issuance(
    site: Site, view: LetterView, member: MemberRow, verified: Verified, request: TokenRequest
) -> IssuanceRow:
    keys = site.issuer_keys(view.letter_id)
    name, role, verified = _shown(view, member, verified, request.shown_as)
    attestation = Attestation(
        letter_id=view.letter_id,
        name=name,
        role=role,
        verified=verified,
        c=request.c,
        sig=NO_SIGNATURE,
    )
    signature = keys.attestation.sign(attestation_signed_bytes(attestation))
    return IssuanceRow(
        letter_id=view.letter_id,
        commit=member.commit,
        blinded_hash=hashlib.sha256(request.blinded).digest(),
        c=request.c,
        blind_signature=keys.token.blind_sign(request.blinded),
        attestation=format_attestation(dataclasses.replace(attestation, sig=signature)),
    )


def _shown(
    view: LetterView, member: MemberRow, verified: Verified, shown_as: ShownAs | None
) -> tuple[str, str | None, Verified]:
    """Return name, role and how they were verified. Raises FormatError."""
    if view.letter.roll is not RollKind.LIST:
        if shown_as is None or shown_as.name is None:
            raise FormatError("this roll holds no names: say how you want to be shown")
        return shown_as.name, shown_as.role, Verified.SELF_DECLARED
    if member.name is None:
        raise FormatError("the roll has no name for this entry")
    if shown_as is None:
        return member.name, member.role, verified
    if shown_as.name not in (None, member.name, initials(member.name)):
        raise FormatError("the name is shown as the roll has it, or by its initials")
    if shown_as.role not in (None, member.role):
        raise FormatError("the role is shown as the roll has it, or left out")
    return shown_as.name or member.name, shown_as.role, verified


def _issued_record(site: Site, view: LetterView, row: IssuanceRow) -> IssuedRecord:
    record = IssuedRecord(view.letter_id, row.blinded_hash, row.commit, NO_SIGNATURE)
    signer = site.issuer_keys(view.letter_id).attestation
    return dataclasses.replace(record, sig=signer.sign(signed_bytes(record)))
