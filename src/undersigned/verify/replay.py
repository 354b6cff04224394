"""The whole log, entry by entry: forms and signatures (check 5), letters and their acks (check 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.note_key import parse_vkey
from undersigned.domain.as_of import AsOf
from undersigned.domain.canonical import LONGEST_DOCUMENT, LONGEST_PDF
from undersigned.domain.letter import Letter, LetterId, State, ack_bytes
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    LetterRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    SignedRecord,
    SignRecord,
    documents_of,
    parse_record,
)
from undersigned.errors import FormatError, VerificationError
from undersigned.verify.answers import check_document
from undersigned.verify.context import Context
from undersigned.verify.letter import LetterReplay
from undersigned.verify.signed import find_key, verify_record
from undersigned.verify.timestamps import Timestamps
from undersigned.verify.vouching import HELD, ISSUED, SIGNED, Seen


@dataclass(slots=True)
class Replay:
    """All letters of the log. `wanted` holds, for each, the sizes at which the site shows numbers."""

    context: Context
    wanted: Mapping[LetterId, list[int]]
    names_from: Mapping[LetterId, int]
    as_of: AsOf | None = None  # what somebody asks about all of them
    letters: dict[LetterId, LetterReplay] = field(default_factory=dict)
    timestamps: Timestamps = field(init=False)
    _editions: dict[tuple[str, int], LetterId] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.timestamps = Timestamps(self.context, self.context.roots)

    def read_bundle(self, start: int, seen: Seen) -> None:
        """Take what was seen in the bundle that begins at leaf `start`."""
        rows, others = seen.read_rows(), iter(seen.others)
        for index, kind in enumerate(seen.kinds, start):
            if kind == SIGNED:
                signed = rows.next_signed()
                letter = self._find_letter(index, signed.letter_id)
                if letter is not None:
                    letter.read_signed(index, signed)
            elif kind == ISSUED:
                issued = rows.next_issued()
                letter = self._find_letter(index, issued.letter_id)
                if letter is not None:
                    letter.read_issued(index, issued)
            else:
                self.read(index, next(others), is_vouched=kind == HELD)

    def _find_letter(self, index: int, letter_id: LetterId) -> LetterReplay | None:
        letter = self.letters.get(letter_id)
        if letter is None:
            self.context.findings.false(
                6, f"Leaf {index}: a record of a letter that is not before it in the log."
            )
        return letter

    def read(self, index: int, entry: bytes, *, is_vouched: bool = False) -> None:
        """Take the entry at leaf `index`; `is_vouched`: its form and signature were verified."""
        try:
            record = parse_record(entry)
        except FormatError as error:
            self.context.findings.false(5, f"Leaf {index}: {error.detail}.")
            return
        if isinstance(record, LetterRecord):
            self._verify_signature(index, entry, record, record.letter)
            self._begin(index, record)
            return
        letter = self._find_letter(index, record.letter_id)
        if letter is None:
            return
        if not isinstance(record, (EpochRecord, OutcomeRecord)):
            if not is_vouched:
                self._verify_signature(index, entry, record, letter.letter)
            self._check_documents(index, record, letter)
        else:
            self.timestamps.take_time(index, record.at)
        letter.read(index, record)

    def _verify_signature(
        self, index: int, entry: bytes, record: SignedRecord, letter: Letter
    ) -> None:
        key = find_key(record, letter)
        if key is None:
            self.context.findings.false(
                5, f"Leaf {index}: signed by a trustee that letter {letter.slug!r} does not have."
            )
            return
        try:
            verify_record(record, entry, key)
        except (VerificationError, FormatError):
            self.context.findings.false(
                5, f"Leaf {index}, letter {letter.slug!r}: the record's signature does not hold."
            )

    def _check_documents(self, index: int, record: SignedRecord, letter: LetterReplay) -> None:
        """Check the documents of the organiser's records; names and openings have check 11.

        A page may be taken down without breaking anybody's proof: that one is missing is only told.
        """
        if isinstance(record, (SignRecord, AmendRecord, OpeningRecord)):
            return
        if isinstance(record, NoticeRecord) and record.kind is NoticeKind.TIMESTAMP:
            self.timestamps.read(index, record, letter.record, letter.label)
            return
        is_pdf = isinstance(record, NoticeRecord) and record.kind is NoticeKind.PDF
        limit = LONGEST_PDF if is_pdf else LONGEST_DOCUMENT
        for digest in documents_of(record):
            what = f"Leaf {index}, {letter.label}"
            data = self.context.find_document(digest, 6, what, limit=limit)
            if data is None:
                self.context.findings.note(
                    6, f"{what}: the document {digest.hex()} is not in the mirror as it was."
                )
            else:
                self._check_content(what, record, data)

    def _check_content(self, what: str, record: SignedRecord, data: bytes) -> None:
        try:
            check_document(record, data)
        except FormatError as error:
            self.context.findings.false(6, f"{what}: {error.detail}.")

    # --- letters

    def _begin(self, index: int, record: LetterRecord) -> None:
        letter = record.letter
        if letter.letter_id in self.letters:
            self._false(index, letter, "the same letter is opened twice")
            return
        edition = (letter.slug, letter.edition)
        if edition in self._editions:
            self._false(index, letter, "another letter of that name and edition was opened before")
        self._editions[edition] = letter.letter_id
        self._verify_acks(index, record)
        self._check_promise_key(index, letter)
        self._check_predecessor(index, letter)
        replay = LetterReplay(
            self.context, record, index, sorted(self.wanted.get(letter.letter_id, ()), reverse=True)
        )
        replay.watch_names_from = self.names_from.get(letter.letter_id)
        replay.steps.as_of = self.as_of
        self.letters[letter.letter_id] = replay

    def _false(self, index: int, letter: Letter, sentence: str) -> None:
        self.context.findings.false(6, f"Leaf {index}, letter {letter.slug!r}: {sentence}.")

    def _verify_acks(self, index: int, record: LetterRecord) -> None:
        letter = record.letter
        keys = (letter.attestation_key, *(trustee.sign_key for trustee in letter.trustees))
        for ack, key in zip(record.acks, keys, strict=True):
            try:
                verify_ed25519(key, ack_bytes(letter.letter_id), ack.sig)
            except (VerificationError, FormatError):
                who = "the issuer" if ack.by == "issuer" else f"trustee {ack.by}"
                self._false(index, letter, f"{who} has not accepted this letter: the ack is wrong")

    def _check_promise_key(self, index: int, letter: Letter) -> None:
        try:
            name = parse_vkey(letter.promise_vkey).name
        except FormatError as error:
            self._false(index, letter, f"the promise key cannot be read: {error.detail}")
            return
        if name != self.context.origin + "/promise":
            self._false(index, letter, f"the promise key is named {name!r}, not after this log")

    def _check_predecessor(self, index: int, letter: Letter) -> None:
        if letter.supersedes is None:
            return
        before = self.letters.get(letter.supersedes)
        if before is None:
            self._false(index, letter, "it supersedes a letter that is not before it in the log")
        elif (before.letter.slug, before.letter.edition + 1) != (letter.slug, letter.edition):
            self._false(index, letter, "it is not the next edition of the letter it supersedes")

    # --- the end

    def close(self, size: int) -> None:
        """Check what only the whole log of `size` entries can show."""
        successors = {
            replay.letter.supersedes: replay
            for replay in self.letters.values()
            if replay.letter.supersedes is not None
        }
        for letter_id, replay in self.letters.items():
            replay.take_moments(size)
            replay.steps.end(None, replay.moment)
            if replay.stage is None:
                self._false(replay.index, replay.letter, "the letter was never opened")
            successor = successors.get(letter_id)
            is_superseded = replay.stage is not None and replay.stage.state is State.SUPERSEDED
            if is_superseded != (successor is not None):
                self.context.findings.false(
                    10,
                    f"{replay.label.capitalize()}: it is superseded exactly when a next edition"
                    f" opens, and {'none does' if successor is None else 'it is not superseded'}.",
                )
            elif successor is not None and replay.stage is not None:
                self._check_superseded_at(replay, successor)

    def _check_superseded_at(self, replay: LetterReplay, successor: LetterReplay) -> None:
        if replay.stage is not None and replay.stage.at != successor.opened_at:
            self.context.findings.false(
                10,
                f"{replay.label.capitalize()}: superseded at {replay.stage.at}, and the next edition"
                f" opened at {successor.opened_at}.",
            )
