"""Records to and from the canonical bytes that the log holds; `docs/formats.md` §3.

The kinds themselves are in `kinds`, and can be had from here. What only the letter can judge (is the
mode offered?) is not checked here, and neither are signatures: this module gives the bytes they are over.
"""

import functools
import operator
import typing
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal

import msgspec

from undersigned.domain.canonical import decode_json, format_canonical
from undersigned.domain.kinds import (
    MOST_AMENDMENTS,
    Ack,
    AmendRecord,
    EpochRecord,
    EraseRecord,
    GuaranteeRecord,
    InvalidateRecord,
    IssuedRecord,
    LetterRecord,
    MayBeMissing,
    NoticeRecord,
    Octets,
    OpeningRecord,
    OutcomeRecord,
    Record,
    ResponseRecord,
    RollRecord,
    SignedRecord,
    SignRecord,
    WithdrawRecord,
)
from undersigned.domain.letter import LetterBody, Mode, format_letter, letter_of
from undersigned.domain.reasons import (
    DemandAnswer,
    DemandState,
    EraseReason,
    GuaranteeState,
    InvalidateReason,
    NoticeKind,
    ResponseSource,
    RollReason,
)
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

__all__ = [
    "LONGEST_LETTER",
    "LONGEST_RECORD",
    "MOST_AMENDMENTS",
    "Ack",
    "AmendRecord",
    "DemandAnswer",
    "DemandState",
    "EpochRecord",
    "EraseReason",
    "EraseRecord",
    "GuaranteeRecord",
    "GuaranteeState",
    "InvalidateReason",
    "InvalidateRecord",
    "IssuedRecord",
    "LetterRecord",
    "NoticeKind",
    "NoticeRecord",
    "OpeningRecord",
    "OutcomeRecord",
    "Record",
    "ResponseRecord",
    "ResponseSource",
    "RollReason",
    "RollRecord",
    "SignRecord",
    "SignedRecord",
    "WithdrawRecord",
    "documents_of",
    "format_record",
    "parse_record",
    "signed_bytes",
    "signed_part",
]


LONGEST_RECORD = 8_192  # bytes; §2
LONGEST_LETTER = 49_152  # bytes; the keys of 16 trustees alone are half of it


class _Kind:
    """How one kind of record reads from, and writes to, its struct on the wire."""

    def __init__(self, tag: str, record: type[Any]) -> None:
        hints = typing.get_type_hints(record, include_extras=True)
        attributes = [field.name for field in fields(record)]
        self.tag = tag
        self.record = record
        self.members = ["letter" if name == "letter_id" else name for name in attributes]
        sizes = [_find_size(hints[name]) for name in attributes]
        self.missing = [i for i, name in enumerate(attributes) if _may_be_missing(hints[name])]
        self.octets = [(i, size) for i, size in enumerate(sizes) if size is not None]
        self.struct = msgspec.defstruct(
            record.__name__,
            [
                ("v", Literal[1]),
                *(
                    _member_of(member, hints[name] if size is None else _text_of(hints[name]))
                    for member, name, size in zip(self.members, attributes, sizes, strict=True)
                ),
            ],
            tag=tag,
            tag_field="t",
            forbid_unknown_fields=True,
            gc=False,
        )
        self.read_members: Callable[[Any], tuple[Any, ...]] = operator.attrgetter(*self.members)
        self.read_attributes: Callable[[Any], tuple[Any, ...]] = operator.attrgetter(*attributes)

    def record_of(self, wire: Any) -> Any:
        """Make the record: base64url becomes bytes. Raises FormatError, naming the member."""
        values = list(self.read_members(wire))
        for i, size in self.octets:
            if (text := values[i]) is not None:
                try:
                    values[i] = parse_base64url(text, size=size)
                except FormatError as error:
                    raise FormatError(f"{self.tag}: {self.members[i]}: {error.detail}") from None
        for i in self.missing:
            values[i] = None if values[i] is msgspec.UNSET else values[i]
        return self.record(*values)

    def wire_of(self, record: Any) -> Any:
        """Make the struct: bytes become base64url."""
        values = list(self.read_attributes(record))
        for i, _ in self.octets:
            if (data := values[i]) is not None:
                values[i] = format_base64url(data)
        for i in self.missing:
            values[i] = msgspec.UNSET if values[i] is None else values[i]
        return self.struct(1, *values)

    def check_sizes(self, record: Any) -> None:
        """Check that every key, hash and signature has its size. Raises FormatError."""
        values = self.read_attributes(record)
        for i, size in self.octets:
            if values[i] is not None and len(values[i]) != size:
                raise FormatError(f"{self.tag}: {self.members[i]}: must be {size} bytes")


def _find_size(hint: Any) -> int | None:
    """Return the size that a hint's `Octets` states, looking into `X | None`."""
    for part in (hint, *typing.get_args(hint)):
        for note in getattr(part, "__metadata__", ()):
            if isinstance(note, Octets):
                return note.size
    return None


def _may_be_missing(hint: Any) -> bool:
    """Say whether a member is left out where the record has None."""
    return any(
        isinstance(note, MayBeMissing)
        for part in (hint, *typing.get_args(hint))
        for note in getattr(part, "__metadata__", ())
    )


def _member_of(name: str, hint: Any) -> tuple[Any, ...]:
    """Return a member of a struct; one that may be missing is never null."""
    if not _may_be_missing(hint):
        return (name, hint)
    (present,) = (part for part in typing.get_args(hint) if part is not type(None))
    return (name, present | msgspec.UnsetType, msgspec.UNSET)


def _text_of(hint: Any) -> Any:
    return str | None if type(None) in typing.get_args(hint) else str


class _AckWire(msgspec.Struct, forbid_unknown_fields=True):
    by: int | Literal["issuer"]
    sig: str


class _LetterWire(msgspec.Struct, tag="letter", tag_field="t", forbid_unknown_fields=True):
    body: LetterBody
    acks: list[_AckWire]
    sig: str
    v: Literal[1]


_KINDS: dict[type[Any], _Kind] = {
    record: _Kind(tag, record)
    for tag, record in {
        "roll": RollRecord,
        "issued": IssuedRecord,
        "epoch": EpochRecord,
        "sign": SignRecord,
        "amend": AmendRecord,
        "withdraw": WithdrawRecord,
        "invalidate": InvalidateRecord,
        "erase": EraseRecord,
        "outcome": OutcomeRecord,
        "opening": OpeningRecord,
        "response": ResponseRecord,
        "guarantee": GuaranteeRecord,
        "notice": NoticeRecord,
    }.items()
}
_KIND_OF_STRUCT = {kind.struct: kind for kind in _KINDS.values()}
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    functools.reduce(operator.or_, _KIND_OF_STRUCT, _LetterWire)
)
# The strings of every kind but `letter` are ASCII without anything to escape, and their member names
# are ASCII: sorting them is then all that RFC 8785 asks for.
_ENCODER = msgspec.json.Encoder(order="sorted")


def parse_record(entry: bytes) -> Record:
    """Read an entry of the log. Raises FormatError unless it is one canonical record, in its limits."""
    if len(entry) > LONGEST_LETTER:
        raise FormatError(f"record: longer than {LONGEST_LETTER} bytes")
    wire = decode_json(_DECODER, entry, "record")
    kind = _KIND_OF_STRUCT.get(type(wire))
    if kind is None:
        letter = _letter_record_of(wire)
        _check_canonical(entry, format_record(letter))
        return letter
    if len(entry) > LONGEST_RECORD:
        raise FormatError(f"{kind.tag}: longer than {LONGEST_RECORD} bytes")
    _check_canonical(entry, _ENCODER.encode(wire))
    record: Record = kind.record_of(wire)
    return record


def _check_canonical(entry: bytes, canonical: bytes) -> None:
    if entry != canonical:
        raise FormatError("record: not in canonical form")


def _letter_record_of(wire: _LetterWire) -> LetterRecord:
    acks = tuple(Ack(ack.by, parse_base64url(ack.sig, size=64)) for ack in wire.acks)
    return LetterRecord(letter_of(wire.body), acks, parse_base64url(wire.sig, size=64))


def format_record(record: Record) -> bytes:
    """Write a record as an entry of the log. Raises FormatError if it is too long or misshapen."""
    if isinstance(record, LetterRecord):
        return _format_letter_record(record)
    kind = _KINDS[type(record)]
    kind.check_sizes(record)
    return _ENCODER.encode(kind.wire_of(record))


def _format_letter_record(record: LetterRecord) -> bytes:
    if any(len(sig) != 64 for sig in (record.sig, *(ack.sig for ack in record.acks))):
        raise FormatError("letter: a signature must be 64 bytes")
    entry = format_canonical(_letter_members(record) | {"sig": format_base64url(record.sig)})
    if len(entry) > LONGEST_LETTER:
        raise FormatError(f"letter: longer than {LONGEST_LETTER} bytes")
    return entry


def _letter_members(record: LetterRecord) -> dict[str, Any]:
    acks = [{"by": ack.by, "sig": format_base64url(ack.sig)} for ack in record.acks]
    return {"v": 1, "t": "letter", "body": format_letter(record.letter), "acks": acks}


def signed_bytes(record: SignedRecord) -> bytes:
    """Return what the signature of a record is over; `sig` is not looked at (§3, Signatures)."""
    if isinstance(record, LetterRecord):
        return b"undersigned/v1/letter\n" + format_canonical(_letter_members(record))
    kind = _KINDS[type(record)]
    members = msgspec.to_builtins(kind.wire_of(record))
    del members["sig"]
    return b"undersigned/v1/" + kind.tag.encode() + b"\n" + _ENCODER.encode(members)


_SIG = b'"sig":"'
_SIG_LENGTH = len(_SIG) + 86 + len(b'",')


def signed_part(entry: bytes) -> bytes:
    """Return what `signed_bytes` does, from the canonical bytes of a record that a member or issuer signs.

    Canonical members are sorted: of these kinds `sig` stands before others, `t` right after it.
    """
    start = entry.index(_SIG)
    rest = entry[start + _SIG_LENGTH :]
    tag = rest[len(b'"t":"') : rest.index(b'"', len(b'"t":"'))]
    return b"undersigned/v1/" + tag + b"\n" + entry[:start] + rest


def documents_of(record: Record) -> tuple[bytes, ...]:
    """Return the hashes of the documents that a record names; a sealed blob is not one yet."""
    match record:
        case LetterRecord():
            return tuple(text.hash for text in record.letter.texts)
        case SignRecord() | AmendRecord():
            if record.mode is Mode.PUBLIC and record.name is not None:
                return (record.name,)
            return ()
        case InvalidateRecord():
            return (record.text,)
        case OpeningRecord():
            return (record.file,)
        case ResponseRecord() | GuaranteeRecord() | NoticeRecord():
            return (record.document,)
        case _:
            return ()
