"""What it costs to decide who stands: after each epoch, and from scratch.

After an epoch the site counts its letter anew, from what the database keeps of 10^4 and more signatures; the
reference is the same with 10^3, in the same run. From scratch the outcome is found of the signatures
themselves, in any order; the reference is ten times fewer, and for 10^6 one second. All is processor time.
"""

import random
import secrets
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.community import make_people, roll_of, write_letter_file
from tests.live import HOST

from bench.result import Result, of_ratios, share
from bench.rounds import ROUNDS, cpu_time, sized
from undersigned.app.counting import Counts, count_letter, find_standing, read_counts
from undersigned.app.drafting import open_letter
from undersigned.app.letter_file import read_draft
from undersigned.app.rolls import import_roll
from undersigned.app.site import WholeSite, make_site
from undersigned.domain.letter import Letter, State
from undersigned.domain.outcome import Candidate, check_outcome, find_outcome
from undersigned.store import signatures as signature_store
from undersigned.store.signatures import SignatureRow

FEW: Final = 1_000
SIZES: Final = sized((10_000, 100_000), (10_000, 100_000, 1_000_000))
SCRATCH: Final = sized(100_000, 1_000_000)
REPEATS: Final = 200
"""Times that a count is taken in each round: with few signatures one is too short to be measured."""

CONDITIONS: Final = tuple(25 * 2**i for i in range(16))
HEADCOUNT: Final = 2_000_000

GOAL: Final = 1.1
LINEAR_GOAL: Final = 12.0
"""Ten times as many may cost ten times as much, and sorting a little more."""

SCRATCH_MS: Final = SCRATCH // 1_000
"""One second for 10^6."""


def measure() -> list[Result]:
    """Measure the count after an epoch, and the outcome from scratch."""
    return [*_measure_counts(), *_measure_scratch()]


def _measure_counts() -> list[Result]:
    with tempfile.TemporaryDirectory() as name:
        letters = {size: _make_letter(Path(name) / str(size), size) for size in (FEW, *SIZES)}
        ratios: dict[int, list[float]] = {size: [] for size in SIZES}
        for _ in range(ROUNDS):
            few = _time_count(*letters[FEW])
            for size in SIZES:
                ratios[size].append(_time_count(*letters[size]) / few)
        for site, letter in letters.values():
            _check_count(site, letter)
            site.close()
    return [
        of_ratios("count after an epoch", f"{FEW:,} signatures", f"{size:,}", each, GOAL)
        for size, each in ratios.items()
    ]


def _make_letter(base: Path, size: int) -> tuple[WholeSite, Letter]:
    """Open a letter and fill the table of its signatures as the sequencer does."""
    site = make_site(base / "data", HOST)
    import_roll(site.issuer, "many", roll_of(make_people(10)))
    terms = {"headcount": HEADCOUNT, "rule": HEADCOUNT, "conditions": list(CONDITIONS)}
    file = write_letter_file(base / "letter", "many", **terms)
    letter = open_letter(site, read_draft(file))
    with site.collector.write() as connection:
        rows = [_make_row(letter, index) for index in range(100, 100 + size)]
        for first in range(0, size, 10_000):
            signature_store.add_signatures(connection, rows[first : first + 10_000])
    return site, letter


def _make_row(letter: Letter, index: int) -> SignatureRow:
    mode = random.choice(("public", "sealed", "anonymous"))
    condition = 0 if mode == "public" else random.choice((0, *CONDITIONS))
    name = None if mode == "anonymous" else secrets.token_bytes(32)
    return SignatureRow(index, letter.letter_id, secrets.token_bytes(32), mode, condition, name)


def _time_count(site: WholeSite, letter: Letter) -> float:
    """Return the time of what is asked after an epoch: where the letter goes, what its page shows."""
    return cpu_time(lambda: [_count(site, letter) for _ in range(REPEATS)])


def _count(site: WholeSite, letter: Letter) -> Counts:
    with site.collector.read() as connection:
        count_letter(connection, letter)
        return read_counts(connection, letter, State.OPEN)


def _check_count(site: WholeSite, letter: Letter) -> None:
    """Compare the numbers with the outcome of all signatures, one by one."""
    counts = _count(site, letter)
    with site.collector.read() as connection:
        outcome = find_standing(letter, signature_store.list_live(connection, letter.letter_id))
    found = counts.m, counts.standing, counts.waiting
    assert found == (outcome.m, len(outcome.standing), outcome.waiting)


def _measure_scratch() -> list[Result]:
    # Made in the order in which they come, as whatever reads them makes them.
    everyone = [
        Candidate(leaf, counted=leaf % 3 != 0, condition=random.choice((0, *CONDITIONS)))
        for leaf in random.sample(range(SCRATCH), SCRATCH)
    ]
    fewer = everyone[: SCRATCH // 10]
    took, ratios = [], []
    for _ in range(ROUNDS):
        few = _time_outcome(fewer)
        took.append(_time_outcome(everyone))
        ratios.append(took[-1] / few)
    work = f"{SCRATCH:,} signatures"
    return [
        of_ratios("outcome from scratch", f"{len(fewer):,} signatures", work, ratios, LINEAR_GOAL),
        share("outcome from scratch", work, [1000 * each for each in took], SCRATCH_MS, "ms"),
    ]


def _time_outcome(candidates: list[Candidate]) -> float:
    took = cpu_time(lambda: find_outcome(candidates))
    outcome = find_outcome(candidates)
    check_outcome(candidates, outcome)
    return took
