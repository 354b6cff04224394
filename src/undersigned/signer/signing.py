"""The two requests of a signature, for its token and with its record, and the wait for the proof.

**They go over different connections.** A site that gets both over one can join the member to the
signature, whatever the blinding hides. `enrol` therefore has its connection closed, no request here
sends a cookie back, and whoever wants more hands in two clients, perhaps by two ways into the
network, and lets time pass in between. What a watching operator still learns from the two moments
is published in the threat model.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import httpx2
import msgspec

from undersigned.domain.canonical import decode_json
from undersigned.encoding import format_base64url
from undersigned.errors import ProofPending
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Blinded
from undersigned.signer.enrolment import Proof, ShownAs
from undersigned.signer.exchange import PATIENT, Answer, Patience, fetch, submit
from undersigned.signer.letter_view import API, LetterHead
from undersigned.signer.promised import Promised, verified_promise
from undersigned.signer.receipt import Receipt
from undersigned.tlog.proof import parse_proof, verify_proof

LONGEST_POLL_S: Final = 5.0
"""Seconds between two questions for a proof, at most: an epoch may last a minute and more."""


class _PromiseAnswer(msgspec.Struct, forbid_unknown_fields=True):
    promise: str


_PROMISE: Final = msgspec.json.Decoder(_PromiseAnswer)


def enrol(
    client: httpx2.Client,
    attempt: Attempt,
    proof: Proof | None = None,
    shown_as: ShownAs | None = None,
    *,
    patience: Patience = PATIENT,
) -> None:
    """Get the token for an attempt; nothing happens if it has one already.

    Without a proof the last request is sent again, for an attempt that was resumed. The issuer
    gives the same answer to the same blinded message. Raises ProofRejected, AlreadyIssued and what
    else the issuer refuses with; Unreachable or Busy when patience ends; VerificationError for a
    false answer.
    """
    if not isinstance(attempt.state, Blinded):
        return
    request = attempt.ask(proof, shown_as)
    answer = submit(client, f"{attempt.head.issuer_address}/tokens", request, patience, last=True)
    attempt.take_token(answer.body)


def sign(
    client: httpx2.Client,
    attempt: Attempt,
    *,
    keep: Callable[[Receipt], None] | None = None,
    patience: Patience = PATIENT,
) -> Receipt:
    """Send the record of an attempt in state `Chosen`, verify the promise, and wipe the attempt.

    `keep` is called with the receipt before the attempt is wiped, so that no crash loses both. The
    client should not be the one of `enrol` (see above). After Unreachable or Busy the attempt is as
    it was, and the same call sends the same bytes. Raises LetterNotOpen, TokenSpent and what else
    the site refuses with; VerificationError for a promise that does not hold; ValueError in another
    state.
    """
    request = signed_request(attempt.entry, attempt.blob)
    answer = submit(client, f"{attempt.head.address}/signatures", request, patience)
    receipt = attempt.receipt(take_promise(attempt.head, attempt.entry, answer))
    if keep is not None:
        keep(receipt)
    attempt.wipe()
    return receipt


def signed_request(entry: bytes, blob: bytes | None) -> dict[str, Any]:
    """Write a record's canonical bytes and its blob as the plain JSON values of a request."""
    sent = None if blob is None else format_base64url(blob)
    return {"record": format_base64url(entry), "blob": sent}


def take_promise(head: LetterHead, entry: bytes, answer: Answer) -> Promised:
    """Verify the promise in an answer to this record. Raises FormatError, VerificationError."""
    wire = decode_json(_PROMISE, answer.body, "promise")
    return verified_promise(head, entry, wire.promise)


def wait_for_proof(
    client: httpx2.Client,
    receipt: Receipt,
    timeout_s: float,
    *,
    patience: Patience = PATIENT,
    clock: Callable[[], float] = time.monotonic,
) -> Receipt:
    """Ask for the proof until the record is in the log; return the receipt with it, verified.

    The client has the site's address as its `base_url`, or none: then the host of the origin is
    asked, over https. Raises ProofPending when `timeout_s` seconds are over, UnknownLeaf if the
    site denies the record, which with the promise is evidence against it; VerificationError.
    """
    url = f"{_base(client, receipt)}/proofs/{receipt.leaf_hash.hex()}"
    end = clock() + timeout_s
    tries = 0
    while True:
        answer = fetch(client, url, patience)
        if answer.status == httpx2.codes.OK:
            return with_proof(receipt, answer.body)
        tries += 1
        wait_s = min(LONGEST_POLL_S, patience.wait_s(tries, None))
        if clock() + wait_s > end:
            raise ProofPending
        patience.sleep(wait_s)


def with_proof(receipt: Receipt, proof: bytes) -> Receipt:
    """Return the receipt with a proof (the bytes of a tlog-proof) that its log has the record.

    Raises FormatError, VerificationError.
    """
    parsed = parse_proof(proof)
    log_key = receipt.head("").site.log_key
    verify_proof(parsed, receipt.leaf_hash, log_key)
    return replace(receipt, proof=proof.decode("utf-8"))


def _base(client: httpx2.Client, receipt: Receipt) -> str:
    root = str(client.base_url).rstrip("/")
    return (root or "https://" + receipt.origin.partition("/")[0]) + API
