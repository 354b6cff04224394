"""How long people wait for the program itself: for help, and for a site to answer.

The reference is the time that one may take, in milliseconds.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.e2e.server import Server
from tests.live import HOST, make_letter

from bench.result import Result, share
from undersigned.app.site import make_site

TIMES: Final = 7
SERVE_MS: Final = 2_000
HELP_MS: Final = 300

PROGRAM: Final = Path(sys.executable).with_name("undersigned")


def measure() -> list[Result]:
    """Measure `serve` to its first answer, and `--help`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        site = make_site(folder, HOST)
        make_letter(site, Path(name) / "letter")
        site.close()
        serving = [_time(lambda: _serve(folder)) for _ in range(TIMES)]
    helping = [_time(_help) for _ in range(TIMES)]
    return [
        share("undersigned serve", "to its first answer", serving, SERVE_MS, "ms"),
        share("undersigned --help", "to its end", helping, HELP_MS, "ms"),
    ]


def _time(work: Callable[[], Callable[[], object] | None]) -> float:
    """Return the milliseconds that work took; what it returns is done afterwards."""
    start = time.perf_counter()
    after = work()
    took = (time.perf_counter() - start) * 1000
    if after is not None:
        after()
    return took


def _serve(folder: Path) -> Callable[[], object]:
    return Server(folder).start().stop


def _help() -> None:
    subprocess.run([PROGRAM, "--help"], check=True, stdout=subprocess.DEVNULL)
