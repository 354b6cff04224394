"""A program on a pseudo-terminal, spoken to line by line; the console script; outcomes of commands."""

import codecs
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Self

SCRIPT = Path(sys.executable).with_name("undersigned")
"""The console script as it is installed."""

PATIENCE_S: Final = 60
"""A machine that does much else takes its time."""

QUESTION: Final = "\nword "
"""Where one of the twelve words is asked for; "word" itself may be one of them."""


class Outcome(NamedTuple):
    """What a command left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


def _take_terminal(slave: int) -> None:
    """Make the terminal that of the new session, so that Ctrl-C reaches it."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


class Terminal:
    """The console script on a terminal of its own; ended with the context, whatever it waits for."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self._master, slave = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "60"}
        self.process = subprocess.Popen(
            [SCRIPT, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environment,
            start_new_session=True,
            preexec_fn=partial(_take_terminal, slave),  # noqa: PLW1509 - it makes one system call
        )
        os.close(slave)
        self.text = ""
        self._read = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def expect(self, words: str, timeout_s: float = PATIENCE_S) -> str:
        """Wait until the words were written, and return what was written up to them."""
        end = time.monotonic() + timeout_s
        while words not in self.text[self._read :]:
            if not self._fill(end - time.monotonic()):
                raise AssertionError(f"{words!r} was not written; but: {self.text[self._read :]!r}")
        place = self.text.index(words, self._read) + len(words)
        before, self._read = self.text[self._read : place], place
        return before

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._master, line.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._master, b"\x03")

    def end(self, timeout_s: float = PATIENCE_S) -> int:
        """Read to the end; return the exit code."""
        end = time.monotonic() + timeout_s
        while self._fill(end - time.monotonic()):
            pass
        return self.process.wait(timeout=timeout_s)

    def _fill(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(timeout_s, 0))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            # What Linux says when the other end of a terminal is closed.
            return False
        # A read may end within a character.
        self.text += self._decoder.decode(data).replace("\r\n", "\n")
        return bool(data)
