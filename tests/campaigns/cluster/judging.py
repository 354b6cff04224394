"""What must hold at the end, of what clients were told, what readers were shown, and what is in the log."""

import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from http.client import HTTPConnection
from pathlib import Path

from bench.crowd import Signed
from tests.campaigns.cluster.clients import ANSWER_S, Clients, post, promise_in
from tests.campaigns.cluster.finding import Finding
from tests.campaigns.cluster.watching import Seen
from tests.e2e.evidence import Evidence

from undersigned.crypto.note_key import NoteKey
from undersigned.crypto.token import nonce_of
from undersigned.domain.record import SignRecord, format_record
from undersigned.tlog.merkle import EMPTY_ROOT, Frontier, leaf_hash
from undersigned.tlog.promise import parse_promise


def judge_answers(clients: Clients) -> Iterable[Finding]:
    """Judge what clients were told, and tell every one of them once more the same."""
    told = clients.acknowledged
    yield Finding(
        not clients.refused and len(told) == clients.sent,
        f"{len(told)} of {clients.sent} signatures were acknowledged, {len(clients.refused)} refused; "
        f"{clients.failures} sendings had no answer and were repeated",
    )
    connection = HTTPConnection("127.0.0.1", clients.port, timeout=ANSWER_S)
    same = 0
    for each in told:
        answer = post(connection, clients.path, clients.bodies[each.number])
        same += answer is not None and answer[0] == 200 and promise_in(answer[1]) == each.promise
    connection.close()
    yield Finding(
        same == len(told),
        f"{same} of {len(told)} have the same promise when they send it once more",
    )


def judge_log(
    clients: Clients, crowd: Sequence[Signed], evidence: Evidence, promise_key: NoteKey
) -> Iterable[Finding]:
    """Judge the log by what was promised: all of it is there once, in time, and nothing else."""
    signed = [record for record in evidence.records if isinstance(record, SignRecord)]
    logged = Counter(leaf_hash(format_record(record)) for record in signed)
    promises = [parse_promise(each.promise.encode(), promise_key) for each in clients.acknowledged]
    acknowledged = {crowd[each.number].leaf for each in clients.acknowledged}
    lost = acknowledged - set(logged)
    yield Finding(
        not lost and {each.leaf_hash for each in promises} == acknowledged,
        f"of {len(acknowledged)} acknowledged signatures {len(lost)} are not in the log",
    )
    tokens = Counter(nonce_of(record.pk) for record in signed)
    double = (logged.total() - len(logged)) + (tokens.total() - len(tokens))
    yield Finding(double == 0, f"{double} signatures or tokens are in it twice")
    yield Finding(
        set(logged) == acknowledged,
        f"{len(set(logged) - acknowledged)} signatures are in it that nobody was promised",
    )
    epochs = evidence.epochs()
    late = sum(epochs.get(each.leaf_hash, each.by + 1) > each.by for each in promises)
    yield Finding(late == 0, f"{late} promises were kept too late")


def judge_readers(
    seen: Sequence[Seen], entries: Sequence[bytes], nodes: set[int]
) -> Iterable[Finding]:
    """Judge what readers were shown: beginnings of one log, and at each node never less than before."""
    roots = _roots_of(entries, {each.checkpoint.size for each in seen})
    false = sum(roots.get(each.checkpoint.size) != each.checkpoint.root for each in seen)
    yield Finding(
        bool(seen) and false == 0,
        f"{len(seen)} checkpoints were shown meanwhile, and {false} are not beginnings of the log",
    )
    shrunk = 0
    for port in nodes:
        sizes = [each.checkpoint.size for each in seen if each.port == port]
        shrunk += sum(now < before for before, now in itertools.pairwise(sizes))
    yield Finding(shrunk == 0, f"{shrunk} times a node showed less than before")


def judge_by_command(url: str, into: Path) -> Finding:
    """Let `undersigned verify` judge the site, as anybody can."""
    run = subprocess.run(
        [sys.executable, "-m", "undersigned", "verify", url, "--into", str(into)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    last = run.stderr.strip() or run.stdout.strip()
    return Finding(
        run.returncode == 0,
        f"undersigned verify {url}: exit code {run.returncode}"
        + ("" if run.returncode == 0 else f"\n{last}"),
    )


def _roots_of(entries: Sequence[bytes], sizes: set[int]) -> dict[int, bytes]:
    """Return the roots of the trees of these sizes, from the entries alone."""
    frontier = Frontier.empty()
    roots = {0: EMPTY_ROOT}
    for entry in entries:
        frontier.append(leaf_hash(entry))
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    return roots
