"""What an audit of a whole log costs a verifier, in one process and in two.

The mirror is that of a letter with signatures, half of them public, half sealed, on disk. References, in the
same run by turns: the limit (`limit`), which is the verifications of these signatures alone; and those
together with what no auditor of a log can leave out, the verification of the issuer's record of each token.
The rest is parsing, the hash of the whole tree, the replay of every record, names, pages.

Two processes are compared with one by the clock, so that other load counts against them. Memory is the most
that a process had: of a fixed allowance, and so much for each signature.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.simulator import SimulatedSite

from bench.audit import audit
from bench.crowd import Signed
from bench.limit import Limit
from bench.result import Result, of_ratios, share
from bench.rounds import ROUNDS, cpu_time, sized
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import Attestation, parse_name
from undersigned.domain.record import IssuedRecord, SignRecord
from undersigned.verify import verify_mirror

SIGNATURES: Final = sized(10_000, 100_000)
PER_EPOCH: Final = 500
GOAL: Final = 1.3
FASTER_GOAL: Final = 1.8
BYTES_EACH: Final = 2_048
"""For each signature: keys, hashes and places of whoever signed, which later records name."""

BYTES_AT_FIRST: Final = 100 * 1024 * 1024
"""For the program and what it reads at a time."""


class _Mirror(NamedTuple):
    folder: Path
    letter: Letter
    crowd: list[Signed]
    issued: list[IssuedRecord]


def measure() -> list[Result]:
    """Measure the audit of a log."""
    with tempfile.TemporaryDirectory() as name:
        mirror = _make_mirror(Path(name) / "mirror", SIGNATURES)
        limit = Limit(mirror.letter, mirror.crowd)
        whole = Limit(mirror.letter, mirror.crowd, mirror.issued)
        least, all_of_log, faster, memory = [], [], [], []
        for _ in range(ROUNDS):
            alone = cpu_time(lambda: _audit(mirror))
            least.append(alone / cpu_time(limit.verify))
            all_of_log.append(alone / cpu_time(whole.verify))
            one = audit(mirror.folder, 1, SIGNATURES)
            faster.append(one.seconds / audit(mirror.folder, 2, SIGNATURES).seconds)
            memory.append(one.memory)
    work = f"{SIGNATURES:,} signatures"
    return [
        of_ratios("audit", "the verifications of signatures alone", work, least, GOAL),
        of_ratios("audit", "all verifications of the log alone", work, all_of_log, GOAL),
        of_ratios("audit by two processes", "by one", work, faster, FASTER_GOAL, at_most=False),
        share(
            "memory of an audit",
            f"{work}, one process",
            memory,
            BYTES_AT_FIRST + BYTES_EACH * SIGNATURES,
            "bytes",
        ),
    ]


def _make_mirror(folder: Path, signatures: int) -> _Mirror:
    site = SimulatedSite()
    opened = site.open(headcount=10 * signatures, rule=10 * signatures)
    opened.change_roll(signatures)
    for number in range(1, signatures + 1):
        opened.sign(Mode.PUBLIC if number % 2 else Mode.SEALED)
        if number % PER_EPOCH == 0 or number == signatures:
            opened.epoch()
    draft = site.draft()
    draft.write(folder)
    crowd = [
        Signed(record, None, _attestation_of(record, site.documents))
        for _, record in draft.records(SignRecord)
    ]
    assert len(crowd) == signatures
    issued = [record for _, record in draft.records(IssuedRecord)]
    return _Mirror(folder, opened.letter, crowd, issued)


def _attestation_of(record: SignRecord, documents: Mapping[bytes, bytes]) -> Attestation | None:
    if record.mode is not Mode.PUBLIC or record.name is None:
        return None
    return parse_name(documents[record.name]).attestation


def _audit(mirror: _Mirror) -> None:
    report = verify_mirror(mirror.folder)
    assert report.exit_code == 0
    assert report.letters[0].standing == len(mirror.crowd)
