"""`make test-cluster`: kill parts of a real cluster under load; 0 if nothing is lost by it.

What is started is in `examples/cluster`. Members' signatures, made before, are posted all the time through
the proxy; whoever gets no answer posts the same again. Then everything is compared: what was promised, what
readers were shown, what is in the log. The table says how long each kill was felt.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import msgspec
from bench.crowd import Signed
from bench.site import SLUG, CrowdedSite, fill_site
from examples.cluster.cluster import Cluster
from examples.cluster.plan import NODES
from examples.cluster.programs import Failed, wait_until
from tests.campaigns.cluster.alone import FLOOR, try_alone
from tests.campaigns.cluster.clients import CLIENTS, PAUSE_S, Clients
from tests.campaigns.cluster.finding import Finding
from tests.campaigns.cluster.judging import (
    judge_answers,
    judge_by_command,
    judge_log,
    judge_readers,
)
from tests.campaigns.cluster.kills import KILLS, Kill
from tests.campaigns.cluster.times import format_times
from tests.campaigns.cluster.watching import Watcher
from tests.e2e.evidence import Evidence, read_entries
from tests.live import HOST

from undersigned.app.site import make_site
from undersigned.domain.letter import Mode
from undersigned.domain.record import Record, SignRecord, format_record, parse_record
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash

ROUNDS: Final = int(os.environ.get("ROUNDS", "1"))
"""How often everything is killed."""

SIGNATURES: Final = int(os.environ.get("SIGNATURES", "4000")) * ROUNDS
"""Made before; that they suffice for the load of all kills is checked."""

WINDOW_S: Final = 120
"""A promise leaves more time than any failover takes: none may be broken."""

CALM_S: Final = 3
"""Seconds of undisturbed load between two kills."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What happened: the load, what readers saw, the kills, and the tree at the end."""

    crowd: Sequence[Signed]
    clients: Clients
    watcher: Watcher
    kills: Sequence[Kill]
    alone: Finding
    front: int


def main(arguments: list[str]) -> int:
    """Run the campaign; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.cluster")
    parser.add_argument("folder", nargs="?", type=Path, help="a new folder, which stays")
    asked = parser.parse_args(arguments)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="undersigned-cluster-"))
    # The servers' own user has to get to its folder in it.
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    try:
        findings = _run(folder)
    except Failed as error:
        findings = [Finding(holds=False, sentence=str(error))]
    for finding in findings:
        print("ok  " if finding.holds else "NOT ", finding.sentence)
    if not all(finding.holds for finding in findings):
        print(f"error: not all holds; what everything said is in {folder}", file=sys.stderr)
        return 1
    if asked.folder is None:
        shutil.rmtree(folder)
    return 0


def _run(folder: Path) -> list[Finding]:
    with Cluster(folder / "cluster", HOST, tell=_tell) as cluster:
        cluster.start_databases()
        _tell(f"a letter, and {SIGNATURES:,} signatures for it")
        site = _make_site(cluster)
        crowd = site.crowd.sign_many(SIGNATURES)
        sealed = [site.crowd.sign(Mode.SEALED) for _ in range(FLOOR)]
        cluster.start_nodes()
        campaign = _kill_everything(cluster, crowd, sealed)
        findings = _judge(cluster, campaign, folder / "mirror")
    left = cluster.survivors()
    return [*findings, Finding(not left, f"{len(left)} database processes are left after the end")]


def _make_site(cluster: Cluster) -> CrowdedSite:
    folder = cluster.node_folder(NODES[0])
    site = make_site(folder, HOST, address=cluster.database)
    terms = {"max_wait_s": WINDOW_S, "floor": FLOOR}
    return fill_site(site, cluster.folder / "letter", SIGNATURES, **terms)


def _body(signed: Signed) -> bytes:
    return msgspec.json.encode(signed_request(format_record(signed.record), signed.blob))


def _kill_everything(
    cluster: Cluster, crowd: Sequence[Signed], sealed: Sequence[Signed]
) -> Campaign:
    """Let `crowd` sign while parts are killed, then `sealed` while there is no standby."""
    ports = cluster.plan.ports
    bodies = list(map(_body, crowd))
    clients = Clients(ports["front"], f"/api/v1/letters/{SLUG}/signatures", bodies)
    watcher = Watcher((ports["front"], *(ports[f"app {node}"] for node in NODES)))
    kills: list[Kill] = []
    _tell(f"{CLIENTS} clients sign, every {PAUSE_S} s each")
    watcher.start()
    clients.start()
    try:
        for kill in KILLS * ROUNDS:
            time.sleep(CALM_S)

            def go_on(at: float) -> None:
                wait_until("somebody is answered", lambda: clients.find_first_after(at) is not None)
                # Long enough for the log to show what was signed since.
                time.sleep(CALM_S)

            kills.append(kill(cluster, go_on))
            _tell(f"killed: {kills[-1].what}; {clients.count_acknowledged():,} acknowledged so far")
        time.sleep(CALM_S)
    finally:
        clients.stop()
    _tell("a leader without a standby")
    crowd = [*crowd[: clients.sent], *sealed, *crowd[clients.sent :]]
    clients.bodies = list(map(_body, crowd))
    alone = try_alone(cluster, clients, [each.leaf for each in sealed])
    _wait_until_logged(cluster)
    watcher.stop()
    return Campaign(crowd, clients, watcher, kills, alone, ports["front"])


def _wait_until_logged(cluster: Cluster) -> None:
    """Wait until nothing that was taken waits for the log any more, and all readers are shown it."""

    def is_logged() -> bool:
        try:
            return cluster.query("SELECT count(*) FROM collector.pending") == "0"
        except Failed:
            return False

    wait_until("all is in the log", is_logged, *cluster.nodes.values())
    time.sleep(CALM_S)


def _judge(cluster: Cluster, campaign: Campaign, mirror: Path) -> list[Finding]:
    by_command = judge_by_command(cluster.url, mirror)
    if not by_command.holds:
        return [by_command]
    entries = read_entries(mirror / "log")
    evidence = Evidence(tuple(map(parse_record, entries)), ())
    with httpx2.Client(base_url=cluster.url, timeout=60) as client:
        promise_key = get_letter(client, SLUG).site.promise_key
    nodes = {cluster.plan.ports[f"app {node}"] for node in NODES}
    findings = [
        *judge_answers(campaign.clients),
        campaign.alone,
        *judge_log(campaign.clients, campaign.crowd, evidence, promise_key),
        *judge_readers(campaign.watcher.seen, entries, nodes),
        by_command,
        Finding(
            campaign.clients.sent < len(campaign.crowd),
            f"the load lasted: {campaign.clients.sent} of {len(campaign.crowd)} were sent",
        ),
    ]
    print(_format_times(campaign, evidence.records))
    return findings


def _format_times(campaign: Campaign, records: Sequence[Record]) -> str:
    numbers = {signed.leaf: number for number, signed in enumerate(campaign.crowd)}
    places = {
        numbers[leaf_hash(format_record(record))]: index
        for index, record in enumerate(records)
        if isinstance(record, SignRecord)
    }
    return format_times(campaign.kills, campaign.clients, campaign.watcher, campaign.front, places)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
