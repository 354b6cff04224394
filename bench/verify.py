"""What an audit of a whole log costs a verifier, in one process and in two, and in memory.

The mirror is that of a letter with signatures, half of them public, half sealed, on disk (`mirrored`).
References, in processor time, measured before, between and after the audits: the limit (`limit`), which is
the verifications of these signatures alone; and those together with what no auditor of a log can leave out,
the verification of the issuer's record of each token. The rest is parsing, the hash of the whole tree, the
replay of every record, names, pages.

Two processes are compared with one by the clock, so that other load counts against them, and by the processor
time of all processes, which tells what is done twice. Memory is the most that the first process had;
what grows with the log is seen by a mirror of a tenth of the size. With FULL=1 there are two sizes, 10^5
and 10^6.
"""

import tempfile
from pathlib import Path
from typing import Final

from bench.audit import Audit, audit
from bench.limit import Limit
from bench.mirrored import LongMirror, write_mirror
from bench.result import Result, of_ratios, share
from bench.rounds import cpu_time, sized

SIZES: Final = sized((40_000,), (100_000, 1_000_000))
SAMPLE: Final = 4_000
"""Signatures whose verifications are measured: each costs the same."""

GOAL: Final = 1.3
FASTER_GOAL: Final = 1.8
TWICE_GOAL: Final = 1.1
"""Two processes that have no more to do than this are 1.8 times as fast on two cores."""

BYTES_EACH: Final = 64
"""For each signature, in memory; its keys and hashes are on disk."""


class _References:
    """The verifications of some signatures, each time that they are asked for, per signature."""

    def __init__(self, mirror: LongMirror) -> None:
        signed, issued = mirror.first_signed(SAMPLE)
        self._least = Limit(mirror.letter, signed)
        self._whole = Limit(mirror.letter, signed, issued)
        self.least: list[float] = []
        self.whole: list[float] = []

    def measure(self) -> None:
        """Measure both once more."""
        self.least.append(cpu_time(self._least.verify) / SAMPLE)
        self.whole.append(cpu_time(self._whole.verify) / SAMPLE)


def measure() -> list[Result]:
    """Measure audits of logs, each ten times as long as the one before."""
    with tempfile.TemporaryDirectory() as name:
        few = SIZES[0] // 10
        little = audit(write_mirror(Path(name) / str(few), few).folder, 1, few)
        results = []
        for size in SIZES:
            mirror = write_mirror(Path(name) / str(size), size)
            one, found = _measure_one(mirror, size, little)
            results += found
            little = one
    return results


def _measure_one(mirror: LongMirror, size: int, little: Audit) -> tuple[Audit, list[Result]]:
    """Measure audits of one log; return that by one process, and what it came to beside a `little` one."""
    references = _References(mirror)
    references.measure()
    one = audit(mirror.folder, 1, size)
    references.measure()
    two = audit(mirror.folder, 2, size)
    references.measure()
    work, fewer = f"{size:,} signatures", size // 10
    each = one.cpu / size
    # Less than a byte is what the measurement itself wavers by.
    grown = max(1.0, (one.memory - little.memory) / (size - fewer))
    return one, [
        of_ratios(
            "audit",
            "the verifications of signatures alone",
            work,
            [each / least for least in references.least],
            GOAL,
        ),
        of_ratios(
            "audit",
            "all verifications of the log alone",
            work,
            [each / whole for whole in references.whole],
            GOAL,
        ),
        of_ratios(
            "audit by two processes",
            "by one",
            work,
            [one.seconds / two.seconds],
            FASTER_GOAL,
            at_most=False,
        ),
        of_ratios(
            "audit by two processes, processor time",
            "that of one",
            work,
            [two.cpu / one.cpu],
            TWICE_GOAL,
        ),
        share("memory that grows with the log", f"{work}, each", [grown], BYTES_EACH, "bytes"),
        of_ratios(
            "memory of an audit, one process",
            f"that of {fewer:,} signatures",
            f"{work}, {one.memory / 2**20:.0f} MiB",
            [one.memory / little.memory],
            GOAL,
        ),
    ]
