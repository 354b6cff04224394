"""Rolls from the terminal: imported whole or not at all, and invited without losing a code."""

import csv
import stat
import subprocess
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.terminal import SCRIPT

from undersigned.app.site import open_site
from undersigned.domain.roll import INVITE_CHARACTERS
from undersigned.store import members

SITE = ("--data", "d", "--origin", "a.example")


def count_members(slug: str) -> int:
    """Count the entries of a roll."""
    site = open_site(Path("d"))
    with site.issuer.database.read() as connection:
        number = len(members.list_commits(connection, slug))
    site.close()
    return number


def test_every_bad_row_is_listed_and_none_is_taken(run: Run) -> None:
    """The lines are those of the file, and no content of it is repeated."""
    Path("roll.csv").write_text("email,name\nana@a.example,Ana\nbudi,Budi\ncita@a.example,\n")
    done = run("roll", "import", "x", "roll.csv", *SITE)
    assert done.code == 1
    assert done.err.startswith("error: 2 rows of the roll cannot be taken\n  line 3: email: ")
    assert "\n  line 4: name: empty\nhint: " in done.err
    assert "budi" not in done.err.lower()
    assert count_members("x") == 0


def test_a_roll_is_imported_once(run: Run) -> None:
    """The second time is refused; the first one says what is next."""
    Path("roll.csv").write_text("email;name;role\nana@a.example;Ana;Cook\n")
    done = run("roll", "import", "x", "roll.csv", *SITE)
    assert (done.code, done.out) == (0, "1 entries\n")
    assert "undersigned letter open FILE --data d" in done.err
    again = run("roll", "import", "x", "roll.csv", "--data", "d")
    assert again.code == 1
    assert again.err.startswith("error: there is a roll for this letter already\nhint: ")


def test_a_roll_that_is_not_there(run: Run) -> None:
    """A missing file is told before a site is made."""
    done = run("roll", "import", "x", "roll.csv", *SITE)
    assert done.code == 2
    assert done.err == "error: roll.csv cannot be read: No such file or directory\n"
    assert not Path("d").exists()


def test_invites_are_printed_as_csv(run: Run) -> None:
    """Codes alone where the roll is nothing else; each counts as one entry."""
    done = run("roll", "invites", "x", "--count", 3, *SITE)
    assert done.code == 0
    rows = list(csv.DictReader(done.out.splitlines()))
    assert [len(row["code"].replace("-", "")) for row in rows] == [INVITE_CHARACTERS] * 3
    assert "note: the codes cannot be shown again" in done.err
    assert count_members("x") == 3


def test_invites_of_a_list_go_into_a_new_file(run: Run) -> None:
    """One for each entry, for the owner's eyes; a second run has none to give and leaves no file."""
    Path("roll.csv").write_text("email,name\nana@a.example,Ana\nbudi@a.example,Budi\n")
    run("roll", "import", "x", "roll.csv", *SITE)
    done = run("roll", "invites", "x", "--out", "codes.csv", "--data", "d")
    assert (done.code, done.out) == (0, "codes.csv: 2 codes\n")
    file = Path("codes.csv")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [row["name"] for row in csv.DictReader(file.read_text().splitlines())] == ["Ana", "Budi"]
    again = run("roll", "invites", "x", "--out", "more.csv", "--data", "d")
    assert again.code == 0
    assert "note: every entry of this roll has a code already\n" in again.err
    assert not Path("more.csv").exists()


def test_invites_never_write_over_a_file(run: Run) -> None:
    """The file is looked at before a code is made."""
    Path("codes.csv").write_text("mine")
    done = run("roll", "invites", "x", "--count", 3, "--out", "codes.csv", *SITE)
    assert done.code == 2
    assert done.err.startswith("error: codes.csv exists already")
    assert count_members("x") == 0


def test_invites_without_a_number_leave_no_file(run: Run) -> None:
    """What is refused leaves the folder as it was."""
    done = run("roll", "invites", "x", "--out", "codes.csv", *SITE)
    assert done.code == 1
    assert done.err.startswith("error: say how many codes to make")
    assert not Path("codes.csv").exists()


def test_codes_that_a_file_does_not_take_are_printed(run: Run, tmp_path: Path) -> None:
    """The roll has counted them already; a file that cannot grow must not lose them."""
    run("roll", "invites", "y", "--count", 1, *SITE)
    # A limit on files would stop the database first, so only the file of the codes is behind one.
    script = (
        "import resource, sys; from undersigned.cli import invites, main; save = invites._save\n"
        "def limited(*arguments):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "    save(*arguments)\n"
        "invites._save = limited\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    arguments = ["roll", "invites", "x", "--count", "100", "--out", "codes.csv", "--data", "d"]
    done = subprocess.run(
        [SCRIPT.with_name("python"), "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "the codes were printed instead" in done.stderr
    assert len(list(csv.DictReader(done.stdout.splitlines()))) == 100
    assert count_members("x") == 100
