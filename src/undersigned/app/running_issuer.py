"""A running issuer: the loops of mails and tidying, and the collectors that it hands its records to."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from undersigned.app.clock import StoredClock
from undersigned.app.delivering import deliver_mails
from undersigned.app.desk import Desk, open_desk
from undersigned.app.failures import report_end, report_event, report_failure
from undersigned.app.following import OUTSIDE_PAUSE_S, Following
from undersigned.app.issuer import IssuedLetter, Issuer
from undersigned.app.issuing import Collector
from undersigned.app.leading import Leading
from undersigned.app.loops import Loops
from undersigned.app.methods.by_openid import RETURN_PATH, SignOn
from undersigned.app.roll_changes import finish_changes
from undersigned.app.roll_imports import RollImports
from undersigned.app.tidying import Tidying, tidy
from undersigned.errors import StoreError
from undersigned.mail import Mailer

if TYPE_CHECKING:
    from undersigned.provider.asking import Provider

REST_S: Final = 5.0
"""Seconds between two looks at what waits for the log of a letter."""


class RunningIssuer:
    """An issuer that gives out codes and tokens. `start` it once, `stop` it once.

    `collector_of` says who collects the signatures of a letter. `desk` is that of the site that it is
    part of; apart it has its own, which people reach at the issuer's address unless `url` is given.
    `pause_s` is how long to wait between two looks at what has become of a letter. With a `provider`
    members can sign on.
    """

    def __init__(
        self,
        issuer: Issuer,
        collector_of: Callable[[IssuedLetter], Collector],
        mailer: Mailer,
        *,
        url: str | None = None,
        desk: Desk | None = None,
        pause_s: float = OUTSIDE_PAUSE_S,
        provider: "Provider | None" = None,
    ) -> None:
        self.issuer = issuer
        self.desk = desk or open_desk(
            issuer.folder,
            issuer.clock,
            url or issuer.url or "",
            address=issuer.database.address,
        )
        for database in (issuer.database, self.desk.database):
            database.health.tell_end = report_end
        self.sign_on = (
            None if provider is None else SignOn(provider, f"{self.desk.url}{RETURN_PATH}")
        )
        issuer.signs_on = provider is not None
        self.collector_of = collector_of
        self.imports = RollImports(issuer, collector_of)
        self._mailer = mailer
        self._rest_until = 0.0
        # That of a whole site is the site's to look after.
        beside = () if desk is not None else (self.desk.database,)
        self._leading = Leading(issuer.database, *beside)
        only = self._leading.only
        self._loops = Loops(
            {
                # apart, since who is silent leads no more
                "leading the issuer": self._leading.is_mine,
                "mails": only(self._deliver),
                "changes of rolls": only(self._finish_changes),
                "tidying of the issuer": only(Tidying(issuer).step),
                # apart, since a site elsewhere may let it wait
                "following": only(Following(issuer, self.desk, collector_of, pause_s).step),
            }
            | ({"clock": only(issuer.clock.save)} if isinstance(issuer.clock, StoredClock) else {}),
            lambda: self.issuer.database.commits + self.desk.database.commits,
            prompt=("leading the issuer",),
        )

    def start(self) -> None:
        """Begin to send what waits. Raises StoreError if this folder has other keys than the database."""
        self.issuer.challenge_key()
        for letter in (issued.letter for issued in self.issuer.list_followed()):
            if not self.issuer.has_keys(letter):
                # The other letters go on. Of this one members hear that the site cannot do it.
                report_event(
                    "no tokens: the keys of a letter are missing; copy keys/ from where it was opened",
                    letter=f"{letter.slug}@{letter.edition}",
                )
        self._loops.start()

    def stop(self) -> None:
        """Finish what was begun and let go of the issuer."""
        self.imports.stop()
        self._loops.stop()
        if isinstance(self.issuer.clock, StoredClock):
            self.issuer.clock.save()
        try:
            if self._leading.is_mine():
                tidy(self.issuer)
        except StoreError as error:
            report_failure("tidying of the issuer", error)
        self._leading.close()
        self.desk.close()
        self.issuer.close()

    def _finish_changes(self) -> None:
        """Hand over what a crash, or a site that was away, left of a change of a roll."""
        now = time.monotonic()
        if now < self._rest_until:
            return
        self._rest_until = now + REST_S
        finish_changes(self.issuer, self.collector_of)

    def _deliver(self) -> None:
        deliver_mails(self.issuer.database, self.issuer.clock, self._mailer)
