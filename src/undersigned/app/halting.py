"""Halting: what a witness has shown one process of a site, all processes of it know within seconds.

Only the process that leads asks witnesses. Once one of them has shown that the database is an older one, or
another one, that process sequences, publishes and promises nothing more (`app.witnessing`). The others
take signatures as well, and would promise what nobody keeps. So it is a fact of the site, which everybody
looks for; it is there as long as a process runs that was shown it, and gone when one starts whose witnesses
all cosign.
"""

import time
from collections.abc import Callable
from typing import Final

from undersigned.app.failures import report_event, report_failure
from undersigned.app.site import Site
from undersigned.errors import LogForked, StoreError, WitnessAhead
from undersigned.store import site as site_store

LOOK_S: Final = 1.0
"""Seconds between two looks."""

_FACT: Final = "halted"
_KINDS: Final = {kind.__name__: kind for kind in (WitnessAhead, LogForked)}


class Halting:
    """What this process tells the others of witnesses, and hears from them."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._clock = clock
        self._next = float("-inf")

    def step(self) -> None:
        """Tell the others what this process was shown, or hear what one of them was. Raises StoreError."""
        witnesses = self._site.witnesses
        if witnesses is None or self._clock() < self._next:
            return
        self._next = self._clock() + LOOK_S
        with self._site.collector.read() as connection:
            said = site_store.get_facts(connection).get(_FACT)
        if witnesses.halted is None:
            self._hear(said)
        elif said is None:
            text = f"{type(witnesses.halted).__name__} {witnesses.halted.detail}"
            with self._site.collector.write() as connection:
                site_store.keep_fact(connection, _FACT, text)

    def begin_anew(self) -> None:
        """Forget what was said before this start, at which all witnesses were asked. Raises StoreError."""
        with self._site.collector.read() as connection:
            if _FACT not in site_store.get_facts(connection):
                return
        with self._site.collector.write() as connection:
            site_store.delete_fact(connection, _FACT)

    def _hear(self, said: str | None) -> None:
        witnesses = self._site.witnesses
        if witnesses is None or (said is None) == (witnesses.heard is None):
            return
        if said is None:
            witnesses.heard = None
            report_event("no process is halted by a witness any more")
            return
        kind, _, detail = said.partition(" ")
        error: StoreError = _KINDS.get(kind, LogForked)(detail)
        report_failure("witnesses of another process", error)
        witnesses.heard = error
