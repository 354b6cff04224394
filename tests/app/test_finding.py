"""Finding letters: by where they are in their life, and by the words of any of their texts."""

from collections.abc import Iterator

import pytest
from tests.app.village import Village
from tests.web.shelf import shelf_in

from undersigned.app import finding
from undersigned.app.finding import SHELF_OF, Finder, Shelf, lines_of
from undersigned.domain.letter import State


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A site with letters in every state."""
    with shelf_in(tmp_path_factory.mktemp("shelf") / "site") as village:
        yield village


@pytest.fixture
def finder(shelf: Village) -> Finder:
    """What finds its letters; it has read nothing yet."""
    return Finder(shelf.site, shelf.letters)


def names_of(finder: Finder, query: str = "", shelf: Shelf | None = None) -> list[str]:
    """Return what is found, as `slug@edition`."""
    letters = (line.page.letter for line in finder.find(query, shelf, 1).letters)
    return [f"{letter.slug}@{letter.edition}" for letter in letters]


def test_letters_stand_by_what_can_still_happen(finder: Finder) -> None:
    """First those that are being signed; within a shelf the newest; each state has its place."""
    found = finder.find("", None, 1)
    assert names_of(finder)[:2] == ["mill@1", "well@1"]
    assert names_of(finder)[2:] == ["gate@2", "lamp@1", "hedge@1", "bell@1", "gate@1"]
    assert found.shelves == {Shelf.OPEN: 3, Shelf.RELEASED: 1, Shelf.CLOSED: 1, Shelf.OVER: 2}
    assert set(SHELF_OF) == set(State)


def test_one_shelf(finder: Finder) -> None:
    """What was asked for alone; how many the others have is told all the same."""
    assert names_of(finder, shelf=Shelf.OVER) == ["bell@1", "gate@1"]
    assert finder.find("", Shelf.OVER, 1).shelves[Shelf.OPEN] == 3


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("MILL", ["mill@1"]),
        ("miller grain", ["mill@1"]),
        ("harvest", ["mill@1"]),
        ("gerbang", []),
        ("panen", ["mill@1"]),
        ("أوستمير", ["mill@1"]),
        # With vowels and without: what is written above a letter does not count.
        ("طحان", ["mill@1"]),
        ("keeper", ["gate@2", "gate@1"]),
        # Both are said, but in two languages.
        ("harvest panen", []),
        ("well", ["well@1"]),
        ("  LÍGHT   the ", ["lamp@1"]),
        ("\x00", []),
        ("' OR 1=1 --", []),
        ("x" * 200, []),
    ],
)
def test_words_are_looked_for_in_every_language(
    finder: Finder, query: str, names: list[str]
) -> None:
    """All words in one text, without case and accents: title, addressees, body, demands, consequence."""
    assert names_of(finder, query) == names
    # The second time it is looked for in what was kept.
    assert names_of(finder, query) == names


def test_a_title_comes_before_a_body(finder: Finder) -> None:
    """`open` is in the titles of some, and in the body of one that is newer than they are."""
    assert names_of(finder, "open", Shelf.OPEN) == ["well@1", "gate@2"]
    assert names_of(finder, "the", Shelf.OPEN)[0] == "mill@1"


def test_pages(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit; beyond the last page is the last one."""
    monkeypatch.setattr(finding, "LETTERS_ON_A_PAGE", 3)
    pages = [finder.find("", None, number) for number in (1, 2, 3, 99)]
    assert [len(page.letters) for page in pages] == [3, 3, 1, 1]
    assert [page.number for page in pages] == [1, 2, 3, 3]
    assert {(page.pages, page.found) for page in pages} == {(3, 7)}


def test_only_so_much_is_kept(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that do not fit are read anew each time, and found all the same."""
    monkeypatch.setattr(finding, "MOST_KEPT", 1)
    assert names_of(finder, "harvest") == names_of(finder, "harvest") == ["mill@1"]
    assert len(finder._kept) <= 1


def test_all_that_a_text_says(shelf: Village, finder: Finder) -> None:
    """Every member of a text that people read as the letter is among its lines."""
    (line,) = finder.find("mill", None, 1).letters
    text = line.page.texts[0]
    said = "\n".join(lines_of(text))
    for part in (text.title, *text.addressees, text.text, text.demands[0].text, text.consequence):
        assert part in said
