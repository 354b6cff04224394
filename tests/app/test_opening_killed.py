"""The process that opens names is killed (SIGKILL) at each numbered step, before it is stored and after.

Whoever starts the site again comes to the same end: the same names, one opening, a log that verifies.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.app.five import KEYS, Bench
from tests.app.inspecting import verified
from tests.app.village import Village

from undersigned.app.opening import open_due_waves
from undersigned.domain.letter import State
from undersigned.domain.record import OpeningRecord

DYING = """
import os, signal, sys
from pathlib import Path
from undersigned.app import opening
from undersigned.trustee import opening as combining
from undersigned.trustee import waiting
from undersigned.app.letters import Letters
from undersigned.app.site import open_site

folder, name, when = sys.argv[1:]
# What is the trustee's is imported by the opening from where it lives.
places = {"verify_log": waiting, "combine_wave": combining}
place = places.get(name, opening)
real = getattr(place, name)

def dying(*values, **named):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*values, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(place, name, dying)
site = open_site(Path(folder))
opening.open_due_waves(site, Letters(site))
"""

POINTS = [
    ("verify_log", "after"),  # 1
    ("put_share_file", "before"),  # 2, not stored
    ("put_share_file", "after"),  # 2, stored
    ("combine_wave", "before"),  # 3
    ("combine_wave", "after"),  # 3
    ("_apply", "after"),  # 4, not committed
    ("publish", "before"),  # 4, committed
    ("publish", "after"),  # 5, the answer is lost
]


@pytest.mark.parametrize(("name", "when"), POINTS, ids=["-".join(point) for point in POINTS])
def test_a_kill_at_any_step_leads_to_the_same_end(
    village: Village, tmp_path: Path, name: str, when: str
) -> None:
    """The operator is the third of three: what it had done is done again, or is there."""
    bench = Bench.open(village, tmp_path / "copies", trustees=(*KEYS[:4], None))
    villagers = village.members(bench.letter, 3)
    bad = bench.spoiled(range(1, 6))
    bench.freeze()
    bench.send(1)
    bench.send(2)
    village.clock.save()
    child = subprocess.run(
        [sys.executable, "-c", DYING, str(village.site.folder), name, when],
        timeout=120,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    village.restart()
    open_due_waves(village.site, village.letters)
    assert village.state(bench.letter) is State.RELEASED
    assert bench.names() == {each.attestation.name for each in villagers}
    assert village.row(bad).status == "unopenable"
    openings = [each for each in village.records() if isinstance(each, OpeningRecord)]
    assert [(each.opened, each.bad) for each in openings] == [(3, 1)]
    assert verified(village)[1] == []
