"""What an audit of a whole log costs a verifier, in processor time of one process.

The mirror is that of a letter with signatures, half of them public, half sealed, on disk. The reference is
the limit (`limit`): the verifications of these signatures alone. The audit also verifies the issuer's record
of each token, hashes the whole tree, replays every record, and compares the pages.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.simulator import SimulatedSite

from bench.crowd import Signed
from bench.limit import Limit
from bench.result import Result, of_ratios
from bench.rounds import sized, take_turns
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import Attestation, parse_name
from undersigned.domain.record import SignRecord
from undersigned.verify import verify_mirror

SIGNATURES: Final = sized(10_000, 100_000)
PER_EPOCH: Final = 500
GOAL: Final = 1.3


def measure() -> list[Result]:
    """Measure the audit of a log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mirror"
        letter, crowd = _make_mirror(folder)
        ratios = take_turns(lambda: _audit(folder), Limit(letter, crowd).verify)
    work = f"{SIGNATURES:,} signatures, one process"
    return [of_ratios("audit", "the verifications alone", work, ratios, GOAL)]


def _make_mirror(folder: Path) -> tuple[Letter, list[Signed]]:
    site = SimulatedSite()
    opened = site.open(headcount=10 * SIGNATURES, rule=10 * SIGNATURES)
    opened.change_roll(SIGNATURES)
    for number in range(1, SIGNATURES + 1):
        opened.sign(Mode.PUBLIC if number % 2 else Mode.SEALED)
        if number % PER_EPOCH == 0:
            opened.epoch()
    draft = site.draft()
    draft.write(folder)
    crowd = [
        Signed(record, None, _attestation_of(record, site.documents))
        for _, record in draft.records(SignRecord)
    ]
    assert len(crowd) == SIGNATURES
    return opened.letter, crowd


def _attestation_of(record: SignRecord, documents: Mapping[bytes, bytes]) -> Attestation | None:
    if record.mode is not Mode.PUBLIC or record.name is None:
        return None
    return parse_name(documents[record.name]).attestation


def _audit(folder: Path) -> None:
    report = verify_mirror(folder)
    assert report.exit_code == 0
    assert report.letters[0].standing == SIGNATURES
