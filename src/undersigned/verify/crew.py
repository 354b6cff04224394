"""Other processes that help with a large log, each with a part of it at a time.

What they find comes back in the order in which it was asked for. If one of them ends in a crash, or cannot be
started, nothing comes back, and whoever asked does the work alone.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from types import TracebackType
from typing import Any, Final, Self, TypeVar

Chunk = TypeVar("Chunk")
Found = TypeVar("Found")

LEAST_ENTRIES: Final = 20_000
"""Entries of a log from which on processes are started: they take a second, a smaller log as long."""

MOST_JOBS: Final = 256


class Crew:
    """So many processes, started at the first use; leaving the context ends them."""

    def __init__(self, jobs: int, *, least_entries: int = LEAST_ENTRIES) -> None:
        self._jobs = min(jobs, MOST_JOBS)
        self._least = least_entries
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def helps_with(self, size: int) -> bool:
        """Say whether a log of `size` entries is worth it."""
        return self._jobs > 1 and size >= self._least

    def map(
        self,
        work: Callable[..., Found],
        chunks: Iterable[tuple[Chunk, tuple[Any, ...]]],
    ) -> Iterator[tuple[Chunk, Found | None]]:
        """Yield each chunk with what `work` returned for its arguments; None where nothing came back.

        Only some chunks are taken ahead of the one that is yielded, so that memory is bounded.
        """
        waiting: deque[tuple[Chunk, Future[Found] | None]] = deque()
        for chunk, arguments in chunks:
            waiting.append((chunk, self._submit(work, arguments)))
            if len(waiting) > 2 * self._jobs + 1:
                done, future = waiting.popleft()
                yield done, _wait_for(future)
        for done, future in waiting:
            yield done, _wait_for(future)

    def _submit(
        self, work: Callable[..., Found], arguments: tuple[Any, ...]
    ) -> "Future[Found] | None":
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._jobs, context, initializer=_begin)
        try:
            return self._pool.submit(work, *arguments)
        except (BrokenExecutor, OSError):
            return None


def _wait_for(future: "Future[Found] | None") -> Found | None:
    try:
        return None if future is None else future.result()
    except (BrokenExecutor, OSError):
        return None


def _begin() -> None:
    """Leave interrupts to the first process, and end when it ends, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
