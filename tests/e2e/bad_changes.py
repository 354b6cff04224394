"""Amendments and withdrawals that must not be taken: everything about each is right but one thing."""

from collections.abc import Callable
from typing import Any

from tests.e2e.bad_records import edited, named, replaced, sealed, signer_of, withdrawal
from tests.e2e.bad_requests import Case
from tests.e2e.world import Signer, World, request, signed

from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Mode
from undersigned.domain.record import AmendRecord, WithdrawRecord, format_record


def _amendment(
    *,
    seq: int = 1,
    mode: Mode = Mode.ANONYMOUS,
    by: str = "receipt",
    blob: Callable[[World, Signer], bytes] | None = None,
    entry: Callable[[World, bytes], bytes | str] | None = None,
    **changed: Any,
) -> Callable[[World], str]:
    """Send an amendment of the member who stands, or of the one who is named by a receipt."""

    def send(world: World) -> str:
        signer = Signer.new(world.letter) if by == "nobody" else signer_of(getattr(world, by))
        content = None if blob is None else blob(world, signer)
        members: dict[str, Any] = {
            "letter_id": signer.letter.letter_id,
            "pk": signer.key.public_key,
            "seq": seq,
            "mode": mode,
            "condition": None,
            "name": None if content is None else hash_bytes(content),
            "sig": bytes(64),
        }
        record = signed(signer, AmendRecord(**(members | changed)))
        sent = record if entry is None else entry(world, record)
        return world.post(world.letter, "amendments", request(sent, content))

    return send


def _unsigned_withdrawal(world: World) -> str:
    signer = signer_of(world.receipt)
    record = WithdrawRecord(signer.letter.letter_id, signer.key.public_key, bytes(64))
    return world.post(world.letter, "amendments", request(format_record(record)))


def _signature_as_change(world: World) -> str:
    return world.post(world.letter, "amendments", request(format_record(world.receipt.record)))


CHANGES = (
    Case("amendment 0", _amendment(entry=edited(seq=0))),
    Case("amendment 9", _amendment(entry=edited(seq=9))),
    Case("amendment 2 before amendment 1", _amendment(seq=2)),
    Case("amendment 8 before all others", _amendment(seq=8)),
    Case("an amendment by somebody who has not signed", _amendment(by="nobody")),
    Case("an amendment after a withdrawal", _amendment(by="withdrawn")),
    Case("an amendment with one bit turned", _amendment(entry=edited(sig="A" * 86))),
    Case("an amendment that was changed on the way", _amendment(entry=edited(condition=2))),
    Case("an amendment that is not canonical", _amendment(entry=replaced(b'"v":1', b'"v": 1'))),
    Case("an amendment with a token", _amendment(entry=edited(token="A" * 472))),
    Case("an amendment to a condition that is not offered", _amendment(condition=5)),
    Case(
        "an amendment to public with a condition",
        _amendment(mode=Mode.PUBLIC, blob=named, condition=2),
    ),
    Case("an amendment to anonymous with a name", _amendment(name=bytes(32))),
    Case(
        "an amendment to another sealed name, unseen", _amendment(mode=Mode.SEALED, name=bytes(32))
    ),
    Case("an amendment to a public name, unseen", _amendment(mode=Mode.PUBLIC, name=bytes(32))),
    Case(
        "an amendment to another blob than it names",
        _amendment(mode=Mode.SEALED, blob=sealed, name=bytes(32)),
    ),
    Case(
        "an amendment to a blob for two trustees",
        _amendment(mode=Mode.SEALED, blob=lambda w, s: w.blob(s, 2)),
    ),
    Case(
        "an amendment to the name of another",
        _amendment(mode=Mode.PUBLIC, blob=lambda w, s: w.name_document(Signer.new(s.letter))),
    ),
    Case(
        "a withdrawal by somebody who has not signed",
        lambda world: withdrawal(world, signer=Signer.new(world.letter)),
    ),
    Case("a withdrawal with a blob", lambda world: withdrawal(world, blob=b"{}")),
    Case("a withdrawal with one bit turned", _unsigned_withdrawal),
    Case("a signature in place of a change", _signature_as_change),
    Case(
        "a change of a letter that does not exist",
        lambda world: world.send("POST", "/api/v1/letters/nothing/amendments", request(b"{}")),
    ),
)
