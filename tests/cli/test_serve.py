"""Serving from the terminal: what stops it before it begins, and how it ends."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.cli.conftest import OpenTerminal, Run
from tests.cli.terminal import SCRIPT

from undersigned.app.site import make_site
from undersigned.cli.listening import addresses_of, is_local
from undersigned.web.reverse_proxy import caddy_lines, nginx_lines

SITE = ("--data", "d", "--origin", "letters.example.org")


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Serve on a free port; give the process and its address. It is killed if it has not ended."""
    with subprocess.Popen(
        [SCRIPT, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            while lines[-1].startswith("serving: "):
                lines.append(process.stdout.readline())
            assert lines[-1] == "log: letters.example.org/log\n"
            yield process, lines[0].removeprefix("serving: ").strip()
        finally:
            process.kill()


def ask(address: str) -> dict[str, str]:
    """Return what the site says of itself; it may need a moment to take connections in."""
    with httpx2.Client(timeout=60) as client:
        answer: dict[str, str] = client.get(f"{address}/api/v1/site").json()
    return answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    """It answers, says where it is, ends with 0, and gives the port and the folder back."""
    with serving(tmp_path, *SITE) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        assert ask(address)["origin"] == "letters.example.org/log"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0
    assert out == ""
    assert err.splitlines()[-1] == "note: stopped; everything that was acknowledged is on disk"
    assert "https" not in err
    with serving(tmp_path, "--data", "d") as (_, again):
        assert ask(again)["origin"] == "letters.example.org/log"


def test_ctrl_c_at_a_terminal(open_terminal: OpenTerminal) -> None:
    """The whole group gets the signal then, and it still ends in good order."""
    terminal = open_terminal("serve", "--port", "0", *SITE)
    terminal.expect("Ctrl-C stops the site")
    terminal.interrupt()
    assert terminal.end() == 0
    assert "note: stopped" in terminal.text


def test_nothing_names_the_software_or_logs_a_request(tmp_path: Path) -> None:
    """No server header; what is asked for is not written anywhere."""
    with serving(tmp_path, *SITE) as (process, address):
        answer = httpx2.get(f"{address}/letters/a-secret-name", timeout=60)
        assert answer.status_code == 404
        assert "server" not in answer.headers
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert "a-secret-name" not in out + err


def test_a_folder_without_a_site(run: Run) -> None:
    """Nothing is made unless the log's host is named."""
    done = run("serve", "--data", "d", "--port", 0)
    assert done.code == 2
    assert done.err == (
        "error: d holds no site\n"
        "hint: name the host of its log once, for good: "
        "undersigned serve --data d --origin letters.example.org\n"
    )
    assert not Path("d").exists()


def test_a_port_that_is_taken(run: Run) -> None:
    """It is told before the site is opened, or made."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", *SITE, "--port", port)
    assert done.code == 2
    assert done.err == (
        f"error: port {port} is taken: another program listens there\n"
        "hint: stop that program, or choose another port with --port\n"
    )
    assert not Path("d").exists()


@pytest.mark.parametrize("folder", ["/proc/undersigned", "file/d"])
def test_a_folder_that_cannot_be_written(run: Run, folder: str) -> None:
    """One sentence with the path, and what to do."""
    Path("file").touch()
    done = run("serve", "--data", folder, "--origin", "a.example", "--port", 0)
    assert done.code == 2
    assert re.fullmatch(
        rf"error: {folder} cannot be written: [^\n]+\nhint: choose a folder that [^\n]+\n", done.err
    )


@pytest.mark.parametrize(
    ("origin", "sentence"),
    [
        ("https://a.example", "error: the origin must be a bare host name in lower case"),
        ("A.example", "error: the origin must be a bare host name in lower case"),
    ],
)
def test_an_origin_that_is_no_host(run: Run, origin: str, sentence: str) -> None:
    """A log's host is for good, so it is looked at twice."""
    done = run("serve", "--data", "d", "--origin", origin, "--port", 0)
    assert done.code == 2
    assert done.err.startswith(sentence)
    assert not Path("d").exists()


def test_another_origin_for_the_same_folder(run: Run) -> None:
    """A log keeps its host."""
    make_site(Path("d"), "a.example").close()
    done = run("serve", "--data", "d", "--origin", "b.example", "--port", 0)
    assert done.code == 2
    assert done.err.startswith("error: d holds the site of a.example, and a log keeps its host\n")


def test_a_database_whose_address_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told in words that hold nothing of it, and nothing is made."""
    monkeypatch.setenv("UNDERSIGNED_DATABASE", "mysql://user:quillwort@host/name")
    done = run("serve", "--data", "d", "--origin", "a.example", "--port", 0)
    assert done.code == 2
    assert done.err == "error: the address of the database is not postgresql://user@host/name\n"
    assert not Path("d").exists()


def test_a_published_log_without_its_database(run: Run) -> None:
    """It is not taken for a site that was never finished, which may be deleted."""
    Path("d/keys").mkdir(parents=True)
    Path("d/log").mkdir()
    Path("d/log/checkpoint").write_text("")
    done = run("serve", *SITE, "--port", 0)
    assert done.code == 2
    assert "hint: is UNDERSIGNED_DATABASE set as it was" in done.err


def test_a_site_that_was_never_finished(run: Run) -> None:
    """A crash while it was made leaves keys and no log: it says to begin again."""
    Path("d/keys").mkdir(parents=True)
    done = run("serve", *SITE, "--port", 0)
    assert done.code == 2
    assert done.err.startswith("error: d holds a site that was never finished\nhint: nothing was ")


def test_an_address_of_another_machine(script: Run) -> None:
    """An address that is not ours cannot be listened at."""
    done = script("serve", *SITE, "--host", "192.0.2.1", "--port", 0)
    assert done.code == 2
    assert done.err.startswith("error: 192.0.2.1 is not an address of this machine\nhint: --host")


def test_an_open_address_needs_a_proxy(tmp_path: Path) -> None:
    """Browsers sign over https only: the lines for it are printed, with the site's own host."""
    with serving(tmp_path, *SITE, "--host", "0.0.0.0") as (process, address):  # noqa: S104
        port = address.rpartition(":")[2]
        assert address == f"http://localhost:{port}"
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert "note: browsers sign over https only" in err
    assert f"reverse_proxy 127.0.0.1:{port} {{\n" in err
    printed = re.sub(r"^note: (    )?", "", err, flags=re.MULTILINE)
    for lines in (caddy_lines, nginx_lines):
        assert lines("letters.example.org", int(port)) in printed


def test_a_clock_of_its_own_runs_while_it_is_served(tmp_path: Path) -> None:
    """It goes on from where it stood, and stands again afterwards."""
    make_site(tmp_path / "d", "letters.example.org", own_clock=1_700_000_000).close()
    with serving(tmp_path, "--data", "d") as (process, address):
        first = int(ask(address)["time"])
        assert 1_700_000_000 <= first < 1_700_000_100
        end = time.monotonic() + 120
        while int(ask(address)["time"]) == first and time.monotonic() < end:
            time.sleep(0.1)
        assert first < int(ask(address)["time"]) < 1_700_000_100
        process.terminate()
        process.communicate(timeout=60)
    assert int((tmp_path / "d" / "clock").read_text()) > 1_700_000_000


def test_settings_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line wins; a misspelt variable stops the start."""
    monkeypatch.setenv("UNDERSIGNED_DATA", "elsewhere")
    assert run("serve", "--port", 0).err.startswith("error: elsewhere holds no site\n")
    assert run("serve", "--data", "d", "--port", 0).err.startswith("error: d holds no site\n")
    monkeypatch.setenv("UNDERSIGNED_DATE", "elsewhere")
    done = run("serve", "--port", 0)
    assert (done.code, done.err) == (2, "error: UNDERSIGNED_DATE is not a setting\n")


@pytest.mark.parametrize(
    ("host", "addresses", "local"),
    [
        ("localhost", ["http://localhost:80"], True),
        ("127.0.0.1", ["http://127.0.0.1:80"], True),
        ("::1", ["http://[::1]:80"], True),
        ("192.0.2.7", ["http://192.0.2.7:80"], False),
        ("0.0.0.0", ["http://localhost:80", f"http://{socket.gethostname()}:80"], False),  # noqa: S104
    ],
)
def test_addresses(host: str, addresses: list[str], local: bool) -> None:
    """Where a site on a host is reached, and whether only from here."""
    assert addresses_of(host, 80) == addresses
    assert is_local(host) == local


@pytest.mark.parametrize(
    ("urls", "sentence"),
    [
        ("ftp://user:hunter2@tsa.example/", "begins with http:// or https://"),
        (" ".join(f"http://tsa{i}.example/hunter2" for i in range(9)), "at most 8 authorities"),
    ],
)
def test_authorities_that_are_none(
    run: Run, monkeypatch: pytest.MonkeyPatch, urls: str, sentence: str
) -> None:
    """What is wrong with them is said before anything is made, without their addresses."""
    monkeypatch.setenv("UNDERSIGNED_TIMESTAMP_URLS", urls)
    done = run("serve", *SITE, "--port", 0)
    assert done.code == 2
    assert sentence in done.err
    assert "hunter2" not in done.err
    assert not Path("d").exists()
