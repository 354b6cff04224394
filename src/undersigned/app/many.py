"""Invalidating many signatures: it takes longer than a request should, so it goes on by itself.

How far it is can be asked for meanwhile. It lives in this process alone: if that ends, some of the
signatures are invalidated, the trail's row says `begun`, and selecting again finds those that are left.
"""

import secrets
import threading
from dataclasses import dataclass, field

from undersigned.app.activity import acting
from undersigned.app.desk import Account, Desk
from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters
from undersigned.app.meaning import Selection
from undersigned.app.moderating import Invalidated, invalidate
from undersigned.app.site import Site
from undersigned.domain.act import Act
from undersigned.domain.reasons import InvalidateReason

MOST_KEPT = 20
"""Of those that have ended, the last so many can be looked at."""


@dataclass(slots=True)
class Going:
    """An invalidation that goes on: `done` of `number`; `result` once it has ended, unless it `failed`."""

    slug: str
    number: int
    done: int = 0
    result: Invalidated | None = None
    failed: bool = False

    @property
    def has_ended(self) -> bool:
        """Say whether it goes on no more."""
        return self.failed or self.result is not None


@dataclass(slots=True)
class ManyInvalidations:
    """Those that go on, by a random name; one after the other, since each writes to the log."""

    site: Site
    letters: Letters
    desk: Desk
    _going: dict[str, Going] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self, account: Account, selection: Selection, reason: InvalidateReason, explanation: str
    ) -> str:
        """Begin to invalidate who was selected; return the name by which it can be asked for.

        The explanation was checked before.
        """
        going = Going(selection.letter.slug, len(selection.meant))
        name = secrets.token_urlsafe(12)
        ended = [each for each, one in self._going.items() if one.has_ended]
        for each in ended[: max(0, len(ended) - MOST_KEPT)]:
            del self._going[each]
        self._going[name] = going
        threading.Thread(
            target=self._run, args=(account, going, selection, reason, explanation), daemon=True
        ).start()
        return name

    def find(self, name: str) -> Going | None:
        """Return how far one is."""
        return self._going.get(name)

    def _run(
        self,
        account: Account,
        going: Going,
        selection: Selection,
        reason: InvalidateReason,
        explanation: str,
    ) -> None:
        def advance(number: int) -> None:
            going.done += number

        try:
            with (
                self._turn,
                acting(self.desk, account, Act.INVALIDATE, going.slug, going.number),
            ):
                going.result = invalidate(
                    self.site, self.letters, selection, reason, explanation, advance
                )
        except Exception as error:  # noqa: BLE001 - nobody waits for this thread
            going.failed = True
            report_failure("invalidating", error)
