"""A running site: intake, loops (sequencing, publishing, opening, tidying, stamps); perhaps its issuer."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from undersigned.app.calling import Calling
from undersigned.app.clock import StoredClock
from undersigned.app.counting import Proving
from undersigned.app.damaged import Damaged
from undersigned.app.deliveries import note_try
from undersigned.app.delivering import deliver_mails
from undersigned.app.desk import open_desk
from undersigned.app.failures import report_end, report_failure
from undersigned.app.following import OWN_PAUSE_S
from undersigned.app.forgetting import Forgetting
from undersigned.app.halting import Halting
from undersigned.app.intake import Intake
from undersigned.app.leading import Leading
from undersigned.app.letters import Letters
from undersigned.app.log import (
    catch_up,
    find_published_note,
    is_cosigned,
    is_published,
    publish,
    wants_publishing,
)
from undersigned.app.loops import Loops
from undersigned.app.opening import Operator, open_due_waves
from undersigned.app.own_collector import OwnCollector
from undersigned.app.releasing import Releasing
from undersigned.app.running_issuer import RunningIssuer
from undersigned.app.sequencing import sequence
from undersigned.app.site import Site, WholeSite
from undersigned.app.tidying import Tidying, tidy
from undersigned.app.timestamping import Timestamping
from undersigned.errors import StoreError
from undersigned.mail import Mailer

if TYPE_CHECKING:
    from undersigned.authority import Authority
    from undersigned.provider.asking import Provider

REST_S: Final = 1.0
"""Seconds between two rounds of asking witnesses who are needed and do not cosign."""


class RunningSite:
    """A site that takes signatures. `start` it once, `stop` it once.

    `issuer` is None where somebody apart gives out the tokens. `url` is where people reach the site;
    https and its host unless it is given. `fonts` is a folder with fonts for PDFs and cards.
    """

    def __init__(
        self,
        site: Site,
        mailer: Mailer,
        authorities: "tuple[Authority, ...]" = (),
        *,
        url: str | None = None,
        provider: "Provider | None" = None,
        fonts: Path | None = None,
    ) -> None:
        self.site = site
        self.desk = open_desk(
            site.folder,
            site.clock,
            url or f"https://{site.host}",
            address=site.collector.address,
        )
        for database in (site.collector, self.desk.database):
            database.health.tell_end = report_end
        self.letters = Letters(site)
        self.fonts = fonts
        self.intake = Intake(site, self.letters)
        self._damaged = Damaged()
        self._timestamping = Timestamping(site, self.letters, authorities)
        self._releasing = Releasing(site, self.letters, self.desk.url, fonts)
        self._calling = Calling(site, self.letters, self.desk.url)
        self._rest_until = 0.0
        self._operator = Operator()
        self._halting = Halting(site)
        self._mailer = mailer
        self.issuer: RunningIssuer | None = None
        if isinstance(site, WholeSite):
            own = OwnCollector(site, self.intake)
            self.issuer = RunningIssuer(
                site.issuer,
                lambda _: own,
                mailer,
                desk=self.desk,
                pause_s=OWN_PAUSE_S,
                provider=provider,
            )
        self._leading = Leading(site.collector, self.desk.database)
        only = self._leading.only
        self._sequence = only(self._sequence_due)
        self._loops = Loops(
            {
                # apart, since who is silent leads no more
                "leading": self._leading.is_mine,
                "sequencing": self._advance,
                # apart, since it waits for witnesses and epochs must not
                "publishing": only(self._publish),
                "halting": self._halting.step,
                # apart, since it counts all signatures
                "tallies": only(Proving(site).step),
                # apart, since it verifies the whole log and epochs must not wait for it
                "opening": only(self._open),
                # apart, since a PDF takes seconds
                "releasing": only(self._release),
                "mails of the site": only(self._deliver),
                "webhooks": only(self._call),
                "tidying": only(Tidying(site).step),
                "forgetting": only(Forgetting(site, self.letters, self.desk).step),
                # apart, since an authority may let it wait
                "timestamps": only(self._stamp),
            },
            self._count_commits,
            prompt=("leading", "sequencing"),
        )

    def start(self) -> None:
        """Publish what a crash may have left unpublished, then take signatures.

        Raises RolledBack, WitnessAhead, LogForked if the database is not the newest of its log, and
        StoreError if witnesses have cosigned the log and this process was given no policy, or if the folder
        has other keys than other processes on this database.

        A clock of the site's own is left as it is: who serves the site lets it run.
        """
        self._check_policy()
        self.site.webhook_key()
        if self.issuer is not None:
            self.issuer.issuer.challenge_key()
        publish(self.site, at_start=True)
        if self.site.witnesses is not None:
            self._halting.begin_anew()
        self.intake.start()
        self._loops.start()
        if self.issuer is not None:
            self.issuer.start()

    def stop(self) -> None:
        """Finish what was begun and let go of the site."""
        self.intake.stop()
        if self.issuer is not None:
            self.issuer.stop()
        self._loops.stop()
        self._calling.stop()
        if isinstance(self.site.clock, StoredClock):
            self.site.clock.save()
        try:
            if self._leading.is_mine():
                tidy(self.site)
        except StoreError as error:
            report_failure("tidying", error)
        self.close()

    def close(self) -> None:
        """Let go of the databases of a site that does not run."""
        self._leading.close()
        self.desk.close()
        self.site.close()

    def _count_commits(self) -> int:
        # What is only taken, and not yet shown, is work for sequencing, which looks at every tick; tidying,
        # which finds work in it, too, has time.
        return self.site.collector.shown_commits + self.desk.database.commits

    def _advance(self) -> None:
        if self._leading.is_mine():
            self._sequence()
        else:
            catch_up(self.site)

    def _sequence_due(self) -> None:
        if isinstance(self.site.clock, StoredClock):
            self.site.clock.save()
        sequence(self.site, self.letters, self._damaged)

    def _check_policy(self) -> None:
        note = find_published_note(self.site)
        if self.site.witnesses is None and note is not None and is_cosigned(note):
            error = StoreError("witnesses have cosigned this log, and no policy names them now")
            error.add_note("set UNDERSIGNED_WITNESS_POLICY to the policy's file, as it was before")
            error.add_note("to go on without witnesses, for all to see: a file with `quorum none`")
            raise error

    def _publish(self) -> None:
        if self.site.witnesses is None or not wants_publishing(self.site):
            return
        if time.monotonic() < self._rest_until:
            return
        publish(self.site)
        if not is_published(self.site):
            # The quorum is missing, and those who are asked again need some rest.
            self._rest_until = time.monotonic() + REST_S

    def _open(self) -> None:
        open_due_waves(self.site, self.letters, self._operator)

    def _stamp(self) -> None:
        self._timestamping.step(time.monotonic())

    def _deliver(self) -> None:
        deliver_mails(self.site.collector, self.site.clock, self._mailer, note_try)

    def _release(self) -> None:
        self._releasing.step(time.monotonic())

    def _call(self) -> None:
        self._calling.step(time.monotonic())
