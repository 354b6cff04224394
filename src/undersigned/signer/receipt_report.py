"""What a receipt proves, checked offline, and what it does not; `docs/formats.md` §8.

Nothing here needs the site, or trusts it. A receipt that holds is evidence: with a proof, that the
signature is in the log; without one, past the promise's time, that the site broke its word.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import SignerKey
from undersigned.crypto.token import verify_token
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.name import check_binding, commitment, parse_name
from undersigned.domain.record import format_record, signed_bytes
from undersigned.domain.signature import check_signature
from undersigned.domain.terms import Mode
from undersigned.errors import FormatError, Refused, VerificationError
from undersigned.signer.letter_view import LetterHead, verify_head
from undersigned.signer.naming import verify_attestation
from undersigned.signer.promised import verified_promise
from undersigned.signer.receipt import Receipt
from undersigned.tlog.note import parse_note
from undersigned.tlog.policy import Policy, find_cosignatures, printable
from undersigned.tlog.proof import parse_proof, verify_proof

_LAST_YEAR: Final = int(dt.datetime(9999, 1, 1, tzinfo=dt.UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is in the log: its index (from 0), and the size of the tree that shows it."""

    index: int
    size: int


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What holds and what stays open, in sentences; no name and no word of the code is in them.

    `promised_by` is in UTC seconds; `place` is None while the receipt has no proof.
    """

    letter_id: bytes
    promised_by: int
    place: Place | None
    proves: tuple[str, ...]
    leaves_open: tuple[str, ...]


def verify_receipt(
    receipt: Receipt,
    *,
    pinned_vkey: str | None = None,
    policy: Policy | None = None,
    blob: bytes | None = None,
    now: int | None = None,
) -> ReceiptReport:
    """Verify all that a receipt says, and say what that proves.

    1. The letter's record holds, with every ack, and the log's key is the pinned one, if one is
    given. 2. The words are those of the record's key. 3. The record is signed and within the
    letter's terms. 4. Its token is the issuer's, for this key. 5. The attestation is the issuer's,
    for this key. 6. The blob, if one is given, is what the record's name is the hash of; a public
    one belongs to the signature. 7. The promise names this record. 8. The proof, if there is one,
    shows it in the log. 9. The log is one of the policy's, if a policy is given that names logs, and
    the proof's checkpoint has the policy's quorum of witnesses. `now` (UTC seconds) tells whether the
    promise is overdue. Raises VerificationError, FormatError.
    """
    head = receipt.head("")
    verify_head(head, pinned_vkey=pinned_vkey)  # 1
    _check_log(head, policy)  # 9
    _verify_record(receipt, head)  # 2, 3, 4
    verify_attestation(head.letter, receipt.attestation, _c(receipt))  # 5
    if blob is not None:
        _verify_blob(receipt, blob)  # 6
    entry = format_record(receipt.record)
    by = verified_promise(head, entry, receipt.promise).promise.by  # 7
    place = _verified_place(receipt, head)  # 8
    witnesses = _verified_witnesses(receipt, policy)  # 9
    is_pinned = pinned_vkey is not None or (policy is not None and bool(policy.logs))
    return ReceiptReport(
        letter_id=head.letter.letter_id,
        promised_by=by,
        place=place,
        proves=(*_proves(receipt, by, place, has_blob=blob is not None), *witnesses),
        leaves_open=_leaves_open(
            by, place, is_pinned=is_pinned, is_witnessed=bool(witnesses), now=now
        ),
    )


def _key(receipt: Receipt) -> SignerKey:
    return SignerKey.from_words(receipt.words, receipt.letter.letter_id)


def _c(receipt: Receipt) -> bytes:
    return commitment(receipt.record.pk, _key(receipt).r)


def _verify_record(receipt: Receipt, head: LetterHead) -> None:
    record = receipt.record
    if record.letter_id != head.letter.letter_id:
        raise VerificationError("The record is one for another letter.")
    if _key(receipt).public_key != record.pk:
        raise VerificationError("The words are not those of this signature.")
    try:
        check_signature(head.letter, record)
    except (Refused, FormatError) as error:
        raise VerificationError(error.detail) from None
    verify_ed25519(record.pk, signed_bytes(record), record.sig)
    verify_token(record.token, head.letter.token_key, head.challenge, record.pk)


def _verify_blob(receipt: Receipt, blob: bytes) -> None:
    record = receipt.record
    if hash_bytes(blob) != record.name:
        raise VerificationError("The name is not the one whose hash is in the record.")
    if record.mode is not Mode.PUBLIC:
        return
    document = parse_name(blob)
    try:
        check_binding(document, record.letter_id, record.pk)
    except Refused as error:
        raise VerificationError(error.detail) from None
    if document.attestation != receipt.attestation:
        raise VerificationError("The name document holds another attestation than the receipt.")


def _verified_place(receipt: Receipt, head: LetterHead) -> Place | None:
    if receipt.proof is None:
        return None
    proof = parse_proof(receipt.proof.encode("utf-8", "surrogatepass"))
    checkpoint = verify_proof(proof, receipt.leaf_hash, head.site.log_key)
    return Place(proof.index, checkpoint.size)


def _check_log(head: LetterHead, policy: Policy | None) -> None:
    if policy is None or not policy.logs:
        return
    if head.site.log_key not in {log.key for log in policy.logs}:
        raise VerificationError("The receipt is of a log that is not in the policy.")


def _verified_witnesses(receipt: Receipt, policy: Policy | None) -> tuple[str, ...]:
    """Verify the quorum under the proof's checkpoint; return a sentence for each witness."""
    if policy is None or receipt.proof is None:
        return ()
    note = parse_note(parse_proof(receipt.proof.encode("utf-8", "surrogatepass")).checkpoint)
    cosigned = find_cosignatures(policy, note)
    if policy.quorum is not None and not policy.is_met(cosigned):
        missing = [
            printable(witness.name)
            for witness in policy.members_of(policy.quorum)
            if witness.name not in cosigned
        ]
        raise VerificationError(
            "The proof's checkpoint does not have the quorum of witnesses that the policy asks for:"
            f" {', '.join(missing)} missing."
        )
    return tuple(
        f"The witness {printable(name)} cosigned that tree, {_time(time)}."
        for name, time in cosigned.items()
    )


def _proves(receipt: Receipt, by: int, place: Place | None, *, has_blob: bool) -> tuple[str, ...]:
    sentences = [
        "The organiser signed the letter, and its issuer and every trustee accepted their part.",
        "The twelve words belong to this signature: they withdraw and change it.",
        "The letter's issuer gave one member the token, and it was used for this signature.",
        "The issuer attested a name for this signature.",
    ]
    if has_blob and receipt.record.mode is Mode.PUBLIC:
        sentences.append("The name document is the one in the record, and says what was attested.")
    elif has_blob:
        sentences.append("The sealed name is the one in the record; only trustees can open it.")
    if place is None:
        sentences.append(f"The site promised to have the signature in its log by {_time(by)}.")
    else:
        sentences.append(
            f"The signature is entry {place.index} of the log {receipt.origin}, "
            f"shown in a tree of {place.size}."
        )
    return tuple(sentences)


def _leaves_open(
    by: int, place: Place | None, *, is_pinned: bool, is_witnessed: bool, now: int | None
) -> tuple[str, ...]:
    sentences = []
    if place is None:
        sentences.append(f"Promised until {_time(by)}, not yet shown in the log.")
    if place is None and now is not None and now > by:
        sentences.append(
            "That time is over: if the site has no proof, this receipt is evidence against it."
        )
    if not is_pinned:
        sentences.append(
            "The log's key is the one in the receipt; compare it with one from elsewhere."
        )
    sentences.append(
        "Whether the signature still stands: a later entry may amend, withdraw or invalidate it."
    )
    if not is_witnessed:
        sentences.append("Whether everybody is shown the same log; that takes witnesses.")
    return tuple(sentences)


def _time(seconds: int) -> str:
    if seconds >= _LAST_YEAR:
        return f"{seconds} seconds after 1970"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
