"""Loops: what is done again and again while something is served, each in a thread of its own.

A step looks into a database whether anything is to be done. While this process writes nothing, only what
others write and what is due by the clock can make it so, and most steps look less often.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from undersigned.app.failures import Failing
from undersigned.errors import LeadLost, StaleCheckpoint

TICK_S: Final = 0.1
"""How often a loop looks: a tenth of the shortest epoch."""

IDLE_S: Final = 0.5
"""How often at least, while nothing is written."""

REST_S: Final = 1.0
"""How long a step rests that failed."""


class Loops:
    """Steps by name. `start` them once, `stop` them once.

    `count_commits` says how often this process has written; the steps that are `prompt` look at every tick.
    """

    def __init__(
        self,
        steps: Mapping[str, Callable[[], object]],
        count_commits: Callable[[], int],
        prompt: Collection[str] = (),
    ) -> None:
        self._count_commits = count_commits
        self._prompt = prompt
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, step), name=name, daemon=True)
            for name, step in steps.items()
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every step end that was begun."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, name: str, step: Callable[[], object]) -> None:
        seen, looked_at, failing = -1, 0.0, Failing(name)
        while not self._ending.wait(TICK_S):
            commits, now = self._count_commits(), time.monotonic()
            if commits == seen and now - looked_at < IDLE_S and name not in self._prompt:
                continue
            # As it was before the step: what the step writes may leave something to do.
            seen, looked_at = commits, now
            try:
                step()
            except (StaleCheckpoint, LeadLost):
                # Another process was faster, or leads; its entries are in the log, ours are still waiting.
                continue
            except Exception as error:  # noqa: BLE001 - the loop must survive a full disk
                failing.report(error)
                self._ending.wait(REST_S)
            else:
                failing.end()
