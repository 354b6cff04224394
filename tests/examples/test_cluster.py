"""What the cluster of examples/ is made of; `make test-cluster` starts all of it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from examples.cluster.plan import MACHINES, Plan, haproxy_file, patroni_file, read_or_make
from examples.cluster.programs import (
    Failed,
    Program,
    check_way,
    find_processes,
    kill_processes,
    wait_until,
)

SLEEPER = (sys.executable, "-c", "print('there', flush=True); import time; time.sleep(600)")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of a new folder."""
    return read_or_make(tmp_path, None)


def test_a_plan_is_made_once(tmp_path: Path, plan: Plan) -> None:
    """Ports and passwords stay, and only the owner may read them."""
    assert read_or_make(tmp_path, None) == plan
    assert read_or_make(tmp_path, plan.ports["front"]) == plan
    assert len(set(plan.ports.values())) == len(plan.ports)
    assert len(set(plan.passwords.values())) == len(plan.passwords)
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600


def test_another_port_is_refused(tmp_path: Path, plan: Plan) -> None:
    """Etcd and Patroni have the ports of a folder in their own files."""
    with pytest.raises(Failed, match="has its port already"):
        read_or_make(tmp_path, plan.ports["front"] % 60_000 + 1)


def test_patroni_is_told_all(tmp_path: Path, plan: Plan) -> None:
    """Each machine has its own ports; a commit is on two disks, or is none."""
    for machine in MACHINES:
        text = patroni_file(plan, machine, tmp_path, Path("/usr/lib/postgresql/15/bin"))
        lines = {line.strip() for line in text.splitlines() if not line.strip().startswith("#")}
        assert {"synchronous_mode: true", "synchronous_mode_strict: true"} <= lines
        assert f"listen: 127.0.0.1:{plan.ports[f'postgresql {machine}']}" in lines
        assert f"password: {plan.passwords['replicator']}" in lines
        assert not any("$" in line for line in lines)


def test_the_proxy_knows_everybody(plan: Plan) -> None:
    """It asks each Patroni who leads, and both nodes whether they are there; it writes no log."""
    lines = [line.split() for line in haproxy_file(plan).splitlines()]
    checked = [words[2:] for words in lines if words[:1] == ["server"]]
    for machine in MACHINES:
        address, api = (plan.ports[f"{kind} {machine}"] for kind in ("postgresql", "patroni"))
        assert [f"127.0.0.1:{address}", "check", "port", str(api)] in checked
    for node in MACHINES[:2]:
        assert checked.count([f"127.0.0.1:{plan.ports[f'app {node}']}", "check"]) == 2
    assert not any(words[:1] == ["log"] for words in lines)


def test_the_address_of_a_database_has_its_password(plan: Plan) -> None:
    """It is that of the proxy."""
    password, port = plan.passwords["undersigned"], plan.ports["database"]
    address = f"postgresql://undersigned:{password}@127.0.0.1:{port}/letters"
    assert plan.database("undersigned", "letters") == address


def test_programs_are_started_killed_and_stopped(tmp_path: Path) -> None:
    """By their own process; one that has ended is noticed."""
    program = Program("sleeper", SLEEPER, tmp_path / "said.txt")
    with pytest.raises(Failed, match="was not started"):
        _ = program.pid
    program.start()
    wait_until("it speaks", lambda: program.output.read_text() == "there\n", program)
    program.kill()
    with pytest.raises(Failed, match="sleeper ended"):
        wait_until("never", lambda: False, program)
    program.start()
    program.stop()
    assert not program.is_alive


def test_programs_end_with_who_started_them(tmp_path: Path) -> None:
    """Also if that was killed: nothing is left behind."""
    said = tmp_path / "said.txt"
    starter = (
        "import sys, time; from pathlib import Path; from examples.cluster.programs import Program\n"
        f"program = Program('sleeper', {SLEEPER!r}, Path(sys.argv[1])); program.start()\n"
        "print(program.pid, flush=True); time.sleep(600)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(said)], cwd=root, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        wait_until("it speaks", lambda: said.read_text() == "there\n")
        process.kill()
    wait_until("it is gone", lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_what_works_in_a_folder_is_killed(tmp_path: Path) -> None:
    """And nothing else."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    with (
        subprocess.Popen(SLEEPER, cwd=here, stdout=subprocess.PIPE) as one,
        subprocess.Popen(SLEEPER, cwd=elsewhere, stdout=subprocess.PIPE) as other,
    ):
        for process in (one, other):
            assert process.stdout is not None
            process.stdout.readline()
        name = Path(f"/proc/{one.pid}/comm").read_text().strip()
        assert find_processes(name, here) == [one.pid]
        kill_processes("postgres", here)
        assert one.poll() is None
        kill_processes(name, here)
        assert one.wait() < 0
        assert other.poll() is None
        other.kill()


def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    """Another user's servers have to get to theirs."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Failed, match="closed is closed to postgres"):
        check_way(closed / "site", "postgres")


def test_plans_are_json(tmp_path: Path, plan: Plan) -> None:
    """What was decided can be read by people, too."""
    assert set(json.loads((tmp_path / "plan.json").read_text())) == {"ports", "passwords"}
    assert plan.etcd.count("127.0.0.1:") == len(MACHINES)
