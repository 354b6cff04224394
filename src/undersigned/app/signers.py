"""The rows of a letter's signers, while a transaction writes its records (`app.turn`).

What signs, amends and withdraws does to signatures and to the names that are shown; where sealed names are
destroyed.
"""

from collections.abc import Iterable, Mapping

from undersigned.app.foreseen import Foreseen
from undersigned.domain.letter import LetterId, Mode
from undersigned.domain.name import NameDocument
from undersigned.domain.record import AmendRecord, WithdrawRecord, parse_record
from undersigned.errors import StoreError
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.pending import PendingRow
from undersigned.store.signatures import ShownName, SignatureRow


class Signers:
    """The signers of one letter in one transaction."""

    def __init__(
        self, connection: Connection, letter_id: LetterId, foreseen: Foreseen, *, replays: bool
    ) -> None:
        self._connection = connection
        self._foreseen = foreseen
        self._letter_id = letter_id
        # Another's log may lack names that were erased since.
        self._replays = replays
        # Leaf indexes of this batch: the database learns them when the batch is written.
        self._new_leaves: dict[bytes, int] = {}

    def list_live(self) -> list[SignatureRow]:
        """Return those that have not ended."""
        return signature_store.list_live(self._connection, self._letter_id)

    def add(self, signed: Iterable[tuple[int, PendingRow]]) -> None:
        """Store the signatures of an epoch, each with its leaf, and what is shown of public names."""
        rows, public = [], {}
        for index, row in signed:
            self._new_leaves[row.leaf_hash] = index
            record = self._foreseen.find_record(row)
            rows.append(
                SignatureRow(
                    leaf_index=index,
                    letter_id=record.letter_id,
                    pk=record.pk,
                    mode=record.mode.value,
                    condition=record.condition or 0,
                    name=record.name,
                )
            )
            if record.mode is Mode.PUBLIC and record.name is not None:
                public[index] = record.name
        signature_store.add_signatures(self._connection, rows)
        signature_store.add_shown_names(self._connection, self._shown_names(public))

    def _shown_names(self, public: Mapping[int, bytes]) -> list[ShownName]:
        """Return what is shown of public names, by leaf; nothing of those that are gone in a replay."""
        names = self._foreseen.find_names(self._connection, public.values())
        if len(names) < len(set(public.values())) and not self._replays:
            raise StoreError("the document of a public name is missing")
        return [
            self._shown_name(index, names[digest])
            for index, digest in public.items()
            if digest in names
        ]

    def _shown_name(self, index: int, document: NameDocument) -> ShownName:
        attestation = document.attestation
        return ShownName(
            leaf_index=index,
            letter_id=self._letter_id,
            name=attestation.name,
            role=attestation.role,
            verified=attestation.verified.value,
            statement=document.statement,
        )

    def change(self, row: PendingRow, index: int) -> None:
        """Do what an amendment or withdrawal says, whose leaf is `index`. Raises StoreError."""
        if row.nonce is None:
            raise StoreError("a waiting change has no signer")
        signed = pending_store.find_spent(self._connection, self._letter_id, row.nonce)
        leaf = None if signed is None else self._find_leaf(signed.leaf_hash)
        if leaf is None:
            raise StoreError(f"the change at {index} belongs to no signature in the log")
        signature = signature_store.find_signature(self._connection, leaf)
        if signature is None:
            raise StoreError(f"the signature at {leaf} is missing from the database")
        record = parse_record(row.record)
        if isinstance(record, WithdrawRecord):
            self._drop_name(signature)
            signature_store.change_signature(self._connection, leaf, status="withdrawn")
            return
        if not isinstance(record, AmendRecord):
            raise StoreError("a waiting record is of another kind than its row says")
        amended = record
        renamed = amended.name != signature.name
        if renamed:
            self._drop_name(signature)
        signature_store.change_signature(
            self._connection,
            leaf,
            mode=amended.mode.value,
            condition=amended.condition or 0,
            name=amended.name,
        )
        if renamed and amended.mode is Mode.PUBLIC and amended.name is not None:
            shown = self._shown_names({leaf: amended.name})
            signature_store.add_shown_names(self._connection, shown)

    def _find_leaf(self, leaf_hash: bytes) -> int | None:
        index = self._new_leaves.get(leaf_hash)
        if index is not None:
            return index
        return log_store.find_leaf_index(self._connection, leaf_hash)

    def _drop_name(self, signature: SignatureRow) -> None:
        """Destroy what a signature had by way of a name, before it changes or ends.

        A name that was public already stays a document: it was shown, and proofs name it.
        """
        if signature.mode == Mode.SEALED.value and not signature.opened and signature.name:
            pending_store.delete_blob(self._connection, signature.name)
        signature_store.delete_shown_name(self._connection, signature.leaf_index)

    def fix(self, standing: Iterable[int]) -> None:
        """Make signatures unconditional: they were released together."""
        signature_store.change_signatures(self._connection, standing, fixed=1)

    def strike(self, leaf: int, **changes: str | int) -> None:
        """Change a signature, and show its name no longer."""
        signature_store.delete_shown_name(self._connection, leaf)
        signature_store.change_signature(self._connection, leaf, **changes)

    def destroy_seals(self) -> None:
        """Destroy every sealed name that will never be opened."""
        for row in self.list_live():
            if row.mode == Mode.SEALED.value and not row.opened and row.name:
                pending_store.delete_blob(self._connection, row.name)
