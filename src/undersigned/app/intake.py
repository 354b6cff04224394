"""The intake: nothing is acknowledged that is not verified and on disk, nothing twice.

Requests queue up; one thread takes as many as wait (up to `MOST_PER_BATCH`), verifies them in
parallel (the libraries let go of the interpreter lock) and commits them in one transaction, so that
many share the price of one sync. The queue is bounded: beyond it callers are told to come back. What
a request is, and what is checked and kept of it, is in `app.taking`.

A record waits in `pending` from its acknowledgement to its epoch. A crash before the commit loses
only what was never acknowledged; after it, the same request gets the same answer.
"""

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters, LetterView
from undersigned.app.site import Site
from undersigned.app.taking import Request
from undersigned.errors import Busy, StoreError, UndersignedError, UnknownLetter
from undersigned.store.database import Connection
from undersigned.store.pending import Taken
from undersigned.tlog.promise import Promise, format_promise_text

MOST_PER_BATCH = 256
"""Records in one transaction: more would only make the first of them wait longer."""

MOST_WAITING = 2048
"""Requests that may wait: about a second's work; beyond it an early "come back" is kinder."""

VERIFIERS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What an accepted record is answered with: the promise (text of a signed note), and if it is new."""

    promise: str
    created: bool


class Intake:
    """The queue, and the thread that empties it."""

    def __init__(self, site: Site, letters: Letters) -> None:
        self._site = site
        self._letters = letters
        self._queue: queue.Queue[tuple[Request, Future[Answer]] | None] = queue.Queue(MOST_WAITING)
        self._pool = ThreadPoolExecutor(VERIFIERS, thread_name_prefix="verify")
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._closed = False
        # Between the question whether it is closed and the queueing, nobody may close it.
        self._door = threading.Lock()

    def start(self) -> None:
        """Begin to take records."""
        self._thread.start()

    def stop(self) -> None:
        """Take what waits, then end."""
        with self._door:
            self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._pool.shutdown()

    def submit(self, request: Request) -> "Future[Answer]":
        """Queue a request; its future holds the answer or the error. Raises Busy.

        Nothing is promised any more once a witness has shown that this is not the newest of the log:
        WitnessAhead, LogForked.
        """
        if self._site.witnesses is not None:
            self._site.witnesses.check_not_halted()
        future: Future[Answer] = Future()
        # Nobody can cancel it any more: it will have an answer, which must not break the thread.
        future.set_running_or_notify_cancel()
        with self._door:
            if self._closed:
                raise Busy
            try:
                self._queue.put_nowait((request, future))
            except queue.Full:
                raise Busy from None
        return future

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch, last = [first], False
            with suppress(queue.Empty):
                while len(batch) < MOST_PER_BATCH:
                    item = self._queue.get_nowait()
                    if item is None:
                        last = True
                        break
                    batch.append(item)
            self._take_batch(batch)
            if last:
                return

    def _take_batch(self, batch: list[tuple[Request, "Future[Answer]"]]) -> None:
        try:
            verified = self._verify_all(batch)
            # Nothing of it is shown before it is in the log.
            with self._site.collector.write(shown=False) as connection:
                now = self._site.clock.now()
                results = [
                    (future, self._take(connection, view, request, now))
                    for request, future, view in verified
                ]
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
            failure = error if isinstance(error, UndersignedError) else StoreError()
            for _, future in batch:
                if not future.done():
                    future.set_exception(failure)
            report_failure("intake", error)
            return
        # Only now is anything acknowledged: the transaction is on disk.
        for future, result in results:
            if isinstance(result, UndersignedError):
                future.set_exception(result)
            else:
                future.set_result(self._answer(*result))

    def _verify_all(
        self, batch: list[tuple[Request, "Future[Answer]"]]
    ) -> list[tuple[Request, "Future[Answer]", LetterView]]:
        with self._site.collector.read() as connection:
            found = [(item, self._find_view(connection, item)) for item in batch]
        known = [(item, view) for item, view in found if view is not None]
        checks = self._pool.map(lambda pair: _verify(pair[0][0], pair[1]), known)
        verified = []
        for ((request, future), view), error in zip(known, checks, strict=True):
            if error is not None:
                future.set_exception(error)
            else:
                verified.append((request, future, view))
        return verified

    def _find_view(
        self, connection: Connection, item: tuple[Request, "Future[Answer]"]
    ) -> LetterView | None:
        try:
            return self._letters.get(connection, item[0].record.letter_id)
        except UnknownLetter as error:
            item[1].set_exception(error)
            return None

    def _take(
        self, connection: Connection, view: LetterView, request: Request, now: int
    ) -> tuple[Taken, bool] | UndersignedError:
        try:
            return request.take(connection, view, now)
        except UndersignedError as error:
            # Every refusal comes before the first write of its request: the others go on.
            return error

    def _answer(self, taken: Taken, created: bool) -> Answer:
        text = format_promise_text(Promise(taken.leaf_hash, taken.by))
        line = self._site.keys.promise.sign(text.encode()).decode()
        return Answer(f"{text}\n{line}", created)


def _verify(request: Request, view: LetterView) -> UndersignedError | None:
    try:
        request.verify(view)
    except UndersignedError as error:
        return error
    except Exception as error:  # noqa: BLE001 - one request must not spoil those that wait with it
        report_failure("intake", error)
        return UndersignedError()
    return None
