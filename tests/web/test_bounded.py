"""Bounds of slow work: so many at once, so many waiting, and every place is given back."""

import threading

import anyio
import pytest

from undersigned.errors import Busy
from undersigned.web.bounded import Bounded


def test_beyond_the_places_callers_are_refused() -> None:
    """One works, one waits, the third is told to come back; afterwards all places are free."""

    async def meet() -> None:
        bounded, going_on = Bounded(at_once=1, waiting=1), threading.Event()
        done: list[int] = []

        async def work(number: int) -> None:
            await bounded.run(going_on.wait)
            done.append(number)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, 1)
            tasks.start_soon(work, 2)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Busy):
                await bounded.run(done.append, 3)
            going_on.set()
        assert sorted(done) == [1, 2]
        await bounded.run(done.append, 4)
        await bounded.run(done.append, 5)

    anyio.run(meet)


def test_work_that_fails_gives_its_place_back() -> None:
    """An error comes through, and the place is free again."""

    async def fail() -> None:
        bounded = Bounded(at_once=1, waiting=0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await bounded.run(lambda: 1 // 0)

    anyio.run(fail)


def test_what_comes_again_meanwhile_shares_what_comes_of_it() -> None:
    """It is done once, also where the first to ask is gone; later, and for another key, anew."""

    async def share() -> None:
        bounded, going_on = Bounded(at_once=1, waiting=1), threading.Event()
        done: list[int] = []
        got: list[int] = []

        def work() -> int:
            going_on.wait()
            done.append(len(done))
            return done[-1]

        async def ask(key: str) -> None:
            got.append(await bounded.share(key, work))

        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(0.01):
                await ask("one")
            tasks.start_soon(ask, "one")
            tasks.start_soon(ask, "one")
            tasks.start_soon(ask, "other")
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Busy):
                await ask("third")
            going_on.set()
        assert sorted(got) == [0, 0, 1]
        await ask("one")
        assert done == [0, 1, 2]

    anyio.run(share)
