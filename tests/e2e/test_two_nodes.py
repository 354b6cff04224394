"""Two processes on one PostgreSQL: one leads, and may be killed."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import sqlalchemy as sa
from tests.e2e.evidence import collect_evidence, read_entries, wait_for_leaves
from tests.e2e.nodes import PATH, PATIENCE_S, Nodes, nodes_in
from tests.e2e.reader import reading
from tests.e2e.server import Server

from undersigned.domain.record import IssuedRecord, SignRecord
from undersigned.tlog.merkle import leaf_hash


def test_one_leads_and_the_other_goes_on_when_it_is_killed(
    tmp_path: Path, sites_database: sa.URL
) -> None:
    """What either acknowledged is in the one log, once; both show it; no reader saw another history."""
    with nodes_in(tmp_path, sites_database, 12) as nodes:
        _kill_who_leads(nodes, tmp_path / "mirror")


def _kill_who_leads(nodes: Nodes, mirror: Path) -> None:
    leading = nodes.find_leading()
    (other,) = (server for server in nodes.servers if server is not leading)
    with ThreadPoolExecutor(8) as pool, reading(other.url, nodes.view.site.log_key) as reader:
        first = [pool.submit(nodes.sign, next(nodes.members), number) for number in range(4)]
        leaves = [leaf_hash(signing.result(PATIENCE_S).entry) for signing in first]
        for server in nodes.servers:
            # The one that follows has the tiles in its own folder, and shows what the other wrote.
            wait_for_leaves(server.url, leaves, PATIENCE_S)
            assert _count(server, 4) == 4
        then = [pool.submit(nodes.sign, next(nodes.members), number) for number in range(8)]
        then[0].result(PATIENCE_S)
        leading.kill()
        leaves += [leaf_hash(signing.result(PATIENCE_S).entry) for signing in then]
        assert nodes.find_leading() is other
        wait_for_leaves(other.url, leaves, PATIENCE_S)
    evidence = collect_evidence(other.url, mirror)
    letter_id = nodes.view.letter.letter_id
    assert evidence.count(SignRecord, letter_id) == evidence.count(IssuedRecord, letter_id) == 12
    assert set(leaves) <= evidence.epochs().keys()
    found = [leaf_hash(entry) for entry in read_entries(mirror / "log")]
    assert reader.find_contradictions(found) == []
    # Who comes back follows, and shows the same.
    leading.start()
    wait_for_leaves(leading.url, leaves, PATIENCE_S)
    assert _count(leading, 12) == 12
    assert nodes.find_leading() is other


def _count(server: Server, wanted: int) -> int:
    """Return how many stand as a server says it, once it says so many, or at last."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            standing: int = client.get(f"{PATH}/counts").json()["standing"]
        if standing == wanted or time.monotonic() > end:
            return standing
        time.sleep(0.1)
