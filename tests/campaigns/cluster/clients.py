"""Members who never give up: whoever gets no answer sends the same bytes again, until there is one."""

import itertools
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

import msgspec

CLIENTS: Final = 24

PAUSE_S: Final = 0.4
"""About what a client waits between two signatures: the load goes on for as long as the kills take."""

ANSWER_S: Final = 10
"""Seconds after which a client believes that nobody answers any more."""

GONE: Final = frozenset({500, 502, 503, 504})
"""Statuses that say nothing of the request: the same one may be sent again."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A signature that was promised; times are of `time.monotonic`, `asked_at` is the last sending's."""

    number: int
    began_at: float
    asked_at: float
    answered_at: float
    tries: int
    promise: str

    @property
    def wait(self) -> float:
        """Seconds from the first sending to the promise."""
        return self.answered_at - self.began_at


@dataclass(slots=True)
class Clients:
    """Threads that post bodies to one port, each its next one when the last is acknowledged."""

    port: int
    path: str
    bodies: Sequence[bytes]
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[tuple[int, int, bytes]] = field(default_factory=list)
    """Number, status and body of what was answered otherwise: none should be."""

    failures: int = 0
    """Sendings without an answer, or with one that says nothing."""

    sent: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to sign."""
        self._threads = [
            threading.Thread(target=self._run, name=f"client {number}", daemon=True)
            for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody have the answer that they wait for, and nobody begin any more."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def sign_now(self, count: int) -> None:
        """Send so many more, after the others, and wait for their promises."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        for number in range(self.sent, self.sent + count):
            self.sent = number + 1
            self._persist(connection, number, random.Random())
        connection.close()

    def count_acknowledged(self) -> int:
        """Say how many there are so far."""
        with self._lock:
            return len(self.acknowledged)

    def find_first_after(self, at: float) -> Acknowledged | None:
        """Return the first signature that was sent and acknowledged after an instant."""
        with self._lock:
            return next((each for each in self.acknowledged if each.asked_at > at), None)

    def find_longest_wait(self, after: float, before: float) -> float:
        """Return the longest that anybody waited who waited at some time between two instants."""
        with self._lock:
            return max(
                each.wait
                for each in self.acknowledged
                if each.answered_at > after and each.began_at < before
            )

    def _run(self) -> None:
        chance = random.Random()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        while not self._ending.wait(chance.uniform(0, 2 * PAUSE_S)):
            with self._lock:
                if self.sent >= len(self.bodies):
                    return
                number, self.sent = self.sent, self.sent + 1
            self._persist(connection, number, chance)
        connection.close()

    def _persist(self, connection: HTTPConnection, number: int, chance: random.Random) -> None:
        began_at = time.monotonic()
        for tries in itertools.count(1):
            asked_at = time.monotonic()
            answer = post(connection, self.path, self.bodies[number])
            with self._lock:
                if answer is None or answer[0] in GONE:
                    self.failures += 1
                elif answer[0] in (200, 201):
                    promise = promise_in(answer[1])
                    answered_at = time.monotonic()
                    self.acknowledged.append(
                        Acknowledged(number, began_at, asked_at, answered_at, tries, promise)
                    )
                    return
                else:
                    self.refused.append((number, *answer))
                    return
            time.sleep(chance.uniform(0.1, 0.4))


def post(connection: HTTPConnection, path: str, body: bytes) -> tuple[int, bytes] | None:
    """Send a body; return status and answer, or None if none came."""
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        connection.close()
        return None


def promise_in(body: bytes) -> str:
    """Return the promise in an answer."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    return str(answer["promise"])
