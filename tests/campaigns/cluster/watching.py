"""Looking at the published log all the time, at each node and through the proxy, as readers do."""

import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Final

from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint_body
from undersigned.tlog.note import parse_note

LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that somebody was shown at an instant of `time.monotonic`."""

    at: float
    port: int
    checkpoint: Checkpoint


@dataclass(slots=True)
class Watcher:
    """One thread for each port that the log is read at; `seen` holds what was new at that port."""

    ports: tuple[int, ...]
    seen: list[Seen] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look."""
        self._threads = [
            threading.Thread(target=self._run, args=(port,), name=f"watch {port}", daemon=True)
            for port in self.ports
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def find_shown(self, port: int, size: int, after: float) -> float | None:
        """Return when a port first showed more than `size` entries after an instant."""
        times = (
            each.at
            for each in list(self.seen)
            if each.port == port and each.at > after and each.checkpoint.size > size
        )
        return min(times, default=None)

    def _run(self, port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        last = b""
        while not self._ending.wait(LOOK_S):
            try:
                connection.request("GET", "/log/checkpoint")
                answer = connection.getresponse()
                note = answer.read()
            except (OSError, HTTPException):
                connection.close()
                continue
            if answer.status == 200 and note != last:
                last = note
                checkpoint = parse_checkpoint_body(parse_note(note).text)
                self.seen.append(Seen(time.monotonic(), port, checkpoint))
        connection.close()
