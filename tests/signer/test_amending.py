"""The words withdraw; words and receipt amend."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.signer.site import CODE, InMemorySite, make_letter, open_letter, problem

from undersigned.crypto.seal import parse_blob
from undersigned.domain.letter import Mode
from undersigned.domain.name import parse_name
from undersigned.domain.record import AmendRecord, WithdrawRecord, parse_record
from undersigned.errors import (
    AmendmentOutOfTurn,
    ConditionNotOffered,
    FormatError,
    ModeNotOffered,
    UnknownSignature,
    VerificationError,
)
from undersigned.signer.amending import amend, withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof
from undersigned.signer.exchange import Patience
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign


@pytest.fixture
def receipt(client: httpx2.Client, view: LetterView) -> Receipt:
    """A sealed signature's receipt."""
    attempt = Attempt.start(view, None)
    enrol(client, attempt, EmailProof(bytes(16), CODE))
    attempt.choose(Mode.SEALED, 10)
    return sign(client, attempt)


def _amendment(entry: bytes) -> AmendRecord:
    record = parse_record(entry)
    assert isinstance(record, AmendRecord)
    return record


def test_the_words_alone_withdraw(
    client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """A withdrawal names the key; by words or by receipt it is the same record and promise."""
    by_words = withdraw(client, view, receipt.words)
    assert withdraw(client, view, receipt) == by_words
    record = parse_record(by_words.entry)
    assert isinstance(record, WithdrawRecord)
    assert record.pk == receipt.record.pk


def test_a_withdrawal_needs_words_that_are_some(
    site: InMemorySite, client: httpx2.Client, view: LetterView
) -> None:
    """Mistyped words are noticed here, and not said again."""
    with pytest.raises(FormatError):
        withdraw(client, view, "twelve words that are not in the list of words at all")
    site.answers["amendments"] = lambda _: problem(404, "unknown-signature")
    words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    with pytest.raises(UnknownSignature) as caught:
        withdraw(client, view, words)
    assert "winner" not in str(caught.value)


def test_a_false_promise_for_a_withdrawal(
    site: InMemorySite, client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """The promise of the signature does not stand for its withdrawal."""
    site.answers["amendments"] = lambda _: httpx2.Response(201, json={"promise": receipt.promise})
    with pytest.raises(VerificationError):
        withdraw(client, view, receipt)


def test_an_amendment_replaces_all_three(
    site: InMemorySite, client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """Mode, condition and name are as given; a new name is written from the receipt."""
    entry = amend(client, view, receipt, mode=Mode.PUBLIC, statement="Now in the open.").entry
    record = _amendment(entry)
    assert (record.seq, record.mode, record.condition) == (1, Mode.PUBLIC, None)
    blob = site.blobs[entry]
    assert blob is not None
    assert parse_name(blob).statement == "Now in the open."
    assert parse_name(blob).attestation == receipt.attestation


def test_numbers_follow_one_another(
    site: InMemorySite, client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """The next number is found; going back to an earlier choice is an amendment of its own."""
    conditions = [10, 50, 10, 50]
    for condition in conditions:
        amend(client, view, receipt, mode=Mode.ANONYMOUS, condition=condition)
    records = [_amendment(entry) for entry in site.amended]
    assert [record.seq for record in records] == [1, 2, 3, 4]
    assert [record.condition for record in records] == conditions


def test_eight_amendments_are_all(
    client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """The ninth is refused, also one that equals an earlier one; the eighth again is the eighth."""
    for condition in [10, 50] * 4:
        amend(client, view, receipt, mode=Mode.ANONYMOUS, condition=condition)
    again = amend(client, view, receipt, mode=Mode.ANONYMOUS, condition=50)
    assert _amendment(again.entry).seq == 8
    for other in (10, None):
        with pytest.raises(AmendmentOutOfTurn):
            amend(client, view, receipt, mode=Mode.ANONYMOUS, condition=other)


def test_a_number_of_ones_own(
    site: InMemorySite, client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """A given number is sent as it is, once."""
    with pytest.raises(AmendmentOutOfTurn):
        amend(client, view, receipt, mode=Mode.ANONYMOUS, seq=2)
    amend(client, view, receipt, mode=Mode.ANONYMOUS, seq=1)
    assert len([r for r in site.requests if r.url.path.endswith("/amendments")]) == 2


def test_a_lost_answer_to_an_amendment(
    site: InMemorySite,
    client: httpx2.Client,
    view: LetterView,
    receipt: Receipt,
    patience: Patience,
) -> None:
    """The retry is answered as a repetition, and that is the amendment that was meant."""
    losses: Iterator[bool] = iter([True] + [False] * 20)

    def answer(request: httpx2.Request) -> httpx2.Response:
        response = site._amendment(request)
        if response.status_code == 201 and next(losses):
            raise httpx2.ReadError("cut")
        return response

    site.answers["amendments"] = answer
    promised = amend(client, view, receipt, mode=Mode.SEALED, patience=patience)
    assert site.amended == [promised.entry]
    blob = site.blobs[promised.entry]
    assert blob is not None
    assert len(parse_blob(blob).slots) == 2


def test_the_telling_refusal_is_kept(
    site: InMemorySite, client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """Of eight refusals the one with a reason of its own is raised."""
    details = iter(["", "", "This name has been opened.", "", "", "", "", ""])
    site.answers["amendments"] = lambda _: problem(409, "amendment-out-of-turn", next(details))
    with pytest.raises(AmendmentOutOfTurn, match="has been opened"):
        amend(client, view, receipt, mode=Mode.ANONYMOUS)


def test_the_words_alone_become_anonymous_but_write_no_name(
    client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """A name takes the attestation, from the receipt or from wherever the member has it."""
    amend(client, view, receipt.words, mode=Mode.ANONYMOUS)
    with pytest.raises(FormatError, match="attestation"):
        amend(client, view, receipt.words, mode=Mode.SEALED)
    amend(client, view, receipt.words, mode=Mode.SEALED, attestation=receipt.attestation)


def test_what_cannot_be_amended_to(
    site: InMemorySite, client: httpx2.Client, view: LetterView, receipt: Receipt
) -> None:
    """The letter's terms are checked before anything is sent."""
    before = len(site.requests)
    with pytest.raises(ConditionNotOffered):
        amend(client, view, receipt, mode=Mode.SEALED, condition=11)
    with pytest.raises(FormatError):
        amend(client, view, receipt, mode=Mode.ANONYMOUS, statement="It is me.")
    for seq in (0, 9):
        with pytest.raises(AmendmentOutOfTurn):
            amend(client, view, receipt, mode=Mode.ANONYMOUS, seq=seq)
    words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    with pytest.raises(VerificationError):
        amend(client, view, words, mode=Mode.PUBLIC, attestation=receipt.attestation)
    assert len(site.requests) == before


def test_a_receipt_of_another_letter(
    site: InMemorySite, client: httpx2.Client, receipt: Receipt
) -> None:
    """Keys differ from letter to letter: the receipt says nothing there."""
    site.record = open_letter(make_letter(modes=(Mode.SEALED,)))
    other = get_letter(client, "the-letter")
    with pytest.raises(VerificationError, match="another letter"):
        withdraw(client, other, receipt)
    with pytest.raises(ModeNotOffered):
        amend(client, other, receipt.words, mode=Mode.ANONYMOUS)
