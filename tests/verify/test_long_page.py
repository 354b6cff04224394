"""A page that is read row by row says what the whole page does, or that it is none."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.errors import FormatError
from undersigned.verify.long_page import LONGEST_ROW, LongPage


class Row(msgspec.Struct):
    """A row, of which a page may say more."""

    leaf: int
    words: str | None = None


class Page(msgspec.Struct):
    """The same page, read at once."""

    rows: list[Row]


def _read(data: bytes, cuts: int = 7, most: int = 100) -> list[Row]:
    parts: Iterator[bytes] = (data[i : i + cuts] for i in range(0, len(data), cuts))
    return list(LongPage(parts, "rows", Row).rows(most))


rows: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    leaf=st.integers(0, 2**53),
    words=st.none() | st.text(max_size=20),
    more=st.none() | st.lists(st.dictionaries(st.text(max_size=3), st.booleans(), max_size=2)),
)
pages = st.fixed_dictionaries(
    {"rows": st.lists(rows, max_size=6)}, optional={"next": st.none(), "before": rows}
)


@given(pages, st.booleans(), st.integers(1, 50))
def test_rows_are_those_of_the_page(page: dict[str, object], is_spaced: bool, cuts: int) -> None:
    """However it is written, and wherever a part of it ends."""
    data = json.dumps(page, indent=1 if is_spaced else None, ensure_ascii=is_spaced).encode()
    assert _read(data, cuts) == msgspec.json.decode(data, type=Page).rows


@given(pages, st.data())
def test_an_altered_page_is_read_alike_or_refused(
    page: dict[str, object], data: st.DataObject
) -> None:
    """What is read as a page is what reading it at once gives; garbage is refused by both."""
    content = bytearray(json.dumps(page).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.sampled_from(b'{}[]",:\\ 0-\xff\x00e.tn'))
    try:
        found = _read(bytes(content))
    except FormatError:
        return
    assert found == msgspec.json.decode(bytes(content), type=Page).rows


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"rows":null}',
        b'{"rows":[]',
        b'{"rows":[]}}',
        b'{"rows":[]} x',
        b'{"rows":[],"rows":[]}',
        b'{"rows":[{"leaf":1},]}',
        b'{"rows":[{"leaf":"1"}]}',
        b'{"rows":[{"leaf":1,"words":"\\ud800"}]}',
        b'{"rows":[{"leaf":1,"words":"\xff"}]}',
        b'{"rows":[{"leaf":' + b"1" * 5_000 + b"}]}",
        b'{"rows":[{"leaf":NaN}]}',
        b'{"rows":[' + b"[" * 50_000,
        b'{"a":' * 50_000,
        b'{"rows":[{"leaf":1,"words":"' + b"x" * LONGEST_ROW + b'"}]}',
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_page_is_refused(data: bytes) -> None:
    """With one kind of error, whatever it is."""
    with pytest.raises(FormatError):
        _read(data, 1_000)


def test_a_page_of_too_many_rows_is_refused() -> None:
    """The rows before are read."""
    page = LongPage(iter([b'{"rows":[{"leaf":1},{"leaf":2},{"leaf":3}]}']), "rows", Row).rows(2)
    assert [next(page).leaf, next(page).leaf] == [1, 2]
    with pytest.raises(FormatError, match="more than 2"):
        next(page)


def test_little_is_kept_of_a_long_page() -> None:
    """Parts are asked for when the rows before them have been read."""
    asked = 0

    def parts() -> Iterator[bytes]:
        nonlocal asked
        yield b'{"rows":[{"leaf":0}'
        for number in range(1, 2_000):
            asked = number
            yield b',{"leaf":%d,"words":"%s"}' % (number, b"x" * 1_000)
        yield b"]}"

    for row in LongPage(parts(), "rows", Row).rows(2_000):
        assert asked <= row.leaf + LONGEST_ROW // 1_000 + 1
    assert asked == 1_999
