"""Timestamps: somebody outside says that a letter, or the whole log, existed; formats §3.3.

What is wrong with one is found under check 6, as of any document; that a tree was stamped which is not
this log's under check 4, since somebody has seen it; that the log claims times after the stamp over
them under check 10. A document that was taken down is only told.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable

from undersigned.crypto.timestamp import Roots, verify_chain
from undersigned.crypto.timestamp_token import Stamp, parse_token, verify_token
from undersigned.domain.canonical import LetterId, hash_bytes
from undersigned.domain.kinds import LetterRecord, NoticeRecord
from undersigned.domain.record import format_record
from undersigned.domain.timestamp import LONGEST_TIMESTAMP, Timestamp, parse_timestamp
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint_body
from undersigned.verify.context import CLOCK_SLACK_S, Context
from undersigned.verify.report import MOST_SENTENCES, TimestampFigures

FindRoot = Callable[[int], bytes | None]


class Timestamps:
    """The timestamps of a log, read with its records; what needs the whole tree waits for `close`."""

    __slots__ = ("_context", "_found", "_roots", "_times", "_trees")

    def __init__(self, context: Context, roots: Roots) -> None:
        self._context = context
        self._roots = roots
        self._found: dict[LetterId, list[TimestampFigures]] = {}
        self._times: list[
            tuple[int, int]
        ] = []  # leaf and time of every record later than all before
        self._trees: list[tuple[str, Checkpoint]] = []

    def take_time(self, index: int, at: int) -> None:
        """Note the time that the record at leaf `index` claims."""
        if not self._times or at > self._times[-1][1]:
            self._times.append((index, at))

    def read(self, index: int, record: NoticeRecord, letter: LetterRecord, label: str) -> None:
        """Take a timestamp notice at leaf `index`."""
        what = f"Leaf {index}, {label}"
        content = self._context.find_document(record.document, 6, what, limit=LONGEST_TIMESTAMP)
        if content is None:
            self._context.findings.note(
                6, f"{what}: the document {record.document.hex()} is not in the mirror as it was."
            )
            return
        try:
            timestamp = parse_timestamp(content)
            stamp = self._verify(timestamp, record)
            tree = self._check_subject(index, timestamp, letter)
        except (FormatError, VerificationError) as error:
            self._context.findings.false(6, f"{what}: the timestamp is false: {error.detail}")
            return
        if tree is not None:
            self._check_times(what, tree, stamp)
            self._trees.append((what, tree))
        size = None if tree is None else tree.size
        figures = TimestampFigures(index, stamp.at, stamp.authority, size, bool(self._roots))
        self._found.setdefault(record.letter_id, []).append(figures)

    def _verify(self, timestamp: Timestamp, record: NoticeRecord) -> Stamp:
        stamp = parse_token(timestamp.token)
        verify_token(stamp)
        if stamp.imprint != timestamp.imprint:
            raise VerificationError("It is a stamp over something else.")
        if stamp.at != record.at:
            raise VerificationError(
                f"The record says {format_moment(record.at)}, the authority {format_moment(stamp.at)}."
            )
        if stamp.authority != timestamp.authority:
            raise VerificationError("The authority's certificate has another name.")
        if self._context.now is not None and stamp.at > self._context.now + CLOCK_SLACK_S:
            raise VerificationError("Its time lies in the future.")
        if self._roots:
            verify_chain(stamp, self._roots)
        return stamp

    def _check_subject(
        self, index: int, timestamp: Timestamp, letter: LetterRecord
    ) -> Checkpoint | None:
        """Check that it is this letter's record that was stamped; or return the tree that was."""
        if timestamp.note is None:
            if timestamp.record != hash_bytes(format_record(letter)):
                raise VerificationError("What was stamped is not the record of this letter.")
            return None
        tree = parse_checkpoint_body(timestamp.note)
        if tree.origin != self._context.origin:
            raise VerificationError("What was stamped is a checkpoint of another log.")
        if tree.size > index:
            raise VerificationError(
                "What was stamped is a tree that the notice is itself a part of."
            )
        return tree

    def _check_times(self, what: str, tree: Checkpoint, stamp: Stamp) -> None:
        place = bisect_left(self._times, (tree.size, 0))
        latest = self._times[place - 1][1] if place else 0
        if latest > stamp.at + CLOCK_SLACK_S:
            self._context.findings.false(
                10,
                f"{what}: {stamp.authority} saw the first {tree.size} entries at"
                f" {format_moment(stamp.at)}, and one of them says {format_moment(latest)}.",
            )

    def close(self, find_root: FindRoot) -> None:
        """Compare the trees that were stamped with the log; tell what the timestamps say."""
        for what, tree in self._trees:
            root = find_root(tree.size)
            if root is None:
                self._context.findings.unchecked(
                    4, f"{what}: the tree of size {tree.size} that was stamped cannot be computed."
                )
            elif root != tree.root:
                self._context.findings.false(
                    4,
                    f"{what}: a tree of size {tree.size} with the root {tree.root.hex()} was stamped;"
                    f" the first {tree.size} entries have {root.hex()}.",
                )
        if self._found and not self._roots:
            self._context.findings.note(
                6,
                "Whose certificates the timestamps are signed with was not checked: no roots were"
                " given that are trusted for it.",
            )

    def of(self, letter_id: LetterId) -> tuple[TimestampFigures, ...]:
        """Return what holds of a letter: its record's timestamps, then its trees', earliest first."""
        found = self._found.get(letter_id, [])
        ordered = sorted(found, key=lambda each: (each.size is not None, each.at, each.leaf))
        return tuple(ordered[:MOST_SENTENCES])


def format_moment(at: int) -> str:
    """Write UTC seconds for people; a number that no calendar has stays one."""
    try:
        return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return str(at)
