"""What has become of each signature, and the names that are shown."""

from undersigned.store.database import Connection
from undersigned.store.signatures import (
    ShownName,
    SignatureRow,
    add_shown_names,
    add_signatures,
    change_signature,
    change_signatures,
    count_shown_names,
    delete_shown_name,
    find_signature,
    list_live,
    list_shown_names,
    search_shown_names,
)

LETTER, OTHER = bytes(32), b"o" * 32


def _signature(leaf: int, mode: str = "sealed", condition: int = 0, **more: object) -> SignatureRow:
    name = None if mode == "anonymous" else b"n" * 32
    return SignatureRow(leaf, LETTER, bytes([leaf]) * 32, mode, condition, name, **more)  # type: ignore[arg-type]


def test_signatures_come_back_as_they_were(collector: Connection) -> None:
    """The live ones in the log's order."""
    rows = [_signature(9), _signature(3, "anonymous", 50), _signature(5, status="withdrawn")]
    add_signatures(collector, rows)
    add_signatures(collector, [])
    assert find_signature(collector, 9) == rows[0]
    assert find_signature(collector, 4) is None
    assert list_live(collector, LETTER) == [rows[1], rows[0]]
    assert list_live(collector, OTHER) == []


def test_changes_touch_what_is_meant(collector: Connection) -> None:
    """One row, or those that are named."""
    add_signatures(collector, [_signature(leaf) for leaf in range(4)])
    change_signature(collector, 1, mode="public", condition=0, name=b"x" * 32)
    change_signatures(collector, [0, 2], fixed=1)
    change_signatures(collector, [], fixed=1)
    found = list_live(collector, LETTER)
    assert [row.mode for row in found] == ["sealed", "public", "sealed", "sealed"]
    assert [row.fixed for row in found] == [True, False, True, False]


def test_names_are_shown_page_by_page(collector: Connection) -> None:
    """In the log's order, until they are struck."""
    names = [ShownName(leaf, LETTER, f"N{leaf}", None, "email", None) for leaf in (7, 2, 5)]
    add_shown_names(collector, names)
    add_shown_names(collector, [])
    first = list_shown_names(collector, LETTER, after=-1, limit=2)
    assert first == [names[1], names[2]]
    assert list_shown_names(collector, LETTER, after=5, limit=2) == [names[0]]
    delete_shown_name(collector, 7)
    assert list_shown_names(collector, LETTER, after=5, limit=2) == []


def test_names_are_found_by_every_word(collector: Connection) -> None:
    """In name or role, without case and accents; signs that a database reads otherwise are letters."""
    people = [
        ("Huamán Örebro", "Straßenwärter"),
        ("HUAMAN 100%", None),
        ("under_score", "Clerk\\"),
        ("İpek Ş", None),
    ]
    names = [
        ShownName(leaf, LETTER, name, role, "email", None)
        for leaf, (name, role) in enumerate(people)
    ]
    add_shown_names(collector, [*names, ShownName(9, OTHER, "Huaman", None, "email", None)])

    def found(*words: str) -> list[int]:
        page = search_shown_names(collector, LETTER, words, offset=0, limit=9)
        assert count_shown_names(collector, LETTER, words) == len(page)
        return [row.leaf_index for row in page]

    assert found() == [0, 1, 2, 3]
    assert found("huaman") == [0, 1]
    assert found("strassen", "orebro") == [0]
    assert found("%") == [1]
    assert found("_") == [2]
    assert found("\\") == [2]
    assert found("/") == found("huaman\0") == found("huaman", "clerk") == []
    assert found("ipek") == [3]
    assert search_shown_names(collector, LETTER, ["huaman"], offset=1, limit=1) == [names[1]]
