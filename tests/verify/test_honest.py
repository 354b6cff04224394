"""Honest mirrors: every check holds, and the figures are those of the story."""

from pathlib import Path

import pytest
from tests.simulator import VKEY, SimulatedSite
from tests.verify import stories

from undersigned.verify import verify_mirror
from undersigned.verify.report import Report


def verify(site: SimulatedSite, folder: Path) -> Report:
    """Verify a story with the key pinned and a clock."""
    return verify_mirror(site.draft().write(folder), pinned_vkey=VKEY, now=site.now)


@pytest.mark.parametrize("name", stories.HONEST)
def test_all_checks_hold(name: str, tmp_path: Path) -> None:
    """An honest story has nothing false and nothing unchecked."""
    report = verify(stories.HONEST[name](), tmp_path / "mirror")
    assert [
        (check.number, check.evidence)
        for check in report.checks
        if check.status in ("false", "unchecked")
    ] == []
    assert report.exit_code == 0


@pytest.mark.parametrize("name", stories.HONEST)
def test_figures_are_those_of_the_story(name: str, tmp_path: Path) -> None:
    """The report's figures equal what the simulated site counts."""
    site = stories.HONEST[name]()
    report = verify(site, tmp_path / "mirror")
    for figures, letter in zip(report.letters, site.letters, strict=True):
        assert figures.state == letter.stage.state
        assert figures.title == "A letter (en)"
        assert figures.headcount == letter.headcount
        for member, value in letter.figures().items():
            assert getattr(figures, member) == value, member
