"""A code by mail: whose address it proves, how often it may be tried; strangers learn nothing."""

import re

import pytest
import sqlalchemy as sa
from tests.app.methods.working import work_for
from tests.app.village import DAY, HOUR, Village

from undersigned.app.invites import make_invites
from undersigned.app.methods.by_invite import InviteProof
from undersigned.app.methods.by_mail import (
    CODE_LIFETIME_S,
    MOST_CODES,
    EmailProof,
    begin_enrolment,
    mail_code,
)
from undersigned.app.methods.proof import Proof, prove_membership
from undersigned.domain.letter import Letter
from undersigned.errors import FormatError, ProofRejected, Refused, WorkRejected
from undersigned.store import outbox
from undersigned.store.issuer_schema import code_count, enrolment, roll_entry, worked
from undersigned.store.members import MemberRow
from undersigned.store.outbox import MailRow
from undersigned.store.outbox_schema import mail

MEMBER = "mill3@staff.example"


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter with 20 members."""
    return village.open()


def _mails(village: Village) -> list[MailRow]:
    with village.site.issuer.database.read() as connection:
        return outbox.list_due_mails(connection, village.clock.now() + HOUR, 100)


def _ask(village: Village, letter: Letter, address: str = MEMBER) -> bytes:
    """Ask for a code as the door does; return the enrolment."""
    issuer = village.site.issuer
    asked = begin_enrolment(issuer, letter, address, work_for(issuer, letter))
    mail_code(issuer, letter, asked)
    return asked.id


def _code_in(mail: MailRow) -> str:
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", mail.body)
    assert found is not None
    return found[0]


def _asked(village: Village, letter: Letter) -> tuple[bytes, str]:
    """Ask for a code; return the enrolment and the code from the mail."""
    before = {mail.mail for mail in _mails(village)}
    enrolment = _ask(village, letter)
    (mail,) = (mail for mail in _mails(village) if mail.mail not in before)
    return enrolment, _code_in(mail)


def _prove(village: Village, letter: Letter, proof: Proof) -> MemberRow:
    return prove_membership(village.site.issuer, letter, proof).member


def _wrong(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


def test_a_member_proves_their_address(village: Village, letter: Letter) -> None:
    """With the code that was mailed to them."""
    enrolment, code = _asked(village, letter)
    member = _prove(village, letter, EmailProof(enrolment, code))
    assert (member.address, member.name) == (MEMBER, "Villager 03")
    (mail,) = _mails(village)
    assert (mail.recipient, mail.tries) == (MEMBER, 0)
    assert "mill" not in mail.subject + mail.body.replace(MEMBER, "")


def test_the_address_may_be_written_as_people_write_it(village: Village, letter: Letter) -> None:
    """In upper case, with spaces around it; what is no address is refused before anybody is looked for."""
    _ask(village, letter, f"  {MEMBER.upper()} ")
    assert [mail.recipient for mail in _mails(village)] == [MEMBER]
    with pytest.raises(FormatError):
        _ask(village, letter, "no address")


def test_a_stranger_gets_the_same_answer_and_no_mail(village: Village, letter: Letter) -> None:
    """An enrolment of 16 random bytes, whoever asks, and a code for it is wrong."""
    enrolment = _ask(village, letter, "stranger@staff.example")
    assert len(enrolment) == 16
    assert _mails(village) == []
    with pytest.raises(ProofRejected) as unknown:
        _prove(village, letter, EmailProof(enrolment, "ABCD-2345"))
    known, code = _asked(village, letter)
    with pytest.raises(ProofRejected) as wrong:
        _prove(village, letter, EmailProof(known, _wrong(code)))
    assert str(unknown.value) == str(wrong.value)


def test_a_code_may_be_typed_badly(village: Village, letter: Letter) -> None:
    """Lower case, spaces, O for 0, I and L for 1."""
    for _ in range(4):
        enrolment, code = _asked(village, letter)
        typed = code.lower().replace("0", "o").replace("1", "l").replace("-", " - ")
        assert _prove(village, letter, EmailProof(enrolment, f" {typed}\n")).address == MEMBER
        worse = code.replace("0", "O").replace("1", "i").replace("-", "")
        assert _prove(village, letter, EmailProof(enrolment, worse)).address == MEMBER


@pytest.mark.parametrize(
    "typed", ["", "-", "ABCD", "ABCD-EFGH-JKMN", "ÄÖÜß-ßßß1", "1" * 1000, "\0" * 8]
)
def test_what_is_no_code_is_wrong(village: Village, letter: Letter, typed: str) -> None:
    """Whatever people, or machines, type."""
    enrolment, _ = _asked(village, letter)
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(enrolment, typed))


def test_a_right_code_works_again(village: Village, letter: Letter) -> None:
    """An answer may have been lost; right tries are not counted."""
    enrolment, code = _asked(village, letter)
    for _ in range(8):
        _prove(village, letter, EmailProof(enrolment, code))


def test_five_wrong_tries_end_a_code(village: Village, letter: Letter) -> None:
    """The right one is then refused as well; another code is not touched by it."""
    (first, code), (second, other) = _asked(village, letter), _asked(village, letter)
    for _ in range(5):
        with pytest.raises(ProofRejected):
            _prove(village, letter, EmailProof(first, _wrong(code)))
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(first, code))
    _prove(village, letter, EmailProof(second, other))


def test_four_wrong_tries_do_not(village: Village, letter: Letter) -> None:
    """Whatever right ones come in between."""
    enrolment, code = _asked(village, letter)
    for _ in range(4):
        with pytest.raises(ProofRejected):
            _prove(village, letter, EmailProof(enrolment, _wrong(code)))
        _prove(village, letter, EmailProof(enrolment, code))
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(enrolment, _wrong(code)))
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(enrolment, code))


def test_a_code_is_good_for_fifteen_minutes(village: Village, letter: Letter) -> None:
    """To the second."""
    assert CODE_LIFETIME_S == 900
    enrolment, code = _asked(village, letter)
    village.later(899)
    _prove(village, letter, EmailProof(enrolment, code))
    village.later(1)
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(enrolment, code))


def test_a_member_gets_five_codes_an_hour(village: Village, letter: Letter) -> None:
    """Their mailbox is not flooded; others are not touched, and in the next hour there are new ones."""
    assert MOST_CODES == {HOUR: 5, DAY: 15}
    for _ in range(7):
        _ask(village, letter)
    assert len(_mails(village)) == 5
    _ask(village, letter, "mill4@staff.example")
    assert len(_mails(village)) == 6
    village.later(HOUR)
    _ask(village, letter)
    assert len(_mails(village)) == 7


def test_a_member_gets_fifteen_codes_a_day(village: Village, letter: Letter) -> None:
    """However they are spread over it; the next day there are new ones."""
    for _ in range(4):
        for _ in range(5):
            _ask(village, letter)
        village.later(HOUR)
    assert len(_mails(village)) == 15
    village.later(DAY)
    _ask(village, letter)
    assert len(_mails(village)) == 16


def test_codes_are_counted_for_members_only(village: Village, letter: Letter) -> None:
    """What a stranger asked for leaves nothing behind but the work that was done for it."""
    _ask(village, letter, "stranger@staff.example")
    assert _rows(village) == {"enrolment": 0, "code_count": 0, "mail": 0, "worked": 1}
    _ask(village, letter)
    assert _rows(village) == {"enrolment": 1, "code_count": 2, "mail": 1, "worked": 2}


def test_work_is_good_for_one_code(village: Village, letter: Letter) -> None:
    """Also where two requests come with it before either was looked up."""
    issuer = village.site.issuer
    work = work_for(issuer, letter)
    asked = [begin_enrolment(issuer, letter, MEMBER, work) for _ in range(2)]
    for each in asked:
        mail_code(issuer, letter, each)
    assert len(_mails(village)) == 1
    with pytest.raises(WorkRejected):
        begin_enrolment(issuer, letter, MEMBER, work)


def test_a_letter_without_mail_gives_no_code(village: Village) -> None:
    """And says so before anything else."""
    letter = village.open(methods='["invite"]')
    with pytest.raises(Refused, match="no proof by mail"):
        _ask(village, letter)


def test_a_code_is_for_one_letter(village: Village, letter: Letter) -> None:
    """Even where the next has the same roll."""
    enrolment, code = _asked(village, letter)
    second = village.open(edition=2)
    with pytest.raises(ProofRejected):
        _prove(village, second, EmailProof(enrolment, code))
    _prove(village, letter, EmailProof(enrolment, code))


def test_a_code_is_for_its_own_enrolment(village: Village, letter: Letter) -> None:
    """The code of one mail does not fit the enrolment of another."""
    (first, _), (_, other) = _asked(village, letter), _asked(village, letter)
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(first, other))


def test_who_is_blocked_meanwhile_is_refused(village: Village, letter: Letter) -> None:
    """Also with a code that was mailed before."""
    enrolment, code = _asked(village, letter)
    (invite,) = (i for i in make_invites(village.site.issuer, "mill", None) if i.address == MEMBER)
    with village.site.issuer.database.write() as connection:
        connection.execute(
            sa.update(roll_entry).where(roll_entry.c.address == MEMBER).values(blocked=1)
        )
    with pytest.raises(ProofRejected):
        _prove(village, letter, EmailProof(enrolment, code))
    with pytest.raises(ProofRejected):
        _prove(village, letter, InviteProof(invite.code))
    before = len(_mails(village))
    _ask(village, letter)
    assert len(_mails(village)) == before


def test_old_codes_are_forgotten(village: Village, letter: Letter) -> None:
    """With the next request at the latest; the counts of a day when it is over."""
    _asked(village, letter)
    village.later(900)
    _ask(village, letter, "mill4@staff.example")
    assert _rows(village) == {"enrolment": 1, "code_count": 4, "mail": 2, "worked": 1}
    village.later(2 * DAY)
    _ask(village, letter, "stranger@staff.example")
    assert _rows(village) == {"enrolment": 0, "code_count": 0, "mail": 2, "worked": 1}


def _rows(village: Village) -> dict[str, int]:
    tables = (enrolment, code_count, mail, worked)
    with village.site.issuer.database.read() as connection:
        return {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in tables
        }
