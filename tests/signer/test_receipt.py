"""A receipt is checked offline, part by part, and says what it proves."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signer.site import (
    CODE,
    LOG,
    NAME,
    NOW,
    ORIGIN,
    ROLE,
    InMemorySite,
    attest,
    make_letter,
    open_letter,
    vkey,
)

from undersigned.crypto.keys import CosignatureSigner, NoteSigner, SignerKey
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord, format_record, signed_bytes
from undersigned.errors import FormatError, VerificationError
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.receipt import Receipt, format_receipt, parse_receipt
from undersigned.signer.receipt_report import Place, verify_receipt
from undersigned.signer.signing import enrol, sign, with_proof
from undersigned.tlog.policy import Policy, parse_policy
from undersigned.tlog.proof import format_proof, parse_proof

OTHER_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"


@cache
def signed(mode: Mode) -> tuple[InMemorySite, Receipt, bytes | None]:
    """Sign once in each mode; return the site, the receipt with its proof, and the blob."""
    site = InMemorySite()
    with site.client() as client:
        attempt = Attempt.start(get_letter(client, "the-letter"), None)
        enrol(client, attempt, EmailProof(bytes(16), CODE))
        attempt.choose(mode)
        blob = attempt.blob
        receipt = sign(client, attempt)
    site.sequence()
    return site, with_proof(receipt, site.proof(receipt.leaf_hash)), blob


@pytest.mark.parametrize("mode", list(Mode))
def test_a_receipt_holds(mode: Mode) -> None:
    """In every mode, with its proof, the pinned key, and what the name is the hash of."""
    site, receipt, blob = signed(mode)
    report = verify_receipt(receipt, pinned_vkey=vkey(LOG), blob=blob)
    assert report.letter_id == site.letter.letter_id
    assert report.place == Place(1, 3)
    assert report.promised_by == (NOW // 600 + 2) * 600
    assert any("entry 1 of the log" in sentence for sentence in report.proves)
    assert not any("Promised until" in sentence for sentence in report.leaves_open)
    assert not any("compare" in sentence for sentence in report.leaves_open)


def test_without_a_proof_the_report_says_so() -> None:
    """It is a promise, and after its time it is evidence."""
    receipt = replace(signed(Mode.SEALED)[1], proof=None)
    report = verify_receipt(receipt)
    assert report.place is None
    assert "Promised until 2023-11-14 22:30:00 UTC, not yet shown in the log." in report.leaves_open
    assert any("compare" in sentence for sentence in report.leaves_open)
    assert not any("evidence" in sentence for sentence in report.leaves_open)
    late = verify_receipt(receipt, now=report.promised_by + 1)
    assert any("evidence" in sentence for sentence in late.leaves_open)


WITNESS = CosignatureSigner("witness.example/w", bytes(range(32)))


def policy_of(log: NoteSigner = LOG) -> Policy:
    """Return a policy of one log and one witness, which has to cosign."""
    return parse_policy(
        f"log {vkey(log)}\nwitness w {format_vkey(WITNESS.verifier)}\nquorum w\n".encode()
    )


def cosigned(receipt: Receipt) -> Receipt:
    """Return the receipt with a proof whose checkpoint the witness has cosigned."""
    assert receipt.proof is not None
    proof = parse_proof(receipt.proof.encode())
    body = proof.checkpoint.rpartition(b"\n\n")[0] + b"\n"
    note = proof.checkpoint + WITNESS.sign(body, NOW)
    return replace(receipt, proof=format_proof(replace(proof, checkpoint=note)).decode())


def test_a_policy_asks_for_witnesses() -> None:
    """With their cosignatures the report names them; without it is not believed."""
    receipt = signed(Mode.SEALED)[1]
    report = verify_receipt(cosigned(receipt), policy=policy_of())
    assert report.proves[-1] == "The witness w cosigned that tree, 2023-11-14 22:13:20 UTC."
    assert not any("witnesses" in each or "compare" in each for each in report.leaves_open)
    # Whoever gives no policy is not disturbed by the cosignature.
    assert any("witnesses" in each for each in verify_receipt(cosigned(receipt)).leaves_open)
    with pytest.raises(VerificationError, match=r"quorum of witnesses.*: w missing"):
        verify_receipt(receipt, policy=policy_of())
    with pytest.raises(VerificationError, match="not in the policy"):
        verify_receipt(cosigned(receipt), policy=policy_of(NoteSigner(ORIGIN, bytes(32))))
    waiting = verify_receipt(replace(receipt, proof=None), policy=policy_of())
    assert any("witnesses" in sentence for sentence in waiting.leaves_open)


def test_no_report_tells_a_secret_or_a_name() -> None:
    """A report can be shown to anybody."""
    _, receipt, blob = signed(Mode.PUBLIC)
    report = repr(verify_receipt(receipt, blob=blob))
    assert NAME not in report
    assert ROLE not in report
    assert receipt.words not in report
    shown = repr(receipt)
    assert not any(f" {word} " in shown for word in receipt.words.split())
    assert NAME not in shown


def _resigned(receipt: Receipt, **changed: Any) -> Receipt:
    """Return the receipt with another record under the same key."""
    key = SignerKey.from_words(receipt.words, receipt.letter.letter_id)
    record: SignRecord = replace(receipt.record, **changed)
    return replace(receipt, record=replace(record, sig=key.sign(signed_bytes(record))))


def _other_letter(receipt: Receipt) -> Receipt:
    return replace(receipt, letter=open_letter(make_letter(rule=49)))


def _shorter_acks(receipt: Receipt) -> Receipt:
    acks = tuple(replace(ack, sig=bytes(64)) for ack in receipt.letter.acks)
    return replace(receipt, letter=replace(receipt.letter, acks=acks))


FORGERIES: dict[str, Callable[[Receipt], Receipt]] = {
    "letter": _other_letter,
    "acks": _shorter_acks,
    "origin": lambda receipt: replace(receipt, origin="elsewhere.example/log"),
    "log": lambda receipt: replace(receipt, log_vkey=vkey(NoteSigner(ORIGIN, bytes(32)))),
    "words": lambda receipt: replace(receipt, words=OTHER_WORDS),
    "record's signature": lambda receipt: replace(
        receipt, record=replace(receipt.record, sig=bytes(64))
    ),
    "another record": lambda receipt: _resigned(receipt, condition=50),
    "terms": lambda receipt: _resigned(receipt, condition=11),
    "token": lambda receipt: _resigned(
        receipt, token=receipt.record.token[:-1] + bytes([receipt.record.token[-1] ^ 1])
    ),
    "attestation for another": lambda receipt: replace(
        receipt, attestation=attest(receipt.letter.letter, bytes(32))
    ),
    "attestation forged": lambda receipt: replace(
        receipt, attestation=replace(receipt.attestation, name="Somebody Else")
    ),
    "promise": lambda receipt: replace(receipt, promise=signed(Mode.PUBLIC)[0].promise(b"another")),
    "proof of another": lambda receipt: replace(receipt, proof=signed(Mode.PUBLIC)[1].proof),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_each_part_is_verified(forge: Callable[[Receipt], Receipt]) -> None:
    """Whatever is exchanged, the receipt no longer holds."""
    receipt = signed(Mode.SEALED)[1]
    verify_receipt(receipt)
    with pytest.raises(VerificationError):
        verify_receipt(forge(receipt))


def test_another_pinned_log() -> None:
    """A receipt of a log that is not the pinned one."""
    with pytest.raises(VerificationError, match="pinned"):
        verify_receipt(signed(Mode.SEALED)[1], pinned_vkey=vkey(NoteSigner(ORIGIN, bytes(32))))


def test_a_blob_that_is_not_the_records() -> None:
    """Neither another blob, nor one beside an anonymous signature."""
    for mode in Mode:
        with pytest.raises(VerificationError):
            verify_receipt(signed(mode)[1], blob=b"{}")


def test_a_public_name_that_was_attested_twice() -> None:
    """The name document says what the receipt's attestation says."""
    site, receipt, blob = signed(Mode.PUBLIC)
    other = attest(site.letter, receipt.attestation.c, "R. C.", None)
    with pytest.raises(VerificationError, match="another attestation"):
        verify_receipt(replace(receipt, attestation=other), blob=blob)


# --- the file


@pytest.mark.parametrize("mode", list(Mode))
def test_format_then_parse_is_identity(mode: Mode) -> None:
    """What is written is read back, with a proof and without."""
    receipt = signed(mode)[1]
    for item in (receipt, replace(receipt, proof=None)):
        assert parse_receipt(format_receipt(item)) == item


def test_the_members_are_those_of_the_specification() -> None:
    """All of §8, nothing else, and the record as it is in the log."""
    receipt = signed(Mode.SEALED)[1]
    plain = json.loads(format_receipt(receipt))
    members = "attestation letter log_vkey origin promise proof record salt t v words"
    assert list(plain) == members.split()
    assert plain["record"] == json.loads(format_record(receipt.record))
    assert len(plain["words"].split(" ")) == 12


def test_a_receipt_that_was_written_with_spaces() -> None:
    """The file need not be canonical: another program's JSON is read."""
    receipt = signed(Mode.PUBLIC)[1]
    pretty = json.dumps(json.loads(format_receipt(receipt)), indent=2, sort_keys=False)
    assert parse_receipt(pretty.encode()) == receipt


DAMAGES: dict[str, dict[str, Any]] = {
    "version": {"v": 2},
    "kind": {"t": "attempt"},
    "more": {"more": 1},
    "words in capitals": {"words": OTHER_WORDS.upper()},
    "eleven words": {"words": OTHER_WORDS.rpartition(" ")[0]},
    "checksum": {"words": OTHER_WORDS.replace("yellow", "zoo")},
    "salt": {"salt": "AAAA"},
    "letter": {"letter": {}},
    "record": {"record": {"v": 1, "t": "epoch", "letter": "A" * 43, "n": 1, "at": 1}},
    "attestation": {"attestation": None},
    "promise": {"promise": None},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_misshapen_receipt(damage: dict[str, Any]) -> None:
    """A member too many, too few or of another form."""
    plain = json.loads(format_receipt(signed(Mode.SEALED)[1]))
    with pytest.raises(FormatError):
        parse_receipt(json.dumps(plain | damage).encode())
    first = next(iter(damage))
    plain.pop(first, None)
    if first != "more":
        with pytest.raises(FormatError):
            parse_receipt(json.dumps(plain).encode())


def test_a_receipt_that_is_too_long() -> None:
    """A limit, before anything is read."""
    with pytest.raises(FormatError, match="longer"):
        parse_receipt(b" " * 10_000_000)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_flipped_bits_and_cuts_are_refused(data: st.DataObject) -> None:
    """Damage is an error of ours; what still parses and holds is the same receipt."""
    receipt = signed(Mode.SEALED)[1]
    body = bytearray(format_receipt(receipt))
    at = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        body[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del body[at:]
    try:
        damaged = parse_receipt(bytes(body))
        verify_receipt(damaged)
    except (FormatError, VerificationError):
        return
    # The salt is the member's to compare with the roll: nothing in the receipt is bound to it.
    assert replace(damaged, salt=receipt.salt) == receipt


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='[]{}":,0n', max_size=300).map(str.encode))
def test_garbage_is_refused(garbage: bytes) -> None:
    """Any other bytes give FormatError and nothing else."""
    with pytest.raises(FormatError):
        parse_receipt(garbage)
