"""Mirroring and verifying from the terminal: reports, what is remembered, and exit codes."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.live import LiveSite
from tests.simulator import VKEY
from tests.stamping import make_root, the_clock
from tests.verify import stories

from undersigned.crypto.keys import CosignatureSigner, NoteSigner
from undersigned.crypto.note_key import format_vkey


@pytest.fixture(scope="module")
def mirrored(live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of the live site with nothing but its letter."""
    from undersigned.mirror import mirror_site

    folder = tmp_path_factory.mktemp("mirror")
    mirror_site(live_site.url, folder)
    return folder


def test_a_mirror_says_what_it_holds(run: Run, live_site: LiveSite) -> None:
    """A second time brings it up to date."""
    for _ in range(2):
        done = run("mirror", f"{live_site.url}/letters/{live_site.slug}", "m")
        assert done.code == 0
        assert done.out.startswith("mirror: m\nentries: 3\nletters: 1\n")
        assert done.err == "next: undersigned verify m\n"


def test_twelve_checks_and_the_numbers(run: Run, mirrored: Path) -> None:
    """All hold; the report has the numbers in their order, and says what is next."""
    done = run("verify", mirrored)
    assert done.code == 0
    lines = done.out.splitlines()
    assert [n for n in range(1, 13) if any(line.startswith(f"{n:2}. ") for line in lines)] == list(
        range(1, 13)
    )
    assert " 1. holds:     The checkpoint is signed" in done.out
    assert "letter: small-letter@1: Keep the <night> kitchen open\n" in done.out
    assert "note: the log's key is the mirror's own" in done.err
    assert "next: --state FILE" in done.err


def test_the_report_as_json(run: Run, mirrored: Path) -> None:
    """On stdout alone, for programs."""
    done = run("verify", mirrored, "--json")
    report = json.loads(done.out)
    assert report["exit_code"] == done.code == 0
    assert len(report["checks"]) == 12


def test_an_address_is_mirrored_first(run: Run, live_site: LiveSite) -> None:
    """Into a folder that goes again, or into one that stays."""
    assert run("verify", live_site.url).code == 0
    assert not list(Path().iterdir())
    assert run("verify", live_site.url, "--into", "kept").code == 0
    assert (Path("kept") / "log" / "checkpoint").exists()


def test_the_key_and_the_last_tree(run: Run, mirrored: Path) -> None:
    """A pinned key is compared; what was seen is remembered, and only when all holds."""
    key = (mirrored / "log.vkey").read_text().strip()
    done = run("verify", mirrored, "--key", key, "--state", "seen.json")
    assert done.code == 0
    assert "note: " not in done.err
    assert "next: the same command again" in done.err
    seen = Path("seen.json").read_bytes()
    shutil.copytree(mirrored, "changed")
    (Path("changed") / "site" / "site.json").write_text("{}")
    other = run("verify", "changed", "--state", "seen.json")
    assert other.code in (1, 2)
    assert "note: seen.json was left as it was" in other.err
    assert Path("seen.json").read_bytes() == seen
    other_key = format_vkey(NoteSigner.generate("letters.example/log").verifier)
    false = run("verify", mirrored, "--key", other_key)
    assert false.code == 1
    assert "error: false: 1" in false.err
    assert "hint: keep this mirror" in false.err


def test_a_policy_is_asked_for_witnesses(run: Run, mirrored: Path) -> None:
    """A log of the policy is known; a quorum that is not there is false; a bad file is named."""
    key = (mirrored / "log.vkey").read_text().strip()
    Path("none").write_text(f"log {key}\nquorum none\n")
    done = run("verify", mirrored, "--policy", "none")
    assert done.code == 0
    assert " 2. holds:     Enough witnesses" in done.out
    assert "note: " not in done.err
    witness = format_vkey(CosignatureSigner.generate("w.example/w").verifier)
    Path("one").write_text(f"log {key}\nwitness w {witness}\nquorum w\n")
    false = run("verify", mirrored, "--policy", "one")
    assert false.code == 1
    assert "error: false: 2" in false.err
    Path("bad").write_text(f"log {key}\nquorum w\n")
    bad = run("verify", mirrored, "--policy", "bad")
    assert bad.code == 2
    assert "error: line 2 of the policy: The quorum is not defined" in bad.err
    assert run("verify", mirrored, "--policy", "missing").code == 2


def test_what_is_no_mirror(run: Run) -> None:
    """A folder that is missing, and one that is empty, cannot be checked."""
    missing = run("verify", "nowhere")
    assert (missing.code, missing.err) == (2, "error: nowhere is not a folder\n")
    Path("empty").mkdir()
    done = run("verify", "empty")
    assert done.code == 2
    assert "error: not everything could be checked\nhint: mirror the site again" in done.err


def test_an_address_that_is_none(run: Run) -> None:
    """Something that is no address of a site."""
    assert run("mirror", "ftp://a.example", "m").code == 2
    assert run("verify", "gopher://a.example").code == 2


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror whose letters were stamped, with the root of the authority beside it."""
    folder = tmp_path_factory.mktemp("stamped")
    stories.stamped().draft().write(folder / "mirror")
    (folder / "roots.pem").write_bytes(the_clock()[1].pem)
    (folder / "other.pem").write_bytes(make_root().pem)
    (folder / "none.pem").write_text("none")
    return folder


def test_timestamps_are_printed(run: Run, stamped: Path) -> None:
    """Who says so and when; without roots also what that is worth."""
    done = run("verify", stamped / "mirror", "--key", VKEY)
    assert done.code == 0
    doubt = "(whose certificate it is was not checked)"
    assert f"this text existed: 2023-11-14 22:13:20 UTC, says The Clock {doubt}\n" in done.out
    assert (
        f"the first 4 entries existed: 2023-11-14 22:13:20 UTC, says The Clock {doubt}\n"
        in done.out
    )
    roots = ("--timestamp-roots", stamped / "roots.pem")
    trusted = run("verify", stamped / "mirror", "--key", VKEY, *roots)
    assert trusted.code == 0
    assert "this text existed: 2023-11-14 22:13:20 UTC, says The Clock\n" in trusted.out
    said = json.loads(run("verify", stamped / "mirror", "--json", *roots).out)
    assert said["letters"][0]["timestamps"][0]["chain"] is True


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("other.pem", 1, "error: false: 6"),
        ("none.pem", 2, "error: the trusted certificates are not PEM"),
        ("gone.pem", 2, "error: "),
    ],
)
def test_roots_that_do_not_fit(
    run: Run, stamped: Path, name: str, code: int, sentence: str
) -> None:
    """Another root makes the timestamps false; a file without any is said to be none."""
    done = run("verify", stamped / "mirror", "--key", VKEY, "--timestamp-roots", stamped / name)
    assert done.code == code
    assert sentence in done.err
