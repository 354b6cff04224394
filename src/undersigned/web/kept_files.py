"""Files that are made of a letter and kept until the letter has changed: a crowd costs one making.

As many as there is room for are kept, and the one that was not asked for longest goes first.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock

from undersigned.web.bounded import Bounded
from undersigned.web.conditional import make_tag


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was made, of what, and when (UTC seconds)."""

    made_of: Hashable
    at: int
    content: bytes
    tag: str


class KeptFiles:
    """Files by what names them; made one at a time. `fresh_s`: nothing is made anew more often."""

    def __init__(self, *, most: int, waiting: int, fresh_s: int = 0) -> None:
        self._most = most
        self._fresh_s = fresh_s
        self._lock = Lock()
        self._files: OrderedDict[Hashable, KeptFile] = OrderedDict()
        self._making = Bounded(at_once=1, waiting=waiting)

    async def get(
        self, key: Hashable, made_of: Hashable, now: int, make: Callable[[], bytes]
    ) -> KeptFile:
        """Return the file of a key as it is made of something; `make` runs in a thread.

        Raises Busy if too many wait, and what `make` raises.
        """
        found = self._find(key, made_of, now)
        if found is not None:
            return found
        return await self._making.run(self._make, key, made_of, now, make)

    def _find(self, key: Hashable, made_of: Hashable, now: int) -> KeptFile | None:
        with self._lock:
            found = self._files.get(key)
            if found is None:
                return None
            if found.made_of != made_of and not 0 <= now - found.at < self._fresh_s:
                return None
            self._files.move_to_end(key)
            return found

    def _make(
        self, key: Hashable, made_of: Hashable, now: int, make: Callable[[], bytes]
    ) -> KeptFile:
        # Whoever waited for the thread may find what the one before has made.
        found = self._find(key, made_of, now)
        if found is None:
            content = make()
            found = KeptFile(made_of, now, content, make_tag(content))
            self._keep(key, found)
        return found

    def _keep(self, key: Hashable, file: KeptFile) -> None:
        with self._lock:
            self._files[key] = file
            self._files.move_to_end(key)
            while len(self._files) > self._most:
                self._files.popitem(last=False)
