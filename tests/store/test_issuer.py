"""Issuances, one for each member, and the outbox."""

from dataclasses import replace

from undersigned.store.database import Connection
from undersigned.store.issuances import IssuanceRow, add_issuance, find_issuance
from undersigned.store.outbox import MailRow, add_mail, delete_mail, list_due_mails, postpone_mail

ISSUANCE = IssuanceRow(bytes(32), b"c" * 32, b"b" * 32, b"c" * 32, b"s" * 256, b"{}")
MAIL = MailRow(
    mail=bytes(16),
    recipient="a@b.example",
    subject="Subject",
    body="Body\n",
    html="<p>Body</p>",
    lang="id",
    headers='{"List-Unsubscribe":"<https://a.example/>"}',
    attachment=bytes(32),
    kind="code",
    ref=b"ref",
    tries=0,
    next_at=100,
)


def test_a_member_is_issued_to_once(issuer: Connection) -> None:
    """In each letter; the first issuance stays."""
    assert add_issuance(issuer, ISSUANCE)
    assert not add_issuance(issuer, replace(ISSUANCE, blinded_hash=b"x" * 32))
    assert add_issuance(issuer, replace(ISSUANCE, letter_id=b"2" * 32))
    assert find_issuance(issuer, ISSUANCE.letter_id, ISSUANCE.commit) == ISSUANCE
    assert find_issuance(issuer, ISSUANCE.letter_id, b"d" * 32) is None


def _mail(number: int, next_at: int) -> MailRow:
    return replace(MAIL, mail=bytes([number]) * 16, next_at=next_at)


def test_mails_are_due_in_the_order_of_their_times(issuer: Connection) -> None:
    """So that one that fails again and again does not keep back those that came after it."""
    rows = [_mail(1, 103), _mail(2, 101), _mail(3, 102), _mail(4, 105)]
    for row in rows:
        add_mail(issuer, row)
    assert list_due_mails(issuer, 104, 10) == [rows[1], rows[2], rows[0]]
    assert list_due_mails(issuer, 104, 2) == [rows[1], rows[2]]
    assert list_due_mails(issuer, 100, 10) == []


def test_a_mail_can_be_postponed_and_forgotten(issuer: Connection) -> None:
    """Only the one that is meant."""
    one, two = _mail(1, 100), _mail(2, 100)
    add_mail(issuer, one)
    add_mail(issuer, two)
    postpone_mail(issuer, one.mail, tries=1, next_at=200)
    assert list_due_mails(issuer, 100, 10) == [two]
    delete_mail(issuer, two.mail)
    assert list_due_mails(issuer, 200, 10) == [replace(one, tries=1, next_at=200)]
