"""What organisers put into the log about one signature."""

from undersigned.store.database import Connection
from undersigned.store.remarks import (
    ReasonRow,
    RemarkRow,
    add_remarks,
    find_remark,
    list_leaves,
    list_reasons,
)

LETTER, OTHER = bytes(32), b"o" * 32
WHY, BECAUSE = b"w" * 32, b"b" * 32


def test_remarks_are_found_by_the_signature(collector: Connection) -> None:
    """By their kind; of two of a kind the first counts."""
    first = RemarkRow(20, 3, LETTER, "invalidate", "duplicate", WHY)
    erased = RemarkRow(21, 3, LETTER, "erase", "asked", None)
    add_remarks(collector, [first, erased, RemarkRow(22, 3, LETTER, "erase", "court", None)])
    add_remarks(collector, [])
    assert find_remark(collector, 3, "invalidate") == first
    assert find_remark(collector, 3, "erase") == erased
    assert find_remark(collector, 20, "invalidate") is None


def test_reasons_are_counted(collector: Connection) -> None:
    """Each with its explanation, the one of most signatures first, those of another letter never."""
    rows = [
        RemarkRow(20, 9, LETTER, "invalidate", "duplicate", WHY),
        RemarkRow(21, 8, LETTER, "invalidate", "other", WHY),
        RemarkRow(22, 7, LETTER, "invalidate", "duplicate", BECAUSE),
        RemarkRow(23, 6, LETTER, "invalidate", "duplicate", BECAUSE),
        RemarkRow(24, 5, OTHER, "invalidate", "duplicate", BECAUSE),
        RemarkRow(25, 9, LETTER, "erase", "asked", None),
    ]
    add_remarks(collector, rows)
    most = ReasonRow("duplicate", BECAUSE, 2)
    once = [ReasonRow("duplicate", WHY, 1), ReasonRow("other", WHY, 1)]
    assert list_reasons(collector, LETTER, "invalidate", limit=9) == [most, *once]
    assert list_reasons(collector, LETTER, "invalidate", limit=1) == [most]
    assert list_leaves(collector, LETTER, "invalidate", most, limit=9) == [7, 6]
    assert list_leaves(collector, LETTER, "invalidate", most, limit=1) == [7]
    asked = ReasonRow("asked", None, 1)
    assert list_reasons(collector, LETTER, "erase", limit=9) == [asked]
    assert list_leaves(collector, LETTER, "erase", asked, limit=9) == [9]
