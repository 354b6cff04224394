"""The numbers of letters, handed to everybody who listens: one reading for all of them.

While somebody listens, one task looks once a second whether anything was written; if so, it reads the
numbers of the letters that are listened to in one transaction, and hands each listener the same bytes.
A listener holds no queue: who is slow misses numbers that are old by then, and gets the newest. No
thread waits for a listener; one is used for the moment of a reading.
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from anyio import to_thread

from undersigned.app.changes import Stamp
from undersigned.app.failures import report_failure
from undersigned.app.reading import LetterNumbers, list_numbers
from undersigned.app.running import RunningSite
from undersigned.domain.letter import LetterId
from undersigned.errors import StoreError, TooManyListeners, UnknownLetter
from undersigned.web.api.letters import format_counts
from undersigned.web.watching import Watcher

LOOK_S: Final = 1.0
"""Seconds between two looks: nobody's page is further behind the log."""

BEAT_S: Final = 15.0
"""Seconds between two beats, by which a page and the proxies on the way know that all is well."""

MOST_LISTENERS: Final = 20_000
"""Open streams of one process; each is a connection, and costs some 20 kilobytes."""

AT_ONCE: Final = 200
"""Listeners who are told before others get their turn: some milliseconds' work."""

BEAT: Final = b"event: beat\ndata:\n\n"


class Listener:
    """Somebody who listens to a letter: the one thing that they are told next."""

    def __init__(self) -> None:
        self._next: bytes | None = None
        self._wake = asyncio.Event()
        self._has_ended = False

    def tell(self, event: bytes) -> None:
        """Say an event; it takes the place of one that was not heard yet."""
        self._next = event
        self._wake.set()

    def beat(self) -> None:
        """Say that all is well, to who has nothing else to hear."""
        if self._next is None:
            self.tell(BEAT)

    def end(self) -> None:
        """Say no more."""
        self._has_ended = True
        self._wake.set()

    async def hear(self) -> bytes | None:
        """Wait for the next event; None once there is no more."""
        await self._wake.wait()
        self._wake.clear()
        event, self._next = self._next, None
        return None if self._has_ended else event


@dataclass(slots=True)
class _Channel:
    """A letter that somebody listens to, with its newest event."""

    numbers: LetterNumbers | None = None
    event: bytes = b""
    listeners: set[Listener] = field(default_factory=set)


class Broadcast:
    """Who listens to which letter, `number` in all. One for each app; it runs in the server's loop."""

    def __init__(self, running: RunningSite, watcher: Watcher, most: int | None = None) -> None:
        self._running = running
        self._watcher = watcher
        self._most = most_listeners() if most is None else most
        self._channels: dict[LetterId, _Channel] = {}
        self.number = 0
        self._reading = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        self._stamp: Stamp | None = None

    @asynccontextmanager
    async def listening(self, letter_id: LetterId) -> AsyncIterator[Listener]:
        """Give a listener, who hears the newest numbers at once.

        Raises TooManyListeners; UnknownLetter, StoreError if its numbers cannot be read.
        """
        if self.number >= self._most:
            raise TooManyListeners
        self.number += 1
        listener = Listener()
        channel = self._channels.setdefault(letter_id, _Channel())
        channel.listeners.add(listener)
        try:
            await self._read_first(letter_id, channel)
            listener.tell(channel.event)
            yield listener
        finally:
            self.number -= 1
            channel.listeners.discard(listener)
            if not channel.listeners and self._channels.get(letter_id) is channel:
                del self._channels[letter_id]

    async def _read_first(self, letter_id: LetterId, channel: _Channel) -> None:
        """Read the numbers if nobody has; whoever comes meanwhile waits for the same reading."""
        stamp = self._watcher.last_stamp
        async with self._reading:
            if channel.numbers is None:
                await self._read({letter_id: channel})
            if channel.numbers is None:
                raise UnknownLetter
        if self._looking is None or self._looking.done():
            self._stamp = stamp
            self._looking = asyncio.create_task(self._look_again_and_again())

    async def _look_again_and_again(self) -> None:
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + BEAT_S
        while self._channels:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except StoreError as error:
                report_failure("broadcast", error)
            if loop.time() >= beat_at:
                beat_at = loop.time() + BEAT_S
                await self._beat()

    async def _look(self) -> None:
        """Read the numbers again if they may be others by now."""
        # Before the reading: what is written meanwhile is seen at the next look.
        stamp = await self._watcher.find_stamp()
        if stamp == self._stamp:
            return
        async with self._reading:
            told = await self._read(dict(self._channels))
        self._stamp = stamp
        for channel in told:
            await _say(channel.event, channel.listeners)

    async def _read(self, channels: dict[LetterId, _Channel]) -> list[_Channel]:
        """Read the numbers of some letters; return those in which something is new."""
        site, letters = self._running.site, self._running.letters
        found = await to_thread.run_sync(list_numbers, site, letters, list(channels))
        return [channels[id_] for id_, numbers in found.items() if _take(channels[id_], numbers)]

    async def _beat(self) -> None:
        for channel in list(self._channels.values()):
            await _say(None, channel.listeners)


def _take(channel: _Channel, numbers: LetterNumbers) -> bool:
    """Keep a letter's numbers; say whether there is news: that the log has grown elsewhere is none."""
    known = channel.numbers
    if known is not None and replace(known, size=numbers.size) == numbers:
        return False
    channel.numbers, channel.event = numbers, format_event(numbers)
    return True


async def _say(event: bytes | None, listeners: Iterable[Listener]) -> None:
    """Say an event, or a beat, to many, and let others have their turn in between."""
    for number, listener in enumerate(list(listeners), 1):
        if event is None:
            listener.beat()
        else:
            listener.tell(event)
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)


def format_event(numbers: LetterNumbers) -> bytes:
    """Write the event that tells of a letter's numbers (HTML, section 9.2, September 2026)."""
    return b"event: counts\nid: %d\ndata: %b\n\n" % (numbers.size, format_counts(numbers))


def most_listeners() -> int:
    """Return how many may listen: half of the connections that the system allows, for others sign."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_LISTENERS if allowed < 0 else min(MOST_LISTENERS, allowed // 2)
