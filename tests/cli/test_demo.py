"""The demo as people run it, and the site that it leaves."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.demo_run import SCRIPT, DemoRun, free_port
from tests.postgresql import emptied

from undersigned.app.site import make_site
from undersigned.cli import demo
from undersigned.cli.main import main
from undersigned.errors import SiteExists

CLAIMS = Path(__file__).parents[2] / "examples" / "november-2023" / "claims.csv"


def _undersigned(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_it_ends_with_the_count(demo_run: DemoRun) -> None:
    """`undersigned demo < /dev/null` ends with 738 of 770, and exit code 0."""
    assert demo_run.code == 0, demo_run.errors
    assert "738 of 770" in demo_run.output
    assert "\x1b" not in demo_run.output, "colours in a pipe"


def test_every_check_holds(demo_run: DemoRun) -> None:
    """The report has twelve numbers; all hold but the witnesses, whom nobody asked for."""
    rows = re.findall(r"^ +(\d+) (holds|false|unchecked|not asked) ", demo_run.output, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    assert {status for number, status in rows if number != "2"} == {"holds"}


def test_five_lies_are_caught(demo_run: DemoRun) -> None:
    """Each lie is named, and caught by its number."""
    caught = re.findall(r"lie: (.+)\. caught by check (\d+):", demo_run.output)
    assert [int(number) for _, number in caught] == [4, 7, 10, 11, 12]
    assert "5 of 5 lies caught" in demo_run.output


def test_refusals_are_shown(demo_run: DemoRun) -> None:
    """Wrong code, second token, changed record, spent token, another letter's token: with answers."""
    part = demo_run.output.partition("what is refused")[2].partition("Pacific")[0]
    statuses = re.findall(r"^  [a-z ]+: (\d{3}) ", part, re.MULTILINE)
    assert statuses == ["403", "409", "422", "409", "422"]


def test_it_names_what_to_open(demo_run: DemoRun) -> None:
    """It ends with addresses and with an invite code of somebody who never signed."""
    assert re.search(r"letter: http://localhost:\d+/letters/november-2023", demo_run.output)
    assert re.search(r"with the invite code: ([0-9A-Z]{4}-){3}[0-9A-Z]{4}", demo_run.output)
    again = rf"next: undersigned serve --data {re.escape(str(demo_run.folder))} --port \d+ shows"
    assert re.search(again, demo_run.errors)


def test_the_site_can_be_served_again(demo_run: DemoRun, tmp_path: Path) -> None:
    """On another port and another day the finished site verifies, and takes the 742nd signature."""
    folder = demo_run.copy(tmp_path / "site")
    instant = int((folder / "clock").read_text())
    port = free_port()
    server = subprocess.Popen(
        [str(SCRIPT), "serve", "--data", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        url = f"http://localhost:{port}"
        before = _undersigned("verify", url)
        assert before.returncode == 0, before.stdout + before.stderr
        assert "738 of 770" in before.stdout
        code = re.findall(r"^with the invite code: (\S+)", demo_run.output, re.MULTILINE)[0]
        receipt = tmp_path / "receipt.json"
        signed = _undersigned(
            "sign",
            f"{url}/letters/november-2023",
            *(
                "--invite",
                code,
                "--mode",
                "public",
                "--yes",
                "--wait",
                "120",
                "--receipt",
                str(receipt),
            ),
        )
        assert signed.returncode == 0, signed.stderr
        after = _undersigned("verify", url)
        assert after.returncode == 0, after.stdout + after.stderr
        assert "739 of 770" in after.stdout
        assert json.loads(receipt.read_text())["words"].count(" ") == 11
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)
    assert instant < int((folder / "clock").read_text()) < instant + 3600, "its own clock goes on"


def test_what_the_press_printed(demo_run: DemoRun, capsys: pytest.CaptureFixture[str]) -> None:
    """Every claim of that day is answered by the log of the demo, each as the table expects."""
    with CLAIMS.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 11
    capsys.readouterr()
    for row in rows:
        code = main(
            ["check", row["claim"], str(demo_run.mirror), "--at", row["time_utc"], "--json"]
        )
        answer = json.loads(capsys.readouterr().out)
        told = (answer["answer"], code, answer["letter"], answer["headcount"])
        assert told == (row["expected"], int(row["expected"] == "false"), "november-2023@1", 770)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the server did not start")


def test_a_second_run_starts_clean(demo_run: DemoRun, tmp_path: Path) -> None:
    """What the last demo left is deleted whole, also when it was cut off."""
    folder = demo_run.copy(tmp_path / "site")
    (folder / "collector.db").write_bytes(b"cut off")
    demo.clean(folder)
    assert not folder.exists()


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """Nothing is made, and another port is named."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = _undersigned("demo", "--data", str(tmp_path / "demo"), "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: port {port} is taken",
        f"hint: choose another: undersigned demo --port {port + 1}",
    ]
    assert not (tmp_path / "demo").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds other things is not deleted."""
    (tmp_path / "thesis.txt").write_text("three years of work")
    done = _undersigned("demo", "--data", str(tmp_path), "--port", str(free_port()))
    assert done.returncode == 2
    assert "holds something that is not a demo" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """One sentence, no traceback."""
    (tmp_path / "file").write_text("")
    done = _undersigned(
        "demo", "--data", str(tmp_path / "file" / "demo"), "--port", str(free_port())
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("limit", [20_000, 200_000])
def test_a_full_disk(tmp_path: Path, limit: int) -> None:
    """When nothing more can be written the demo says so in one sentence and ends."""
    import resource

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [str(SCRIPT), "demo", "--data", str(tmp_path / "demo"), "--port", str(free_port())],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        preexec_fn=limited,
        env=dict(os.environ),
    )
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_holds_a_site_is_left_alone(
    tmp_path: Path, sites_database: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if that was a demo: what is deleted is its folder, and it says what it needs."""
    address = emptied(sites_database)
    make_site(tmp_path / "site", "letters.example", address=address).close()
    monkeypatch.setenv("UNDERSIGNED_DATABASE", address)
    with pytest.raises(SiteExists, match="the database holds a site already") as caught:
        demo.run(tmp_path / "demo", free_port(), serve=False)
    assert caught.value.__notes__ == [
        "give it an empty database: of a demo only the folder is deleted"
    ]
