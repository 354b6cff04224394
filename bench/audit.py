"""One audit in a process of its own: `python -m bench.audit FOLDER JOBS STANDING` prints what it took."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.rounds import most_memory
from undersigned.verify import Crew, verify_mirror


@dataclass(frozen=True, slots=True)
class Audit:
    """Seconds by the clock, of processor time in all processes; the most memory of the first, in bytes."""

    seconds: float
    cpu: float
    memory: int


def audit(folder: Path, jobs: int, standing: int) -> Audit:
    """Audit a mirror in which so many stand, in another process; it has to find that all holds."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.audit", str(folder), str(jobs), str(standing)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return Audit(**json.loads(run.stdout))


def _cpu() -> float:
    return sum(os.times()[:4])


def main(folder: str, jobs: str, standing: str) -> None:
    """Audit, and print what it took."""
    cpu, start = _cpu(), time.perf_counter()
    with Crew(int(jobs), least_entries=0) as crew:
        report = verify_mirror(Path(folder), crew=crew)
    assert report.exit_code == 0
    assert report.letters[0].standing == int(standing)
    seconds = time.perf_counter() - start
    print(json.dumps(asdict(Audit(seconds, _cpu() - cpu, most_memory(os.getpid())))))


if __name__ == "__main__":
    main(*sys.argv[1:])
