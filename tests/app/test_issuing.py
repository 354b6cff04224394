"""Tokens: one for each member, the same answer to the same request, and the name as the roll has it."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.app.inspecting import verified
from tests.app.village import DAY, START, Village
from tests.postgresql import on_both_engines

from undersigned.app.invites import make_invites
from undersigned.app.issuing import ShownAs, TokenAnswer, TokenRequest, issue_token
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter, RollKind
from undersigned.domain.name import Verified, attestation_signed_bytes
from undersigned.domain.record import IssuedRecord
from undersigned.errors import AlreadyIssued, FormatError, LetterNotOpen, StoreError
from undersigned.store import issuances
from undersigned.store import members as member_store
from undersigned.store.members import MemberRow


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter with 20 members."""
    return village.open()


def _request(shown_as: ShownAs | None = None) -> TokenRequest:
    # Any number below the modulus is a blinded message, for all that the issuer can see.
    return TokenRequest(b"\0" + secrets.token_bytes(255), secrets.token_bytes(32), shown_as)


def _issue(
    village: Village, letter: Letter, member: MemberRow, request: TokenRequest
) -> TokenAnswer:
    return issue_token(
        village.site.issuer, village.collector, letter, member, Verified.EMAIL, request
    )


def test_a_token_comes_with_an_attestation(village: Village, letter: Letter) -> None:
    """Of the name on the roll, bound to what the member asked for."""
    member, request = village.idle(letter), _request()
    answer = _issue(village, letter, member, request)
    attestation = answer.attestation
    assert (attestation.name, attestation.role) == (member.name, member.role)
    assert (attestation.verified, attestation.c) == (Verified.EMAIL, request.c)
    assert answer.salt == member.salt
    verify_ed25519(letter.attestation_key, attestation_signed_bytes(attestation), attestation.sig)


def test_the_record_waits_before_the_token_is_out(village: Village, letter: Letter) -> None:
    """And is in the log with the next epoch: the member's commitment, the hash of what was blinded."""
    members = [village.idle(letter) for _ in range(3)]
    for member in members:
        _issue(village, letter, member, _request())
    assert village.waiting(letter) == {"issued": 3}
    village.sequence()
    issued = [each for each in village.records(letter) if isinstance(each, IssuedRecord)]
    assert {each.member for each in issued} == {member.commit for member in members}


def test_the_same_request_gets_the_same_answer(village: Village, letter: Letter) -> None:
    """As often as it is sent, before and after the epoch, and after the end; the log has it once."""
    member, request = village.idle(letter), _request()
    answer = _issue(village, letter, member, request)
    assert _issue(village, letter, member, request) == answer
    village.sequence()
    assert _issue(village, letter, member, request) == answer
    village.at(10 * DAY)
    assert _issue(village, letter, member, request) == answer
    issued = [each for each in village.records(letter) if isinstance(each, IssuedRecord)]
    assert len(issued) == 1


def test_a_member_gets_one_token(village: Village, letter: Letter) -> None:
    """Neither another blinded message nor another commitment is answered."""
    member, request = village.idle(letter), _request()
    _issue(village, letter, member, request)
    for other in (_request(), replace(request, c=bytes(32)), replace(_request(), c=request.c)):
        with pytest.raises(AlreadyIssued):
            _issue(village, letter, member, other)
    assert village.waiting(letter) == {"issued": 1}


@on_both_engines
def test_of_many_requests_at_once_one_is_answered(village: Village, letter: Letter) -> None:
    """The one that is stored first, for whoever asks for just that."""
    member = village.idle(letter)
    requests = [_request() for _ in range(6)]

    def ask(request: TokenRequest) -> TokenAnswer | None:
        try:
            return _issue(village, letter, member, request)
        except AlreadyIssued:
            return None

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, requests))
    assert len([answer for answer in answers if answer]) == 1
    assert village.waiting(letter) == {"issued": 1}


def test_a_token_for_each_edition(village: Village, letter: Letter) -> None:
    """A member signs each text once."""
    member = village.idle(letter)
    _issue(village, letter, member, _request())
    second = village.open(edition=2)
    _issue(village, second, member, _request())
    assert village.waiting(second) == {"issued": 1}


def test_a_letter_that_is_over_gives_no_token(village: Village, letter: Letter) -> None:
    """From the second of its end on, whether that is written already or not; nothing is stored."""
    member = village.idle(letter)
    village.clock.advance_to(START + 10 * DAY)
    for _ in range(2):
        with pytest.raises(LetterNotOpen):
            _issue(village, letter, member, _request())
        village.sequence()
    with village.site.issuer.database.read() as connection:
        assert issuances.find_issuance(connection, letter.letter_id, member.commit) is None


@on_both_engines
def test_a_crash_before_the_record_is_made_good_by_the_retry(
    village: Village, letter: Letter
) -> None:
    """The issuance is stored, nobody has seen the token; the same request puts it on record."""
    member, request = village.idle(letter), _request()
    village.intake.stop()
    with pytest.raises(StoreError):
        _issue(village, letter, member, request)
    assert village.waiting(letter) == {}
    village.restart()
    _issue(village, letter, member, request)
    assert village.waiting(letter) == {"issued": 1}
    with pytest.raises(AlreadyIssued):
        _issue(village, letter, member, _request())


def test_a_crash_at_the_end_of_the_letter_gives_no_token(village: Village, letter: Letter) -> None:
    """What was not on record before the end cannot be any more."""
    member, request = village.idle(letter), _request()
    village.intake.stop()
    with pytest.raises(StoreError):
        _issue(village, letter, member, request)
    village.restart()
    village.at(10 * DAY)
    with pytest.raises(LetterNotOpen):
        _issue(village, letter, member, request)


@pytest.mark.parametrize("blinded", [b"\xff" * 256, bytes(255), b"", bytes(257)])
def test_what_is_no_blinded_message_is_refused(
    village: Village, letter: Letter, blinded: bytes
) -> None:
    """And nothing is stored: the member may ask again."""
    member = village.idle(letter)
    with pytest.raises(FormatError):
        _issue(village, letter, member, replace(_request(), blinded=blinded))
    _issue(village, letter, member, _request())


# --- how a member is shown


@pytest.mark.parametrize(
    ("shown_as", "name", "role"),
    [
        (None, "Ada Bell", "Cook"),
        (ShownAs(None, "Cook"), "Ada Bell", "Cook"),
        (ShownAs(None, None), "Ada Bell", None),
        (ShownAs("Ada Bell", None), "Ada Bell", None),
        (ShownAs("A. B.", "Cook"), "A. B.", "Cook"),
        (ShownAs("A. B.", None), "A. B.", None),
    ],
)
def test_a_name_on_the_roll_is_shown_whole_or_by_its_initials(
    village: Village, letter: Letter, shown_as: ShownAs | None, name: str, role: str | None
) -> None:
    """With the role or without it; either way it is the address that was verified."""
    member = replace(village.idle(letter), name="Ada Bell", role="Cook")
    attestation = _issue(village, letter, member, _request(shown_as)).attestation
    assert (attestation.name, attestation.role) == (name, role)
    assert attestation.verified is Verified.EMAIL


@pytest.mark.parametrize(
    "shown_as",
    [
        ShownAs("Ada", None),
        ShownAs("ada bell", None),
        ShownAs("A.B.", None),
        ShownAs("", None),
        ShownAs(None, "Chief"),
        ShownAs(None, ""),
    ],
)
def test_another_name_or_role_is_refused(
    village: Village, letter: Letter, shown_as: ShownAs
) -> None:
    """And nothing is stored: the member may ask again."""
    member = replace(village.idle(letter), name="Ada Bell", role="Cook")
    with pytest.raises(FormatError):
        _issue(village, letter, member, _request(shown_as))
    _issue(village, letter, member, _request())


def test_where_the_roll_has_no_names_members_say_their_own(village: Village) -> None:
    """Name and role are then their words, and are shown as such."""
    village.open()
    make_invites(village.site.issuer, "codes", 3)
    codes = village.open_draft(
        replace(village.draft(), slug="codes", edition=1, roll=RollKind.INVITES)
    )
    with village.site.issuer.database.read() as connection:
        first, second, third = member_store.list_members(connection, "codes")
    for asked in (None, ShownAs(None, "Cook")):
        with pytest.raises(FormatError):
            _issue(village, codes, first, _request(asked))
    shown = _issue(village, codes, first, _request(ShownAs("Night Owl", None))).attestation
    assert (shown.name, shown.role, shown.verified) == ("Night Owl", None, Verified.SELF_DECLARED)
    shown = _issue(village, codes, second, _request(ShownAs("X", "Y" * 100))).attestation
    assert shown.verified is Verified.SELF_DECLARED
    for asked in (ShownAs("X" * 101, None), ShownAs("", None), ShownAs("a\nb", None)):
        with pytest.raises(FormatError):
            _issue(village, codes, third, _request(asked))


@on_both_engines
def test_the_log_holds_no_more_tokens_than_members(village: Village) -> None:
    """Everyone has one, and the verifier agrees."""
    letter = village.open(members=4)
    for _ in range(4):
        _issue(village, letter, village.idle(letter), _request())
    village.sequence()
    assert verified(village)[1] == []
