"""What must hold of a site at any time, by the verifier's reckoning and by the database's own."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.app.village import Village

from undersigned.app import reading
from undersigned.app.answers import get_answers
from undersigned.app.exporting import export_log
from undersigned.app.guarantees import list_guarantees
from undersigned.app.letters import stage_of
from undersigned.app.moments import get_moment
from undersigned.app.reading import LetterNumbers, LetterPage
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.as_of import AtSize, AtTime
from undersigned.domain.letter import Letter, LetterId, Mode, State, format_text
from undersigned.domain.record import (
    AmendRecord,
    IssuedRecord,
    Record,
    SignRecord,
    WithdrawRecord,
    format_record,
    parse_record,
)
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.collector_schema import blob as blob_table
from undersigned.store.database import Connection
from undersigned.store.signatures import SignatureRow
from undersigned.store.tallies import find_wrong, read_tallies
from undersigned.verify import Report, Status, verify_mirror
from undersigned.verify.context import Context
from undersigned.verify.folder import Folder
from undersigned.verify.letter import LetterReplay
from undersigned.verify.log import LogReader, read_head
from undersigned.verify.moment import Moment
from undersigned.verify.replay import Replay
from undersigned.verify.report import Findings
from undersigned.web.api.answers import guarantees_of, responses_of
from undersigned.web.api.letters import seals_of

MOST_COMPARED: Final = 30
"""Sizes of a letter at which numbers are compared; more would make long walks slow."""

_IN_EPOCH = (IssuedRecord, SignRecord, AmendRecord, WithdrawRecord)


def mirror(village: Village, folder: Path) -> None:
    """Write what a mirror of this moment would hold, the site's pages included (formats §11)."""
    folder.mkdir()
    export_log(village.site, folder)
    site = {
        "origin": village.site.origin,
        "log_vkey": format_vkey(village.site.keys.log.verifier),
        "time": village.clock.now(),
    }
    _write(folder / "site" / "site.json", site)
    for page in reading.list_pages(village.site, village.letters):
        _write_pages(village, folder / "site" / "letters" / page.letter.letter_id.hex(), page)


def _write(path: Path, page: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(page), "utf-8")


def _write_pages(village: Village, place: Path, page: LetterPage) -> None:
    name = f"{page.letter.slug}@{page.letter.edition}"
    history = reading.get_history(village.site, village.letters, name)
    names = reading.list_names(village.site, village.letters, name)
    _write(place / "letter.json", _letter_page(page))
    _write(place / "counts.json", _counts(page.numbers))
    rows = [
        {"n": row.n, "at": row.at, "size": row.size} | msgspec.to_builtins(row.counts)
        for row in history
    ]
    _write(place / "history.json", {"history": rows})
    shown = [msgspec.to_builtins(each) | {"leaf": each.leaf_index} for each in names]
    for each in shown:
        del each["letter_id"]
    _write(place / "names.json", {"names": shown})
    responses = responses_of(get_answers(village.site, village.letters, name))
    _write(place / "responses.json", responses.model_dump(by_alias=True))
    found = list_guarantees(village.site, village.letters, name)
    guarantees = guarantees_of(found, village.clock.now())
    _write(place / "guarantees.json", guarantees.model_dump(by_alias=True))


def _counts(numbers: LetterNumbers) -> dict[str, int]:
    rest = {"headcount": numbers.headcount, "size": numbers.size, "at": numbers.at}
    return {**msgspec.to_builtins(numbers.counts), **rest}


def _letter_page(page: LetterPage) -> dict[str, Any]:
    return {
        "letter_id": page.letter.letter_id.hex(),
        "slug": page.letter.slug,
        "edition": page.letter.edition,
        "record": json.loads(format_record(page.view.record)),
        "texts": [json.loads(format_text(text)) for text in page.texts],
        "state": page.stage.state.value,
        "wave": page.stage.wave,
        "opened_at": page.opened_at,
        "reached_at": None,
        "released_at": None,
        "roll_n": page.roll_n,
        "seals": seals_of(page.letter),
        "counts": _counts(page.numbers),
    }


def verified(village: Village) -> tuple[Report, list[str]]:
    """Verify a mirror of this moment; return the report, and every doubt."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mirror"
        mirror(village, folder)
        report = verify_mirror(folder, now=village.clock.now())
        doubts = [
            f"check {check.number}: {sentence}"
            for check in report.checks
            if check.status in (Status.FALSE, Status.UNCHECKED)
            for sentence in check.evidence
        ]
        doubts += _compare_rows(village, folder)
        doubts += find_wrong_moments(village, folder)
    return report, doubts + find_wrong_seals(village) + _find_wrong_tallies(village)


def _find_wrong_tallies(village: Village) -> list[str]:
    with village.site.collector.read() as connection:
        doubts = [
            f"the tally of {kind} lacks {number}" for kind, number in find_wrong(connection).items()
        ]
        for row in letter_store.list_letters(connection):
            shown = read_tallies(connection, row.letter_id).shown(Mode.PUBLIC.value)
            names = signature_store.count_shown_names(connection, row.letter_id, [])
            if shown != names:
                doubts.append(f"{names} names of {row.slug} are shown, and counted are {shown}")
    return doubts


def _replayed(folder: Path) -> Replay:
    findings = Findings()
    files = Folder(folder)
    head = read_head(files, findings, None)
    assert head is not None
    replay = Replay(Context(files, findings, head.origin, None), {}, {})
    for index, entry in LogReader(files, head, findings, None, None).entries():
        replay.read(index, entry)
    replay.close(head.checkpoint.size)
    return replay


def _compare_rows(village: Village, folder: Path) -> list[str]:
    """Compare every signature's row, and every letter's stage, with what the log's records give."""
    replay = _replayed(folder)
    doubts = []
    with village.site.collector.read() as connection:
        for letter_id, letter in replay.letters.items():
            row = letter_store.find_letter(connection, letter_id)
            if row is None or stage_of(row) != letter.stage:
                doubts.append(f"{letter.label}: the stage in the database is another")
            for found in letter.signatures:
                leaf = found.leaf
                wanted = SignatureRow(
                    leaf,
                    letter_id,
                    found.pk,
                    found.mode.value,
                    found.condition or 0,
                    found.name,
                    "live" if found.end is None else found.end.value,
                    found.fixed,
                    found.is_opened,
                    found.erased_at is not None,
                )
                held = signature_store.find_signature(connection, leaf)
                if held != wanted:
                    doubts.append(f"leaf {leaf}: {held} in the database, {wanted} by the log")
    return doubts


def replay_at_all_sizes(village: Village, folder: Path) -> tuple[Replay, list[Record]]:
    """Replay the log of a mirror with the verifier, which keeps what every letter is at every size."""
    findings = Findings()
    files = Folder(folder)
    head = read_head(files, findings, None)
    assert head is not None
    size = head.checkpoint.size
    with village.site.collector.read() as connection:
        ids = [LetterId(row.letter_id) for row in letter_store.list_letters(connection)]
    wanted = {letter_id: list(range(size + 1)) for letter_id in ids}
    replay = Replay(Context(files, findings, head.origin, None), wanted, {})
    records = []
    for index, entry in LogReader(files, head, findings, None, None).entries():
        replay.read(index, entry)
        records.append(parse_record(entry))
    replay.close(size)
    return replay, records


def whole_sizes(letter: LetterReplay, records: Sequence[Record]) -> list[int]:
    """Return the sizes from a letter's opening on that do not lie within one of its epochs."""
    sizes, is_within = [], False
    for size in range(len(records), letter.index + 2, -1):
        if (
            size < len(records)
            and getattr(records[size], "letter_id", None) == letter.letter.letter_id
        ):
            is_within = isinstance(records[size], _IN_EPOCH)
        if not is_within:
            sizes.append(size)
    return sizes[::-1]


def find_wrong_moments(village: Village, folder: Path) -> list[str]:
    """Compare what the site says that letters were with the replay, at sizes and times of the whole log."""
    replay, records = replay_at_all_sizes(village, folder)
    doubts = []
    for letter in replay.letters.values():
        sizes = whole_sizes(letter, records)
        moments = [(size, letter.moments[size]) for size in sizes]
        for size, moment in moments[:: len(moments) // MOST_COMPARED + 1] + moments[-1:]:
            at = max(moment.ats)
            _, last = max(pair for pair in enumerate(moments) if max(pair[1][1].ats) <= at)
            for as_of, (_, wanted) in ((AtSize(size), (size, moment)), (AtTime(at), last)):
                doubts += _compare_moment(village, letter, as_of, wanted)
    return doubts


def _compare_moment(
    village: Village, letter: LetterReplay, as_of: AtSize | AtTime, wanted: Moment
) -> list[str]:
    name = f"{letter.letter.slug}@{letter.letter.edition}"
    found = get_moment(village.site, village.letters, name, as_of)
    shown = (msgspec.to_builtins(found.counts), found.headcount, found.epochs, found.at)
    given = (wanted.figures._asdict(), wanted.headcount, wanted.epoch, max(wanted.ats))
    return [] if shown == given else [f"{name} as of {as_of}: {shown}, the log gives {given}"]


def find_wrong_seals(village: Village) -> list[str]:
    """Say which sealed names are kept that should be destroyed, or the other way round."""
    with village.site.collector.read() as connection:
        kept = set(connection.execute(blob_table.select()).scalars().all())
        wanted: set[bytes] = set()
        for row in letter_store.list_letters(connection):
            wanted |= _waiting_seals(connection, LetterId(row.letter_id))
            if stage_of(row).state in (State.LAPSED, State.SUPERSEDED, State.CLOSED):
                continue
            wanted |= {
                each.name
                for each in signature_store.list_live(connection, row.letter_id)
                if each.mode == Mode.SEALED.value
                and not (each.opened or each.erased)
                and each.name is not None
            }
    missing, left = len(wanted - kept), len(kept - wanted)
    doubts = [f"{missing} sealed names are missing"] if missing else []
    return doubts + ([f"{left} sealed names should have been destroyed"] if left else [])


def _waiting_seals(connection: Connection, letter_id: LetterId) -> set[bytes]:
    records = [
        parse_record(row.record)
        for row in pending_store.list_pending(connection, letter_id, with_late=True)
    ]
    return {
        record.name
        for record in records
        if isinstance(record, SignRecord | AmendRecord)
        and record.mode is Mode.SEALED
        and record.name is not None
    }


def figures(village: Village, letter: Letter) -> dict[str, int]:
    """Return the numbers that the site shows of a letter."""
    name = f"{letter.slug}@{letter.edition}"
    return _counts(reading.get_numbers(village.site, village.letters, name))
