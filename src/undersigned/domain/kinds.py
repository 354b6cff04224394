"""The kinds of records, one class for each row of the table in `docs/formats.md` §3.

Every record is logged, most are signed: a change of a member is a change of the format. The annotations
say what each member is on the wire; `record` makes its readers and writers from them, so that the
members of a class stand in the order, and under the names, of the table.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec

from undersigned.domain.canonical import GREATEST, LetterId, Natural, Positive, check_unique
from undersigned.domain.letter import (
    MOST_DEMANDS,
    MOST_HEADCOUNT,
    MOST_TRUSTEES,
    Letter,
    Mode,
    State,
)
from undersigned.domain.reasons import (
    DemandAnswer,
    EraseReason,
    GuaranteeState,
    InvalidateReason,
    NoticeKind,
    ResponseSource,
    RollReason,
)
from undersigned.errors import FormatError

MOST_AMENDMENTS = 8  # each is 300 bytes for ever, and a member may change their mind


class Octets(NamedTuple):
    """Says of a member that it is `size` bytes, base64url on the wire."""

    size: int


class MayBeMissing:
    """Says of a member that it is left out, not null, where the record has None."""


MAY_BE_MISSING: Final = MayBeMissing()

Id: TypeAlias = Annotated[LetterId, Octets(32)]
Hash: TypeAlias = Annotated[bytes, Octets(32)]
Key: TypeAlias = Annotated[bytes, Octets(32)]
Signature: TypeAlias = Annotated[bytes, Octets(64)]
Token: TypeAlias = Annotated[bytes, Octets(354)]


@dataclass(frozen=True, slots=True)
class Ack:
    """The issuer's (`by` is "issuer") or a trustee's (from 1) signature over `ack_bytes`."""

    by: int | Literal["issuer"]
    sig: bytes


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """Opens a letter. Signed by the organiser."""

    letter: Letter
    acks: tuple[Ack, ...]
    sig: bytes

    def __post_init__(self) -> None:
        trustees = range(1, len(self.letter.trustees) + 1)
        if [ack.by for ack in self.acks] != ["issuer", *trustees]:
            raise FormatError("acks: first the issuer's, then one of every trustee in order")

    @property
    def letter_id(self) -> LetterId:
        """The id of the letter that is opened."""
        return self.letter.letter_id


@dataclass(frozen=True, slots=True)
class RollRecord:
    """States how many are on the roll, and a hash over it. Signed by the attestation key.

    `seq` counts the later ones of a letter; the one that it opens with has none.
    """

    letter_id: Id
    n: Natural
    hash: Hash | None
    reason: RollReason
    sig: Signature
    seq: Annotated[int, MAY_BE_MISSING, msgspec.Meta(ge=1, le=GREATEST)] | None = None

    def __post_init__(self) -> None:
        if (self.seq is None) != (self.reason is RollReason.OPENED):
            raise FormatError("roll: seq is there when the reason is not opened, and only then")


@dataclass(frozen=True, slots=True)
class IssuedRecord:
    """Says that one member received a token. Signed by the attestation key."""

    letter_id: Id
    blinded: Hash
    member: Hash
    sig: Signature


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """Begins epoch `n` (from 1) of a letter, at a time in UTC seconds."""

    letter_id: Id
    n: Positive
    at: Natural


@dataclass(frozen=True, slots=True)
class SignRecord:
    """A signature. `name` is the hash of a name document or blob, None when anonymous. Signed by pk."""

    letter_id: Id
    token: Token
    pk: Key
    mode: Mode
    condition: Natural | None
    name: Hash | None
    sig: Signature


@dataclass(frozen=True, slots=True)
class AmendRecord:
    """Replaces mode, condition and name of a signature; `seq` is one above the last. Signed by pk."""

    letter_id: Id
    pk: Key
    seq: Annotated[int, msgspec.Meta(ge=1, le=MOST_AMENDMENTS)]
    mode: Mode
    condition: Natural | None
    name: Hash | None
    sig: Signature


@dataclass(frozen=True, slots=True)
class WithdrawRecord:
    """Ends a signature, for good. Signed by pk."""

    letter_id: Id
    pk: Key
    sig: Signature


@dataclass(frozen=True, slots=True)
class InvalidateRecord:
    """Ends the signature at `leaf`; `text` is the document that says why. Signed by the organiser."""

    letter_id: Id
    leaf: Natural
    reason: InvalidateReason
    text: Hash
    sig: Signature


@dataclass(frozen=True, slots=True)
class EraseRecord:
    """Says that the name at `leaf` is gone; the signature counts on. Signed by the organiser."""

    letter_id: Id
    leaf: Natural
    reason: EraseReason
    sig: Signature


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """Enters a state, with the outcome over all records before it. Anyone can recompute it."""

    letter_id: Id
    state: State
    wave: Natural
    at: Natural
    m: Natural
    standing: Natural
    waiting: Natural
    hash: Hash


@dataclass(frozen=True, slots=True)
class OpeningRecord:
    """Names the opening file of a wave and counts its leaves. Signed by trustee `by` (from 1)."""

    letter_id: Id
    wave: Positive
    file: Hash
    opened: Natural
    bad: Natural
    by: Annotated[int, msgspec.Meta(ge=1, le=MOST_TRUSTEES)]
    sig: Signature


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """Answers demands. Signed by the organiser."""

    letter_id: Id
    demands: Annotated[
        tuple[DemandAnswer, ...], msgspec.Meta(min_length=1, max_length=MOST_DEMANDS)
    ]
    at: Natural
    document: Hash
    source: ResponseSource
    sig: Signature

    def __post_init__(self) -> None:
        check_unique((answer.id for answer in self.demands), "response: demands")


@dataclass(frozen=True, slots=True)
class GuaranteeRecord:
    """A third party's promise to those who sign: at most `cap` of them, until `expires`."""

    letter_id: Id
    state: GuaranteeState
    at: Natural
    cap: Positive | None
    expires: Natural | None
    document: Hash
    sig: Signature


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """Tells readers something; `n` is the new headcount, or None. Signed by the organiser."""

    letter_id: Id
    kind: NoticeKind
    at: Natural
    n: Annotated[int, msgspec.Meta(ge=1, le=MOST_HEADCOUNT)] | None
    document: Hash
    sig: Signature

    def __post_init__(self) -> None:
        if (self.n is None) == (self.kind is NoticeKind.HEADCOUNT):
            raise FormatError("notice: n is the new headcount, and null in every other kind")


SignedRecord: TypeAlias = (
    LetterRecord
    | RollRecord
    | IssuedRecord
    | SignRecord
    | AmendRecord
    | WithdrawRecord
    | InvalidateRecord
    | EraseRecord
    | OpeningRecord
    | ResponseRecord
    | GuaranteeRecord
    | NoticeRecord
)
Record: TypeAlias = SignedRecord | EpochRecord | OutcomeRecord
