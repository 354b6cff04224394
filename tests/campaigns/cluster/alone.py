"""A leader without a standby: what is on its disk alone is promised to nobody, also to those who ask again.

A signature is sent that no standby is there for: it is on the leader's disk, and its commit waits. Then that
server is killed, too, and started again by its Patroni. What waited is there now like everything else, but
still on one disk: to find it and to answer would be a promise that this one disk can break.
"""

import time
from http.client import HTTPConnection
from typing import Final

from examples.cluster.cluster import Cluster
from examples.cluster.plan import MACHINES
from examples.cluster.programs import Failed, wait_until
from tests.campaigns.cluster.clients import ANSWER_S, Clients, post
from tests.campaigns.cluster.finding import Finding
from tests.campaigns.cluster.kills import leader_of

TRIES: Final = 3

ATTEMPTS: Final = 6
"""How often it is tried: tables are rewritten with the lock as well."""

SETTLE_S: Final = 5

FLOOR: Final = 3
"""The floor of the letter's epochs: one sealed signature waits for two more, and no epoch holds the lock."""


def try_alone(cluster: Cluster, clients: Clients, leaf: bytes) -> Finding:
    """Send the next one, sealed, with this leaf hash, to a leader that is alone; the rest when it is not.

    It is repeated until the signature is there: something else may have waited before it, with the lock.
    """
    told = 0
    for _ in range(ATTEMPTS):
        leader = leader_of(cluster)
        standbys = [machine for machine in MACHINES if machine != leader]
        # What waited to be written when all was whole again is written: none of it may have the lock then.
        time.sleep(SETTLE_S)
        for machine in standbys:
            # Without etcd there would be no leader either.
            cluster.kill_machine(machine, with_etcd=False)
        told += _is_promised(clients)
        cluster.kill_server(leader)
        is_kept = _wait_for_leader(cluster, leaf)
        told += sum(_is_promised(clients) for _ in range(TRIES))
        for machine in standbys:
            cluster.restart_machine(machine)
        cluster.wait_until_whole()
        if is_kept:
            break
    clients.sign_now(FLOOR)
    return Finding(
        is_kept and told == 0,
        f"{told} times a signature was promised that is on one disk alone"
        if is_kept
        else "no signature came to a leader that is alone, so that nothing is known of one",
    )


def _wait_for_leader(cluster: Cluster, leaf: bytes) -> bool:
    """Wait until it is there again, alone; say whether it has kept a record."""
    found: list[str] = []
    statement = f"SELECT count(*) FROM collector.pending WHERE leaf_hash = '\\x{leaf.hex()}'"  # noqa: S608

    def answers() -> bool:
        try:
            found.append(cluster.query(statement))
        except Failed:
            return False
        return True

    wait_until("the leader is there again, alone", answers)
    return found[-1] == "1"


def _is_promised(clients: Clients) -> bool:
    connection = HTTPConnection("127.0.0.1", clients.port, timeout=ANSWER_S)
    answer = post(connection, clients.path, clients.bodies[clients.sent])
    connection.close()
    return answer is not None and answer[0] in (200, 201)
