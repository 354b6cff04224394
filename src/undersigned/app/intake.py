"""The intake: nothing is acknowledged that is not verified and on disk, nothing twice.

Requests queue up; one thread takes as many as wait (up to `MOST_PER_BATCH`), verifies them in
parallel (the libraries let go of the interpreter lock) and commits them in one transaction, so that
many share the price of one sync. The queue is bounded: beyond it callers are told to come back. What
a request is, and what is checked and kept of it, is in `app.taking`.

A record waits in `pending` from its acknowledgement to its epoch. A crash before the commit loses
only what was never acknowledged; after it, the same request gets the same answer.
"""

import asyncio
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters, LetterView
from undersigned.app.site import Site
from undersigned.app.taking import Request
from undersigned.app.taking_many import Answered, take_many
from undersigned.errors import Busy, DatabaseLost, FormatError, StoreError, UndersignedError
from undersigned.store.database import Connection
from undersigned.tlog.promise import Promise, format_promise_text

MOST_PER_BATCH = 256
"""Records in one transaction: more would only make the first of them wait longer."""

MOST_WAITING = 2048
"""Requests that may wait: about a second's work; beyond it an early "come back" is kinder."""

PAUSE_S = 0.002
"""A transaction is begun when nobody has come for so long."""

LONGEST_GATHERING_S = 0.02
"""How long the first of a transaction waits for others at most."""

VERIFIERS = 2
"""Threads that verify, this one among them."""

FEWEST_APART = 8
"""Requests that are worth another thread."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an accepted record is answered with: the promise (text of a signed note), and if it is new."""

    promise: str
    created: bool


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request in the queue: by which name its letter was asked for, if by one, and who waits for it."""

    request: Request
    name: str | None
    future: "Future[Answer] | asyncio.Future[Answer]"


_Result: TypeAlias = Answer | UndersignedError
_Verified: TypeAlias = tuple[_Waiting, LetterView]


class Intake:
    """The queue, and the thread that empties it."""

    def __init__(self, site: Site, letters: Letters) -> None:
        self._site = site
        self._letters = letters
        self._queue: deque[_Waiting] = deque()
        self._pool = ThreadPoolExecutor(VERIFIERS - 1, thread_name_prefix="verify")
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._closed = self._ending = False
        # Between the question whether it is closed and the queueing, nobody may close it.
        self._door = threading.Condition()

    def start(self) -> None:
        """Begin to take records."""
        self._thread.start()

    def stop(self) -> None:
        """Take what waits, then end."""
        with self._door:
            self._closed = self._ending = True
            self._door.notify()
        self._thread.join()
        self._pool.shutdown()

    def submit(self, request: Request) -> "Future[Answer]":
        """Queue a request; its future holds the answer or the error. Raises Busy.

        Nothing is promised any more once a witness has shown that this is not the newest of the log:
        WitnessAhead, LogForked.
        """
        future: Future[Answer] = Future()
        # Nobody can cancel it any more: it will have an answer, which must not break the thread.
        future.set_running_or_notify_cancel()
        self._put(_Waiting(request, None, future))
        return future

    def ask(self, request: Request, name: str) -> "asyncio.Future[Answer]":
        """Queue a request as `submit` does, in a coroutine, for the letter that goes by this name.

        The answer may also be UnknownLetter, or FormatError if the record is for another letter.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(request, name, future))
        return future

    @property
    def has_room(self) -> bool:
        """Say whether a request could be queued now."""
        return not self._closed and len(self._queue) < MOST_WAITING

    def _put(self, waiting: _Waiting) -> None:
        if self._site.witnesses is not None:
            self._site.witnesses.check_not_halted()
        with self._door:
            if not self.has_room:
                raise Busy
            self._queue.append(waiting)
            self._door.notify()

    def _run(self) -> None:
        while batch := self._wait_for_batch():
            self._take_batch(batch)

    def _wait_for_batch(self) -> list[_Waiting]:
        """Return those that wait, in the order in which they came; none if it ends."""
        with self._door:
            while not self._queue and not self._ending:
                self._door.wait()
        self._gather()
        with self._door:
            return [self._queue.popleft() for _ in range(min(len(self._queue), MOST_PER_BATCH))]

    def _gather(self) -> None:
        """Wait while others join: those who come together share a transaction, and wait for it less."""
        end = time.monotonic() + LONGEST_GATHERING_S
        size = 0
        while size < len(self._queue) < MOST_PER_BATCH and time.monotonic() < end:
            size = len(self._queue)
            time.sleep(PAUSE_S)

    def _take_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            verified, refused = self._verify_all(batch)
            _answer_all(refused)
            try:
                taken = self._keep(verified)
            except DatabaseLost:
                # Perhaps they were committed. Each is asked for before it is taken, so that what was
                # kept gets its one answer; the second time the members ask themselves.
                taken = self._keep(verified)
            # Only now is anything acknowledged: the transaction is on disk.
            _answer_all(
                [
                    (waiting, self._promise(result))
                    for (waiting, _), result in zip(verified, taken, strict=True)
                ]
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
            failure = error if isinstance(error, UndersignedError) else StoreError()
            _answer_all([(waiting, failure) for waiting in batch])
            report_failure("intake", error)

    def _keep(self, verified: Sequence[_Verified]) -> list[Answered]:
        """Take what was verified in one transaction. Raises StoreError."""
        asked = [(view, waiting.request) for waiting, view in verified]
        # Nothing of it is shown before it is in the log.
        with self._site.collector.write(shown=False) as connection:
            return take_many(connection, asked, self._site.clock.now())

    def _verify_all(
        self, batch: Sequence[_Waiting]
    ) -> tuple[list[_Verified], list[tuple[_Waiting, _Result]]]:
        """Return those that hold, each with its letter; and those that do not."""
        refused: list[tuple[_Waiting, _Result]] = []
        found = []
        with self._site.collector.read() as connection:
            finder = _Finder(connection, self._letters)
            for waiting in batch:
                try:
                    found.append((waiting, finder.find_view(waiting)))
                except UndersignedError as error:
                    refused.append((waiting, error))
        failures = self._find_failures(found)
        verified = []
        for pair, failure in zip(found, failures, strict=True):
            if failure is None:
                verified.append(pair)
            else:
                refused.append((pair[0], failure))
        return verified, refused

    def _find_failures(self, found: Sequence[_Verified]) -> list[UndersignedError | None]:
        """Verify; return what is wrong with each, if anything is. The first part is verified here."""
        share = max(FEWEST_APART, -(-len(found) // VERIFIERS))
        others = [found[start : start + share] for start in range(share, len(found), share)]
        rest = self._pool.map(_verify_part, others)
        return [*_verify_part(found[:share]), *(failure for part in rest for failure in part)]

    def _promise(self, taken: Answered) -> _Result:
        if isinstance(taken, UndersignedError):
            return taken
        record, created = taken
        text = format_promise_text(Promise(record.leaf_hash, record.by))
        line = self._site.keys.promise.sign(text.encode()).decode()
        return Answer(f"{text}\n{line}", created)


class _Finder:
    """The letters of one batch; each name is looked up once for it, since the newest edition changes."""

    def __init__(self, connection: Connection, letters: Letters) -> None:
        self._connection = connection
        self._letters = letters
        self._named: dict[str, bytes] = {}

    def find_view(self, waiting: _Waiting) -> LetterView:
        """Return the letter of a request. Raises UnknownLetter, FormatError."""
        letter_id = waiting.request.record.letter_id
        if waiting.name is not None and self._find_id(waiting.name) != letter_id:
            raise FormatError("the record is for another letter")
        return self._letters.get(self._connection, letter_id)

    def _find_id(self, name: str) -> bytes:
        found = self._named.get(name)
        if found is None:
            found = self._named[name] = self._letters.get_row(self._connection, name).letter_id
        return found


def _answer_all(results: Sequence[tuple[_Waiting, _Result]]) -> None:
    """Give their answers to all who have none yet; a loop is woken once for all who wait in it."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], _Result]]]
    loops = defaultdict(list)
    for waiting, result in results:
        if isinstance(waiting.future, Future):
            _settle(waiting.future, result)
        else:
            loops[waiting.future.get_loop()].append((waiting.future, result))
    for loop, answers in loops.items():
        # A loop that has ended has nobody who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_all, answers)


def _settle_all(answers: Sequence[tuple["asyncio.Future[Answer]", _Result]]) -> None:
    for future, result in answers:
        _settle(future, result)


def _settle(future: "Future[Answer] | asyncio.Future[Answer]", result: _Result) -> None:
    # Whoever gave up waiting has cancelled it; the record is taken all the same.
    if future.done():
        return
    if isinstance(result, UndersignedError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _verify_part(part: Sequence[_Verified]) -> list[UndersignedError | None]:
    return [_verify(waiting.request, view) for waiting, view in part]


def _verify(request: Request, view: LetterView) -> UndersignedError | None:
    try:
        request.verify(view)
    except UndersignedError as error:
        return error
    except Exception as error:  # noqa: BLE001 - one request must not spoil those that wait with it
        report_failure("intake", error)
        return UndersignedError()
    return None
