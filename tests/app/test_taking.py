"""What the intake takes and refuses, one request at a time; a refusal leaves nothing behind."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from tests.app.inspecting import verified
from tests.app.village import DAY, HOUR, START, Village, Villager
from tests.postgresql import on_both_engines

from undersigned.app.taking import (
    ChangeRequest,
    IssuedRequest,
    SignRequest,
    parse_change_request,
    parse_sign_request,
    promised_by,
)
from undersigned.crypto.keys import RecordSigner, SignerKey
from undersigned.crypto.seal import seal
from undersigned.domain.letter import Letter, LetterId, Mode, State
from undersigned.domain.name import NameDocument, attestation_signed_bytes, format_name
from undersigned.domain.record import (
    AmendRecord,
    IssuedRecord,
    SignRecord,
    format_record,
    signed_bytes,
)
from undersigned.errors import (
    AlreadyIssued,
    AlreadyWithdrawn,
    AmendmentOutOfTurn,
    ConditionNotOffered,
    FormatError,
    LetterNotOpen,
    ModeNotOffered,
    NameNotAttested,
    TokenInvalid,
    TokenSpent,
    UndersignedError,
    UnknownLetter,
    UnknownSignature,
    VerificationError,
)
from undersigned.store.collector_schema import blob, change, document, issued, pending, spent
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import parse_promise

TABLES = (blob, change, document, issued, pending, spent)


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter; everything that is taken waits until a test lets the sequencer look."""
    return village.open(rule=5)


@pytest.fixture
def villager(village: Village, letter: Letter) -> Villager:
    """A member who holds a token."""
    return village.villager(letter)


def _rows(village: Village) -> list[int]:
    with village.site.collector.read() as connection:
        return [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in TABLES
        ]


def _refused(
    village: Village, request: SignRequest | ChangeRequest, error: type[UndersignedError]
) -> str:
    """Check that a request is refused with just this, and leaves nothing; return what it says."""
    before = _rows(village)
    with pytest.raises(error) as caught:
        village.take(request)
    assert type(caught.value) is error
    assert _rows(village) == before
    return str(caught.value)


def _signed(villager: Villager, request: SignRequest, **changed: Any) -> SignRequest:
    """Return a request whose record was changed and signed again."""
    record = replace(request.record, **changed)
    sig = changed.get("sig") or villager.key.sign(signed_bytes(record))
    return replace(request, record=replace(record, sig=sig))


def _promise(village: Village, request: SignRequest | ChangeRequest, text: str) -> int:
    """Check whose promise this is; return until when it is."""
    promise = parse_promise(text.encode(), village.site.keys.promise.verifier)
    assert promise.leaf_hash == leaf_hash(format_record(request.record))
    return promise.by


# --- signatures


@pytest.mark.parametrize(
    ("mode", "condition"),
    [(Mode.PUBLIC, None), (Mode.SEALED, None), (Mode.SEALED, 2), (Mode.ANONYMOUS, 6)],
)
def test_a_signature_is_taken(
    village: Village, villager: Villager, mode: Mode, condition: int | None
) -> None:
    """It waits, and is answered with a promise for its record that tells a window, not a time."""
    village.clock.advance_to(START + 599)
    request = villager.sign_request(mode, condition)
    answer = village.take(request)
    assert answer.created
    assert _promise(village, request, answer.promise) == START + 1_200
    assert village.waiting(villager.letter)["public" if mode is Mode.PUBLIC else "crowd"] == 1


def test_a_promise_is_for_a_window(letter: Letter) -> None:
    """Whoever signs within one window is promised the same; it is at least a window away."""
    assert letter.window_s == 600
    assert promised_by(letter, 1_200) == promised_by(letter, 1_799) == 2_400
    assert promised_by(letter, 1_800) == 3_000


@on_both_engines
def test_the_same_signature_again_gets_the_same_promise(
    village: Village, villager: Villager
) -> None:
    """Waiting or in the log, before and after a restart, after the end of the letter."""
    request = villager.sign_request(Mode.SEALED)
    first = village.take(request)
    for step in (lambda: None, village.restart, village.sequence, lambda: village.at(11 * DAY)):
        step()
        again = village.take(request)
        assert (again.promise, again.created) == (first.promise, False)
    assert village.state(villager.letter) is State.LAPSED
    assert not village.has_seal(villager)


@on_both_engines
def test_a_token_is_good_for_one_record(village: Village, villager: Villager) -> None:
    """Another one is refused, whatever it says: before the epoch and after it."""
    village.take(villager.sign_request(Mode.SEALED))
    for _ in range(2):
        for mode, condition in ((Mode.SEALED, None), (Mode.ANONYMOUS, 2), (Mode.PUBLIC, None)):
            _refused(village, villager.sign_request(mode, condition), TokenSpent)
        village.sequence()


def test_a_letter_that_is_not_here(village: Village, villager: Villager) -> None:
    """A record for another site's letter is not taken."""
    request = villager.sign_request(Mode.ANONYMOUS)
    _refused(village, _signed(villager, request, letter_id=LetterId(bytes(32))), UnknownLetter)


def _flip(token: bytes, at: int) -> bytes:
    return token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]


@pytest.mark.parametrize("at", [2, 34, 66, 98, 353])
def test_a_token_that_does_not_hold(village: Village, villager: Villager, at: int) -> None:
    """Whichever part of it is another: the nonce, the challenge, the key, the signature."""
    request = villager.sign_request(Mode.ANONYMOUS)
    _refused(village, _signed(villager, request, token=_flip(villager.token, at)), TokenInvalid)


def test_a_token_of_somebody_else(village: Village, letter: Letter, villager: Villager) -> None:
    """Or of another letter: it was made for one key, and one text."""
    thief = SignerKey(secrets.token_bytes(16), letter.letter_id)
    record = replace(villager.sign_request(Mode.ANONYMOUS).record, pk=thief.public_key)
    stolen = replace(record, sig=thief.sign(signed_bytes(record)))
    _refused(village, SignRequest(stolen, None), TokenInvalid)
    elsewhere = village.villager(village.open("other"))
    request = elsewhere.sign_request(Mode.ANONYMOUS)
    moved = _signed(elsewhere, request, letter_id=letter.letter_id)
    _refused(village, moved, TokenInvalid)


def test_a_token_of_another_type_is_no_token(village: Village, villager: Villager) -> None:
    """It is not even looked at."""
    request = villager.sign_request(Mode.ANONYMOUS)
    _refused(village, _signed(villager, request, token=bytes(354)), FormatError)


def test_a_signature_that_does_not_hold(village: Village, villager: Villager) -> None:
    """Of another key, or over another record."""
    request = villager.sign_request(Mode.ANONYMOUS)
    other = RecordSigner.generate()
    _refused(
        village,
        _signed(villager, request, sig=other.sign(signed_bytes(request.record))),
        VerificationError,
    )
    changed = replace(request, record=replace(request.record, condition=2))
    _refused(village, changed, VerificationError)


def test_what_the_letter_does_not_offer(village: Village, villager: Villager) -> None:
    """A condition of its own, one for a public name, a way to sign."""
    _refused(village, villager.sign_request(Mode.ANONYMOUS, 3), ConditionNotOffered)
    _refused(village, villager.sign_request(Mode.PUBLIC, 2), ConditionNotOffered)
    public = village.open("public", modes='["public"]', conditions="[]")
    other = village.villager(public)
    _refused(village, other.sign_request(Mode.ANONYMOUS), ModeNotOffered)


def test_a_name_comes_exactly_when_it_is_said(village: Village, villager: Villager) -> None:
    """Null for anonymous alone, a blob for every name, none without."""
    anonymous = villager.sign_request(Mode.ANONYMOUS)
    sealed = villager.sign_request(Mode.SEALED)
    _refused(village, replace(anonymous, blob=sealed.blob), FormatError)
    _refused(village, replace(sealed, blob=None), FormatError)
    _refused(village, _signed(villager, anonymous, name=bytes(32)), FormatError)
    _refused(village, _signed(villager, sealed, name=None), FormatError)


def test_a_blob_is_the_one_that_the_record_names(village: Village, villager: Villager) -> None:
    """To the bit."""
    for mode in (Mode.SEALED, Mode.PUBLIC):
        request = villager.sign_request(mode)
        assert request.blob is not None
        _refused(village, replace(request, blob=_flip(request.blob, 100)), FormatError)


def _blobs(villager: Villager) -> dict[str, bytes]:
    good = villager.hide(Mode.SEALED) or b""
    keys = [villager.letter.trustees[0].seal_key] * 2
    two = seal(villager.document(), villager.letter.letter_id, villager.pk, keys, 2)
    return {"empty": b"", "cut": good[:-1], "long": good + b"\0", "two trustees": two}


@pytest.mark.parametrize("what", ["empty", "cut", "long", "two trustees"])
def test_what_is_no_seal_for_these_trustees(
    village: Village, villager: Villager, what: str
) -> None:
    """What can be seen from outside is checked; the rest only the trustees can see."""
    _refused(village, villager.sign_request(Mode.SEALED, None, _blobs(villager)[what]), FormatError)


def _documents(villager: Villager, other: Villager) -> dict[str, bytes]:
    attestation, r = villager.attestation, villager.key.r
    forged = replace(attestation, name="Somebody Else")
    forger = RecordSigner.generate()
    by_forger = replace(forged, sig=forger.sign(attestation_signed_bytes(forged)))
    return {
        "of another member": other.document(),
        "with another r": format_name(NameDocument(attestation, bytes(32), None)),
        "with another name": format_name(NameDocument(forged, r, None)),
        "by another issuer": format_name(NameDocument(by_forger, r, None)),
    }


@pytest.mark.parametrize(
    "what", ["of another member", "with another r", "with another name", "by another issuer"]
)
def test_a_public_name_that_is_not_attested(
    village: Village, letter: Letter, villager: Villager, what: str
) -> None:
    """Nobody signs publicly under a name that the issuer did not give to this key."""
    document = _documents(villager, village.villager(letter))[what]
    _refused(village, villager.sign_request(Mode.PUBLIC, None, document), NameNotAttested)


@pytest.mark.parametrize("document", [b"", b"{}", b"not a name"])
def test_a_public_name_that_is_no_document(
    village: Village, villager: Villager, document: bytes
) -> None:
    """What would be served has the form of a name."""
    _refused(village, villager.sign_request(Mode.PUBLIC, None, document), FormatError)


def test_a_public_name_may_say_something(village: Village, villager: Villager) -> None:
    """The statement is the member's own."""
    village.take(villager.sign_request(Mode.PUBLIC, None, villager.document("Because.")))
    village.sequence()
    assert village.row(villager).mode == "public"


def test_no_signature_from_the_end_on(village: Village, letter: Letter) -> None:
    """The second before is good; at the end it is over, written or not."""
    first, second = village.villager(letter), village.villager(letter)
    village.clock.advance_to(letter.closes - 1)
    village.take(first.sign_request(Mode.ANONYMOUS))
    village.clock.advance_to(letter.closes)
    _refused(village, second.sign_request(Mode.ANONYMOUS), LetterNotOpen)
    village.sequence()
    assert village.states(letter)[-1] is State.LAPSED
    _refused(village, second.sign_request(Mode.ANONYMOUS), LetterNotOpen)
    assert village.row(first).status == "live"


def test_no_signature_in_an_edition_that_was_superseded(
    village: Village, letter: Letter, villager: Villager
) -> None:
    """The token of the old text is good for nothing."""
    village.open(edition=2)
    _refused(village, villager.sign_request(Mode.ANONYMOUS), LetterNotOpen)


# --- amendments


@on_both_engines
def test_amendments_come_in_turn(village: Village, letter: Letter) -> None:
    """Eight of them, each once; the record is in the log in that order."""
    villager = village.member(letter, Mode.ANONYMOUS)
    _refused(village, villager.amend_request(Mode.ANONYMOUS, 2, seq=2), AmendmentOutOfTurn)
    for number in range(1, 9):
        village.amend(villager, Mode.ANONYMOUS, (2, 4)[number % 2])
        again = villager.amend_request(Mode.ANONYMOUS, 6, seq=number)
        _refused(village, again, AmendmentOutOfTurn)
        if number in (3, 5):
            village.later(1)
    village.later(1)
    found = [each.seq for each in village.records(letter) if isinstance(each, AmendRecord)]
    assert found == list(range(1, 9))
    ninth = format_record(villager.amend_request(Mode.ANONYMOUS, 6, seq=9).record)
    with pytest.raises(FormatError):
        parse_change_request(ninth, None)


@on_both_engines
def test_the_same_amendment_again_gets_the_same_promise(village: Village, letter: Letter) -> None:
    """Also after the next one."""
    villager = village.member(letter)
    request = villager.amend_request(Mode.SEALED, 2)
    answer = village.take(request)
    villager.seq = 1
    village.take(villager.amend_request(Mode.ANONYMOUS))
    for step in (lambda: None, village.sequence, village.restart):
        step()
        again = village.take(request)
        assert (again.promise, again.created) == (answer.promise, False)


def test_only_who_has_signed_can_change(village: Village, villager: Villager) -> None:
    """A token alone is no signature."""
    _refused(village, villager.amend_request(Mode.ANONYMOUS), UnknownSignature)
    _refused(village, villager.withdraw_request(), UnknownSignature)


def test_a_change_is_signed_by_its_signer(village: Village, letter: Letter) -> None:
    """Whoever sees a signature in the log cannot change it."""
    villager = village.member(letter)
    for request in (villager.amend_request(Mode.ANONYMOUS), villager.withdraw_request()):
        forged = replace(request, record=replace(request.record, sig=bytes(64)))
        _refused(village, forged, VerificationError)


def test_an_amendment_is_held_to_the_letter(village: Village, letter: Letter) -> None:
    """As a signature is."""
    villager = village.member(letter)
    _refused(village, villager.amend_request(Mode.ANONYMOUS, 5), ConditionNotOffered)
    _refused(village, villager.amend_request(Mode.PUBLIC, 2), ConditionNotOffered)
    other = village.villager(letter).document()
    _refused(village, villager.amend_request(Mode.PUBLIC, blob=other), NameNotAttested)
    _refused(village, villager.amend_request(Mode.SEALED, blob=b"no seal"), FormatError)


def test_the_words_alone_change_a_condition(village: Village, letter: Letter) -> None:
    """A name that stays need not be sent again, in any state that it is in."""
    villager = village.member(letter, Mode.SEALED)
    for condition in (2, 4, None):
        request = villager.amend_request(Mode.SEALED, condition, name=villager.name)
        village.take(request)
        villager.seq += 1
        village.later(1)
        assert village.row(villager).condition == (condition or 0)
        assert village.has_seal(villager)


def test_a_name_without_its_blob_is_the_one_that_is_there(village: Village, letter: Letter) -> None:
    """Neither another's, nor an earlier one, nor one of another kind, nor one for who has none."""
    villager, other = village.member(letter), village.member(letter)
    first = villager.name
    village.amend(villager, Mode.SEALED)
    for _ in range(2):
        for name in (other.name, first, bytes(32)):
            _refused(village, villager.amend_request(Mode.SEALED, 2, name=name), FormatError)
        request = villager.amend_request(Mode.PUBLIC, name=villager.name)
        _refused(village, request, FormatError)
        village.sequence()
    village.amend(villager, Mode.ANONYMOUS)
    _refused(village, villager.amend_request(Mode.SEALED, name=first), FormatError)


@on_both_engines
def test_a_changed_name_destroys_the_old_one(village: Village, letter: Letter) -> None:
    """When it is in the log: until then the old one stands."""
    villager = village.member(letter)
    village.sequence()
    old = replace(villager)
    village.amend(villager, Mode.SEALED)
    assert village.has_seal(old)
    village.later(1)
    assert not village.has_seal(old)
    assert village.has_seal(villager)
    village.amend(villager, Mode.PUBLIC)
    last = village.later(1).row(villager)
    assert (last.mode, last.name) == ("public", villager.name)


def test_no_amendment_after_a_withdrawal(village: Village, letter: Letter) -> None:
    """Waiting or in the log; a withdrawal is final."""
    villager = village.member(letter)
    village.withdraw(villager)
    for _ in range(2):
        _refused(village, villager.amend_request(Mode.ANONYMOUS), AlreadyWithdrawn)
        village.sequence()


def test_no_amendment_while_names_are_opened(village: Village) -> None:
    """From the end of the cooling-off on, although nobody has written it yet, until it is done."""
    letter = village.open(rule=2)
    first, second = village.member(letter), village.member(letter)
    village.sequence()
    village.clock.advance_to(START + HOUR - 1)
    village.amend(first, Mode.SEALED)
    village.clock.advance_to(START + HOUR)
    _refused(village, first.amend_request(Mode.ANONYMOUS), LetterNotOpen)
    village.sequence()
    assert village.state(letter) is State.FROZEN
    _refused(village, first.amend_request(Mode.ANONYMOUS), LetterNotOpen)
    village.open_waves()
    assert village.state(letter) is State.RELEASED
    for each in (first, second):
        said = _refused(village, each.amend_request(Mode.ANONYMOUS), AmendmentOutOfTurn)
        assert "opened" in said


def test_amendments_to_the_end_of_a_cooling_off_that_the_end_cuts(village: Village) -> None:
    """Nobody can sign any more, but whoever has may think it over for as long as was stated."""
    letter = village.open(rule=2, closes_s=DAY)
    village.at(DAY - 600)
    first, second = village.member(letter), village.member(letter)
    idle = village.villager(letter)
    village.sequence()
    for later in (DAY, DAY + 60):
        village.at(later)
        assert village.state(letter) is State.REACHED
        village.amend(first, Mode.SEALED)
        village.sequence()
    _refused(village, idle.sign_request(Mode.ANONYMOUS), LetterNotOpen)
    village.withdraw(second)
    village.later(60)
    assert village.states(letter)[-1] is State.LAPSED
    _refused(village, first.amend_request(Mode.ANONYMOUS), LetterNotOpen)
    assert verified(village)[1] == []


def test_whoever_was_not_opened_may_amend_in_a_released_letter(village: Village) -> None:
    """They wait for others still; with the next wave, or never, they are shown."""
    letter = village.open(rule=2)
    village.members(letter, 2)
    waiting = village.member(letter, Mode.SEALED, 6)
    village.sequence()
    village.at(HOUR).open_waves()
    village.amend(waiting, Mode.PUBLIC)
    village.later(1)
    assert village.row(waiting).mode == "public"


# --- withdrawals


@on_both_engines
def test_a_withdrawal_is_taken_once(village: Village, letter: Letter) -> None:
    """The same one again gets the same promise, for good."""
    villager = village.member(letter)
    request = villager.withdraw_request()
    answer = village.take(request)
    assert answer.created
    assert _promise(village, request, answer.promise) == START + 1_200
    for step in (lambda: None, village.sequence, village.restart, lambda: village.at(11 * DAY)):
        step()
        again = village.take(request)
        assert (again.promise, again.created) == (answer.promise, False)
    assert village.row(villager).status == "withdrawn"
    assert not village.has_seal(villager)


def test_a_withdrawal_comes_without_a_blob(village: Village, letter: Letter) -> None:
    """There is nothing that it could be for."""
    villager = village.member(letter)
    request = replace(villager.withdraw_request(), blob=b"x")
    _refused(village, request, FormatError)


def test_whoever_waits_may_withdraw(village: Village) -> None:
    """The withdrawal waits with the signature, and follows it in the same epoch."""
    letter = village.open(floor=3)
    villager = village.member(letter)
    village.withdraw(villager)
    assert village.later(1).waiting(letter) == {"crowd": 1, "change": 1, "issued": 1}
    village.at(600)
    assert village.waiting(letter) == {}
    kinds = [type(each).__name__ for each in village.records(letter)[3:]]
    assert kinds == ["EpochRecord", "IssuedRecord", "SignRecord", "WithdrawRecord"]
    assert village.row(villager).status == "withdrawn"


def test_a_letter_that_ended_without_a_release_takes_no_withdrawal(
    village: Village, letter: Letter
) -> None:
    """Nothing stands in it any more."""
    villager = village.member(letter)
    village.sequence()
    village.clock.advance_to(letter.closes)
    for _ in range(2):
        _refused(village, villager.withdraw_request(), LetterNotOpen)
        village.sequence()


def test_a_closed_letter_takes_withdrawals_and_nothing_else(village: Village) -> None:
    """Whoever stands in public may always leave."""
    letter = village.open(rule=2, closes_s=DAY)
    opened, public = village.member(letter), village.member(letter, Mode.PUBLIC)
    late = village.villager(letter)
    village.sequence()
    village.at(HOUR).open_waves()
    village.at(DAY)
    assert village.state(letter) is State.CLOSED
    _refused(village, late.sign_request(Mode.ANONYMOUS), LetterNotOpen)
    _refused(village, public.amend_request(Mode.ANONYMOUS), LetterNotOpen)
    for villager in (opened, public):
        village.withdraw(villager)
    village.later(1)
    assert village.row(opened).status == village.row(public).status == "withdrawn"
    assert village.state(letter) is State.CLOSED


# --- tokens on record


def _issued(village: Village, letter: Letter, **changed: Any) -> IssuedRequest:
    members = {"blinded": secrets.token_bytes(32), "member": secrets.token_bytes(32)} | changed
    record = IssuedRecord(letter.letter_id, **members, sig=bytes(64))
    key = village.site.issuer.keys(letter).attestation
    return IssuedRequest(replace(record, sig=key.sign(signed_bytes(record))))


def test_a_member_is_on_record_once(village: Village, letter: Letter) -> None:
    """The same record again is no error; another one for the same member is."""
    request = _issued(village, letter)
    assert village.intake.submit(request).result(120).created
    assert not village.intake.submit(request).result(120).created
    other = _issued(village, letter, member=request.record.member)
    with pytest.raises(AlreadyIssued):
        village.intake.submit(other).result(120)
    assert village.waiting(letter) == {"issued": 1}


def test_only_the_issuer_says_who_received_a_token(village: Village, letter: Letter) -> None:
    """Its key signs the record."""
    request = _issued(village, letter)
    forged = IssuedRequest(replace(request.record, sig=bytes(64)))
    with pytest.raises(VerificationError):
        village.intake.submit(forged).result(120)


# --- many at once


@on_both_engines
def test_a_bad_request_does_not_hurt_the_others(village: Village, letter: Letter) -> None:
    """Good and bad ones in one batch: each gets its own answer."""
    villagers = [village.villager(letter) for _ in range(6)]
    good = [each.sign_request(Mode.SEALED) for each in villagers[:3]]
    twice = [villagers[3].sign_request(mode) for mode in (Mode.SEALED, Mode.ANONYMOUS)]
    bad = villagers[4].sign_request(Mode.ANONYMOUS, 3)
    lost = _signed(villagers[5], villagers[5].sign_request(Mode.ANONYMOUS), token=bytes(354))
    with village.site.collector.write():
        # All wait behind the lock, and so come into one batch.
        requests = [good[0], bad, twice[0], lost, good[1], twice[1], good[2]]
        futures = [village.submit(each) for each in requests]
    answers = [type(future.exception(120)) for future in futures]
    nothing = type(None)
    assert answers == [
        nothing, ConditionNotOffered, nothing, FormatError, nothing, TokenSpent, nothing,
    ]  # fmt: skip
    village.sequence()
    signs = [each for each in village.records(letter) if isinstance(each, SignRecord)]
    assert len(signs) == 4


@on_both_engines
def test_a_failing_database_leaves_nobody_waiting(village: Village, letter: Letter) -> None:
    """All are told, nothing is taken, and the same requests are taken later."""
    villagers = [village.villager(letter) for _ in range(3)]
    requests = [each.sign_request(Mode.ANONYMOUS) for each in villagers]
    with village.site.collector.write() as connection:
        connection.exec_driver_sql("ALTER TABLE pending RENAME TO away")
    futures = [village.submit(each) for each in requests]
    assert [type(future.exception(120)).__name__ for future in futures] == ["StoreError"] * 3
    with village.site.collector.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO pending")
    assert [village.take(each).created for each in requests] == [True] * 3


@on_both_engines
def test_a_future_cannot_be_cancelled(village: Village, villager: Villager) -> None:
    """Whoever gives up waiting must not break the thread that answers all."""
    request = villager.sign_request(Mode.ANONYMOUS)
    with village.site.collector.write():
        future = village.submit(request)
        assert not future.cancel()
    assert future.result(120).created
    assert not village.take(request).created


# --- reading what was sent


@pytest.mark.parametrize("parse", [parse_sign_request, parse_change_request])
def test_a_record_of_another_kind(
    village: Village, letter: Letter, parse: Callable[[bytes, bytes | None], Any]
) -> None:
    """Each route takes its own kinds."""
    villager = village.member(letter)
    sign = format_record(villager.sign_request(Mode.ANONYMOUS).record)
    withdraw = format_record(villager.withdraw_request().record)
    issued_record = format_record(_issued(village, letter).record)
    other = withdraw if parse is parse_sign_request else sign
    for entry in (other, issued_record, b"", b"{}", b"\xff"):
        with pytest.raises(FormatError):
            parse(entry, None)
