"""Imports at the desk: a file is read in the background, looked at, and only then taken.

1. `begin` reads it in a thread; what is read is in memory alone, and nothing of it is on the roll.
2. People look at what was found: the first rows, the bad ones, those that name somebody again.
3. `take` puts the good rows on the roll in one transaction, and the log says so where the letter is
   open; `leave` forgets all of it.

A crash before the transaction of 3 leaves nothing; an import that nobody goes on with is forgotten after
`KEPT_S`. Few are kept at once: each may hold 200,000 rows. One that is left while it is read takes its
place until the reading has ended.
"""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from undersigned.app.failures import report_failure
from undersigned.app.issuer import Issuer
from undersigned.app.roll_changes import FindCollector, RollChange, add_entries
from undersigned.domain.roll_file import RollFile, read_roll
from undersigned.errors import Busy, NotOnRoll, StoreError, UndersignedError
from undersigned.store import rolls as roll_store

MOST_KEPT: Final = 4
KEPT_S: Final = 30 * 60


class Stage(StrEnum):
    """Where an import is."""

    READING = "reading"
    READ = "read"
    TAKING = "taking"
    TAKEN = "taken"
    FAILED = "failed"


@dataclass(slots=True)
class RollImport:
    """One import: whose it is, where it is, and what was found. `part` is done, from 0 to 1.

    `known` counts the rows that are on the roll already. `error` says why taking failed: then nothing
    was taken, or, if it is `Busy`, what was taken is on its way into the log. `is_left` says that it is to
    be forgotten as soon as nothing works on it.
    """

    id: str
    slug: str
    account: bytes
    begun: float
    stage: Stage = Stage.READING
    part: float = 0.0
    file: RollFile | None = None
    known: int = 0
    change: RollChange | None = None
    error: UndersignedError | None = None
    is_left: bool = False

    @property
    def is_on_its_way(self) -> bool:
        """Say whether the rows are in the database, and wait for a site that did not answer."""
        return isinstance(self.error, Busy)

    @property
    def is_working(self) -> bool:
        """Say whether something is being done, which the page waits for."""
        return self.stage in (Stage.READING, Stage.TAKING)


Within: TypeAlias = Callable[[RollImport, int], AbstractContextManager[None]]


def _alone(_: RollImport, __: int) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(slots=True)
class RollImports:
    """The imports of an issuer, which know no other than those of this process."""

    issuer: Issuer
    find_collector: FindCollector
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, RollImport] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _worker: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="imports of rolls")
    )

    def begin(self, slug: str, account: bytes, data: bytes) -> RollImport:
        """Begin to read a file. Raises Busy while others fill the room."""
        made = RollImport(secrets.token_urlsafe(16), slug, account, self.clock())
        with self._lock:
            self._forget_old()
            if len(self._kept) >= MOST_KEPT:
                raise Busy("Other imports are open; go on with them, or leave them, first.")
            self._kept[made.id] = made
        self._worker.submit(self._do, made, lambda: self._read(made, data))
        return made

    def get(self, slug: str, import_id: str) -> RollImport:
        """Return an import. Raises NotOnRoll if it is not here any more."""
        with self._lock:
            self._forget_old()
            found = self._kept.get(import_id)
        if found is None or found.slug != slug or found.is_left:
            raise NotOnRoll("This import is not here any more, and nothing of it was taken.")
        return found

    def take(self, slug: str, import_id: str, within: Within = _alone) -> RollImport:
        """Put the good rows on the roll, once; another call sees how far it is.

        `within` is what it is done in: the trail's row, which says how it ended.
        """
        found = self.get(slug, import_id)
        with self._lock:
            is_ready = found.stage is Stage.READ and not found.is_left
            if not is_ready or found.file is None or not found.file.entries:
                return found
            found.stage, found.part = Stage.TAKING, 0.0
            file = found.file
        self._worker.submit(self._do, found, lambda: self._take(found, file, within))
        return found

    def leave(self, slug: str, import_id: str) -> None:
        """Forget an import that is not being taken."""
        found = self.get(slug, import_id)
        with self._lock:
            found.is_left = found.stage is not Stage.TAKING
            if not found.is_working:
                self._kept.pop(import_id, None)

    def stop(self) -> None:
        """End what was begun; what nobody looked at is forgotten."""
        self._worker.shutdown(cancel_futures=True)
        self._kept.clear()

    def _forget_old(self) -> None:
        oldest = self.clock() - KEPT_S
        for kept in list(self._kept.values()):
            is_done = kept.stage in (Stage.TAKEN, Stage.FAILED)
            if not kept.is_working and (kept.begun < oldest or (is_done and self._is_full())):
                del self._kept[kept.id]

    def _is_full(self) -> bool:
        return len(self._kept) >= MOST_KEPT

    def _do(self, one: RollImport, work: Callable[[], None]) -> None:
        try:
            work()
        except UndersignedError as error:
            one.error, one.stage = error, Stage.FAILED
            if isinstance(error, StoreError) and not isinstance(error, Busy):
                report_failure("import of a roll", error)
        except Exception as error:  # noqa: BLE001 - of damaged rows anything may come
            one.error, one.stage = StoreError(), Stage.FAILED
            report_failure("import of a roll", error)
        finally:
            if one.stage in (Stage.TAKEN, Stage.FAILED):
                one.file = None
            with self._lock:
                if one.is_left:
                    self._kept.pop(one.id, None)

    def _read(self, one: RollImport, data: bytes) -> None:
        if one.is_left:
            return
        file = read_roll(data, tell=lambda part: _tell(one, part * 0.9))
        with self.issuer.database.read() as connection:
            known = roll_store.find_entries(
                connection, one.slug, [each.address for each in file.entries]
            )
        one.known = len(known)
        one.file, one.part, one.stage = file, 1.0, Stage.READ

    def _take(self, one: RollImport, file: RollFile, within: Within) -> None:
        with within(one, len(file.entries)):
            one.change = self._add(one, file)
        one.part, one.stage = 1.0, Stage.TAKEN

    def _add(self, one: RollImport, file: RollFile) -> RollChange:
        return add_entries(
            self.issuer,
            self.find_collector,
            one.slug,
            file.entries,
            lambda part: _tell(one, part * 0.9),
        )


def _tell(one: RollImport, part: float) -> None:
    one.part = part
