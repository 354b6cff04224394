"""`undersigned witness`: made, told which logs to know, and served as a process."""

import signal
import subprocess
from pathlib import Path

import httpx2
from tests.cli.conftest import Run
from tests.cli.terminal import SCRIPT
from tests.witness.growing import GrowingLog

LOG = GrowingLog()


def test_a_witness_is_made_and_told(run: Run) -> None:
    """Its key is printed for the log's operator, and what to do next."""
    done = run("witness", "new", "w", "--name", "witness.example/w1")
    assert done.code == 0
    assert "key: witness.example/w1+" in done.out
    assert "next: undersigned witness trust w VKEY" in done.err
    told = run("witness", "trust", "w", LOG.vkey)
    assert (told.code, told.out) == (0, f"log: {LOG.origin}\n")
    again = run("witness", "trust", "w", LOG.vkey)
    assert (again.code, again.err) == (
        2,
        f"error: the log {LOG.origin} is known already, with this key\n",
    )
    both = run("witness", "new", "v", "--name", "witness.example/w2", "--log", LOG.vkey)
    assert both.code == 0
    assert LOG.vkey in Path("v/logs").read_text()


def test_what_is_refused(run: Run) -> None:
    """A folder that is in use or holds none, a name or a key that is none; nothing half made is left."""
    Path("full").mkdir()
    Path("full/file").touch()
    assert "error: full is not empty" in run("witness", "new", "full", "--name", "a/b").err
    assert run("witness", "new", "w", "--name", "a b").code == 2
    assert run("witness", "new", "w", "--name", "a/b", "--log", "nothing").code == 2
    assert not Path("w").exists()
    missing = run("witness", "serve", "nowhere", "--port", 0)
    assert missing.code == 2
    assert missing.err.startswith("error: nowhere holds no witness\nhint: undersigned witness new")


def test_it_is_served(run: Run, tmp_path: Path) -> None:
    """It says where, cosigns, keeps a second process out, and ends by a signal."""
    run("witness", "new", "w", "--name", "witness.example/w1", "--log", LOG.vkey)
    served = subprocess.Popen(
        [SCRIPT, "witness", "serve", "w", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert served.stdout is not None
        url = served.stdout.readline().removeprefix("serving: ").strip()
        assert served.stdout.readline().startswith("key: witness.example/w1+")
        assert served.stdout.readline() == f"log: {LOG.origin}\n"
        answer = httpx2.post(f"{url}/add-checkpoint", content=LOG.request(0, 5), timeout=60)
        assert answer.status_code == 200
        second = run("witness", "serve", "w", "--port", 0)
        assert second.code == 2
        assert "error: another process serves this witness" in second.err
    finally:
        served.send_signal(signal.SIGINT)
        _, err = served.communicate(timeout=60)
    assert served.returncode == 0
    assert "note: stopped; what was cosigned is on disk" in err
