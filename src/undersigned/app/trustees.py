"""What trustees ask of the site while a wave waits for them, each request signed by one (formats §9)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from undersigned.app.counting import find_standing, unopened_of
from undersigned.app.letters import LetterView, stage_of
from undersigned.app.opening import check_due, put_share_file
from undersigned.app.site import Site
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter
from undersigned.domain.opening import LONGEST_OPENING
from undersigned.domain.record import LONGEST_RECORD
from undersigned.domain.requests import request_bytes
from undersigned.domain.shares import LONGEST_SHARES
from undersigned.domain.stage import Stage
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError, NoTrustee, UnknownLeaf, VerificationError
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store import waves as wave_store
from undersigned.store.database import Connection
from undersigned.store.tallies import read_tallies
from undersigned.store.waves import ShareLine

MOST_DRIFT_S: Final = 300
"""A signed request is good for so long: whoever has seen one cannot send it again next week."""

_HEADER = re.compile(r"([1-9]|1[0-6]) (0|[1-9][0-9]{0,15}) ([A-Za-z0-9_-]{86})")


def find_trustee(letter: Letter, header: str, method: str, path: str, body: bytes, now: int) -> int:
    """Return the number of the trustee who signed a request. Raises NoTrustee."""
    match = _HEADER.fullmatch(header)
    if match is None:
        raise NoTrustee
    number, time = int(match[1]), int(match[2])
    if number > len(letter.trustees) or abs(time - now) > MOST_DRIFT_S:
        raise NoTrustee
    message = request_bytes(method, path, time, hashlib.sha256(body).digest())
    try:
        sig = parse_base64url(match[3], size=64)
        verify_ed25519(letter.trustees[number - 1].sign_key, message, sig)
    except (VerificationError, FormatError):
        raise NoTrustee from None
    return number


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the trustees of a wave are: whose share files are there, and who is awaited."""

    wave: int
    quorum: int
    files: tuple[ShareLine, ...]
    awaited: tuple[int, ...]


def read_progress(connection: Connection, letter: Letter, stage: Stage) -> Progress | None:
    """Return how far the trustees of the wave are that waits, None if none does."""
    if not stage.opening_due:
        return None
    lines = tuple(wave_store.list_shares(connection, letter.letter_id, stage.wave))
    sent = {line.number for line in lines}
    awaited = tuple(i for i in range(1, len(letter.trustees) + 1) if i not in sent)
    return Progress(stage.wave, letter.quorum, lines, awaited)


def get_progress(site: Site, view: LetterView, wave: int) -> Progress:
    """Return how far the trustees of a wave are. Raises WaveNotDue, WaveOpened."""
    with site.collector.read() as connection:
        row = letter_store.find_letter(connection, view.letter_id)
        check_due(row, wave)
        progress = None if row is None else read_progress(connection, view.letter, stage_of(row))
    if progress is None:
        raise UnknownLeaf
    return progress


def get_share_file(site: Site, view: LetterView, wave: int, sender: int) -> bytes:
    """Return a trustee's share file. Raises WaveNotDue, WaveOpened, UnknownLeaf."""
    with site.collector.read() as connection:
        check_due(letter_store.find_letter(connection, view.letter_id), wave)
        file = wave_store.find_share(connection, view.letter_id, wave, sender)
    if file is None:
        raise UnknownLeaf("That trustee has sent no share file for this wave.")
    return file


def take_share_file(site: Site, view: LetterView, wave: int, sender: int, file: bytes) -> bool:
    """Keep a trustee's share file; say whether it is the first. What is in it, the site cannot see.

    Raises WaveNotDue, WaveOpened; VerificationError, FormatError for one that is not the sender's.
    """
    # see app.opening
    from undersigned.trustee.sharing import check_share_file

    check_share_file(view.letter, wave, sender, file)
    return put_share_file(site, view.letter, wave, sender, file)


class Blobs:
    """The sealed names of waves that wait; who stands in one is found once for each state of the log."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._due: dict[tuple[bytes, int, int], dict[int, bytes]] = {}

    def get(self, view: LetterView, index: int) -> bytes:
        """Return the blob of a name whose turn it is. Raises WaveNotDue, WaveOpened, UnknownLeaf."""
        with self._site.collector.read() as connection:
            row = letter_store.find_letter(connection, view.letter_id)
            stage = None if row is None else stage_of(row)
            check_due(row, 0 if stage is None else stage.wave)
            checkpoint = log_store.find_checkpoint(connection)
            if stage is None or checkpoint is None:
                raise UnknownLeaf
            key = (bytes(view.letter_id), stage.wave, checkpoint.size)
            due = self._due.get(key)
            if due is None:
                due = _find_due(connection, view.letter, stage.wave)
                self._due = {key: due}
            digest = due.get(index)
            blob = None if digest is None else pending_store.find_blob(connection, digest)
        if blob is None:
            raise UnknownLeaf("There is no sealed name at that leaf whose turn it is.")
        return blob


def _find_due(connection: Connection, letter: Letter, wave: int) -> dict[int, bytes]:
    """Return the sealed names that stand in a wave after withdrawals: leaf, and hash of the blob."""
    frozen_at = wave_store.find_wave(connection, letter.letter_id, wave)
    if frozen_at is None:
        return {}
    live = [
        row
        for row in signature_store.list_live(connection, letter.letter_id)
        if row.leaf_index < frozen_at
    ]
    unopened = unopened_of(live, find_standing(letter, live))
    return {row.leaf_index: row.name for row in unopened if row.name is not None}


def longest_share_file(site: Site, letter: Letter) -> int:
    """Return how long a share file of a letter can be: more is not read from whoever sends it."""
    count = _count_signatures(site, letter)
    return min(LONGEST_SHARES, 1_024 + len(letter.trustees) * 1_168 + count * 96)


def longest_submission(site: Site, letter: Letter) -> int:
    """Return how long an opening's record and file can be together."""
    count, trustees = _count_signatures(site, letter), len(letter.trustees)
    file = 1_024 + count * (96 + trustees * (48 + 20)) + trustees * 128
    return LONGEST_RECORD + 1 + min(LONGEST_OPENING, file)


def _count_signatures(site: Site, letter: Letter) -> int:
    with site.collector.read() as connection:
        return sum(read_tallies(connection, letter.letter_id).live().values())
