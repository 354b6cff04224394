"""The witnesses of a site: asked together, each with an end, and counted by the site's policy.

Cosignatures are gathered for one tree at a time. What a witness has cosigned is kept, so that a quorum
may come together in several rounds; a witness that does not answer is left alone for a while, unless
there is no quorum without it.
"""

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

import httpx2

from undersigned.app.failures import report_event
from undersigned.errors import LogForked, StoreError, WitnessAhead
from undersigned.tlog.note import NoteSignature, parse_note
from undersigned.tlog.policy import Policy, find_cosignatures, printable
from undersigned.witness.asking import TIMEOUT_S, Cosigned, Unwilling, WitnessClient
from undersigned.witness.tree import Tree

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 60.0
"""A witness that does not answer is asked again after a pause that doubles."""


class _Asked:
    """One witness: when it may be asked again, and what it said last.

    `is_confirmed`: it has cosigned since the process began, so that it is not ahead of this database.
    """

    def __init__(self, client: WitnessClient) -> None:
        self.client = client
        self.name = client.witness.name
        self.pause_s = 0.0
        self.next_at = 0.0
        self.problem: str | None = None
        self.is_confirmed = False

    def succeed(self) -> None:
        """Take note of a cosignature."""
        if self.problem is not None:
            report_event("witness is back", witness=printable(self.name))
        self.pause_s, self.next_at, self.problem = 0.0, 0.0, None
        self.is_confirmed = True

    def fail(self, problem: str, now: float) -> None:
        """Take note of a refusal; say it once, until it is another one."""
        if self.problem != problem:
            report_event("witness", witness=printable(self.name), problem=problem)
        self.pause_s = min(LONGEST_PAUSE_S, 2 * self.pause_s or FIRST_PAUSE_S)
        self.next_at, self.problem = now + self.pause_s, problem


class Witnesses:
    """The witnesses of a policy, all of which have to have an address. Raises FormatError.

    `halted` is what one of them has shown this process, `heard` what was shown another one (`app.halting`).
    """

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self.halted: StoreError | None = None
        self.heard: StoreError | None = None
        self.is_waiting = False
        self._clock = clock
        limits = httpx2.Limits(max_connections=2 * len(policy.witnesses) + 1)
        self._http = httpx2.Client(limits=limits, follow_redirects=False)
        self._asked = [_Asked(WitnessClient(witness, self._http)) for witness in policy.witnesses]
        self._note: bytes | None = None
        self._held: dict[str, NoteSignature] = {}
        self._lock = threading.Lock()

    @property
    def failing(self) -> list[str]:
        """The names of those who did not cosign when they were asked last, fit to be shown."""
        return [printable(each.name) for each in self._asked if each.problem is not None]

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def check_not_halted(self) -> None:
        """Raise what a witness has shown of this log, if it was something that ends it."""
        error = self.halted or self.heard
        if error is not None:
            raise error

    def gather(
        self, tree: Tree, published: bytes, *, at_start: bool = False
    ) -> tuple[NoteSignature, ...] | None:
        """Return the cosignatures of a tree once they are a quorum, None while they are not.

        Those under the `published` note are kept, if it is of this tree. At a start every witness is
        asked, and one that is ahead is believed without proof. Raises WitnessAhead, LogForked; from then
        on `halted` holds that. It takes `TIMEOUT_S` at most.
        """
        with self._lock:
            self.check_not_halted()
            if self._note != tree.note:
                self._note, self._held = tree.note, self._known(tree, published)
            self._ask(tree, self._asked if at_start else self._due(), at_start=at_start)
            is_met = self.policy.is_met(self._held)
            if self.is_waiting == is_met:
                self.is_waiting = not is_met
                said = "the quorum of witnesses is there" if is_met else "waiting for witnesses"
                report_event(said, size=tree.checkpoint.size, missing=self._missing())
            if not is_met:
                return None
            return tuple(self._held[each.name] for each in self._asked if each.name in self._held)

    def is_anyone_due(self, cosigned: Collection[str]) -> bool:
        """Say whether there is somebody to be asked, where these witnesses have cosigned what is public."""
        now = self._clock()
        return (
            self.halted is None
            and self.heard is None
            and any(
                each.next_at <= now and (each.name not in cosigned or not each.is_confirmed)
                for each in self._asked
            )
        )

    def _known(self, tree: Tree, published: bytes) -> dict[str, NoteSignature]:
        """Return the cosignatures that are public already."""
        if not published.startswith(tree.note):
            return {}
        note = parse_note(published)
        cosigned = find_cosignatures(self.policy, note)
        by_key = {(each.name, each.key_id): each for each in note.signatures}
        return {
            witness.name: by_key[witness.key.name, witness.key.key_id]
            for witness in self.policy.witnesses
            if witness.name in cosigned
        }

    def _missing(self) -> list[str]:
        return [printable(each.name) for each in self._asked if each.name not in self._held]

    def _due(self) -> list[_Asked]:
        """Choose whom to ask: who has not cosigned and is not left alone, or all if that is too few."""
        now = self._clock()
        missing = [
            each for each in self._asked if each.name not in self._held or not each.is_confirmed
        ]
        due = [each for each in missing if each.next_at <= now]
        names = {*self._held, *(each.name for each in due)}
        return due if self.policy.is_met(names) else missing

    def _ask(self, tree: Tree, due: list[_Asked], *, at_start: bool) -> None:
        if not due:
            return
        pool = ThreadPoolExecutor(len(due), thread_name_prefix="witness")
        asked = {each.name: pool.submit(each.client.ask, tree) for each in due}
        done, _ = wait(asked.values(), TIMEOUT_S)
        # A thread that is left behind ends by its own deadline; nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)
        claims = [self._take(each, asked[each.name], done) for each in due]
        ahead = [claim for claim in claims if claim is not None]
        if at_start and ahead:
            raise self._halt(WitnessAhead(ahead[0]))

    def _take(
        self, each: _Asked, future: Future[Cosigned], done: Collection[Future[Cosigned]]
    ) -> str | None:
        """Take what one witness answered; return its claim to be ahead if it made one."""
        if future not in done:
            each.fail("no answer in time", self._clock())
            return None
        try:
            self._held[each.name] = future.result().signature
        except Unwilling as error:
            each.fail(error.problem, self._clock())
            return (
                f"the witness {printable(each.name)}: {error.problem}" if error.is_ahead else None
            )
        except (WitnessAhead, LogForked) as error:
            raise self._halt(error) from None
        each.succeed()
        return None

    def _halt(self, error: StoreError) -> StoreError:
        self.halted = error
        return error
