"""`undersigned check` from the terminal: answers, addresses, exit codes, and what cannot be read."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.live import LiveSite
from tests.simulator import VKEY
from tests.verify import stories


@pytest.fixture
def mirrored(tmp_path: Path) -> Path:
    """A mirror of two letters, of which one has two editions."""
    return stories.superseded().draft().write(tmp_path / "mirror")


def test_an_address_is_mirrored_and_its_letter_meant(run: Run, live_site: LiveSite) -> None:
    """The page of a letter as of a size says which, and when; the mirror stays if it shall."""
    page = f"{live_site.url}/letters/{live_site.slug}"
    done = run("check", "0 of 14", f"{page}/at/3", "--into", "kept")
    assert (done.code, done.out.splitlines()[:5]) == (
        0,
        [
            "answer: true",
            "claim: 0 of 14",
            "asked for: the first 3 entries",
            "letter: small-letter@1: Keep the <night> kitchen open",
            "standing: 0 of 14 (0.0 %)",
        ],
    )
    assert "note: the log's key is the mirror's own" in done.err
    again = run("check", "1+", "kept")
    assert (again.code, again.out.splitlines()[:3]) == (
        1,
        ["answer: false", "claim: >=1", "asked for: the newest"],
    )


def test_the_answer_as_json(run: Run, mirrored: Path) -> None:
    """On stdout alone, for programs; the key that was given is compared, and nothing is noted."""
    done = run("check", "~3", mirrored, "--letter", "the-letter@2", "--key", VKEY, "--json")
    answer = json.loads(done.out)
    assert (done.code, answer["answer"], answer["letter"]) == (0, "true", "the-letter@2")
    assert (answer["claim"], answer["standing"], answer["reason"]) == ("~3", 3, None)
    assert answer["size"] == answer["tree_size"]
    assert done.err == ""


def test_unprovable_says_why(run: Run, mirrored: Path) -> None:
    """With the reason on stderr, and the numbers left out."""
    done = run("check", "3", mirrored, "--json")
    answer = json.loads(done.out)
    assert (done.code, answer["answer"], answer["standing"]) == (2, "unprovable", None)
    assert "error: unprovable: The log has several letters; say which one:" in done.err
    assert answer["reason"].removesuffix(".") in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("many", "."), "a claim is a number"),
        (("650", ".", "--at", "yesterday"), "when is the size of a tree"),
        (("650", ".", "--at", ""), "when is the size of a tree"),
        (("650", "nowhere"), "nowhere is not a folder"),
        (("650", "https://"), "the address of a site begins"),
    ],
)
def test_what_cannot_be_read(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    """One sentence, exit code 2, nothing on stdout."""
    done = run("check", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {sentence}")


def test_a_name_that_no_letter_has(run: Run, mirrored: Path) -> None:
    """Is refused before anything is read."""
    done = run("check", "3", mirrored, "--letter", "No Letter")
    assert (done.code, done.out) == (1, "")


def test_an_empty_folder_proves_nothing(run: Run, tmp_path: Path) -> None:
    """A folder without a log is no evidence of anything."""
    (tmp_path / "empty").mkdir()
    done = run("check", "3", tmp_path / "empty")
    assert done.code == 2
    assert done.out.startswith("answer: unprovable\n")
