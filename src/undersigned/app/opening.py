"""Opening names when their turn has come, where the operator is the only trustee.

The operator's key is used as any trustee's would be: the public log is exported into a folder, verified
there, and the wave recomputed (`trustee`). What is then submitted is one transaction: changes that were
promised before it, the `opening` record, the `outcome` that follows. A crash before the commit leaves
the wave waiting for its opening, which is made again, and is the same.
"""

import tempfile
from pathlib import Path

from undersigned.app.exporting import export_log
from undersigned.app.letters import Letters, LetterView, stage_of
from undersigned.app.log import Batch, publish
from undersigned.app.sequencing import settle
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.crypto.seal import open_blob, parse_blob
from undersigned.domain.name import parse_name
from undersigned.domain.opening import OpenedLeaf
from undersigned.errors import StoreError
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import ShownName, SignatureRow
from undersigned.trustee.opening import Opening, open_wave
from undersigned.trustee.waiting import find_due_wave


def open_due_waves(site: Site, letters: Letters) -> int:
    """Open every wave that waits for the operator; return how many were opened."""
    opened = 0
    for view in _find_waiting(site, letters):
        if submit_opening(site, view, _open(site, view)):
            opened += 1
    return opened


def _find_waiting(site: Site, letters: Letters) -> list[LetterView]:
    with site.collector.read() as connection:
        rows = letter_store.list_letters(connection, only_active=True)
    views = [letters.view(row) for row in rows if stage_of(row).opening_due]
    return [view for view in views if all(trustee.operator for trustee in view.letter.trustees)]


def _open(site: Site, view: LetterView) -> Opening:
    with tempfile.TemporaryDirectory(dir=site.folder, prefix="opening-") as name:
        folder = Path(name)
        export_log(site, folder)
        wave, size = find_due_wave(folder, view.letter_id)
    return open_wave(wave, size, lambda digest: _read_blob(site, digest), site.keys.trustee, 1)


def _read_blob(site: Site, digest: bytes) -> bytes | None:
    with site.collector.read() as connection:
        return pending_store.find_blob(connection, digest)


def submit_opening(site: Site, view: LetterView, opening: Opening) -> bool:
    """Append an opening and the outcome that follows it, and publish the names.

    Returns False if members have withdrawn, or names were erased, since the log that it was made from:
    then it is made again.
    """
    with site.collector.write() as connection:
        row = letter_store.find_letter(connection, view.letter_id)
        if row is None or not stage_of(row).opening_due:
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


def _is_fresh(connection: Connection, opening: Opening) -> bool:
    """Say whether every name that it opens or strikes is still there to be opened."""
    rows = (signature_store.find_signature(connection, leaf.index) for leaf in opening.file.leaves)
    return all(row is not None and row.status == "live" and not row.erased for row in rows)


def _apply(connection: Connection, turn: Turn, opening: Opening) -> None:
    letter_store.put_document(connection, opening.content)
    names = []
    for leaf in opening.file.leaves:
        row = signature_store.find_signature(connection, leaf.index)
        if row is None or row.name is None:
            raise StoreError(f"the signature at {leaf.index} is missing from the database")
        blob = _publish_blob(connection, row.name)
        if isinstance(leaf, OpenedLeaf):
            names.append(read_name(row, blob, leaf.key))
            signature_store.change_signature(connection, leaf.index, opened=1)
        else:
            signature_store.change_signature(connection, leaf.index, status="unopenable")
    signature_store.add_shown_names(connection, names)
    if opening.holds:
        turn.fix(opening.members)
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
