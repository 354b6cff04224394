"""What is killed, and how: each time the cluster is whole before, and made whole again after."""

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from examples.cluster.cluster import Cluster
from examples.cluster.plan import NODES
from examples.cluster.programs import wait_until

from undersigned.store.postgresql import take_lead


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: what was killed, when, and when all was whole again (`time.monotonic`)."""

    what: str
    victim: str
    at: float
    whole_at: float


def find_sequencing(cluster: Cluster) -> str | None:
    """Return the node whose process leads, as the database knows it; None while nobody does."""
    first, second = re.findall(r"\d+", take_lead("collector"))
    name = cluster.query(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "  # noqa: S608
        f"WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {first} AND l.objid = {second}"
    )
    pid = name.split()[2:3]
    return next((node for node in NODES if [str(cluster.nodes[node].pid)] == pid), None)


def kill_database_server(cluster: Cluster, go_on: Callable[[float], None]) -> Kill:
    """End the PostgreSQL that leads; its Patroni sees that and lets another lead."""
    leader = leader_of(cluster)
    cluster.kill_server(leader)
    at = time.monotonic()
    go_on(at)
    cluster.wait_until_whole()
    return Kill("PostgreSQL that leads", leader, at, time.monotonic())


def kill_database_machine(cluster: Cluster, go_on: Callable[[float], None]) -> Kill:
    """End the PostgreSQL that leads with its Patroni and its etcd: the others find out by themselves."""
    leader = leader_of(cluster)
    cluster.kill_machine(leader)
    at = time.monotonic()
    go_on(at)
    cluster.restart_machine(leader)
    cluster.wait_until_whole()
    return Kill("machine of the leader", leader, at, time.monotonic())


def kill_other_node(cluster: Cluster, go_on: Callable[[float], None]) -> Kill:
    """End the node of the app that does not sequence."""
    sequencing = _sequencing_of(cluster)
    other = next(node for node in NODES if node != sequencing)
    return _kill_node(cluster, other, "node that does not sequence", go_on)


def kill_sequencing_node(cluster: Cluster, go_on: Callable[[float], None]) -> Kill:
    """End the node of the app that sequences."""
    return _kill_node(cluster, _sequencing_of(cluster), "node that sequences", go_on)


def stop_sequencing_node(cluster: Cluster, go_on: Callable[[float], None]) -> Kill:
    """Let the node that sequences hang, with all its connections, until the other one sequences."""
    node = _sequencing_of(cluster)
    pid = cluster.nodes[node].pid
    os.kill(pid, signal.SIGSTOP)
    at = time.monotonic()
    try:
        wait_until("another sequences", lambda: find_sequencing(cluster) not in (None, node))
        go_on(at)
    finally:
        os.kill(pid, signal.SIGCONT)
    cluster.wait_until_answered(node)
    return Kill("node that sequences, stopped", node, at, time.monotonic())


KILLS: Final = (
    kill_database_server,
    kill_other_node,
    kill_sequencing_node,
    stop_sequencing_node,
    kill_database_machine,
)


def _kill_node(cluster: Cluster, node: str, what: str, go_on: Callable[[float], None]) -> Kill:
    cluster.nodes[node].kill()
    at = time.monotonic()
    go_on(at)
    cluster.start_node(node)
    return Kill(what, node, at, time.monotonic())


def leader_of(cluster: Cluster) -> str:
    """Wait until the databases are whole; return the machine that leads."""
    cluster.wait_until_whole()
    leader = cluster.find_leader()
    assert leader is not None
    return leader


def _sequencing_of(cluster: Cluster) -> str:
    wait_until("a node sequences", lambda: find_sequencing(cluster) is not None)
    found = find_sequencing(cluster)
    assert found is not None
    return found
