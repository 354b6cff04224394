"""The cluster: three machines' worth of etcd and PostgreSQL, a proxy, and two nodes of the app.

All of it runs on this machine, at loopback, in one folder; each part is a process of its own, so that any
of them can be killed as if its machine were gone.
"""

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from examples.cluster.plan import (
    MACHINES,
    NODES,
    data_of,
    haproxy_file,
    patroni_file,
    read_or_make,
    write_secret,
)
from examples.cluster.programs import (
    PATH,
    Failed,
    Program,
    check_way,
    find_processes,
    kill_processes,
    servers_user,
    wait_until,
)

DATABASE: Final = "undersigned"
ROLE: Final = "undersigned"

ANSWER_S: Final = 5

STREAMS: Final = ("running", "streaming")
"""What Patroni says of a standby that follows; before 3.1 it has the first word for it."""


def tell_nobody(_text: str) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Member:
    """A PostgreSQL as Patroni sees it: `leader`, `sync_standby` or `replica`."""

    name: str
    role: str
    state: str


class Cluster:
    """All programs of a folder. As a context it stops whatever of it runs.

    `origin` is the host in the origin of the log, for good. `front` is the port that people reach; any free
    one unless the folder has one.
    """

    def __init__(
        self,
        folder: Path,
        origin: str,
        *,
        front: int | None = None,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self.folder = folder.resolve()
        self.origin = origin
        self._tell = tell
        self._user = servers_user()
        self._binaries = find_binaries()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            check_way(self.folder, self._user)
        self.plan = read_or_make(self.folder, front)
        self.etcds = {machine: self._etcd(machine) for machine in MACHINES}
        self.patronis = {machine: self._patroni(machine) for machine in MACHINES}
        self.proxy = self._proxy()
        self.nodes = {node: self._node(node) for node in NODES}

    @property
    def url(self) -> str:
        """Where the site is."""
        return f"http://localhost:{self.plan.ports['front']}"

    @property
    def database(self) -> str:
        """The address of the site's database, with its password."""
        return self.plan.database(ROLE, DATABASE)

    def node_folder(self, node: str) -> Path:
        """Return the data folder of a node of the app."""
        return self.folder / "app" / node

    # --- starting and stopping

    def start(self) -> None:
        """Start all of it and wait until the site answers. Raises Failed."""
        self.start_databases()
        self.start_nodes()

    def start_databases(self) -> None:
        """Start etcd, the databases and the proxy; make the site's database if it is not there."""
        self._tell("etcd, three members")
        for program in self.etcds.values():
            program.start()
        wait_until("etcd has a leader", self._etcd_answers, *self.etcds.values())
        self._tell("PostgreSQL under Patroni: a leader and two standbys")
        for program in self.patronis.values():
            program.start()
        self.wait_until_whole()
        self._tell("haproxy")
        self.proxy.start()
        wait_until("the proxy leads to the leader", self._makes_database, self.proxy)

    def start_nodes(self) -> None:
        """Start both nodes of the app; the first one makes the site, if there is none."""
        for node in NODES:
            self._tell(f"node {node} of the app")
            self.start_node(node)
        wait_until("the proxy leads to the app", self._site_answers, *self.nodes.values())

    def start_node(self, node: str) -> None:
        """Start a node of the app and wait until it answers."""
        self._share_keys(node)
        self.nodes[node].start()
        self.wait_until_answered(node)

    def wait_until_answered(self, node: str) -> None:
        """Wait until a node of the app answers."""
        url = f"http://127.0.0.1:{self.plan.ports[f'app {node}']}/log/checkpoint"
        wait_until(f"node {node} answers", lambda: _ask(url) is not None, self.nodes[node])

    def stop(self) -> None:
        """Stop what runs, in the order in which nothing misses anything."""
        self._tell("stopping")
        for node in self.nodes.values():
            node.ask_to_end()
        for node in self.nodes.values():
            node.stop()
        self.proxy.stop()
        for patroni in self.patronis.values():
            # All at once: a leader that ends waits for its standbys.
            patroni.ask_to_end()
        for machine, patroni in self.patronis.items():
            patroni.stop()
            self.kill_server(machine)
        for etcd in self.etcds.values():
            etcd.ask_to_end()
        for etcd in self.etcds.values():
            etcd.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # --- looking

    def members(self) -> list[Member]:
        """Return the databases as some Patroni that answers sees them."""
        for machine in MACHINES:
            answer = _ask(f"http://127.0.0.1:{self.plan.ports[f'patroni {machine}']}/cluster")
            if answer is not None:
                found: list[dict[str, Any]] = json.loads(answer).get("members", [])
                return [Member(each["name"], each["role"], each["state"]) for each in found]
        return []

    def find_leader(self) -> str | None:
        """Return the machine whose PostgreSQL leads, if one does."""
        leading = (each.name for each in self.members() if each.role == "leader")
        return next(leading, None)

    def wait_until_whole(self) -> None:
        """Wait until there is a leader, a synchronous standby, and another standby."""
        wait_until("a leader and two standbys", self._is_whole, *self.patronis.values())

    def query(self, statement: str, *, user: str = ROLE, database: str = DATABASE) -> str:
        """Run a statement at the leader; return what psql prints of it. Raises Failed."""
        run = subprocess.run(
            [str(self._binaries / "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": PATH,
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.plan.ports["database"]),
                "PGUSER": user,
                "PGPASSWORD": self.plan.passwords[user],
                "PGDATABASE": database,
                "PGCONNECT_TIMEOUT": str(ANSWER_S),
            },
        )
        if run.returncode != 0:
            raise Failed(run.stderr.strip())
        return run.stdout.strip()

    # --- killing

    def kill_server(self, machine: str) -> None:
        """End a PostgreSQL without a warning; its Patroni lives."""
        kill_processes("postgres", data_of(self._home(machine)))

    def kill_machine(self, machine: str, *, with_etcd: bool = True) -> None:
        """End a PostgreSQL, its Patroni and its etcd without a warning: nobody says that they are gone."""
        self.patronis[machine].kill()
        self.kill_server(machine)
        if with_etcd:
            self.etcds[machine].kill()

    def restart_machine(self, machine: str) -> None:
        """Start what `kill_machine` ended."""
        if not self.etcds[machine].is_alive:
            self.etcds[machine].start()
        self.patronis[machine].start()

    # --- parts

    def _home(self, machine: str) -> Path:
        """Return the folder of a machine's servers; it is theirs."""
        home = self.folder / "machines" / machine
        if not home.exists():
            home.mkdir(parents=True, mode=0o700)
            if self._user is not None:
                shutil.chown(home, self._user, self._user)
        return home

    def _etcd(self, machine: str) -> Program:
        client = f"http://127.0.0.1:{self.plan.ports[f'etcd {machine}']}"
        peer = f"http://127.0.0.1:{self.plan.ports[f'peer {machine}']}"
        home = self._home(machine)
        options = {
            "name": machine,
            "data-dir": home / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": self.plan.peers,
            "initial-cluster-token": "undersigned",
            "auto-compaction-retention": "1h",
        }
        command = ["etcd", *(f"--{name}={value}" for name, value in options.items())]
        return self._program(f"etcd {machine}", command, user=self._user)

    def _patroni(self, machine: str) -> Program:
        home = self._home(machine)
        file = home / "patroni.yml"
        write_secret(file, patroni_file(self.plan, machine, home, self._binaries), self._user)
        return self._program(f"patroni {machine}", ["patroni", str(file)], user=self._user)

    def _proxy(self) -> Program:
        file = self.folder / "haproxy.cfg"
        file.write_text(haproxy_file(self.plan))
        return self._program("haproxy", ["haproxy", "-db", "-f", str(file)], user=self._user)

    def _node(self, node: str) -> Program:
        address = self.folder / "database.txt"
        write_secret(address, self.database)
        port = self.plan.ports[f"app {node}"]
        command = [find_undersigned(), "serve", "--port", str(port), "--origin", self.origin]
        environment = {
            "UNDERSIGNED_DATA": str(self.node_folder(node)),
            "UNDERSIGNED_DATABASE_FILE": str(address),
            "UNDERSIGNED_URL": self.url,
        }
        return self._program(f"app {node}", command, environment=environment)

    def _program(
        self,
        name: str,
        command: list[str],
        *,
        environment: dict[str, str] | None = None,
        user: str | None = None,
    ) -> Program:
        output = self.folder / f"{name.replace(' ', '-')}.txt"
        return Program(name, command, output, environment or {}, user)

    def _share_keys(self, node: str) -> None:
        """Let a node have the keys of the first one, as a folder would be shared between machines."""
        first = self.node_folder(NODES[0])
        own = self.node_folder(node)
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys = own / "keys"
        if own != first and not keys.is_symlink():
            keys.symlink_to(first / "keys")
            for name in ("log", "outbox"):
                (own / name).mkdir(mode=0o700, exist_ok=True)

    def _makes_database(self) -> bool:
        """Make the app's user and its database, which is all that it owns; say whether both are there."""
        role = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.plan.passwords[ROLE]}'"
        steps = (
            (f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'", role),  # noqa: S608
            (
                f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'",  # noqa: S608
                f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
            ),
        )
        try:
            for is_there, make in steps:
                if self.query(is_there, user="postgres", database="postgres") != "1":
                    self.query(make, user="postgres", database="postgres")
        except Failed:
            return False
        return True

    # --- conditions

    def _etcd_answers(self) -> bool:
        answers = (
            _ask(f"http://127.0.0.1:{self.plan.ports[f'etcd {machine}']}/health")
            for machine in MACHINES
        )
        return all(answer is not None and b"true" in answer for answer in answers)

    def _is_whole(self) -> bool:
        members = self.members()
        roles = sorted(each.role for each in members if each.state in STREAMS)
        return roles == ["leader", "replica", "sync_standby"]

    def _site_answers(self) -> bool:
        return _ask(f"{self.url}/log/checkpoint") is not None

    def survivors(self) -> list[int]:
        """Return the processes of databases that still run: none after `stop`."""
        return [
            pid
            for machine in MACHINES
            for pid in find_processes("postgres", data_of(self._home(machine)))
        ]


def _ask(url: str) -> bytes | None:
    """Return the answer to a GET, or None if it is no success."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:  # noqa: S310 - our own address
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError):
        return None


def find_binaries() -> Path:
    """Return where PostgreSQL's programs are: of several versions the newest. Raises Failed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda file: int(file.parts[4])
    )
    if not found:
        raise Failed(
            "PostgreSQL is not installed; sh tools/cluster-packages installs what is needed"
        )
    return found[-1].parent


def find_undersigned() -> str:
    """Return the command of the app: beside this Python, of this repository, or installed. Raises Failed."""
    places = (Path(sys.executable).parent, Path(__file__).parents[2] / ".venv" / "bin")
    for place in places:
        if (place / "undersigned").exists():
            return str(place / "undersigned")
    found = shutil.which("undersigned")
    if found is None:
        raise Failed("there is no command `undersigned`; make setup makes it")
    return found
