"""The desk from the terminal: who is there, and links for who cannot come in."""

import re
import signal
from pathlib import Path

import pytest
from tests.app.desks import follow
from tests.authenticator import Authenticator
from tests.cli.conftest import Run
from tests.cli.test_serve import SITE, serving

from undersigned.app.clock import SystemClock
from undersigned.app.desk import open_desk
from undersigned.app.issuer import make_issuer
from undersigned.app.site import make_site

HOST = "letters.example.org"
LINK = re.compile(r"(https?://[a-z.:0-9]+)/desk/join/([A-Za-z0-9_-]{43})")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a site that was never served."""
    make_site(tmp_path / "d", HOST).close()
    return tmp_path / "d"


def take(folder: Path, url: str, name: str) -> None:
    """Follow a link that was printed."""
    match = LINK.fullmatch(url)
    assert match is not None, url
    desk = open_desk(folder, SystemClock(), match[1])
    follow(desk, match[2], name, Authenticator(match[1]))
    desk.close()


def test_the_desk_is_claimed_and_recovered(run: Run, folder: Path) -> None:
    """The first link takes it over; later ones are for an account, by name or of the only owner."""
    first = run("desk", "link", "--data", folder)
    assert first.code == 0
    assert "first owner" in first.err
    take(folder, first.out.strip(), "Orla Fenwick")
    for arguments in ((), ("--account", "orla fenwick")):
        again = run("desk", "link", "--data", folder, *arguments)
        assert again.code == 0
        assert "takes the old ones away" in again.err
        take(folder, again.out.strip(), "")
    listed = run("desk", "accounts", "--data", folder)
    assert listed.out == "name\trole\nOrla Fenwick\towner\n"
    nobody = run("desk", "link", "--data", folder, "--account", "Nobody")
    assert nobody.code == 1
    assert "undersigned desk accounts" in nobody.err
    assert nobody.out == ""


def test_an_empty_desk_says_what_to_do(run: Run, folder: Path) -> None:
    """Nobody is there, and the next step is named."""
    listed = run("desk", "accounts", "--data", folder)
    assert (listed.code, listed.out) == (0, "name\trole\n")
    assert "undersigned desk link" in listed.err
    named = run("desk", "link", "--data", folder, "--account", "Orla")
    assert named.code == 1


def test_the_address_of_a_link(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was served at last; what the setting says; this machine otherwise; an issuer has one, too."""
    monkeypatch.setenv("UNDERSIGNED_PORT", "8123")
    assert run("desk", "link", "--data", folder).out.startswith("http://localhost:8123/desk/join/")
    open_desk(folder, SystemClock(), "https://served.example").close()
    assert run("desk", "link", "--data", folder).out.startswith("https://served.example/desk/")
    monkeypatch.setenv("UNDERSIGNED_URL", "https://set.example")
    assert run("desk", "link", "--data", folder).out.startswith("https://set.example/desk/")
    monkeypatch.setenv("UNDERSIGNED_URL", "http://set.example")
    refused = run("desk", "link", "--data", folder)
    assert (refused.code, refused.out) == (2, "")
    assert "UNDERSIGNED_URL" in refused.err
    monkeypatch.delenv("UNDERSIGNED_URL")
    make_issuer(tmp_path / "i", "https://codes.example").close()
    assert run("desk", "link", "--data", tmp_path / "i").code == 0
    (tmp_path / "empty").mkdir()
    assert run("desk", "link", "--data", tmp_path / "empty").code == 2
    assert not (tmp_path / "empty" / "desk.db").exists()


def test_serving_prints_the_link_until_it_is_used(tmp_path: Path) -> None:
    """Every start has a new one; it is at localhost; afterwards none is printed."""
    printed = []
    for _ in range(2):
        with serving(tmp_path, *SITE) as (process, address):
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
            match = LINK.search(err)
            assert match is not None
            assert match[1] == address.replace("127.0.0.1", "localhost")
            printed.append(match)
    assert printed[0][2] != printed[1][2]
    take(tmp_path / "d", printed[1][0], "Orla")
    with serving(tmp_path, *SITE) as (process, _):
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert LINK.search(err) is None
    assert oct((tmp_path / "d" / "desk.db").stat().st_mode)[-3:] == "600"


def test_a_setting_that_is_no_address_stops_the_start(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first request."""
    monkeypatch.setenv("UNDERSIGNED_URL", "letters.example.org")
    outcome = run("serve", "--data", folder, "--port", "0")
    assert outcome.code == 2
    assert "UNDERSIGNED_URL must be https://" in outcome.err
