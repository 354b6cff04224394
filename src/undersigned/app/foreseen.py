"""What an epoch needs of the signatures that wait, read before the write lock is taken.

Whoever signs waits while an epoch is written. Parsing its records and names is a third of that work and needs
no lock: nothing of what waits changes. What comes in between is read with the lock held.
"""

from collections.abc import Iterable, Mapping

from undersigned.domain.letter import LetterId, Mode
from undersigned.domain.name import NameDocument, parse_name
from undersigned.domain.record import SignRecord, parse_record
from undersigned.errors import StoreError
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store.database import Connection
from undersigned.store.pending import PendingRow


class Foreseen:
    """Signatures by their leaf hashes, and public names by their own."""

    def __init__(self) -> None:
        self._records: dict[bytes, SignRecord] = {}
        self._names: dict[bytes, NameDocument] = {}

    def read(self, connection: Connection, letter_id: LetterId) -> None:
        """Read the signatures that wait for a letter's epoch. Raises StoreError, FormatError."""
        rows = pending_store.list_pending(connection, letter_id, with_late=False)
        for row in rows:
            if row.crowd in ("public", "crowd"):
                self._records[row.leaf_hash] = self.find_record(row)
        public = (record.name for record in self._records.values() if record.mode is Mode.PUBLIC)
        self._names |= self.find_names(connection, [name for name in public if name is not None])

    def find_record(self, row: PendingRow) -> SignRecord:
        """Return a signature that waits. Raises StoreError, FormatError."""
        record = self._records.get(row.leaf_hash) or parse_record(row.record)
        if not isinstance(record, SignRecord):
            raise StoreError("a waiting record is of another kind than its row says")
        return record

    def find_names(
        self, connection: Connection, digests: Iterable[bytes]
    ) -> Mapping[bytes, NameDocument]:
        """Return public names by their hashes; those whose documents there are. Raises FormatError."""
        asked = set(digests)
        missing = asked - self._names.keys()
        contents = letter_store.find_documents(connection, missing) if missing else {}
        return {digest: self._names[digest] for digest in asked - missing} | {
            digest: parse_name(content) for digest, content in contents.items()
        }
