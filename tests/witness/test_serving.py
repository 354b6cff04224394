"""A witness over HTTP, and as a process that is killed between storing and answering."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.live import serve
from tests.witness.growing import GrowingLog

from undersigned.tlog.add_checkpoint import MAX_REQUEST_SIZE
from undersigned.witness.judging import Witness
from undersigned.witness.memory import make_witness, trust_log
from undersigned.witness.serving import make_witness_app

LOG = GrowingLog()
PATIENCE_S = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A witness's folder; it knows one log."""
    folder = tmp_path / "witness"
    make_witness(folder, "witness.example/w1")
    trust_log(folder, LOG.vkey)
    return folder


def test_every_status_over_http(folder: Path) -> None:
    """Statuses, media types and bodies of tlog-witness, on one connection that is kept."""
    with (
        serve(make_witness_app(Witness(folder, lambda: 9))) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        assert client.get(f"/{LOG.hash}/checkpoint").status_code == 404
        answer = client.post("/add-checkpoint", content=LOG.request(0, 5))
        assert answer.status_code == 200
        assert answer.text.startswith("— witness.example/w1 ")
        shown = client.get(f"/{LOG.hash}/checkpoint")
        assert shown.content == LOG.checkpoint(5) + answer.content
        assert shown.headers["Cache-Control"] == "public, max-age=5"
        conflict = client.post("/add-checkpoint", content=LOG.request(4, 6))
        assert (conflict.status_code, conflict.content) == (409, b"5\n")
        assert conflict.headers["Content-Type"] == "text/x.tlog.size"
        for body, status in (
            (b"nonsense", 400),
            (GrowingLog("else.example/log").request(0, 5), 404),
            (GrowingLog(seed=2).request(0, 5), 403),
            (GrowingLog(fork=1).request(5, 6), 422),
            (bytes(MAX_REQUEST_SIZE + 1), 413),
        ):
            refused = client.post("/add-checkpoint", content=body)
            assert refused.status_code == status
            assert refused.text.endswith(".\n")
        assert client.get("/add-checkpoint").status_code == 405
        assert client.get("/").status_code == 404


def test_a_full_disk_is_503(folder: Path) -> None:
    """Nothing is cosigned, and the answer names no file."""
    with (
        serve(make_witness_app(Witness(folder, lambda: 9))) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        part = folder / "memory.json.part"
        part.mkdir()
        answer = client.post("/add-checkpoint", content=LOG.request(0, 5))
        assert answer.status_code == 503
        assert str(folder) not in answer.text
        part.rmdir()
        assert client.post("/add-checkpoint", content=LOG.request(0, 5)).status_code == 200


# --- killed

KILLED = """\
import os, signal, sys
from pathlib import Path
from undersigned.cli.witness_serving import serve_witness
from undersigned.witness import judging

save = judging.save_memory
def kill(*arguments):
    if {is_stored}:
        save(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
judging.save_memory = kill
serve_witness(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]))
"""
WHOLE = """\
import sys
from pathlib import Path
from undersigned.cli.witness_serving import serve_witness
serve_witness(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]))
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _is_answered(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def process(script: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve a witness in a process; give its address."""
    port = free_port()
    running = subprocess.Popen([sys.executable, "-c", script, str(folder), str(port)])
    try:
        end = time.monotonic() + PATIENCE_S
        while not _is_answered(port):
            assert running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", running
    finally:
        running.terminate()
        running.wait(PATIENCE_S)


@pytest.mark.parametrize("is_stored", [False, True])
def test_killed_around_the_storing(folder: Path, is_stored: bool) -> None:
    """Before it nothing has happened; after it the log asks again and the same history goes on."""
    with process(KILLED.format(is_stored=is_stored), folder) as (url, running):
        with pytest.raises(httpx2.HTTPError):
            httpx2.post(f"{url}/add-checkpoint", content=LOG.request(0, 5), timeout=60)
        assert running.wait(PATIENCE_S) == -9
    with process(WHOLE, folder) as (url, _):
        answer = httpx2.post(f"{url}/add-checkpoint", content=LOG.request(0, 5), timeout=60)
        if is_stored:
            assert (answer.status_code, answer.content) == (409, b"5\n")
            fork = httpx2.post(
                f"{url}/add-checkpoint", content=GrowingLog(fork=2).request(5, 9), timeout=60
            )
            assert fork.status_code == 422
            answer = httpx2.post(f"{url}/add-checkpoint", content=LOG.request(5, 5), timeout=60)
        assert answer.status_code == 200
