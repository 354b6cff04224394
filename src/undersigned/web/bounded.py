"""Work in threads, so many at once, so many waiting: beyond that callers are told to come back."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from undersigned.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")


class Bounded:
    """A number of threads and a number of places to wait for one.

    What is slow runs in one of its own, so that it cannot take the threads that pages are read in.
    """

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most = at_once + waiting
        self._held = 0
        self._shared: dict[Hashable, asyncio.Task[Any]] = {}

    def enter(self) -> None:
        """Take a place. Raises Busy if there is none; `leave` gives it back."""
        if self._held >= self._most:
            raise Busy
        self._held += 1

    def leave(self) -> None:
        """Give a place back."""
        self._held -= 1

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work in a thread. Raises Busy, and what the work raises."""
        self.enter()
        return await self.run_entered(work, *args, **kwargs)

    async def run_entered(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work in a thread, in a place that was taken before, and give the place back."""
        try:
            return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._limiter)
        finally:
            self.leave()

    async def share(
        self, key: Hashable, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Do the work in a thread, or wait for it where it is being done: all get what came of it.

        It goes on when whoever began it does not wait any more. Raises Busy, and what the work raises.
        """
        task: asyncio.Task[R] | None = self._shared.get(key)
        if task is None:
            task = asyncio.create_task(self.run(work, *args, **kwargs))
            self._shared[key] = task
            task.add_done_callback(lambda _: self._shared.pop(key, None))
        return await asyncio.shield(task)
