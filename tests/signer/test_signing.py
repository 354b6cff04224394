"""A signature is sent until it is promised, and its proof is waited for."""

import json
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.signer.site import CODE, NOW, PROMISE, InMemorySite, open_letter, problem

from undersigned.crypto.keys import NoteSigner
from undersigned.domain.letter import Mode
from undersigned.domain.record import format_record
from undersigned.errors import (
    Busy,
    FormatError,
    LetterNotOpen,
    ProofPending,
    TokenSpent,
    UnknownLeaf,
    Unreachable,
    VerificationError,
)
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Chosen, Done
from undersigned.signer.enrolment import EmailProof
from undersigned.signer.exchange import Patience
from undersigned.signer.letter_view import LetterView
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign, wait_for_proof
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import Promise, format_promise_text


@pytest.fixture
def chosen(client: httpx2.Client, view: LetterView, tmp_path: Path) -> Attempt:
    """An attempt whose record is made."""
    attempt = Attempt.start(view, tmp_path / "attempt.json")
    enrol(client, attempt, EmailProof(bytes(16), CODE))
    attempt.choose(Mode.SEALED, 10)
    return attempt


@pytest.fixture
def receipt(client: httpx2.Client, chosen: Attempt) -> Receipt:
    """A receipt without a proof."""
    return sign(client, chosen)


def test_signing_gives_a_receipt_and_wipes_the_attempt(
    client: httpx2.Client, chosen: Attempt, site: InMemorySite
) -> None:
    """The promise is in the receipt; the file, with its secrets, is gone."""
    path, words = chosen.path, chosen.words
    kept: list[Receipt] = []
    receipt = sign(client, chosen, keep=kept.append)
    assert kept == [receipt]
    assert receipt.words == words
    assert receipt.promise == site.taken[format_record(receipt.record)]
    assert receipt.proof is None
    assert isinstance(chosen.state, Done)
    assert path is not None
    assert list(path.parent.iterdir()) == []


def test_a_receipt_that_cannot_be_kept_leaves_the_attempt(
    client: httpx2.Client, chosen: Attempt, site: InMemorySite
) -> None:
    """Then the same bytes go out again, and the same promise comes back."""

    def fail(_receipt: Receipt) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any failure of the caller's own
        sign(client, chosen, keep=fail)
    assert isinstance(chosen.state, Chosen)
    sign(client, chosen)
    assert len(site.bodies) == 1


def test_a_lost_promise_is_asked_for_with_the_same_bytes(
    site: InMemorySite, chosen: Attempt, patience: Patience
) -> None:
    """The site took the record, the answer was lost, the queue was full, then it came."""
    calls: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        calls.append(request)
        if len(calls) == 2:
            return problem(503, "busy")
        response = site._signature(request)
        if len(calls) == 1:
            raise httpx2.ReadError("cut")
        return response

    site.answers["signatures"] = answer
    with site.client() as client:
        sign(client, chosen, patience=patience)
    assert len(calls) == 3
    assert len(site.bodies) == 1
    assert len(site.taken) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(503, "busy"), Busy),
        (problem(409, "letter-not-open"), LetterNotOpen),
        (problem(409, "token-spent"), TokenSpent),
        (httpx2.Response(502, content=b"<html>"), Unreachable),
        (httpx2.Response(200, content=b"{}"), FormatError),
        (httpx2.Response(200, content=b'{"promise":"\\ud800"}'), FormatError),
    ],
)
def test_the_attempt_outlives_every_refusal(
    site: InMemorySite,
    client: httpx2.Client,
    chosen: Attempt,
    answer: httpx2.Response,
    kind: type[Exception],
) -> None:
    """Whatever the site says instead of a promise, the record stays to be sent again."""
    site.answers["signatures"] = lambda _: answer
    with pytest.raises(kind):
        sign(client, chosen, patience=Patience(tries=1))
    assert chosen.path is not None
    assert Attempt.resume(chosen.path).entry == chosen.entry


def _promise(signer: NoteSigner, entry: bytes, by: int) -> str:
    text = format_promise_text(Promise(leaf_hash(entry), by)).encode()
    return (text + b"\n" + signer.sign(text)).decode()


def test_false_promises_are_refused(
    site: InMemorySite, client: httpx2.Client, chosen: Attempt
) -> None:
    """By another key, for another record, or at a time of its own, which would mark the member."""
    other = NoteSigner(PROMISE.verifier.name, bytes(32))
    by = (NOW // 600 + 2) * 600
    promises = [
        _promise(other, chosen.entry, by),
        _promise(PROMISE, b"another", by),
        _promise(PROMISE, chosen.entry, by + 1),
    ]
    site.answers["signatures"] = lambda _: httpx2.Response(201, json={"promise": promises[0]})
    while promises:
        with pytest.raises(VerificationError):
            sign(client, chosen)
        assert isinstance(chosen.state, Chosen)
        promises.pop(0)


def test_token_and_signature_do_not_share_what_joins_them(
    site: InMemorySite, receipt: Receipt
) -> None:
    """The token's connection is closed, and nothing of its request is in the signature's."""
    token, signature = (
        next(request for request in site.requests if request.url.path.endswith(end))
        for end in ("/tokens", "/signatures")
    )
    assert token.headers["connection"] == "close"
    assert "cookie" not in signature.headers
    asked, given = json.loads(token.content), next(iter(site.issued.values()))
    known = [asked["blinded"], asked["c"], given["blind_signature"], given["salt"]]
    assert not any(value.encode() in signature.content for value in known)


class Clock:
    """Time passes when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def read(self) -> float:
        """Return the seconds since the start."""
        return self.now


def test_the_proof_is_waited_for(
    site: InMemorySite, client: httpx2.Client, receipt: Receipt
) -> None:
    """The receipt gets it once the record is in the log, and it is verified."""
    clock = Clock()

    def answer(_request: httpx2.Request) -> httpx2.Response:
        if clock.now > 20 and not site.log:
            site.sequence()
        return site._proof(receipt.leaf_hash)

    site.answers[receipt.leaf_hash.hex()] = answer
    patience = Patience(sleep=clock.sleep)
    proved = wait_for_proof(client, receipt, 60, patience=patience, clock=clock.read)
    assert proved == replace(receipt, proof=site.proof(receipt.leaf_hash).decode())
    assert 20 < clock.now < 30


def test_waiting_ends(client: httpx2.Client, receipt: Receipt) -> None:
    """A proof that does not come is not waited for longer than was said."""
    clock = Clock()
    patience = Patience(sleep=clock.sleep)
    with pytest.raises(ProofPending):
        wait_for_proof(client, receipt, 12, patience=patience, clock=clock.read)
    assert clock.now <= 12


def test_a_site_that_denies_the_record(
    site: InMemorySite, client: httpx2.Client, receipt: Receipt
) -> None:
    """That is not a reason to wait."""
    site.taken.clear()
    with pytest.raises(UnknownLeaf):
        wait_for_proof(client, receipt, 60)


def test_a_proof_of_another_record(
    site: InMemorySite, client: httpx2.Client, receipt: Receipt
) -> None:
    """A proof must be one for this record."""
    site.sequence()
    proof = site.proof(leaf_hash(b"another"))
    site.answers[receipt.leaf_hash.hex()] = lambda _: httpx2.Response(200, content=proof)
    with pytest.raises(VerificationError):
        wait_for_proof(client, receipt, 60)


def test_without_a_base_the_origins_host_is_asked(site: InMemorySite, receipt: Receipt) -> None:
    """A receipt alone is enough to find its site."""
    site.sequence()
    with httpx2.Client(transport=httpx2.MockTransport(site.answer)) as client:
        assert wait_for_proof(client, receipt, 1).proof is not None
    assert site.requests[-1].url.host == "letters.example"


def test_a_change_of_the_letter_between_the_steps(
    site: InMemorySite, client: httpx2.Client, chosen: Attempt
) -> None:
    """What is signed is the letter that was read, by its edition's own address."""
    site.record = open_letter(
        replace(site.letter, edition=2, supersedes=chosen.head.letter.letter_id)
    )
    sign(client, chosen)
    assert site.requests[-1].url.path == "/api/v1/letters/the-letter@1/signatures"
