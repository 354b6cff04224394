"""How it is measured: sizes, rounds in which work and reference take turns, processor time."""

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

FULL: Final = os.environ.get("FULL") == "1"
"""`make bench FULL=1`: the sizes that the goals are about; it takes an hour."""

ROUNDS: Final = 3

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


T = TypeVar("T")


def sized(quick: T, full: T) -> T:
    """Return the size for this run."""
    return full if FULL else quick


def cpu_of(pid: int) -> float:
    """Return the seconds of processor time, user and system, of all threads of a process."""
    fields = fields_of(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def fields_of(pid: int) -> list[str]:
    """Return what the system counts of a process, from its state on (proc(5), `/proc/PID/stat`)."""
    # The name in brackets may hold anything, so what is counted begins behind it.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def memory_of(pid: int) -> int:
    """Return the bytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def most_memory(pid: int) -> int:
    """Return the most bytes of memory that a process has had since its program began."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def cpu_time(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that work took in this process."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def take_turns(work: Callable[[], object], reference: Callable[[], object]) -> list[float]:
    """Return the processor time of work over that of its reference, for each round."""
    ratios = []
    for _ in range(ROUNDS):
        bare = cpu_time(reference)
        ratios.append(cpu_time(work) / bare)
    return ratios
