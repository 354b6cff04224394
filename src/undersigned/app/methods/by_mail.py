"""A code sent by mail to the address on the roll, typed by hand.

Asking for one never tells whether an address is on the roll, nor whether its member has signed. What
decides the answer is known to everyone, and nothing is written before it is sent. Then `mail_code` does the
same for everyone, under the same lock and with the same rows; for whoever is not to get a mail they are
taken out again before they are committed, so that the next request cannot tell by waiting, either.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import ClassVar, Final

from undersigned.app.issuer import Issuer
from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.app.methods.work import Work, check_work, use_work
from undersigned.app.rolls import (
    code_hash,
    find_or_make_member,
    mailbox_on,
    new_code,
    takes_address,
)
from undersigned.domain.address import canonical_address
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Letter, Method
from undersigned.domain.roll import member_of_email
from undersigned.errors import ProofRejected, Refused
from undersigned.store import enrolments, outbox
from undersigned.store.enrolments import EnrolmentRow
from undersigned.store.members import MemberRow

CODE_CHARACTERS = 8
CODE_LIFETIME_S = 15 * 60

MOST_CODES: Final = {3_600: 5, 86_400: 15}
"""Codes of one member in an hour and in a day, by the seconds of it: enough to be
impatient, too few to flood a mailbox."""

ENROLMENT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Somebody who asks for a code: a new id (16 bytes), the canonical address, the work that was done."""

    id: bytes
    address: str = field(repr=False)
    work: Work


def begin_enrolment(issuer: Issuer, letter: Letter, address: str, work: str) -> Enrolment:
    """Check that this is an address, and that work was done for it (base64, see `check_work`).

    Raises FormatError, WorkRejected; Refused if the letter takes no proof by mail. Looks nobody up, and
    writes nothing.
    """
    if Method.EMAIL not in letter.methods:
        raise Refused("This letter takes no proof by mail.")
    canonical = canonical_address(address)
    done = check_work(issuer, letter, work)
    return Enrolment(secrets.token_bytes(ENROLMENT_BYTES), canonical, done)


def mail_code(issuer: Issuer, letter: Letter, asked: Enrolment) -> None:
    """Put a code for a member into the outbox; for anyone else do the same, and undo it."""
    now = issuer.clock.now()
    if asked.work.expires <= now:
        # It may have been used and forgotten while this one waited.
        return
    code = new_code(CODE_CHARACTERS)
    row = EnrolmentRow(
        asked.id, letter.letter_id, asked.address, code_hash(code), now + CODE_LIFETIME_S
    )
    mailbox = mailbox_on(letter, asked.address)
    shown = f"{code[:4]}-{code[4:]}"
    composed = compose(MailKind.CODE, code=shown, minutes=CODE_LIFETIME_S // 60)
    person = hash_bytes(letter.slug.encode() + b"\n" + member_of_email(mailbox))
    with issuer.database.write() as connection:
        enrolments.delete_expired(connection, now)
        if not use_work(connection, asked.work):
            # Whoever sends the same work twice learns at most that it was the same.
            return
        is_member = takes_address(connection, letter, asked.address)
        codes = {s: enrolments.count_code(connection, person, s, now) for s in MOST_CODES}
        enrolments.add_enrolment(connection, row)
        mail = add_mail(connection, "issuer", mailbox, composed, at=now, ref=letter.letter_id)
        if not is_member:
            enrolments.delete_count(connection, person)
        if not (is_member and all(codes[s] <= MOST_CODES[s] for s in MOST_CODES)):
            enrolments.delete_enrolment(connection, asked.id)
            outbox.delete_mail(connection, mail)


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
            row = enrolments.try_enrolment(connection, self.enrolment, issuer.clock.now())
            if row is None or not _is_right(row, letter, typed):
                # The try is counted all the same.
                member = None
            else:
                # The same request may come again when its answer was lost.
                enrolments.untry_enrolment(connection, self.enrolment)
                member = find_or_make_member(connection, letter, row.address)
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
