"""The guarantees under a letter: who promises what, whether it still holds, and to how many."""

from dataclasses import dataclass

from undersigned.app.letters import Letters
from undersigned.app.site import Site
from undersigned.domain.guarantee import Guarantee, parse_guarantee
from undersigned.domain.reasons import GuaranteeState
from undersigned.errors import FormatError, StoreError
from undersigned.store import guarantees as guarantee_store
from undersigned.store import letters as letter_store
from undersigned.store.database import Connection
from undersigned.store.guarantees import GuaranteeRow


@dataclass(frozen=True, slots=True)
class ShownGuarantee:
    """A guarantee that was given. `words` are None once its document was taken down.

    `withdrawal` is the record that ends it.
    """

    leaf_index: int
    at: int
    cap: int | None
    expires: int | None
    document: bytes
    words: Guarantee | None
    withdrawal: GuaranteeRow | None

    @property
    def withdrawn_at(self) -> int | None:
        """When it was withdrawn, if it was."""
        return None if self.withdrawal is None else self.withdrawal.at

    def has_expired(self, now: int) -> bool:
        """Say whether its time is over."""
        return self.expires is not None and self.expires <= now

    def holds(self, now: int) -> bool:
        """Say whether it is neither withdrawn nor over."""
        return self.withdrawal is None and not self.has_expired(now)


def list_guarantees(site: Site, letters: Letters, name: str) -> tuple[ShownGuarantee, ...]:
    """Return every guarantee under a letter, the newest first. Raises UnknownLetter."""
    with site.collector.read() as connection:
        return read_guarantees(connection, letters.get_row(connection, name).letter_id)


def read_guarantees(connection: Connection, letter_id: bytes) -> tuple[ShownGuarantee, ...]:
    """Return every guarantee under a letter, the newest first."""
    rows = guarantee_store.list_guarantees(connection, letter_id)
    return tuple(
        _shown(connection, row, find_withdrawal(rows, row))
        for row in reversed(rows)
        if row.state == GuaranteeState.GIVEN.value
    )


def find_withdrawal(rows: list[GuaranteeRow], given: GuaranteeRow) -> GuaranteeRow | None:
    """Return the record that ends a guarantee; `rows` are those of its letter, in the log's order."""
    return next(
        (
            row
            for row in rows
            if row.leaf_index > given.leaf_index
            and row.document == given.document
            and row.state == GuaranteeState.WITHDRAWN.value
        ),
        None,
    )


def find_given(rows: list[GuaranteeRow], document: bytes) -> GuaranteeRow | None:
    """Return the guarantee with a document that is given and not withdrawn."""
    last = [row for row in rows if row.document == document][-1:]
    return next((row for row in last if row.state == GuaranteeState.GIVEN.value), None)


def _shown(
    connection: Connection, row: GuaranteeRow, withdrawal: GuaranteeRow | None
) -> ShownGuarantee:
    content = letter_store.find_document(connection, row.document)
    try:
        words = None if content is None else parse_guarantee(content)
    except FormatError:
        raise StoreError("a guarantee in the database is damaged") from None
    return ShownGuarantee(
        leaf_index=row.leaf_index,
        at=row.at,
        cap=row.cap,
        expires=row.expires,
        document=row.document,
        words=words,
        withdrawal=withdrawal,
    )
