"""The collector at another address, as an issuer apart asks it: by HTTP (formats §9.1).

Whatever is not a plain yes or a plain no is "it is not known": the member is told to come back, and the
same request then hands over the same record. Nothing of the member goes along but the commitment that
is in the record.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import httpx2
import msgspec

from undersigned.app.failures import Failing
from undersigned.app.news import LetterNews
from undersigned.crypto.note_key import parse_vkey
from undersigned.domain.canonical import Natural, decode_json
from undersigned.domain.letter import Letter, State
from undersigned.domain.record import IssuedRecord, RollRecord, format_record
from undersigned.domain.stage import ENDED, TAKES_AMENDMENTS
from undersigned.encoding import format_base64url
from undersigned.errors import (
    AlreadyIssued,
    Busy,
    FormatError,
    LetterNotOpen,
    RollExceeded,
    UndersignedError,
    UnknownLetter,
    VerificationError,
)
from undersigned.signer.exchange import ONCE, Patience, fetch, submit
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import parse_promise

PATIENCE: Final = Patience(tries=2, longest_wait_s=1.0)
"""A member waits meanwhile, whose own program is patient: one more try for a connection that was lost."""

OPEN_FOR_S: Final = 30.0
"""How long a letter that took signatures is believed to; when it does not any more, `take` is refused."""

AWAY: Final = "The site that collects the signatures does not answer; try again in a few seconds."

_PLAIN: Final = (AlreadyIssued, LetterNotOpen, RollExceeded, UnknownLetter, Busy)
"""What the site can say that the member is to hear."""


class _CountsAnswer(msgspec.Struct):
    m: Natural


class _LetterAnswer(msgspec.Struct):
    letter_id: str
    state: State


class _NewsAnswer(_LetterAnswer):
    counts: _CountsAnswer
    reached_at: Natural | None
    released_at: Natural | None
    # an older site does not say it
    ended_at: Natural | None = None


class _ResponsesAnswer(msgspec.Struct):
    responses: list[msgspec.Raw]


class _PromiseAnswer(msgspec.Struct, forbid_unknown_fields=True):
    promise: str


class _StatedAnswer(msgspec.Struct, forbid_unknown_fields=True):
    n: int


T = TypeVar("T", bound=_LetterAnswer)

_STATED: Final = msgspec.json.Decoder(_StatedAnswer)
_LETTER: Final = msgspec.json.Decoder(_LetterAnswer)
_NEWS: Final = msgspec.json.Decoder(_NewsAnswer)
_RESPONSES: Final = msgspec.json.Decoder(_ResponsesAnswer)
_PROMISE: Final = msgspec.json.Decoder(_PromiseAnswer)


class OutsideCollector:
    """One site, at `base` (its address without a slash at the end); see `issuing.Collector`."""

    def __init__(
        self, client: httpx2.Client, base: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._base = base
        self._clock = clock
        self._open_until: dict[bytes, float] = {}
        self._failing = Failing("handing over a record")

    def check_takes(self, letter: Letter) -> None:
        """Check that a letter takes signatures now. Raises LetterNotOpen, UnknownLetter, Busy."""
        if self._clock() < self._open_until.get(letter.letter_id, 0):
            return
        try:
            wire = self._read(letter, PATIENCE, _LETTER)
        except UndersignedError as error:
            raise self._plain(error) from None
        self._failing.end()
        if wire.state not in TAKES_AMENDMENTS:
            raise LetterNotOpen
        self._open_until[letter.letter_id] = self._clock() + OPEN_FOR_S

    def look(self, letter: Letter) -> LetterNews:
        """Return where a letter is now. Raises UnknownLetter, and whatever keeps it from asking."""
        wire = self._read(letter, ONCE, _NEWS)
        ended_at = wire.ended_at
        if wire.state in ENDED and ended_at is None:
            ended_at = letter.closes
        is_answered = wire.released_at is not None and self._is_answered(letter)
        return LetterNews(
            wire.state, wire.counts.m, wire.reached_at, wire.released_at, ended_at, is_answered
        )

    def _is_answered(self, letter: Letter) -> bool:
        answer = fetch(self._client, f"{self._address(letter)}/responses", ONCE)
        return bool(decode_json(_RESPONSES, answer.body, "answers").responses)

    def _read(self, letter: Letter, patience: Patience, decoder: msgspec.json.Decoder[T]) -> T:
        answer = fetch(self._client, self._address(letter), patience)
        wire = decode_json(decoder, answer.body, "letter")
        if wire.letter_id != letter.letter_id.hex():
            # Another proposal than the acknowledged one was opened: no token of ours is for it.
            raise UnknownLetter
        return wire

    def take(self, letter: Letter, record: IssuedRecord) -> None:
        """Return once the site has promised the record. Raises AlreadyIssued, LetterNotOpen, Busy.

        1. The site took the record. 2. Its promise is signed by the letter's promise key. 3. It is one
        for this record. A site that fails 2 or 3 is reported, and no token leaves.
        """
        entry = format_record(record)
        body = {"record": format_base64url(entry)}
        try:
            answer = submit(
                self._client, f"{self._address(letter)}/issuer-records", body, PATIENCE
            )  # 1
            note = decode_json(_PROMISE, answer.body, "promise").promise
            key = parse_vkey(letter.promise_vkey)
            promise = parse_promise(note.encode("utf-8", "surrogatepass"), key)  # 2
            if promise.leaf_hash != leaf_hash(entry):  # 3
                raise VerificationError("The promise is one for another record.")
        except UndersignedError as error:
            raise self._plain(error) from None
        self._failing.end()

    def state_roll(self, letter: Letter, record: RollRecord) -> None:
        """Return once the site says that a later roll is in its log. Raises LetterNotOpen, Busy."""
        body = {"record": format_base64url(format_record(record))}
        try:
            answer = submit(self._client, f"{self._address(letter)}/roll-records", body, PATIENCE)
            if decode_json(_STATED, answer.body, "answer").n != record.n:
                raise FormatError("the site says another number than the roll")
        except UndersignedError as error:
            raise self._plain(error) from None
        self._failing.end()

    def _plain(self, error: UndersignedError) -> UndersignedError:
        """Return what a member is told; what only the operator can mend is reported."""
        if isinstance(error, _PLAIN):
            return error
        self._failing.report(error)
        return Busy(AWAY)

    def _address(self, letter: Letter) -> str:
        return f"{self._base}/api/v1/letters/{letter.slug}@{letter.edition}"


class OutsideCollectors:
    """The sites that an issuer issues for, by address; all are asked through one client."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self._known: dict[str, OutsideCollector] = {}

    def get(self, base: str) -> OutsideCollector:
        """Return the site at an address."""
        return self._known.setdefault(base, OutsideCollector(self._client, base))
