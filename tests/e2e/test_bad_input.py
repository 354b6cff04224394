"""Bad input of every kind: what it is answered with, as docs/bad-input.md says, and that it changes nothing.

The document is the expectation: each row of its tables is a case here, and each case here a row.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from tests.e2e.bad_answers import ANSWERS
from tests.e2e.bad_changes import CHANGES
from tests.e2e.bad_evidence import MIRRORS, RECEIPTS
from tests.e2e.bad_files import LETTERS, ROLLS
from tests.e2e.bad_issuing import ISSUER_COMMANDS, ISSUER_RECORDS
from tests.e2e.bad_moderation import MODERATION
from tests.e2e.bad_openings import OPENINGS
from tests.e2e.bad_proposals import PROPOSALS
from tests.e2e.bad_records import SIGNATURES
from tests.e2e.bad_requests import CODES, HTTP, LOG, TOKENS, Case
from tests.e2e.world import Signer, World, request, signed
from tests.live import live_site_in

from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord

GROUPS: dict[str, tuple[Case, ...]] = {
    "Requests as such": HTTP,
    "The log and its documents": LOG,
    "Asking for a code": CODES,
    "Asking for a token": TOKENS,
    "Signatures": SIGNATURES,
    "Amendments and withdrawals": CHANGES,
    "Answers, guarantees, and what signers did": ANSWERS,
    "Proposals": PROPOSALS,
    "An issuer's records": ISSUER_RECORDS,
    "An issuer apart": ISSUER_COMMANDS,
    "Trustees' requests": OPENINGS,
    "Rolls and invite codes": ROLLS,
    "Letter files": LETTERS,
    "Invalidating and erasing": MODERATION,
    "Receipts": RECEIPTS,
    "Mirrors": MIRRORS,
}

DOCUMENT = Path(__file__).parents[2] / "docs" / "bad-input.md"

_ROW = re.compile(r"^\| (.+?) \| (.+?) \|$")


def read_tables(text: str) -> dict[str, dict[str, str]]:
    """Return the document's rows, what to answer, below their headings."""
    tables: dict[str, dict[str, str]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif (row := _ROW.match(line)) and not row[1].startswith(("what", "---")):
            table = tables.setdefault(heading, {})
            assert row[1] not in table, row[1]
            table[row[1]] = row[2].replace("`", "")
    return tables


def is_meant(answer: str, documented: str) -> bool:
    """Compare an answer with the document's, where … stands for what differs from time to time."""
    pattern = ".+".join(re.escape(part) for part in documented.split("…"))
    return re.fullmatch(pattern, answer.replace("`", "")) is not None


DOCUMENTED = read_tables(DOCUMENT.read_text()) if DOCUMENT.exists() else {}

CASES = [
    pytest.param(heading, case, id=f"{heading}: {case.what}")
    for heading, cases in GROUPS.items()
    for case in cases
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A served site with letters in different states."""
    folder = tmp_path_factory.mktemp("world")
    with live_site_in(folder / "data") as live:
        yield World(live, folder)


def test_the_document_and_the_cases_are_the_same() -> None:
    """Every case is a row, in the same order, and there is no other row."""
    assert {heading: list(rows) for heading, rows in DOCUMENTED.items()} == {
        heading: [case.what for case in cases] for heading, cases in GROUPS.items()
    }
    assert len(CASES) > 300


@pytest.mark.parametrize(("heading", "case"), CASES)
def test_bad_input_is_refused_and_changes_nothing(heading: str, case: Case, world: World) -> None:
    """The answer is the one in the document; the databases and the checkpoint are as before."""
    before = world.state()
    with structlog.testing.capture_logs() as failures:
        answer = case.run(world)
    expected = DOCUMENTED[heading][case.what]
    assert is_meant(answer, expected), f"{answer!r}, but documented is {expected!r}"
    assert world.state() == before
    assert failures == []


def test_nothing_is_answered_with_a_failure_of_the_server() -> None:
    """No answer in the document is a 5xx, a 2xx, or an exit code that says that all is well."""
    answers = [answer for rows in DOCUMENTED.values() for answer in rows.values()]
    assert all(re.fullmatch(r"4\d\d( [a-z-]+)?|exit [12]: .+", answer) for answer in answers)
    assert not any("should not happen" in answer for answer in answers)


def test_a_change_would_be_noticed(world: World) -> None:
    """What must not change is looked at closely enough: good input does change it."""
    before = world.state()
    signer = Signer.new(world.letter)
    record = SignRecord(
        letter_id=world.letter.letter_id,
        token=world.token(signer),
        pk=signer.key.public_key,
        mode=Mode.ANONYMOUS,
        condition=2,
        name=None,
        sig=bytes(64),
    )
    answer = world.post(world.letter, "signatures", request(signed(signer, record)))
    assert answer == "201"
    after = world.state()
    assert {name for name in after if after[name] != before[name]} >= {"collector: spent"}
