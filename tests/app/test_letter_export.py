"""What an organiser takes along: the names that stand, and numbers; of no sealed name anything."""

import csv
import io
import re
from pathlib import Path

import msgspec
import pytest
from tests.app.test_hiding import WHY, speaker
from tests.app.village import DAY, HOUR, START, Village
from tests.test_documents import rows_of as table_of

from undersigned.app.hiding import hide_statement
from undersigned.app.letter_export import (
    HISTORY_COLUMNS,
    NAME_COLUMNS,
    format_export,
    format_history_csv,
    format_names_csv,
    get_export,
)
from undersigned.app.meaning import Criteria, select_signatures
from undersigned.app.moderating import invalidate
from undersigned.app.noticing import post_notice
from undersigned.domain.letter import Mode, State
from undersigned.domain.reasons import HideReason, InvalidateReason, NoticeKind
from undersigned.errors import UnknownLetter
from undersigned.web.desk.exports import KINDS

DOCUMENT = Path(__file__).parents[2] / "docs" / "organiser.md"


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Read a file with a header."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text))


def names_of(village: Village, name: str = "mill") -> list[dict[str, str]]:
    """Export the names of a letter."""
    return rows_of(format_names_csv(get_export(village.site, village.letters, name)))


def test_names_that_are_public_and_stand(village: Village) -> None:
    """Whoever withdrew or was invalidated is not among them, nor anybody sealed or anonymous."""
    letter = village.open(rule=50, conditions="[60]")
    stays = speaker(village, letter, '=HYPERLINK("https://evil.example")')
    goes, false = village.members(letter, 2, Mode.PUBLIC)
    village.members(letter, 3)
    village.member(letter, Mode.ANONYMOUS)
    village.later(1)
    village.withdraw(goes)
    village.later(1)
    criteria = Criteria(leaves=frozenset({village.row(false).leaf_index}))
    meant = select_signatures(village.site, village.letters, "mill", criteria)
    invalidate(village.site, village.letters, meant, InvalidateReason.NOT_A_MEMBER, "No.")
    (row,) = names_of(village)
    assert tuple(row) == NAME_COLUMNS
    assert row == {
        "leaf": str(village.row(stays).leaf_index),
        "mode": "public",
        "name": stays.row.name,
        "role": stays.row.role,
        "verified": "email",
        "statement": '\'=HYPERLINK("https://evil.example")',
        "hidden": "",
    }


def test_opened_names_follow_their_release(village: Village) -> None:
    """Before it there is a number, after it there are names: of those who were opened."""
    letter = village.open(rule=3)
    opened = village.members(letter, 3)
    waits = village.member(letter, Mode.SEALED, 6)
    village.later(1)
    assert names_of(village) == []
    village.later(HOUR)
    village.open_waves()
    assert village.state(letter) is State.RELEASED
    rows = names_of(village)
    assert {row["name"] for row in rows} == {each.row.name for each in opened}
    assert {row["mode"] for row in rows} == {"sealed"}
    assert waits.row.name is not None
    assert waits.row.name not in str(rows)


def test_nothing_stands_once_it_has_lapsed(village: Village) -> None:
    """The numbers stay as history; no name stands under a letter that was not reached."""
    letter = village.open(rule=10)
    village.members(letter, 2, Mode.PUBLIC)
    village.later(1)
    assert len(names_of(village)) == 2
    village.at(10 * DAY)
    assert village.state(letter) is State.LAPSED
    assert names_of(village) == []


def test_how_it_grew(village: Village) -> None:
    """A row for each epoch, with its time in UTC."""
    letter = village.open(rule=50)
    village.member(letter, Mode.PUBLIC)
    village.later(1)
    village.member(letter, Mode.PUBLIC)
    village.later(5)
    rows = rows_of(format_history_csv(get_export(village.site, village.letters, "mill")))
    assert tuple(rows[0]) == HISTORY_COLUMNS
    assert [(row["epoch"], row["standing"]) for row in rows] == [("1", "1"), ("2", "2")]
    assert rows[0]["at"] == "2027-01-15T08:00:01Z"
    assert START == 1_800_000_000


def test_all_of_it_as_json(village: Village) -> None:
    """Exact words, numbers, and why a statement is hidden."""
    letter = village.open(rule=50)
    speaks = speaker(village, letter, "=1+1")
    leaf = village.row(speaks).leaf_index
    hide_statement(village.site, village.letters, "mill", leaf, HideReason.INSULT, WHY)
    village.member(letter, Mode.SEALED)
    village.later(1)
    export = msgspec.json.decode(format_export(get_export(village.site, village.letters, "mill@1")))
    assert export["letter_id"] == letter.letter_id.hex()
    assert (export["state"], export["counts"]["standing"]) == ("open", 2)
    hidden = {"reason": "insult", "text": WHY, "at": village.clock.now() - 1}
    assert export["names"] == [
        {
            "leaf": leaf,
            "mode": "public",
            "name": speaks.row.name,
            "role": speaks.row.role,
            "verified": "email",
            "statement": "=1+1",
            "hidden": hidden,
        }
    ]
    (row,) = names_of(village)
    assert (row["statement"], row["hidden"]) == ("", "insult")
    assert len(export["history"]) == 2


def test_the_document_lists_what_is_in_them(village: Village) -> None:
    """Each file that the desk has, each column and each member, in its order."""
    letter = village.open(rule=50)
    speaker(village, letter, "At night, too.")
    village.later(1)
    post_notice(village.site, village.letters, "mill", NoticeKind.NEWS, "They came.")
    export = msgspec.json.decode(format_export(get_export(village.site, village.letters, "mill")))
    parts = {f"each of `{name}` in it": export[name] for name in ("names", "history", "notices")}
    held = {
        "`names.csv`": list(NAME_COLUMNS),
        "`growth.csv`": list(HISTORY_COLUMNS),
        "`letter.json`": list(export),
        **{part: list(items[0]) for part, items in parts.items()},
    }
    listed = dict(table_of(DOCUMENT, "### Export"))
    assert set(KINDS) | {"letter.pdf"} == {file.strip("`") for file in listed if file[0] == "`"}
    assert set(listed) == {*held, "`letter.pdf`"}
    for what, members in held.items():
        assert re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", listed[what])) == members, what


def test_no_letter(village: Village) -> None:
    """There is nothing to export of what is not there."""
    with pytest.raises(UnknownLetter):
        get_export(village.site, village.letters, "mill")
