"""Pages that are longer than is read at once, and those that say more than a log can have."""

import json
from pathlib import Path

import pytest
from tests.simulator import VKEY
from tests.verify import stories

from undersigned.verify import pages, site, verify_mirror


def test_a_page_of_names_may_be_longer_than_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read name by name; every other page has its limit."""
    draft = stories.sealed().draft()
    for row in draft.page("names")["names"]:
        row["more"] = "x" * 90_000
    folder = draft.write(tmp_path / "mirror")
    names = next(folder.rglob("names.json"))
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 60_000)
    assert names.stat().st_size > 60_000
    assert verify_mirror(folder, pinned_vkey=VKEY).exit_code == 0
    counts = names.with_name("counts.json")
    counts.write_text(json.dumps(json.loads(counts.read_text()) | {"more": "x" * 60_000}))
    assert verify_mirror(folder, pinned_vkey=VKEY).false_numbers == (12,)


def test_names_that_nobody_can_have_signed_are_not_read_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may not be longer than the log is."""
    draft = stories.sealed().draft()
    page = draft.page("names")
    page["names"] = [{**page["names"][0], "leaf": leaf} for leaf in range(1_000, 2_000)]
    monkeypatch.setattr(site, "MORE_NAMES", 3)
    report = verify_mirror(draft.write(tmp_path / "mirror"), pinned_vkey=VKEY)
    assert report.false_numbers == (12,)
    assert "more than" in report.check(12).evidence[-1]
