"""A running site: intake, and the loops of sequencing, opening, mails and tidying."""

import threading
from collections.abc import Callable

from undersigned.app.clock import StoredClock
from undersigned.app.delivering import deliver_mails
from undersigned.app.failures import report_failure
from undersigned.app.intake import Intake
from undersigned.app.letters import Letters
from undersigned.app.log import publish
from undersigned.app.opening import open_due_waves
from undersigned.app.sequencing import sequence
from undersigned.app.site import Site
from undersigned.app.stuck import Stuck
from undersigned.app.tidying import Tidying, tidy
from undersigned.errors import StaleCheckpoint, StoreError
from undersigned.mail import Mailer

TICK_S = 0.1
"""How often the sequencer looks: a tenth of the shortest epoch."""


class RunningSite:
    """A site that takes signatures. `start` it once, `stop` it once."""

    def __init__(self, site: Site, mailer: Mailer) -> None:
        self.site = site
        self.letters = Letters(site)
        self.intake = Intake(site, self.letters)
        self._mailer = mailer
        self._stuck = Stuck()
        self._tidying = Tidying(site)
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, step), name=name, daemon=True)
            for name, step in (
                ("sequencing", self._advance),
                # apart, since it verifies the whole log and epochs must not wait for it
                ("opening", self._open),
                ("mails", self._deliver),
                ("tidying", self._tidy),
            )
        ]

    def start(self) -> None:
        """Publish what a crash may have left unpublished, then take signatures. Raises RolledBack.

        A clock of the site's own is left as it is: who serves the site lets it run.
        """
        publish(self.site)
        self.intake.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what was begun and let go of the site."""
        self.intake.stop()
        self._ending.set()
        for thread in self._threads:
            thread.join()
        if isinstance(self.site.clock, StoredClock):
            self.site.clock.save()
        try:
            tidy(self.site)
        except StoreError as error:
            report_failure("tidying", error)
        self.site.close()

    def _repeat(self, name: str, step: Callable[[], None]) -> None:
        while not self._ending.wait(TICK_S):
            try:
                step()
            except StaleCheckpoint:
                # Another process was faster; its entries are in the log, ours are still waiting.
                continue
            except Exception as error:  # noqa: BLE001 - the loop must survive a full disk
                report_failure(name, error)
                self._ending.wait(1)

    def _advance(self) -> None:
        if isinstance(self.site.clock, StoredClock):
            self.site.clock.save()
        sequence(self.site, self.letters, self._stuck)

    def _open(self) -> None:
        open_due_waves(self.site, self.letters)

    def _deliver(self) -> None:
        deliver_mails(self.site, self._mailer)

    def _tidy(self) -> None:
        self._tidying.step()
