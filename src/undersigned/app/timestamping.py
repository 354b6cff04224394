"""Timestamps: somebody outside says when a letter, and once a day the whole log, existed (RFC 3161).

Every authority that is set stamps the record of each letter soon after it has opened, and a published
checkpoint once a day, if the log has grown by anything but timestamps. What it answers is verified and
appended as a notice. Between the answer and the commit nothing is kept: a crash there costs a request.

A time that is far from the site's own is not logged: one of the two clocks is wrong, and a log whose
times lie after the stamp over them would be false for ever.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters
from undersigned.app.log import Batch, find_published, publish
from undersigned.app.noticing import append_notice
from undersigned.app.pauses import Pauses
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.record import NoticeKind
from undersigned.domain.timestamp import Timestamp, format_timestamp
from undersigned.errors import LeadLost, StaleCheckpoint, VerificationError
from undersigned.store import letters as letter_store
from undersigned.store import notices as notice_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.notices import TimestampRow
from undersigned.tlog.checkpoint import format_checkpoint_body

if TYPE_CHECKING:
    from undersigned.authority import Authority
    from undersigned.crypto.timestamp_token import Stamp

DAY_S: Final = 86_400
CLOCK_SLACK_S: Final = 300
"""How far the authority's time and the site's may lie apart; formats §3.3 has the same."""
LOOK_EVERY_S: Final = 1
FIRST_DELAY_S: Final = 60
LONGEST_DELAY_S: Final = 3_600


class Timestamping:
    """Asks the authorities of a site, each when its turn comes; one that fails is left alone longer."""

    def __init__(self, site: Site, letters: Letters, authorities: "tuple[Authority, ...]") -> None:
        self._site = site
        self._letters = letters
        self._authorities = authorities
        self._pauses: Pauses[bytes] = Pauses(FIRST_DELAY_S, LONGEST_DELAY_S)
        self._next_s = 0.0

    def step(self, now_s: float) -> int:
        """Get one stamp from every authority that owes one; return how many were logged.

        `now_s` is a clock that is never put back: it paces the looking, and the waits after failures.
        Raises StoreError.
        """
        if not self._authorities or now_s < self._next_s:
            return 0
        self._next_s = now_s + LOOK_EVERY_S
        return sum(self._stamp_next(authority, now_s) for authority in self._authorities)

    def _stamp_next(self, authority: "Authority", now_s: float) -> bool:
        if not self._pauses.may_try(authority.id, now_s):
            return False
        subject = _find_due(self._site, authority)
        if subject is None:
            return False
        try:
            token, stamp = authority.stamp(subject.content)
            _log(self._site, self._letters, authority, subject, token, stamp)
        except (StaleCheckpoint, LeadLost):
            raise
        except Exception as error:  # noqa: BLE001 - no authority may keep the others from stamping
            self._pauses.begin(authority.id, now_s)
            report_failure("timestamps", error)
            return False
        self._pauses.end(authority.id)
        return True


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is to be stamped: the letter whose notice it becomes, the bytes, the tree's size if a tree."""

    letter_id: bytes
    content: bytes
    size: int | None

    def document(self, stamp: "Stamp", token: bytes) -> bytes:
        if self.size is None:
            timestamp = Timestamp(stamp.imprint, None, stamp.authority, token)
        else:
            timestamp = Timestamp(None, self.content.decode(), stamp.authority, token)
        return format_timestamp(timestamp)


def _find_due(site: Site, authority: "Authority") -> _Subject | None:
    """Return what this authority has to stamp next: a letter, else a checkpoint."""
    with site.collector.read() as connection:
        rows = letter_store.list_letters(connection)
        for row in rows:
            stamps = notice_store.list_timestamps(connection, row.letter_id)
            if row.active and not any(stamp.asked == authority.id for stamp in stamps):
                return _Subject(row.letter_id, row.record, None)
        return _find_checkpoint(connection, site, rows, authority)


def _find_checkpoint(
    connection: Connection, site: Site, rows: list[LetterRow], authority: "Authority"
) -> _Subject | None:
    published = find_published(site)
    if published is None or not rows:
        return None
    last = notice_store.find_checkpoint_timestamp(connection, authority.id)
    if last is not None and last.size is not None:
        if site.clock.now() < last.at + DAY_S:
            return None
        # Otherwise timestamps of timestamps would be all that is logged of a site at rest.
        stamps = notice_store.count_timestamps(connection, last.size, published.size)
        if published.size - last.size <= stamps:
            return None
    newest = max(rows, key=lambda row: (row.active, row.opened_at))
    body = format_checkpoint_body(published).encode()
    return _Subject(newest.letter_id, body, published.size)


def _log(
    site: Site,
    letters: Letters,
    authority: "Authority",
    subject: _Subject,
    token: bytes,
    stamp: "Stamp",
) -> None:
    """Append a stamp as a notice and publish it. Raises VerificationError if the clocks differ."""
    with site.collector.write() as connection:
        if _has_stamp(connection, authority, subject, stamp):
            return
        rows = letter_store.list_letters(connection)
        _check_clocks(site.clock.now(), rows, authority, stamp)
        row = next(row for row in rows if row.letter_id == subject.letter_id)
        batch = Batch(connection, site)
        turn = Turn(connection, batch, letters.view(row), row)
        leaf = batch.next_index
        content = subject.document(stamp, token)
        append_notice(connection, site, turn, NoticeKind.TIMESTAMP, stamp.at, content)
        made = TimestampRow(
            leaf, row.letter_id, authority.id, stamp.authority, subject.size, stamp.at
        )
        notice_store.add_timestamp(connection, made)
        batch.write()
    publish(site)


def _has_stamp(
    connection: Connection, authority: "Authority", subject: _Subject, stamp: "Stamp"
) -> bool:
    """Say whether another process of this site was faster."""
    if subject.size is None:
        stamps = notice_store.list_timestamps(connection, subject.letter_id)
        return any(each.asked == authority.id for each in stamps)
    last = notice_store.find_checkpoint_timestamp(connection, authority.id)
    return last is not None and stamp.at < last.at + DAY_S


def _check_clocks(now: int, rows: list[LetterRow], authority: "Authority", stamp: "Stamp") -> None:
    """Check that the stamp's time is now, and after everything in the log, give or take minutes."""
    latest = max(row.at for row in rows)
    if abs(stamp.at - now) > CLOCK_SLACK_S or latest > stamp.at + CLOCK_SLACK_S:
        raise VerificationError(
            f"The time of {authority.host} and that of this site or its log are more than"
            f" {CLOCK_SLACK_S} s apart: set the clock that is wrong. The timestamp was not logged."
        )
