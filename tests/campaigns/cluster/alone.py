"""A leader without a standby: what is on its disk alone is promised to nobody, also to those who ask again.

A signature is sent that no standby is there for: it is on the leader's disk, and its commit waits. Then that
server is killed, too, and started again by its Patroni. What waited is there now like everything else, but
still on one disk: to find it and to answer would be a promise that this one disk can break.
"""

import time
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Final

from examples.cluster.cluster import Cluster
from examples.cluster.plan import MACHINES
from examples.cluster.programs import Failed, wait_until
from tests.campaigns.cluster.clients import ANSWER_S, Clients, post
from tests.campaigns.cluster.finding import Finding
from tests.campaigns.cluster.kills import leader_of

TRIES: Final = 3

ATTEMPTS: Final = 4
"""How often it is tried, with another signature each time: tables are rewritten with the lock as well."""

SETTLE_S: Final = 5

FLOOR: Final = ATTEMPTS + 1
"""The floor of the letter's epochs: what all tries sent waits for one more, and no epoch holds the lock."""


def try_alone(cluster: Cluster, clients: Clients, leaves: Sequence[bytes]) -> Finding:
    """Send a signature to a leader that is alone; all when it is not.

    `leaves` are the leaf hashes of the next `FLOOR`, which are sealed. Another one is tried until one is
    there: something else may have waited before it, with the lock. The same one would not do, for in time
    it comes into the log, from where everybody may be told of it.
    """
    kept = told = 0
    for number, leaf in enumerate(leaves[:ATTEMPTS], clients.sent):
        leader = leader_of(cluster)
        standbys = [machine for machine in MACHINES if machine != leader]
        # What waited to be written when all was whole again is written: none of it may have the lock then.
        time.sleep(SETTLE_S)
        for machine in standbys:
            # Without etcd there would be no leader either.
            cluster.kill_machine(machine, with_etcd=False)
        told += _is_promised(clients, number)
        cluster.kill_server(leader)
        kept += _wait_for_leader(cluster, leaf)
        told += sum(_is_promised(clients, number) for _ in range(TRIES))
        for machine in standbys:
            cluster.restart_machine(machine)
        cluster.wait_until_whole()
        if kept:
            break
    clients.sign_now(FLOOR)
    return Finding(
        kept > 0 and told == 0,
        f"{told} times a signature was promised that is on one disk alone"
        if kept
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


def _is_promised(clients: Clients, number: int) -> bool:
    connection = HTTPConnection("127.0.0.1", clients.port, timeout=ANSWER_S)
    answer = post(connection, clients.path, clients.bodies[number])
    connection.close()
    return answer is not None and answer[0] in (200, 201)
