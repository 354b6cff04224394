"""What an epoch needs, read before the lock: the same as with it, whatever comes in between."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.app.booth import Signed, booth_in

from undersigned.app import sequencing
from undersigned.app.foreseen import Foreseen
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Mode
from undersigned.domain.record import parse_record
from undersigned.store import letters as letter_store
from undersigned.store.database import Connection

ENGINES = ("sqlite", "postgresql")


def test_who_comes_in_between_is_in_the_epoch_as_well(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one is known when the lock is taken and not read again, the other is read then."""
    with booth_in(tmp_path / "data", address=database, rule=4) as booth:
        foreseen = [booth.sign(Mode.PUBLIC), booth.sign(Mode.PUBLIC)]
        later: list[Signed] = []
        read: list[bytes] = []
        append, find = sequencing._append_due, letter_store.find_documents

        def find_and_note(
            connection: Connection, digests: Iterable[bytes]
        ) -> Mapping[bytes, bytes]:
            asked = list(digests)
            read.extend(asked)
            return find(connection, asked)

        def append_later(*arguments: Any) -> int:
            later.append(booth.sign(Mode.PUBLIC))
            monkeypatch.setattr(letter_store, "find_documents", find_and_note)
            return append(*arguments)

        monkeypatch.setattr(sequencing, "_append_due", append_later)
        booth.sequence()
        records = booth.records()
        assert all(parse_record(each.entry) in records for each in (*foreseen, *later))
        assert read == [hash_bytes(each.blob) for each in later if each.blob is not None]
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_nothing_is_foreseen_where_nothing_waits(tmp_path: Path, database: str | None) -> None:
    """Names of which there is no document are left out, for whoever asks to say."""
    with booth_in(tmp_path / "data", address=database, rule=4) as booth:
        foreseen = Foreseen()
        with booth.site.collector.read() as connection:
            foreseen.read(connection, booth.letter.letter_id)
            assert foreseen.find_names(connection, [bytes(32)]) == {}
