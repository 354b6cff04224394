"""The real program in a process of its own, and a mail server to which it speaks SMTP."""

import asyncio
import email
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_ADDRESS = re.compile(r"^serving: (http://\S+)$", re.MULTILINE)
_CODE = re.compile(r"Your code: ([0-9A-Z]{4}-[0-9A-Z]{4})")
_PATIENCE_S = 120


@dataclass
class MailSink:
    """Keeps what it is sent, by recipient; those of `refused` are told to come back later.

    `before_taking` is called when all of a mail is there, before it is taken.
    """

    refused: set[str] = field(default_factory=set)
    mails: dict[str, bytes] = field(default_factory=dict)
    port: int = 0
    before_taking: Callable[[], None] | None = None

    async def handle_DATA(  # noqa: N802 - the name is the library's
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        recipient, content = envelope.rcpt_tos[0], envelope.content
        assert isinstance(content, bytes)
        if self.before_taking is not None:
            self.before_taking()
        if recipient in self.refused:
            return "451 4.3.0 later"
        self.mails[recipient] = content
        return "250 OK"

    def take_code(self, address: str) -> str:
        """Wait for the mail to an address; return the code in it."""
        end = time.monotonic() + _PATIENCE_S
        while address not in self.mails:
            assert time.monotonic() < end, "the mail did not come"
            time.sleep(0.01)
        message = email.message_from_bytes(self.mails[address])
        parts = (part for part in message.walk() if part.get_content_type() == "text/plain")
        text = next(parts).get_payload(decode=True)
        assert isinstance(text, bytes)
        found = _CODE.search(text.decode())
        assert found is not None
        return found[1]


@contextmanager
def mail_sink(*refused: str) -> Iterator[MailSink]:
    """Run a mail server on a free port of this machine."""
    sink = MailSink(set(refused))
    loop = asyncio.new_event_loop()
    listening = loop.create_server(lambda: SMTP(sink, loop=loop), "127.0.0.1", 0)
    server = loop.run_until_complete(listening)
    sink.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_cancel_all())
        loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def served(folder: Path, output: Path, **settings: str) -> Iterator[str]:
    """Serve a data folder with `undersigned serve`; give the address. What it writes is in `output`."""
    environment = {"PATH": os.environ["PATH"]}
    environment |= {f"UNDERSIGNED_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "undersigned", "serve", "--port", "0", "--data", str(folder)]
    with (
        output.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=file, env=environment) as process,
    ):
        try:
            yield _find_address(process, output)
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE_S) == 0
        finally:
            process.kill()


def _find_address(process: "subprocess.Popen[bytes]", output: Path) -> str:
    end = time.monotonic() + _PATIENCE_S
    while not (found := _ADDRESS.search(output.read_text())):
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < end
        time.sleep(0.02)
    return found[1]
