"""Who leads of two processes is killed under load, several times; how long the other takes to follow."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from tests.e2e.evidence import collect_evidence, wait_for_leaves
from tests.e2e.nodes import PATIENCE_S, nodes_in
from tests.postgresql import new_postgresql

from undersigned.domain.record import IssuedRecord, SignRecord
from undersigned.tlog.merkle import leaf_hash

KILLS = 5
AT_ONCE = 6
"""Members who sign around each kill."""


def kill_who_leads(base: Path, server: sa.URL) -> str:
    """Do it in a folder; return how long it took until the other led, and had what was acknowledged."""
    base.mkdir()
    led, logged = [], []
    numbers = count()
    with nodes_in(base, new_postgresql(server), KILLS * AT_ONCE) as nodes:
        leaves: list[bytes] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in range(KILLS):
                leading = nodes.find_leading()
                (other,) = (each for each in nodes.servers if each is not leading)
                signing = [
                    pool.submit(nodes.sign, next(nodes.members), next(numbers))
                    for _ in range(AT_ONCE)
                ]
                signing[0].result(PATIENCE_S)
                killed = time.monotonic()
                leading.kill()
                assert nodes.find_leading() is other
                led.append(time.monotonic() - killed)
                first = leaf_hash(signing[0].result().entry)
                wait_for_leaves(other.url, [first], PATIENCE_S)
                logged.append(time.monotonic() - killed)
                leaves += [leaf_hash(each.result(PATIENCE_S).entry) for each in signing]
                leading.start()
        for each in nodes.servers:
            wait_for_leaves(each.url, leaves, PATIENCE_S)
        evidence = collect_evidence(nodes.servers[0].url, base / "mirror")
    letter_id = nodes.view.letter.letter_id
    assert evidence.count(SignRecord, letter_id) == len(leaves)
    assert evidence.count(IssuedRecord, letter_id) == len(leaves)
    assert set(leaves) <= evidence.epochs().keys()
    return (
        f"{len(leaves)} signatures kept; the other led after {min(led):.1f} to {max(led):.1f} s, "
        f"and had what was acknowledged after {min(logged):.1f} to {max(logged):.1f} s"
    )
