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
from typing import Protocol

from undersigned.app.issuer import Issuer
from undersigned.app.news import NewsSource
from undersigned.domain.letter import Letter, RollKind
from undersigned.domain.name import (
    Attestation,
    Verified,
    attestation_signed_bytes,
    format_attestation,
    initials,
    parse_attestation,
)
from undersigned.domain.record import IssuedRecord, RollRecord, signed_bytes
from undersigned.errors import AlreadyIssued, FormatError, ProofRejected
from undersigned.store import issuances
from undersigned.store import members as member_store
from undersigned.store.issuances import IssuanceRow
from undersigned.store.members import MemberRow

NO_SIGNATURE = bytes(64)


class RollCollector(Protocol):
    """What a change of a roll asks of whoever collects the signatures of its letter."""

    def check_takes(self, letter: Letter) -> None:
        """Check that a letter takes signatures now. Raises LetterNotOpen, UnknownLetter, Busy."""

    def state_roll(self, letter: Letter, record: RollRecord) -> None:
        """Return once a later roll is in the log; the same one may come again.

        Raises LetterNotOpen, RollExceeded; Busy if it is not known whether it was taken.
        """


class Collector(RollCollector, NewsSource, Protocol):
    """What an issuer asks of whoever collects the signatures of its letters.

    By a call in a whole site (`own_collector`), by HTTP if it is apart (`outside_collector`).
    """

    def take(self, letter: Letter, record: IssuedRecord) -> None:
        """Return once the record is durably with the collector.

        The same record may come again. Raises AlreadyIssued, LetterNotOpen; Busy if it is not known
        whether it was taken.
        """


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
    issuer: Issuer,
    collector: Collector,
    letter: Letter,
    member: MemberRow,
    verified: Verified,
    request: TokenRequest,
) -> TokenAnswer:
    """Give a proven member their one token.

    Raises AlreadyIssued, LetterNotOpen, FormatError, ProofRejected, RollExceeded, Busy.
    """
    with issuer.database.read() as connection:
        row = issuances.find_issuance(connection, letter.letter_id, member.commit)
    if row is None:
        collector.check_takes(letter)
        row = _make_issuance(issuer, letter, member, verified, request)
        with issuer.database.write() as connection:
            # Who was blocked since the proof gets no token: the log may say so already.
            if member_store.find_member_by_commit(connection, member.slug, member.commit) is None:
                raise ProofRejected
            if not issuances.add_issuance(connection, row):
                # Another request of the same member was first.
                existing = issuances.find_issuance(connection, letter.letter_id, member.commit)
                row = existing or row
    blinded_hash = hashlib.sha256(request.blinded).digest()
    if not row.c and hmac.compare_digest(row.blinded_hash, blinded_hash):
        row = _make_again(issuer, letter, member, verified, request)
    same = hmac.compare_digest(row.blinded_hash, blinded_hash)
    if not (same and hmac.compare_digest(row.c, request.c)):
        raise AlreadyIssued
    collector.take(letter, _issued_record(issuer, letter, row))
    return TokenAnswer(row.blind_signature, parse_attestation(row.attestation), member.salt)


def _make_again(
    issuer: Issuer, letter: Letter, member: MemberRow, verified: Verified, request: TokenRequest
) -> IssuanceRow:
    """Make an issuance again that a recovered site knows from its log alone: for the same message only.

    The blind signature is the one that was given then; a second token cannot come of it.
    """
    made = _make_issuance(issuer, letter, member, verified, request)
    with issuer.database.write() as connection:
        issuances.complete_issuance(connection, made)
        row = issuances.find_issuance(connection, letter.letter_id, member.commit)
    return made if row is None else row


def _make_issuance(
    issuer: Issuer, letter: Letter, member: MemberRow, verified: Verified, request: TokenRequest
) -> IssuanceRow:
    keys = issuer.keys(letter)
    name, role, verified = _shown(letter, member, verified, request.shown_as)
    attestation = Attestation(
        letter_id=letter.letter_id,
        name=name,
        role=role,
        verified=verified,
        c=request.c,
        sig=NO_SIGNATURE,
    )
    signature = keys.attestation.sign(attestation_signed_bytes(attestation))
    return IssuanceRow(
        letter_id=letter.letter_id,
        commit=member.commit,
        blinded_hash=hashlib.sha256(request.blinded).digest(),
        c=request.c,
        blind_signature=keys.token.blind_sign(request.blinded),
        attestation=format_attestation(dataclasses.replace(attestation, sig=signature)),
    )


def _shown(
    letter: Letter, member: MemberRow, verified: Verified, shown_as: ShownAs | None
) -> tuple[str, str | None, Verified]:
    """Return name, role and how they were verified. Raises FormatError."""
    if letter.roll is not RollKind.LIST:
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


def _issued_record(issuer: Issuer, letter: Letter, row: IssuanceRow) -> IssuedRecord:
    record = IssuedRecord(letter.letter_id, row.blinded_hash, row.commit, NO_SIGNATURE)
    signer = issuer.keys(letter).attestation
    return dataclasses.replace(record, sig=signer.sign(signed_bytes(record)))
