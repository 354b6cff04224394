"""Bringing a restored site forward: from an older database and a newer mirror of its own log.

1. The mirror is verified: signed by this site's key, whole, and a continuation of the database (checks 1, 3
   and 4); its records hold (checks 5 to 11). 2. It is not older than what was published.
3. The issuer learns who has received a token; a crash after this step leaves entries that can get none any
more, which is so anyway. 4. One transaction replays the log into the collector's database (`replaying`); a
crash before its commit leaves it as it was. 5. The log is published, and witnesses are asked.

What no mirror has cannot come back: signatures that waited for their epoch, and sealed names.
"""

from dataclasses import dataclass
from pathlib import Path

from undersigned.app.issuer import Issuer, add_letter
from undersigned.app.log import find_published, publish
from undersigned.app.replaying import Replaying, count_lost_seals, size_of
from undersigned.app.site import Site, WholeSite
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.canonical import LONGEST_DOCUMENT
from undersigned.domain.letter import Letter
from undersigned.domain.opening import LONGEST_OPENING, OpeningFile
from undersigned.domain.record import IssuedRecord, LetterRecord, OpeningRecord, parse_record
from undersigned.errors import FormatError, RolledBack, StoreError, VerificationError
from undersigned.store import issuances
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store.issuances import IssuanceRow
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    MAX_BUNDLE_SIZE,
    TilePath,
    format_tile_path,
    parse_entry_bundle,
)
from undersigned.verify import State, Status, verify_mirror
from undersigned.verify.context import Context
from undersigned.verify.folder import Folder
from undersigned.verify.replay import Replay
from undersigned.verify.report import Findings
from undersigned.verify.wave import find_turn

REQUIRED = (1, 3, 4)
"""Checks that must hold: the mirror is this log, whole, and continues the database."""
RECORDS = (5, 6, 7, 8, 9, 10, 11)
"""Checks that must not be false: what is replayed would be false as well."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came back: sizes before and after, letters opened since; and what did not.

    `lost_seals` counts, by `slug@edition`, sealed names that nobody has any more. `keyless` are letters
    whose tokens can no longer be given out, since their issuer's keys are newer than the back-up.
    `issued` members were marked as having their token.
    """

    old_size: int
    size: int
    opened: tuple[str, ...]
    lost_seals: dict[str, int]
    keyless: tuple[str, ...]
    issued: int
    is_published: bool


def recover(site: Site, folder: Path) -> Recovery:
    """Bring a site forward from a mirror of it; nobody may serve it meanwhile.

    Raises VerificationError if the mirror is not a true continuation of this log, RolledBack if it is
    older than what was published, WitnessAhead or LogForked if a witness knows better still.
    """
    with site.collector.read() as connection:
        row = log_store.find_checkpoint(connection)
        if row is None:
            raise StoreError("the database has no checkpoint")
    size = _verify(site, folder, row.size, row.root)  # 1
    published = find_published(site)
    if published is not None and published.size > size:  # 2
        raise RolledBack(
            f"the mirror has {size} records, and {published.size} were published from this folder:"
            " take a newer mirror; witnesses and readers who verify have some"
        )
    entries = _read_entries(folder, size)
    issued, keyless = 0, tuple[str, ...]()
    if isinstance(site, WholeSite):
        issued, keyless = _tell_issuer(site.issuer, entries)  # 3
    opened = _replay(site, folder, entries, row.size)  # 4
    seen = publish(site, at_start=True)  # 5
    with site.collector.read() as connection:
        lost = {
            f"{each.slug}@{each.edition}": count_lost_seals(connection, each)
            for each in letter_store.list_letters(connection)
        }
    return Recovery(
        old_size=row.size,
        size=size,
        opened=opened,
        lost_seals={name: number for name, number in lost.items() if number},
        keyless=keyless,
        issued=issued,
        is_published=seen is not None and seen.size == size,
    )


def _verify(site: Site, folder: Path, old_size: int, old_root: bytes) -> int:
    """Verify the mirror; return its size. Raises VerificationError."""
    vkey = format_vkey(site.keys.log.verifier)
    state = State(site.origin, vkey, old_size, old_root)
    report = verify_mirror(folder, pinned_vkey=vkey, state=state)
    for number in (*REQUIRED, *RECORDS):
        check = report.check(number)
        needed = number in REQUIRED and check.status is not Status.HOLDS
        if needed or check.status is Status.FALSE:
            raise VerificationError(
                f"the mirror cannot be recovered from: check {number}: {check.evidence[0]}"
            )
    if report.size is None:
        raise VerificationError("the mirror has no checkpoint")
    return report.size


def _read_entries(folder: Path, size: int) -> list[bytes]:
    files = Folder(folder)
    entries: list[bytes] = []
    for start in range(0, size, FULL_WIDTH):
        width = min(FULL_WIDTH, size - start)
        path = format_tile_path(TilePath(ENTRIES, start // FULL_WIDTH, width))
        data = files.find(f"log/{path}", MAX_BUNDLE_SIZE)
        if data is None:
            raise VerificationError(f"the mirror lost log/{path} while it was read")
        entries += parse_entry_bundle(data, width)
    return entries


# --- the issuer


def _tell_issuer(issuer: Issuer, entries: list[bytes]) -> tuple[int, tuple[str, ...]]:
    """Mark every member that the log says has a token; return how many are new, and keyless letters."""
    issued, keyless = 0, []
    with issuer.database.write() as connection:
        for entry in entries:
            record = parse_record(entry)
            if isinstance(record, LetterRecord) and record.letter.issuer_url is None:
                if not _has_keys(issuer, record.letter):
                    keyless.append(f"{record.letter.slug}@{record.letter.edition}")
                else:
                    add_letter(connection, record.letter, None)
            elif isinstance(record, IssuedRecord):
                # Without c: the same blinded message gets the same token again, another one none.
                row = IssuanceRow(record.letter_id, record.member, record.blinded, b"", b"", b"")
                issued += issuances.add_issuance(connection, row)
    return issued, tuple(keyless)


def _has_keys(issuer: Issuer, letter: Letter) -> bool:
    try:
        issuer.keys(letter)
    except (StoreError, FormatError):
        return False
    return True


# --- the collector


def _replay(site: Site, folder: Path, entries: list[bytes], old_size: int) -> tuple[str, ...]:
    """Replay what the database lacks; return the letters that were opened in it."""
    files, findings = Folder(folder), Findings()
    context = Context(files, findings, site.origin, None)
    verified = Replay(context, {}, {})

    def find_document(digest: bytes) -> bytes | None:
        limit = max(LONGEST_DOCUMENT, LONGEST_OPENING)
        return context.find_document(digest, 11, "a document of the mirror", limit=limit)

    def turn_of(record: OpeningRecord, file: OpeningFile) -> tuple[tuple[int, ...], bool]:
        wave = verified.letters[record.letter_id].openings.wave
        if wave is None or wave.number != record.wave:
            raise VerificationError("the mirror has an opening of a wave that was never frozen")
        turn = find_turn(wave, file)
        return tuple(turn.members), turn.holds

    opened = []
    with site.collector.write() as connection:
        if size_of(connection) != old_size:
            raise StoreError("the site is being served: stop it, then recover")
        replaying = Replaying(connection, site, entries, find_document, turn_of)
        done = old_size
        for index, entry in enumerate(entries):
            # The verifier's replay is one step behind, at the leaf that is taken now.
            if index == done:
                record = parse_record(entry)
                if isinstance(record, LetterRecord):
                    opened.append(f"{record.letter.slug}@{record.letter.edition}")
                done = replaying.step(index)
            verified.read(index, entry)
    return tuple(opened)
