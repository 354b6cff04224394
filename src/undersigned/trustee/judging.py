"""Judging an opening before it is in the log, with the verifier's own code.

What is judged is the log as it would be: the folder's own, the opening record as the next entry, its file
and the blobs of its leaves among the documents. Whatever `undersigned verify` would say against that log is
said here, before it is too late.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from undersigned.domain.opening import OpeningFile, parse_opening
from undersigned.domain.record import OpeningRecord, format_record
from undersigned.errors import FormatError, VerificationError
from undersigned.trustee.waiting import require_no_fault, verify_log
from undersigned.verify.names import NameReader
from undersigned.verify.wave import Turn, find_turn


@dataclass(frozen=True, slots=True)
class Judged:
    """An opening in which nothing is false: its file, and whose turn it was."""

    file: OpeningFile
    turn: Turn


def judge_opening(
    folder: Path,
    record: OpeningRecord,
    content: bytes,
    publish: Callable[[OpeningFile], None],
) -> Judged:
    """Judge an opening against the log in a folder; `publish` puts the blobs of its leaves there.

    Raises VerificationError with the first thing that is false, FormatError for a misshapen file.
    """
    if hashlib.sha256(content).digest() != record.file:
        raise VerificationError("the opening file is not the one that its record names")
    file = parse_opening(content)
    if (file.letter_id, file.wave) != (record.letter_id, record.wave):
        raise VerificationError("the opening file is of another letter or wave than its record")
    log = verify_log(folder)
    wave = log.find_due_wave(record.letter_id)
    if wave is None or wave.number != record.wave:
        raise VerificationError("no opening of that wave is due")
    if file.size > log.size:
        raise FormatError("the opening was made from a longer log than this site has")
    _write(folder, record.file, content)
    publish(file)
    log.replay.read(log.size, format_record(record))
    letter = log.letter(record.letter_id)
    names = NameReader(letter.context, letter)
    names.read_all()
    require_no_fault(letter.context.findings)
    return Judged(file, find_turn(wave, file))


def _write(folder: Path, digest: bytes, content: bytes) -> None:
    documents = folder / "documents"
    documents.mkdir(exist_ok=True)
    (documents / digest.hex()).write_bytes(content)
