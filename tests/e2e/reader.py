"""Someone who looks at the checkpoint again and again, and remembers every one."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from undersigned.crypto.note_key import NoteKey
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint
from undersigned.tlog.merkle import Frontier

PAUSE_S = 0.03


class CheckpointReader:
    """Every checkpoint that was seen, in order; each bears the log's signature."""

    def __init__(self, url: str, key: NoteKey) -> None:
        self.seen: list[Checkpoint] = []
        self._host = urlsplit(url).netloc
        self._key = key
        self._ending = threading.Event()
        self._failure: Exception | None = None

    def read_all(self) -> None:
        """Read until the end; a site that is down is asked again."""
        while not self._ending.wait(PAUSE_S):
            try:
                note = self._read()
                checkpoint = parse_checkpoint(note, self._key)
            except (OSError, HTTPException):
                continue
            except Exception as error:  # noqa: BLE001 - told to the test when it ends
                self._failure = error
                return
            if not self.seen or self.seen[-1] != checkpoint:
                self.seen.append(checkpoint)

    def _read(self) -> bytes:
        connection = HTTPConnection(self._host, timeout=5)
        try:
            connection.request("GET", "/log/checkpoint")
            answer = connection.getresponse()
            data = answer.read()
            if answer.status != 200:
                raise HTTPException
            return data
        finally:
            connection.close()

    def stop(self) -> None:
        """Look no more. Raises what was wrong with a checkpoint."""
        self._ending.set()
        if self._failure is not None:
            raise self._failure

    def find_contradictions(self, leaves: Sequence[bytes]) -> list[str]:
        """Return what was seen that the log with these leaf hashes does not continue."""
        roots = list(_roots(leaves))
        told, size = [], 0
        for checkpoint in self.seen:
            if checkpoint.size < size:
                told.append(f"size {checkpoint.size} was seen after {size}")
            size = max(size, checkpoint.size)
            if size >= len(roots) or roots[checkpoint.size] != checkpoint.root:
                told.append(f"the tree of size {checkpoint.size} is another one")
        return told


def _roots(leaves: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the root of every prefix of a log, from the empty one on."""
    frontier = Frontier.empty()
    yield frontier.root()
    for leaf in leaves:
        frontier.append(leaf)
        yield frontier.root()


@contextmanager
def reading(url: str, key: NoteKey) -> Iterator[CheckpointReader]:
    """Read checkpoints in a thread while a test runs."""
    reader = CheckpointReader(url, key)
    thread = threading.Thread(target=reader.read_all)
    thread.start()
    try:
        yield reader
    finally:
        reader._ending.set()
        thread.join()
        reader.stop()
