"""What a stranger finds in the log of a served site: it is mirrored, verified, and read."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from undersigned.domain.kinds import Record
from undersigned.domain.record import EpochRecord, format_record, parse_record
from undersigned.mirror import mirror_site
from undersigned.tlog.checkpoint import parse_checkpoint_body
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.note import parse_note
from undersigned.tlog.tile import ENTRIES, format_tile_path, parse_entry_bundle, tiles_of
from undersigned.verify import LetterFigures, verify_mirror

PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records of a log that was verified, in their order, and the figures of its letters."""

    records: tuple[Record, ...]
    letters: tuple[LetterFigures, ...]

    def count(self, kind: type[Record], letter_id: bytes) -> int:
        """Count the records of one kind of a letter."""
        return sum(
            isinstance(record, kind) and getattr(record, "letter_id", None) == letter_id
            for record in self.records
        )

    def epochs(self) -> dict[bytes, int]:
        """Return the time of the epoch that each record stands in, by the record's leaf hash."""
        at: dict[bytes, int] = {}
        epochs: dict[bytes, int] = {}
        for record in self.records:
            letter_id = getattr(record, "letter_id", b"")
            if isinstance(record, EpochRecord):
                at[letter_id] = record.at
            epochs[leaf_hash(format_record(record))] = at.get(letter_id, 0)
        return epochs


def collect_evidence(url: str, folder: Path) -> Evidence:
    """Mirror a site that is at rest into a folder, and verify the mirror: all of it holds."""
    mirror_site(url, folder)
    report = verify_mirror(folder, now=int(time.time()))
    doubts = [(check.number, check.evidence) for check in report.checks if check.number != 2]
    assert report.exit_code == 0, doubts
    return Evidence(tuple(map(parse_record, read_entries(folder / "log"))), report.letters)


def read_entries(log: Path) -> list[bytes]:
    """Return every entry of a mirrored log."""
    text = parse_note((log / "checkpoint").read_bytes()).text
    paths = (path for path in tiles_of(parse_checkpoint_body(text).size) if path.level == ENTRIES)
    return [
        entry
        for path in paths
        for entry in parse_entry_bundle((log / format_tile_path(path)).read_bytes(), path.width)
    ]


def wait_for_leaves(url: str, leaves: Iterable[bytes], patience_s: float = PATIENCE_S) -> None:
    """Wait until the site proves each of these leaves."""
    end = time.monotonic() + patience_s
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        for leaf in leaves:
            while (answer := client.get(f"/api/v1/proofs/{leaf.hex()}")).status_code != 200:
                assert answer.status_code == 202, answer.text
                assert time.monotonic() < end, "a record is not in the log in time"
                time.sleep(0.05)
