"""A code sent by mail to the address on the roll, typed by hand.

Asking for a code never tells whether an address is on the roll: the caller answers with the id that
`begin_enrolment` makes, and only then calls `mail_code`, which looks.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import ClassVar

from undersigned.app.issuer import Issuer
from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.app.rolls import code_hash, find_listed, new_code
from undersigned.domain.address import canonical_address
from undersigned.domain.letter import Letter, Method
from undersigned.errors import ProofRejected
from undersigned.store import members as member_store
from undersigned.store.members import EnrolmentRow, MemberRow

CODE_CHARACTERS = 8
CODE_LIFETIME_S = 15 * 60
MOST_CODES = 5
"""Codes of one member that may be good at once: enough to be impatient, too few to flood a mailbox."""

ENROLMENT_BYTES = 16


def begin_enrolment(address: str) -> tuple[bytes, str]:
    """Check that this is an address; return a new enrolment id (16 bytes) and the canonical address.

    Raises FormatError. Looks nothing up.
    """
    return secrets.token_bytes(ENROLMENT_BYTES), canonical_address(address)


def mail_code(issuer: Issuer, letter: Letter, enrolment: bytes, address: str) -> None:
    """Write a code for a member and put the mail into the outbox; for anyone else do nothing."""
    now = issuer.clock.now()
    if Method.EMAIL not in letter.methods:
        return
    with issuer.database.write() as connection:
        member_store.delete_expired_enrolments(connection, now)
        member = find_listed(connection, letter, address)
        if member is None:
            return
        held = member_store.count_enrolments(connection, letter.letter_id, member.commit, now)
        if held >= MOST_CODES:
            return
        code = new_code(CODE_CHARACTERS)
        member_store.add_enrolment(
            connection,
            EnrolmentRow(
                enrolment, letter.letter_id, member.commit, code_hash(code), now + CODE_LIFETIME_S
            ),
        )
        # To the mailbox that is on the roll, which may be written otherwise than it was typed.
        mailbox = member.address or address
        shown = f"{code[:4]}-{code[4:]}"
        composed = compose(MailKind.CODE, code=shown, minutes=CODE_LIFETIME_S // 60)
        add_mail(connection, "issuer", mailbox, composed, at=now)


@dataclass(frozen=True, slots=True)
class EmailProof:
    """An enrolment (16 bytes) and the code that was mailed for it, as somebody typed it."""

    method: ClassVar = Method.EMAIL

    enrolment: bytes = field(repr=False)
    code: str = field(repr=False)

    def find_member(self, issuer: Issuer, letter: Letter) -> MemberRow:
        """Return the entry that the code was mailed for. Raises ProofRejected, whatever is wrong."""
        typed = _canonical_code(self.code)
        with issuer.database.write() as connection:
            row = member_store.try_enrolment(connection, self.enrolment, issuer.clock.now())
            if row is None or not _is_right(row, letter, typed):
                # The try is counted all the same.
                member = None
            else:
                # The same request may come again when its answer was lost.
                member_store.untry_enrolment(connection, self.enrolment)
                member = member_store.find_member_by_commit(connection, letter.slug, row.commit)
        if member is None:
            raise ProofRejected
        return member


def _is_right(row: EnrolmentRow, letter: Letter, typed: str) -> bool:
    is_same = hmac.compare_digest(row.code_hash, code_hash(typed))
    return is_same and row.letter_id == letter.letter_id


def _canonical_code(code: str) -> str:
    """Write a typed code as it was made: people add hyphens and mistake letters for digits."""
    kept = "".join(code.upper().split()).replace("-", "")
    plain = kept.translate(str.maketrans("OIL", "011"))
    if len(plain) != CODE_CHARACTERS or not plain.isascii():
        return "?"
    return plain
