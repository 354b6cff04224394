"""Opening names when their turn has come: the operator as a trustee like any other, and what others send.

The operator's key is used as any trustee's would be: the public log is exported into a folder, verified
there, and the wave recomputed (`trustee`). The order, and what a crash leaves after each step:

1. The log is verified and the operator's own shares are opened. Nothing is stored; it is done again.
2. Where others are needed, its share file is stored. A crash before leaves the wave as it was; after it,
   the file is there, and is not made again.
3. With k share files, its own included, they are combined. Nothing is stored; it is done again, and any k
   files come to a valid opening.
4. What is submitted, by the operator or by another trustee, is one transaction: changes that were promised
   before it, the `opening` record, the `outcome` that follows, the file and the blobs as documents, and the
   share files are gone. A crash before its commit leaves the wave waiting.
5. The log is published. A crash before leaves that to the next start.

The first opening that is valid is the one; a second is refused, the same one again is answered alike.

The verifier and the trustee's side are imported when a wave is due, and not with the site.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from undersigned.app.exporting import export_log
from undersigned.app.letters import Letters, LetterView, stage_of
from undersigned.app.log import Batch, publish
from undersigned.app.sequencing import settle
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.crypto.seal import open_blob, parse_blob
from undersigned.domain.letter import Letter
from undersigned.domain.name import parse_name
from undersigned.domain.opening import OpenedLeaf, OpeningFile
from undersigned.domain.record import OpeningRecord, format_record
from undersigned.domain.shares import Shares
from undersigned.errors import (
    FormatError,
    OpeningOutdated,
    StoreError,
    VerificationError,
    WaveNotDue,
    WaveOpened,
)
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store import waves as wave_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.signatures import ShownName, SignatureRow
from undersigned.tlog.merkle import leaf_hash

if TYPE_CHECKING:
    from undersigned.trustee.opening import Opening
    from undersigned.verify.wave import Wave


@dataclass(slots=True)
class Operator:
    """What the operator remembers of waves that it could not open: the share files that it has tried.

    Looking at them again before another one comes would verify the whole log for nothing.
    """

    tried: dict[bytes, tuple[object, ...]] = field(default_factory=dict)


def open_due_waves(site: Site, letters: Letters, operator: Operator | None = None) -> int:
    """Do the operator's part in every wave that waits; return how many were opened by it."""
    known = Operator() if operator is None else operator
    opened = 0
    for view in _find_waiting(site, letters):
        seen = _what_is_there(site, view)
        if known.tried.get(view.letter_id) == seen:
            continue
        opening = _take_part(site, view)
        if opening is None:
            known.tried[view.letter_id] = seen
        elif submit_opening(site, view, opening):
            opened += 1
    return opened


def _find_waiting(site: Site, letters: Letters) -> list[LetterView]:
    with site.collector.read() as connection:
        rows = letter_store.list_letters(connection, only_active=True)
    views = [letters.view(row) for row in rows if stage_of(row).opening_due]
    return [view for view in views if operator_of(view.letter) is not None]


def operator_of(letter: Letter) -> int | None:
    """Return the number that the operator of the site has among the trustees, if it is one."""
    return next((i for i, each in enumerate(letter.trustees, 1) if each.operator), None)


def _what_is_there(site: Site, view: LetterView) -> tuple[object, ...]:
    """Return what an attempt depends on: the others' files, and the log once they are enough."""
    number = operator_of(view.letter)
    with site.collector.read() as connection:
        row = letter_store.find_letter(connection, view.letter_id)
        checkpoint = log_store.find_checkpoint(connection)
        if row is None or checkpoint is None:
            return ()
        wave = stage_of(row).wave
        lines = wave_store.list_shares(connection, view.letter_id, wave)
    others = tuple(line for line in lines if line.number != number)
    enough = len(others) + 1 >= view.letter.quorum
    return (wave, *others, checkpoint.size) if enough else (wave, *others)


def _take_part(site: Site, view: LetterView) -> "Opening | None":
    """Do steps 1 to 3: return the opening, or None while further trustees are awaited."""
    from undersigned.trustee.opening import combine_wave
    from undersigned.trustee.sealed import SealedNames
    from undersigned.trustee.sharing import open_own_shares
    from undersigned.trustee.waiting import verify_log

    letter, number = view.letter, operator_of(view.letter)
    if number is None:
        return None
    with exported(site) as folder:
        log = verify_log(folder)  # 1
    wave = log.find_due_wave(view.letter_id)
    if wave is None:
        return None

    names = SealedNames(wave, log.size, lambda digest: find_blob(site, digest))
    own = open_own_shares(names, site.keys.trustee, number)
    files = [own]
    if letter.quorum > 1:
        _store_own(site, letter, wave.number, own)  # 2
        files += _read_others(site, letter, wave, number)
        if len(files) < letter.quorum:
            return None
    return combine_wave(names, files, site.keys.trustee).opening  # 3


def _store_own(site: Site, letter: Letter, wave: int, own: Shares) -> None:
    from undersigned.trustee.sharing import write_share_file

    with site.collector.read() as connection:
        is_there = wave_store.find_share(connection, letter.letter_id, wave, own.sender)
    if is_there is None:
        put_share_file(
            site, letter, wave, own.sender, write_share_file(letter, own, site.keys.trustee)
        )


def put_share_file(site: Site, letter: Letter, wave: int, sender: int, file: bytes) -> bool:
    """Keep a share file that was verified; say whether it is the first. Raises WaveOpened, WaveNotDue."""
    with site.collector.write() as connection:
        check_due(letter_store.find_letter(connection, letter.letter_id), wave)
        digest = hashlib.sha256(file).digest()
        return wave_store.put_share(connection, letter.letter_id, wave, sender, digest, file)


def _read_others(site: Site, letter: Letter, wave: "Wave", number: int) -> Iterator[Shares]:
    """Yield the share files of the other trustees that can be read; one that cannot counts for nothing."""
    from undersigned.trustee.sharing import read_share_file

    with site.collector.read() as connection:
        lines = wave_store.list_shares(connection, letter.letter_id, wave.number)
    for line in lines:
        if line.number == number:
            continue
        with site.collector.read() as connection:
            file = wave_store.find_share(connection, letter.letter_id, wave.number, line.number)
        try:
            if file is not None:
                yield read_share_file(
                    letter, wave.number, line.number, file, site.keys.trustee, number
                )
        except (FormatError, VerificationError):
            continue


def find_blob(site: Site, digest: bytes) -> bytes | None:
    """Return a sealed name by its hash."""
    with site.collector.read() as connection:
        return pending_store.find_blob(connection, digest)


@contextmanager
def exported(site: Site) -> Iterator[Path]:
    """Give a folder with the public log in it, for as long as it is looked at. Raises StoreError."""
    with tempfile.TemporaryDirectory(dir=site.folder, prefix="opening-") as name:
        folder = Path(name)
        export_log(site, folder)
        yield folder


# --- what others send


def check_due(row: LetterRow | None, wave: int) -> None:
    """Check that a wave of a letter waits for its opening. Raises WaveOpened, WaveNotDue."""
    stage = None if row is None else stage_of(row)
    if stage is None or wave > stage.wave or wave < 1:
        raise WaveNotDue
    if wave < stage.wave or not stage.opening_due:
        raise WaveOpened


@dataclass(frozen=True, slots=True)
class Submitted:
    """An opening that is in the log: the leaf of its record, and whether it was there before."""

    index: int
    is_new: bool


def take_opening(site: Site, view: LetterView, record: OpeningRecord, content: bytes) -> Submitted:
    """Judge an opening that a trustee sends, wholly, and append it (step 4).

    Raises WaveOpened, WaveNotDue, OpeningOutdated; VerificationError and FormatError for one that is
    false.
    """
    from undersigned.trustee.judging import judge_opening
    from undersigned.trustee.opening import Opening

    found = _find_submitted(site, record)
    if found is not None:
        return Submitted(found, is_new=False)
    with site.collector.read() as connection:
        check_due(letter_store.find_letter(connection, view.letter_id), record.wave)
    with exported(site) as folder:
        judged = judge_opening(folder, record, content, lambda file: _put_blobs(site, folder, file))
    members = tuple(judged.turn.members)
    opening = Opening(judged.file, content, record, members, judged.turn.holds)
    if submit_opening(site, view, opening):
        found = _find_submitted(site, record)
        if found is None:
            raise StoreError("an opening that was written is not in the log")
        return Submitted(found, is_new=True)
    found = _find_submitted(site, record)
    if found is not None:
        return Submitted(found, is_new=False)
    with site.collector.read() as connection:
        check_due(letter_store.find_letter(connection, view.letter_id), record.wave)
    raise OpeningOutdated


def _find_submitted(site: Site, record: OpeningRecord) -> int | None:
    with site.collector.read() as connection:
        return log_store.find_leaf_index(connection, leaf_hash(format_record(record)))


def _put_blobs(site: Site, folder: Path, file: OpeningFile) -> None:
    """Put the blobs of an opening's leaves where a mirror would have them."""
    with site.collector.read() as connection:
        for leaf in file.leaves:
            row = signature_store.find_signature(connection, leaf.index)
            blob = (
                None
                if row is None or row.name is None
                else (pending_store.find_blob(connection, row.name))
            )
            if row is not None and row.name is not None and blob is not None:
                (folder / "documents" / row.name.hex()).write_bytes(blob)


def submit_opening(site: Site, view: LetterView, opening: "Opening") -> bool:
    """Append an opening and the outcome that follows it, and publish the names (steps 4 and 5).

    Returns False if another one was faster, or if members have withdrawn, or names were erased, since the
    log that it was made from: then it is made again.
    """
    with site.collector.write() as connection:
        row = letter_store.find_letter(connection, view.letter_id)
        if row is None or not _is_due(row, opening.record.wave):
            return False
        batch = Batch(connection, site)
        turn = Turn(connection, batch, view, row)
        now = site.clock.now()
        if turn.write_changes(now):
            batch.write()
            fresh = False
        else:
            fresh = _is_fresh(connection, opening)
            if fresh:
                _apply(connection, turn, opening)
                settle(connection, turn, now)
                batch.write()
    publish(site)
    return fresh


def _is_due(row: LetterRow, wave: int) -> bool:
    stage = stage_of(row)
    return stage.opening_due and stage.wave == wave


def _is_fresh(connection: Connection, opening: "Opening") -> bool:
    """Say whether every name that it opens or strikes is still there to be opened."""
    rows = (signature_store.find_signature(connection, leaf.index) for leaf in opening.file.leaves)
    return all(row is not None and row.status == "live" and not row.erased for row in rows)


def _apply(connection: Connection, turn: Turn, opening: "Opening") -> None:
    letter_store.put_document(connection, opening.content)
    names, bad = [], []
    for leaf in opening.file.leaves:
        row = signature_store.find_signature(connection, leaf.index)
        if row is None or row.name is None:
            raise StoreError(f"the signature at {leaf.index} is missing from the database")
        blob = _publish_blob(connection, row.name)
        if isinstance(leaf, OpenedLeaf):
            names.append(read_name(row, blob, leaf.key))
        else:
            bad.append(leaf.index)
    opened = [name.leaf_index for name in names]
    signature_store.change_signatures(connection, opened, opened=1)
    signature_store.change_signatures(connection, bad, status="unopenable")
    signature_store.add_shown_names(connection, names)
    wave_store.delete_shares(connection, turn.letter_id)
    if opening.holds:
        turn.signers.fix(opening.members)
    turn.add_opening(opening.record, holds=opening.holds)


def _publish_blob(connection: Connection, digest: bytes) -> bytes:
    """Make a blob a document: with its key in the opening file anyone can read it."""
    blob = pending_store.find_blob(connection, digest)
    if blob is None:
        raise StoreError("a sealed name is missing")
    letter_store.put_document(connection, blob)
    pending_store.delete_blob(connection, digest)
    return blob


def read_name(row: SignatureRow, blob: bytes, key: bytes) -> ShownName:
    """Return what is shown of a sealed name, with the key that its opening published."""
    document = parse_name(open_blob(parse_blob(blob), key, row.letter_id, row.pk))
    attestation = document.attestation
    return ShownName(
        leaf_index=row.leaf_index,
        letter_id=row.letter_id,
        name=attestation.name,
        role=attestation.role,
        verified=attestation.verified.value,
        statement=document.statement,
    )
