"""Two processes on one PostgreSQL: one leads, and may be killed, or hang."""

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import httpx2
import sqlalchemy as sa
from tests.e2e.evidence import collect_evidence, read_entries, wait_for_leaves
from tests.e2e.nodes import PATH, PATIENCE_S, Nodes, nodes_in
from tests.e2e.reader import CheckpointReader, reading
from tests.e2e.server import Server

from undersigned.domain.record import IssuedRecord, SignRecord
from undersigned.tlog.merkle import leaf_hash


def test_one_leads_and_the_other_goes_on_when_it_is_killed_or_hangs(
    tmp_path: Path, sites_database: sa.URL
) -> None:
    """What either acknowledged is in the one log, once; both show it; no reader saw another history."""
    with nodes_in(tmp_path, sites_database, 20) as nodes:
        leaves, reader = _kill_who_leads(nodes)
        leaves += _stop_who_leads(nodes)
        evidence = collect_evidence(nodes.servers[0].url, tmp_path / "mirror")
        letter_id = nodes.view.letter.letter_id
        assert all(evidence.count(kind, letter_id) == 20 for kind in (SignRecord, IssuedRecord))
        assert set(leaves) <= evidence.epochs().keys()
        found = [leaf_hash(entry) for entry in read_entries(tmp_path / "mirror" / "log")]
        assert reader.find_contradictions(found) == []


def _kill_who_leads(nodes: Nodes) -> tuple[list[bytes], CheckpointReader]:
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
    # Who comes back follows, and shows the same.
    leading.start()
    wait_for_leaves(leading.url, leaves, PATIENCE_S)
    assert _count(leading, 12) == 12
    assert nodes.find_leading() is other
    return leaves, reader


def _stop_who_leads(nodes: Nodes) -> list[bytes]:
    """Stop the process that leads while all sign, and wake it when the other one leads."""
    hanging = nodes.find_leading()
    (other,) = (server for server in nodes.servers if server is not hanging)
    with ThreadPoolExecutor(8) as pool:
        signings = [pool.submit(nodes.sign, next(nodes.members), number) for number in range(8)]
        next(as_completed(signings, PATIENCE_S)).result()
        hanging.pause()
        nodes.wait_until_leading(other)
        # Who asked the other one is in the log by now, whatever the one that hangs had begun.
        first = [signing for number, signing in enumerate(signings) if nodes.first(number) is other]
        leaves = [leaf_hash(signing.result(PATIENCE_S).entry) for signing in first]
        wait_for_leaves(other.url, leaves, PATIENCE_S)
        hanging.resume()
        leaves = [leaf_hash(signing.result(PATIENCE_S).entry) for signing in signings]
    for server in nodes.servers:
        wait_for_leaves(server.url, leaves, PATIENCE_S)
        assert _count(server, 20) == 20
    # It knows: once when it began to follow before, once now.
    assert hanging.words.count('"role": "collector", "event": "another process leads"') == 2
    assert nodes.find_leading() is other
    return leaves


def _count(server: Server, wanted: int) -> int:
    """Return how many stand as a server says it, once it says so many, or at last."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            standing: int = client.get(f"{PATH}/counts").json()["standing"]
        if standing == wanted or time.monotonic() > end:
            return standing
        time.sleep(0.1)
