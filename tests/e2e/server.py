"""`undersigned serve` as a process that can be killed at any instant and started again at the same place."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 120


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """The program on one data folder and one port. What it writes is appended to `output`.

    `wrapper` is a command that runs the program, to take rights away from it; `settings` are variables
    of its environment; `answers` is what is asked to find out whether it has started; `program` is what
    Python runs, where it is not the package.
    """

    def __init__(
        self,
        folder: Path,
        *,
        output: Path | None = None,
        wrapper: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        answers: str = "/api/v1/site",
        program: Sequence[str] = ("-m", "undersigned"),
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.output = output or folder.with_name(f"{folder.name}-{self.port}.txt")
        self.wrapper = wrapper
        self.settings = dict(settings or {})
        self.answers = answers
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the site is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Say whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def words(self) -> str:
        """What the program has written so far."""
        return self.output.read_text() if self.output.exists() else ""

    def launch(self) -> None:
        """Start the process and do not wait for anything."""
        assert not self.is_alive
        command = [*self.wrapper, sys.executable, *self.program, "serve"]
        command += ["--data", str(self.folder), "--port", str(self.port)]
        with self.output.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={"PATH": os.environ["PATH"], **self.settings},
            )

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        self.launch()
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.is_alive, self.words
            assert time.monotonic() < end, self.words
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", self.answers)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """End the process without a warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Let the process hang: it is there, and does nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on from where it was."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask the process to end; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE_S)

    def wait(self) -> int:
        """Wait for a process that ends by itself; return its exit code."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_alive:
            self.kill()
