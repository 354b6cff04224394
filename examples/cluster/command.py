"""`examples/cluster/run`: start, say where everything is, wait for Ctrl-C, stop."""

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Final

from examples.cluster.cluster import Cluster
from examples.cluster.plan import MACHINES, NODES
from examples.cluster.programs import PATH, Failed

PROGRAMS: Final = ("etcd", "patroni", "haproxy", "setpriv")

LOOK_S: Final = 0.5


def main(arguments: list[str]) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="examples/cluster/run", description=__doc__)
    parser.add_argument("folder", type=Path, help="where everything is kept")
    parser.add_argument("--origin", default="letters.example", help="the host in the log's origin")
    parser.add_argument("--port", type=int, help="where the site is [default: any free port]")
    asked = parser.parse_args(arguments)
    missing = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if missing:
        print(f"error: not installed: {', '.join(missing)}", file=sys.stderr)
        print("hint: sh tools/cluster-packages installs what is needed (Debian)", file=sys.stderr)
        return 2
    # Both signals end the waiting below, and then everything is stopped in its order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Cluster(asked.folder, asked.origin, front=asked.port, tell=_tell) as cluster:
            cluster.start()
            _show(cluster)
            _watch(cluster)
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(cluster: Cluster) -> None:
    ports = cluster.plan.ports
    print(f"site: {cluster.url}")
    for node in NODES:
        print(f"app {node}: http://127.0.0.1:{ports[f'app {node}']}")
    print(f"database: 127.0.0.1:{ports['database']}, always its leader")
    for machine in MACHINES:
        print(f"patroni {machine}: http://127.0.0.1:{ports[f'patroni {machine}']}")
    config = cluster.folder / "machines" / MACHINES[0] / "patroni.yml"
    print(f"who leads: patronictl -c {config} list", flush=True)
    _tell("Ctrl-C stops all of it")


def _watch(cluster: Cluster) -> None:
    """Say who leads whenever that changes, until somebody stops it."""
    leader = cluster.find_leader()
    while True:
        time.sleep(LOOK_S)
        now = cluster.find_leader()
        if now != leader:
            _tell(f"the database is led by {now or 'nobody'}")
            leader = now
