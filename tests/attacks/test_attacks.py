"""Every row of docs/attacks.md is played, and everybody sees what the row says, and no more."""

import re
from pathlib import Path

import pytest
from tests.attacks.playing import ATTACKS, honest
from tests.attacks.scene import LOOKS, NOT_ASKED, SEES_NOTHING

PAGE = Path(__file__).parents[2] / "docs" / "attacks.md"


def rows() -> dict[str, list[str]]:
    """Return the cells of each row of the table by its first."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells if first not in ("attack", "---")}


ROWS = rows()


@pytest.mark.parametrize("name", ROWS)
def test_an_attack_is_seen_by_those_whom_the_row_names(name: str, tmp_path: Path) -> None:
    """The table is the expectation: for each who might catch it, what they see."""
    *expected, reason = ROWS[name]
    scene = ATTACKS[name]()
    seen = [look(scene, tmp_path) for look in LOOKS.values()]
    assert seen == expected
    assert len(reason) > 20


def test_every_play_has_its_row() -> None:
    """And the columns are those who look."""
    assert list(ROWS) == list(ATTACKS)
    header = re.search(r"^\| attack \|(.+)\| why \|$", PAGE.read_text(), re.MULTILINE)
    assert header is not None
    assert [cell.strip() for cell in header[1].split("|")] == list(LOOKS)


@pytest.mark.parametrize("who", LOOKS)
def test_nobody_sees_anything_where_nobody_lies(who: str, tmp_path: Path) -> None:
    """Everybody has a place in that scene: what they see elsewhere is the attack."""
    assert LOOKS[who](honest(), tmp_path) == SEES_NOTHING


@pytest.mark.parametrize("who", LOOKS)
def test_everybody_catches_something(who: str) -> None:
    """A column that never speaks would be a look that cannot fail."""
    column = list(LOOKS).index(who)
    assert any(cells[column] not in (SEES_NOTHING, NOT_ASKED) for cells in ROWS.values())
