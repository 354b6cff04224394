"""Loops: what is done again and again while something is served, each in a thread of its own."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from undersigned.app.failures import report_failure
from undersigned.errors import StaleCheckpoint

TICK_S: Final = 0.1
"""How often a loop looks: a tenth of the shortest epoch."""


class Loops:
    """Steps by name. `start` them once, `stop` them once."""

    def __init__(self, steps: Mapping[str, Callable[[], object]]) -> None:
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
        while not self._ending.wait(TICK_S):
            try:
                step()
            except StaleCheckpoint:
                # Another process was faster; its entries are in the log, ours are still waiting.
                continue
            except Exception as error:  # noqa: BLE001 - the loop must survive a full disk
                report_failure(name, error)
                self._ending.wait(1)
