"""Deleted is gone: of a sealed name that was withdrawn not one piece is left in any file.

Without any tidying: when the write-ahead log has been moved into the file, which every site does now and
then, `secure_delete` has overwritten what was there.
"""

import secrets
import sqlite3
from pathlib import Path

import httpx2
import pytest
from tests.e2e.search import Search
from tests.live import LiveSite
from tests.web.members import enrolled, wait_for_proof

from undersigned.domain.letter import Mode
from undersigned.signer.amending import amend, withdraw
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import sign
from undersigned.tlog.merkle import leaf_hash

PIECE = 24


def _look_for(search: Search, label: str, content: bytes) -> None:
    for start in range(0, len(content) - PIECE, PIECE):
        search.add("piece", f"{label} {start}", content[start : start + PIECE])


def _found(search: Search, folder: Path) -> set[str]:
    """Return whose pieces are left."""
    return {hit.label.split()[0] for hit in search.in_folder(folder)}


def _checkpoint(folder: Path) -> None:
    for role in ("collector", "issuer"):
        with sqlite3.connect(folder / f"{role}.db") as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        connection.close()
        assert busy == 0
        assert (folder / f"{role}.db-wal").stat().st_size == 0


def test_a_withdrawn_or_amended_seal_is_gone(live_site: LiveSite) -> None:
    """And that of a member who did neither is there, piece by piece."""
    search = Search()
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        receipts: dict[str, Receipt] = {}
        for number, label in enumerate(("kept", "withdrawn", "anonymous", "again")):
            attempt = enrolled(client, live_site.slug, live_site.invites[number])
            attempt.choose(Mode.SEALED)
            assert attempt.blob is not None
            _look_for(search, label, attempt.blob)
            receipts[label] = sign(client, attempt)
            head = attempt.head
        for receipt in receipts.values():
            wait_for_proof(client, receipt.leaf_hash)
        _checkpoint(live_site.folder)
        assert _found(search, live_site.folder) == set(receipts)
        changes = [
            withdraw(client, head, receipts["withdrawn"]),
            amend(client, head, receipts["anonymous"], mode=Mode.ANONYMOUS),
            amend(client, head, receipts["again"], mode=Mode.SEALED),
        ]
        for change in changes:
            wait_for_proof(client, leaf_hash(change.entry))
    _checkpoint(live_site.folder)
    assert _found(search, live_site.folder) == {"kept"}


@pytest.mark.parametrize("secure", [True, False])
def test_without_secure_delete_pieces_are_found(secure: bool, tmp_path: Path) -> None:
    """The search finds what SQLite leaves when it is not told to overwrite."""
    content, search = secrets.token_bytes(3300), Search()
    _look_for(search, "deleted", content)
    connection = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    connection.execute(f"PRAGMA secure_delete={int(secure)}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (hash BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
    connection.execute("INSERT INTO t VALUES (?, ?)", (b"1", content))
    connection.execute("DELETE FROM t")
    assert _found(search, tmp_path) == {"deleted"}
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert _found(search, tmp_path) == (set() if secure else {"deleted"})
