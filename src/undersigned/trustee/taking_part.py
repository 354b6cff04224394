"""A trustee's part in a wave, from the first request to the last. It can be done again at any time.

1. The site is mirrored, and its log verified offline, with what is known from elsewhere: the log's key, the
   tree that was seen last, which witnesses have to have cosigned.
2. The wave that waits is recomputed from it. If there is none, nothing is asked for and nothing sent.
3. The sealed names whose turn it is are fetched, each checked against its hash in the log.
4. The trustee's own shares of exactly these are opened and, if others are needed, sent to them, encrypted.
5. The share files of the others are fetched and read. With k of them the wave is combined, and the opening
   is sent; the first valid one is the one.

A crash after any step leaves what the next run does again: a share file takes the place of the older one, and
an opening that was taken is answered alike.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from undersigned.domain.letter import State
from undersigned.domain.shares import Shares
from undersigned.errors import (
    FormatError,
    OpeningOutdated,
    UnknownLeaf,
    VerificationError,
    WaveNotDue,
    WaveOpened,
)
from undersigned.files import replace_file
from undersigned.mirror import mirror_site
from undersigned.trustee.opening import Altered, Opening, combine_wave
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares, read_share_file, write_share_file
from undersigned.trustee.visiting import Visit
from undersigned.trustee.waiting import Knowledge, VerifiedLog, verify_log
from undersigned.verify.wave import Wave

AT_ONCE: Final = 8
"""Requests for sealed names at a time."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a trustee's part: the log that was verified, and how far the wave is.

    `wave` is None if none waits; `state` is that of the letter. `opening` is the one that was sent,
    `is_first` says that no other was in the log before. Otherwise `awaited` are trustees whose share
    files are not there, `open_leaves` the names for which more of them are needed. `altered` are shares
    that are not what the signers committed to, `unreadable` the trustees whose files cannot be read.
    `is_overtaken` says that the log went on meanwhile: the next round sees it.
    """

    log: VerifiedLog
    state: State | None
    wave: int | None = None
    opening: Opening | None = None
    is_first: bool = False
    awaited: tuple[int, ...] = ()
    open_leaves: tuple[int, ...] = ()
    altered: tuple[Altered, ...] = ()
    unreadable: tuple[int, ...] = ()
    is_overtaken: bool = False


def take_part(
    visit: Visit, folder: Path, known: Knowledge, on_step: Callable[[str], None]
) -> Round:
    """Do a trustee's part in the wave of a letter that waits, if one does.

    `folder` keeps the mirror and the sealed names. Raises VerificationError for a log that lies, and what
    the requests raise.
    """
    on_step("copying the log")
    mirror_site(visit.root, folder)  # 1
    on_step("verifying the log")
    log = verify_log(folder, known)
    replay = log.letter(visit.letter.letter_id)
    state = None if replay.stage is None else replay.stage.state
    wave = log.find_due_wave(visit.letter.letter_id)  # 2
    if wave is None:
        return Round(log, state)
    try:
        return _open(visit, folder, log, wave, on_step)
    except (WaveOpened, WaveNotDue, OpeningOutdated):
        # Somebody was faster, or has withdrawn: the next round sees it.
        return Round(log, state, wave.number, is_overtaken=True)


def _open(
    visit: Visit, folder: Path, log: VerifiedLog, wave: Wave, on_step: Callable[[str], None]
) -> Round:
    letter, number, sealed = visit.letter, visit.number, folder / "sealed"
    replay = log.letter(letter.letter_id)
    state = None if replay.stage is None else replay.stage.state
    names = SealedNames(wave, log.size, lambda digest: _read(sealed / digest.hex()))
    on_step("fetching the sealed names")
    missing = _fetch_blobs(visit, sealed, names)  # 3
    if missing:
        # Withdrawn since, or lost: the next round's log says which.
        return Round(log, state, wave.number, open_leaves=missing, is_overtaken=True)

    on_step("opening")
    files = [open_own_shares(names, visit.key, number)]  # 4
    unreadable: list[int] = []
    awaited: tuple[int, ...] = ()
    if letter.quorum > 1:
        visit.send_shares(wave.number, write_share_file(letter, files[0], visit.key))
        senders = visit.list_senders(wave.number)
        awaited = tuple(i for i in range(1, len(letter.trustees) + 1) if i not in senders)
        files += _read_others(visit, wave.number, senders, unreadable)  # 5
    combined = combine_wave(names, files, visit.key)
    is_first = False
    if combined.opening is not None:
        on_step("sending the opening")
        is_first = visit.send_opening(combined.opening)
    return Round(
        log,
        state,
        wave.number,
        combined.opening,
        is_first=is_first,
        awaited=awaited,
        open_leaves=combined.open_leaves,
        altered=combined.altered,
        unreadable=tuple(unreadable),
    )


def _fetch_blobs(visit: Visit, sealed: Path, names: SealedNames) -> tuple[int, ...]:
    """Fetch the sealed names that are not here yet; return the leaves of those that the site lacks."""
    sealed.mkdir(exist_ok=True)
    wanted = [
        (leaf, sealed / stance.name.hex())
        for leaf, stance in names.due.items()
        if stance.name is not None and not (sealed / stance.name.hex()).exists()
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(visit.get_blob, [leaf for leaf, _ in wanted]))
    for (_, path), blob in zip(wanted, found, strict=True):
        if blob is not None:
            replace_file(path, blob, mode=0o600)
    return tuple(leaf for (leaf, _), blob in zip(wanted, found, strict=True) if blob is None)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _read_others(
    visit: Visit, wave: int, senders: Sequence[int], unreadable: list[int]
) -> Iterator[Shares]:
    for sender in senders:
        if sender == visit.number or not 1 <= sender <= len(visit.letter.trustees):
            continue
        try:
            file = visit.get_shares(wave, sender)
            yield read_share_file(visit.letter, wave, sender, file, visit.key, visit.number)
        except UnknownLeaf:
            continue
        except (FormatError, VerificationError):
            unreadable.append(sender)
