"""A letter's life with nothing but the console script, from the first file to the verified count."""

import csv
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.terminal import SCRIPT

HOST = "letters.example.org"
QUICK = "period_s = 1\nfloor = 1\nmax_wait_s = 1\n"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the data folder `data` on a free port; end it as an operator would."""
    with subprocess.Popen(
        [SCRIPT, "serve", "--data", "data", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().removeprefix("serving: ").strip()
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        finally:
            process.kill()


def write_letter(script: Run, folder: Path) -> None:
    """Make the letter of the template one whose epochs take a second and whose roll is codes."""
    assert script("letter", "new", "harbour").code == 0
    file = folder / "harbour" / "letter.toml"
    text = file.read_text().replace('roll = "list"', 'roll = "invites"')
    text = text.replace('methods = ["email", "invite"]', 'methods = ["invite"]')
    file.write_text(text.replace("period_s = 60\nfloor = 8\nmax_wait_s = 600\n", QUICK))
    assert script("letter", "check", file).code == 0


def test_from_the_first_file_to_the_verified_count(script: Run, tmp_path: Path) -> None:
    """Write, invite, open, serve, sign in each way, withdraw, mirror, verify, serve again."""
    write_letter(script, tmp_path)
    data = ("--data", "data")
    invited = script(
        "roll", "invites", "harbour", "--count", 6, "--out", "codes.csv", *data, "--origin", HOST
    )
    assert invited.code == 0, invited.err
    codes = [row["code"] for row in csv.DictReader((tmp_path / "codes.csv").read_text().split())]
    opened = script("letter", "open", "harbour/letter.toml", *data, "--yes")
    assert opened.code == 0, opened.err
    with served(tmp_path) as address:
        url = f"{address}/letters/harbour"
        for number, (mode, *rest) in enumerate(
            (
                ["public", "--name", "Nobody Real"],
                ["sealed", "--name", "Someone Else", "--as", "initials"],
                ["anonymous"],
                ["sealed", "--name", "Third Person", "--when", "25"],
                ["sealed", "--name", "Fourth Person"],
            )
        ):
            signed = script(
                "sign", url, "--mode", mode, "--invite", codes[number], "--yes", *rest,
                "--receipt", f"{number}.json", "--wait", 20,
            )  # fmt: skip
            assert signed.code == 0, signed.err
            checked = script("receipt", "verify", f"{number}.json")
            assert checked.code == 0, checked.err
        assert script("withdraw", "4.json", "--site", address, "--yes").code == 0
        _wait_for_withdrawal(script, url)
        shown = script("letter", "show", url)
        assert "standing: 3 of 100 (3.0 %)\nof which anonymous: 1\n" in shown.out
        assert "waiting for others: 1\n" in shown.out
        assert script("mirror", address, "mirror").code == 0
    verified = script("verify", "mirror", "--state", "seen.json", "--json")
    report = json.loads(verified.out)
    assert verified.code == 0, report
    figures = report["letters"][0]
    assert (figures["standing"], figures["waiting"], figures["withdrawn"]) == (3, 1, 1)
    with served(tmp_path) as address:
        late = script(
            "sign", f"{address}/letters/harbour", "--mode", "anonymous", "--invite", codes[5],
            "--yes", "--wait", 20,
        )  # fmt: skip
        assert late.code == 0, late.err
        again = script("verify", address, "--state", "seen.json")
    assert again.code == 0, again.out + again.err
    assert "standing: 4 of 100\n" in again.out


def _wait_for_withdrawal(script: Run, url: str) -> None:
    """Wait for the epoch that takes the withdrawal in; each question takes longer than one."""
    for _ in range(20):
        if "withdrawn: 1\n" in script("letter", "show", url).out:
            return
    raise AssertionError("the withdrawal did not reach the log")
