"""Invalidating and erasing from the terminal: shown first, asked, done in public."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.village import Village, Villager, village_in
from tests.cli.conftest import OpenTerminal, Run

from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import EraseRecord, InvalidateRecord
from undersigned.store import letters as letter_store

WHY = "Nobody of that name is on the staff."


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """A site in the folder `d`."""
    with village_in(tmp_path / "d") as made:
        yield made


@pytest.fixture
def letter(village: Village) -> Letter:
    """A letter that stands at its rule of three, and sealed signatures."""
    return village.open(rule=3)


@pytest.fixture
def public(village: Village, letter: Letter) -> list[Villager]:
    """Three who signed in public; one more is sealed."""
    signed = village.members(letter, 3, Mode.PUBLIC)
    village.member(letter, Mode.SEALED)
    village.later(2)
    return signed


def strike(*arguments: object) -> tuple[object, ...]:
    """The command, with the folder."""
    return ("letter", "invalidate", "mill", "--data", "d", "--reason", "duplicate", *arguments)


def test_a_preview_needs_nothing_else(run: Run, village: Village, public: list[Villager]) -> None:
    """Everybody who fits is listed, with what the count becomes; nothing is written."""
    before = village.entries()
    done = run(*strike("--name", "villager", "--preview"))
    assert done.code == 0
    header, *rows, meant, now, after = done.out.splitlines()
    assert header == "leaf\tname\trole\tverified\tstatement"
    assert {row.split("\t")[1] for row in rows} == {each.attestation.name for each in public}
    assert meant == "meant: 3 signatures"
    assert (now, after) == (
        "counted by the rule now: 4 of 3",
        "and without them: 1 of 3",
    )
    assert "note: the letter falls below its rule: it is open again with the next epoch" in done.err
    assert village.entries() == before


def test_many_are_invalidated(run: Run, village: Village, public: list[Villager]) -> None:
    """With all said, nobody is asked; every one has a record."""
    done = run(*strike("--verified", "email", "--text", WHY, "--yes"))
    assert done.code == 0
    assert "invalidated: 3\nreason: duplicate\n" in done.out
    records = [each for each in village.records() if isinstance(each, InvalidateRecord)]
    assert {each.leaf for each in records} == {village.row(each).leaf_index for each in public}
    shown = run("letter", "show", "mill", "--data", "d")
    assert "invalidated: 3\n" in shown.out
    again = run(*strike("--verified", "email", "--text", WHY, "--yes"))
    assert again.code == 1
    assert again.err.startswith("error: no public or opened signature fits")


def test_on_a_terminal_it_asks(
    village: Village, public: list[Villager], open_terminal: OpenTerminal
) -> None:
    """For the explanation, and then whether; anything but yes changes nothing."""
    leaf = village.row(public[0]).leaf_index
    for answer, code in (("no", 1), ("yes", 0)):
        terminal = open_terminal(*map(str, strike("--leaf", leaf)))
        terminal.expect("why, in a sentence that everybody can read")
        terminal.type(WHY)
        terminal.expect("invalidate 1 signature, for good? (yes/no)")
        terminal.type(answer)
        assert terminal.end() == code
        assert village.row(public[0]).status == ("live" if code else "invalidated")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--leaf", "0", "--text", WHY), 2, "error: --yes is needed where nobody can be asked"),
        (("--leaf", "0", "--yes"), 2, "error: --text is needed where nobody can be asked"),
        (("--text", WHY, "--yes"), 2, "error: nothing says which signatures are meant"),
        (("--name", " ", "--preview"), 2, "error: a criterion without a word would fit everyone"),
        (("--leaves", "9-2", "--preview"), 2, "error: --leaves is two places in the log"),
        (("--leaves", "2", "--preview"), 2, "error: --leaves is two places in the log"),
        (("--leaf", "0", "--preview"), 1, "error: leaf 0 is no signature of this letter"),
        (("--leaf", "1", "--text", "a\tb", "--yes"), 2, "error: explanation: holds a control"),
        (("--leaf", "1", "--text", "x" * 2001, "--yes"), 2, "error: explanation: longer than 2000"),
        (("--leaf", "1", "--text", WHY, "--text-file", "f", "--yes"), 2, "error: the explanation"),
        (("--leaf", "1", "--text-file", "none", "--yes"), 2, "error: none cannot be read"),
    ],
)
def test_what_is_refused(
    run: Run,
    village: Village,
    letter: Letter,
    arguments: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    """A sentence for each, and nothing in the log."""
    before = village.entries()
    done = run(*strike(*arguments))
    assert (done.code, done.err[: len(sentence)]) == (code, sentence)
    assert village.entries() == before
    assert village.letter_ids() == [letter.letter_id]


def test_an_explanation_from_a_file(run: Run, village: Village, public: list[Villager]) -> None:
    """Its line feeds are kept, those at its end are not."""
    Path("why.txt").write_text(f"{WHY}\nSee the list on the door.\n")
    leaf = village.row(public[0]).leaf_index
    assert run(*strike("--leaves", f"{leaf}-{leaf}", "--text-file", "why.txt", "--yes")).code == 0
    (record,) = (each for each in village.records() if isinstance(each, InvalidateRecord))
    with village.site.collector.read() as connection:
        content = letter_store.find_document(connection, record.text)
    assert content == f"{WHY}\nSee the list on the door.".encode()


def test_a_name_is_erased(
    run: Run, village: Village, public: list[Villager], open_terminal: OpenTerminal
) -> None:
    """At a terminal the name is shown once more; the record tells of it, the signature stands."""
    leaf = village.row(public[0]).leaf_index
    erase = ("letter", "erase", "mill", str(leaf), "--reason", "asked", "--data", "d")
    unsaid = run(*erase)
    assert unsaid.err.startswith("error: --yes is needed where nobody can be asked")
    terminal = open_terminal(*erase)
    shown = terminal.expect("erase this name, for good?")
    assert public[0].attestation.name in shown
    terminal.type("yes")
    assert terminal.end() == 0
    assert sum(isinstance(each, EraseRecord) for each in village.records()) == 1
    assert (village.row(public[0]).erased, village.row(public[0]).status) == (True, "live")
    again = run(*erase, "--yes")
    assert again.code == 1
    assert again.err.startswith("error: this signature has no name here that could be erased")
