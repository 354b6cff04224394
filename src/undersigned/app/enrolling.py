"""Proving membership: a code sent by mail, or an invite code. Both prove one entry of the roll.

Asking for a code never tells whether an address is on the roll: the caller answers with the id that
`begin_enrolment` makes, and only then calls `mail_code`, which looks.
"""

import hmac
import secrets

from undersigned.app.issuer import Issuer
from undersigned.app.rolls import code_hash, new_code
from undersigned.domain.letter import Letter, Method
from undersigned.domain.roll import canonical_address, member_of_email, parse_invite_code
from undersigned.errors import FormatError, ProofRejected
from undersigned.store import members as member_store
from undersigned.store import outbox
from undersigned.store.members import EnrolmentRow, MemberRow

CODE_CHARACTERS = 8
CODE_LIFETIME_S = 15 * 60
MOST_CODES = 5
"""Codes of one member that may be good at once: enough to be impatient, too few to flood a mailbox."""

ENROLMENT_BYTES = 16

SUBJECT = "Your code"
BODY = """\
Your code: {code}

Type it into the page where you asked for it. It is good for {minutes} minutes.
If you did not ask for a code, do nothing.

---

Kode Anda: {code}

Ketikkan di halaman tempat Anda memintanya. Kode ini berlaku {minutes} menit.
Jika Anda tidak meminta kode, abaikan pesan ini.
"""
"""Neutral on purpose: a work mailbox is read by others."""


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
        member = member_store.find_member(connection, letter.slug, member_of_email(address))
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
        shown = f"{code[:4]}-{code[4:]}"
        body = BODY.format(code=shown, minutes=CODE_LIFETIME_S // 60)
        outbox.add_mail(
            connection,
            outbox.MailRow(secrets.token_bytes(16), address, SUBJECT, body, 0, now),
        )


def prove_by_mail(issuer: Issuer, letter: Letter, enrolment: bytes, code: str) -> MemberRow:
    """Return the member whose mailed code this is. Raises ProofRejected, whatever is wrong."""
    typed = _canonical_code(code)
    with issuer.database.write() as connection:
        row = member_store.try_enrolment(connection, enrolment, issuer.clock.now())
        right = (
            row is not None
            and row.letter_id == letter.letter_id
            and hmac.compare_digest(row.code_hash, code_hash(typed))
        )
        if right:
            # The same request may come again when its answer was lost.
            member_store.untry_enrolment(connection, enrolment)
    if row is None or not right:
        raise ProofRejected
    return _get_member(issuer, letter, row.commit)


def prove_by_invite(issuer: Issuer, letter: Letter, code: str) -> MemberRow:
    """Return the member whose invite code this is. Raises ProofRejected."""
    if Method.INVITE not in letter.methods:
        raise ProofRejected("This letter does not take invite codes.")
    try:
        digest = code_hash(parse_invite_code(code))
    except FormatError:
        raise ProofRejected from None
    with issuer.database.read() as connection:
        commit = member_store.find_invited(connection, letter.slug, digest)
    if commit is None:
        raise ProofRejected
    return _get_member(issuer, letter, commit)


def _get_member(issuer: Issuer, letter: Letter, commit: bytes) -> MemberRow:
    with issuer.database.read() as connection:
        member = member_store.find_member_by_commit(connection, letter.slug, commit)
    if member is None:
        raise ProofRejected
    return member


def _canonical_code(code: str) -> str:
    """Write a typed code as it was made: people add hyphens and mistake letters for digits."""
    kept = "".join(code.upper().split()).replace("-", "")
    plain = kept.translate(str.maketrans("OIL", "011"))
    if len(plain) != CODE_CHARACTERS or not plain.isascii():
        return "?"
    return plain
