"""What is decided once for a folder: ports and passwords, and the files that are made of them."""

import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Final

from examples.cluster.programs import Failed, free_ports

HERE: Final = Path(__file__).parent

MACHINES: Final = ("one", "two", "three")
"""Each has an etcd and a PostgreSQL under Patroni; the first two have a node of the app as well."""

NODES: Final = MACHINES[:2]

TEMPLATES: Final = ("patroni.yml", "haproxy.cfg")


@dataclass(frozen=True, slots=True)
class Plan:
    """Ports by what listens at them, and passwords by user."""

    ports: dict[str, int]
    passwords: dict[str, str]

    @property
    def etcd(self) -> str:
        """The addresses of etcd, as its clients want them."""
        return ",".join(f"127.0.0.1:{self.ports[f'etcd {machine}']}" for machine in MACHINES)

    @property
    def peers(self) -> str:
        """The members of etcd, as they want it of each other."""
        return ",".join(
            f"{machine}=http://127.0.0.1:{self.ports[f'peer {machine}']}" for machine in MACHINES
        )

    def database(self, user: str, name: str) -> str:
        """Return the address at which a database's leader is, whoever that is."""
        return (
            f"postgresql://{user}:{self.passwords[user]}@127.0.0.1:{self.ports['database']}/{name}"
        )


def read_or_make(folder: Path, front: int | None) -> Plan:
    """Return the plan of a folder; make it if there is none. `front` is the port that people reach."""
    file = folder / "plan.json"
    if file.exists():
        plan = Plan(**json.loads(file.read_text()))
        if front not in (None, plan.ports["front"]):
            raise Failed(f"{folder} has its port already: {plan.ports['front']}")
        return plan
    kinds = ("etcd", "peer", "postgresql", "patroni")
    names = [f"{kind} {machine}" for kind in kinds for machine in MACHINES]
    names += [f"app {node}" for node in NODES] + ["database", "front"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    if front is not None:
        ports["front"] = front
    users = ("postgres", "replicator", "rewinder", "undersigned")
    plan = Plan(ports, {user: secrets.token_urlsafe(24) for user in users})
    write_secret(file, json.dumps(asdict(plan), indent=1))
    return plan


def write_secret(file: Path, text: str, user: str | None = None) -> None:
    """Write a file that only its owner may read."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
        writing.write(text)
    if user is not None:
        shutil.chown(part, user, user)
    part.replace(file)


def patroni_file(plan: Plan, machine: str, folder: Path, binaries: Path) -> str:
    """Fill in what Patroni reads on a machine."""
    return _fill(
        "patroni.yml",
        name=machine,
        api=plan.ports[f"patroni {machine}"],
        etcd=plan.etcd,
        port=plan.ports[f"postgresql {machine}"],
        folder=folder,
        data=data_of(folder),
        binaries=binaries,
        **{f"{user}_password": plan.passwords[user] for user in plan.passwords},
    )


def data_of(folder: Path) -> Path:
    """Return where a machine's PostgreSQL has its data."""
    return folder / "data"


def haproxy_file(plan: Plan) -> str:
    """Fill in what haproxy reads."""
    databases = (
        f"    server {name} 127.0.0.1:{plan.ports[f'postgresql {name}']} "
        f"check port {plan.ports[f'patroni {name}']}"
        for name in MACHINES
    )
    nodes = (f"    server {name} 127.0.0.1:{plan.ports[f'app {name}']} check" for name in NODES)
    return _fill(
        "haproxy.cfg",
        database=plan.ports["database"],
        front=plan.ports["front"],
        databases="\n".join(databases),
        nodes="\n".join(nodes),
    )


def _fill(template: str, **values: object) -> str:
    text = (HERE / template).read_text()
    # The words about dollar signs stand in the head, for readers of the template.
    return Template(text).substitute({name: str(value) for name, value in values.items()})
