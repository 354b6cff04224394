"""Every lie is caught by the check that it is meant for, whoever signed the log again."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.simulator import DAY, VKEY
from tests.stamping import the_clock
from tests.verify.lies import LIES, LieCase

from undersigned.verify import Crew, ahead, names, scratch, verify_mirror


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """Two processes that help with however small a log."""
    with Crew(2, least_entries=0) as crew:
        yield crew


@pytest.mark.parametrize("case", LIES, ids=lambda case: case.name)
def test_a_lie_is_caught(
    case: LieCase, tmp_path: Path, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is false, at least in the check that the lie is about, and 1 and 3 still hold.

    Where several processes verify, and nothing but a few rows is kept in memory, every sentence is the same,
    in the same order.
    """
    site = case.story()
    draft = site.draft()
    case.tell(draft, site)
    now = site.now + 30 * DAY
    verify = partial(
        verify_mirror,
        draft.write(tmp_path / "mirror"),
        pinned_vkey=VKEY,
        now=now,
        timestamp_roots=(the_clock()[1].certificate,),
    )
    report = verify()
    monkeypatch.setattr(ahead, "AT_ONCE", 1)
    monkeypatch.setattr(names, "AT_ONCE", 2)
    monkeypatch.setattr(scratch, "BLOCK_SIZE", 300)
    monkeypatch.setattr(scratch, "MOST_IN_BUCKET", 3)
    assert verify(crew=crew) == report
    assert case.check in report.false_numbers, report.to_json()
    assert report.exit_code == 1
    assert not {1, 3} & set(report.false_numbers)
    if case.check == 12:
        assert report.false_numbers == (12,)
