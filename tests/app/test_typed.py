"""What people type: numbers, shares, times, durations; what is meant, and what cannot be."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.app.typed import (
    LAST_MOMENT,
    UNITS,
    list_zones,
    read_day,
    read_duration,
    read_lines,
    read_moment,
    read_number,
    read_numbers,
    read_people,
    write_duration,
    write_moment,
)
from undersigned.errors import FieldUnread


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", None),
        (" ", None),
        ("0", 0),
        (" 250 ", 250),
        ("1 000", 1_000),
        ("1,000", 1_000),
        ("1.000", 1_000),
        ("1'000", 1_000),
        ("1\u202f000\u202f000", 1_000_000),
        ("1000", 1_000),
        ("007", 7),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: int | None) -> None:
    """With the marks of their country between the thousands."""
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "1,00", "10 00", "1e3", "½", "٣", "9" * 13])
def test_what_is_no_number_is_told(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(FieldUnread, match=r"^number$"):
        read_number(text)


@given(st.integers(0, 10**12 - 1), st.sampled_from([",", ".", " ", ""]))
def test_every_number_comes_back(number: int, mark: str) -> None:
    """However its thousands are marked."""
    assert read_number(f"{number:,}".replace(",", mark)) == number


@pytest.mark.parametrize(
    ("text", "people"),
    [("60 %", 462), ("60%", 462), ("65.5%", 505), ("65,5 %", 505), ("100 %", 770), ("0,001 %", 1)],
)
def test_a_share_is_rounded_up_to_people(text: str, people: int) -> None:
    """Of 770; whoever asks for 60 % of all is not content with less."""
    assert read_people(text, 770) == people


@given(st.integers(1, 10_000_000), st.integers(0, 100_000))
def test_a_share_is_the_least_that_is_enough(headcount: int, thousandths: int) -> None:
    """One person fewer would be a smaller share."""
    text = f"{thousandths // 1000}.{thousandths % 1000:03} %"
    people = read_people(text, headcount)
    assert people is not None
    assert people * 100_000 >= headcount * thousandths
    assert people == 0 or (people - 1) * 100_000 < headcount * thousandths


def test_a_share_of_nobody_is_none() -> None:
    """The headcount comes first."""
    with pytest.raises(FieldUnread, match="share-of-unknown"):
        read_people("5 %", None)
    assert read_people("5", None) == 5


def test_lists_of_numbers_are_sorted() -> None:
    """Each once, whatever stands between them."""
    assert read_numbers("50; 20,100  10 % 20", 200) == (20, 50, 100)
    assert read_numbers(" ,; ", 200) == ()
    with pytest.raises(FieldUnread):
        read_numbers("5, x", 200)


@pytest.mark.parametrize("text", ["2027-2-3", "2027-02-30", "03.02.2027", "20270203", "today"])
def test_what_is_no_day_is_told(text: str) -> None:
    """Also a day that the calendar does not have."""
    with pytest.raises(FieldUnread, match=r"^day$"):
        read_day(text)


@pytest.mark.parametrize(
    ("day", "time", "zone", "at"),
    [
        ("1970-01-01", "00:00", "UTC", 0),
        ("2027-03-01", "12:00", "Europe/Berlin", 1_803_898_800),
        ("2027-03-01", "12:00:05", "Asia/Jakarta", 1_803_877_205),
        # Twice on that day: the first is meant.
        ("2026-10-25", "02:30", "Europe/Berlin", 1_792_888_200),
        ("", "", "", None),
    ],
)
def test_times_are_those_of_their_zone(day: str, time: str, zone: str, at: int | None) -> None:
    """Also where its clocks were changed."""
    assert read_moment(day, time, zone) == at


@pytest.mark.parametrize(
    ("day", "time", "zone", "rule"),
    [
        ("2026-03-29", "02:30", "Europe/Berlin", "skipped"),
        ("2027-03-01", "25:00", "UTC", "time"),
        ("2027-03-01", "", "UTC", "time"),
        ("2027-03-01", "12:00", "Berlin", "zone"),
        ("2027-03-01", "12:00", "../../etc/passwd", "zone"),
        ("1969-12-31", "12:00", "UTC", "day"),
        ("0001-01-01", "00:00", "Asia/Jakarta", "day"),
        ("9999-12-31", "23:59", "America/New_York", "day"),
    ],
)
def test_times_that_are_none_are_told(day: str, time: str, zone: str, rule: str) -> None:
    """By the name of the sentence that says why."""
    with pytest.raises(FieldUnread, match=f"^{rule}$"):
        read_moment(day, time, zone)


@given(st.integers(0, LAST_MOMENT))
def test_every_time_can_be_written(at: int) -> None:
    """In UTC, where no clock is ever changed."""
    assert read_moment(*write_moment(at, "UTC"), "UTC") == at


@given(st.integers(0, 10**9))
def test_every_duration_can_be_written(seconds: int) -> None:
    """In the largest unit that leaves nothing over."""
    number, unit = write_duration(seconds)
    assert read_duration(number, unit) == seconds
    larger = [UNITS[each] for each in UNITS if UNITS[each] > UNITS[unit]]
    assert seconds == 0 or all(seconds % size for size in larger)


@given(st.text(max_size=20), st.text(max_size=10), st.text(max_size=20))
def test_whatever_is_typed_is_read_or_told(one: str, two: str, three: str) -> None:
    """And nothing else is raised."""
    readers = (
        lambda: read_number(one),
        lambda: read_people(one, 100),
        lambda: read_numbers(one, 100),
        lambda: read_moment(one, two, three),
        lambda: read_moment("2027-01-01", two, "UTC"),
        lambda: read_duration(one, three),
    )
    for read in readers:
        with suppress(FieldUnread):
            read()


def test_lines_are_those_that_say_something() -> None:
    """Without the white space around them; the zones begin with UTC."""
    assert read_lines(" a \n\n\tb\r\n") == ("a", "b")
    assert list_zones()[0] == "UTC"
    assert "Asia/Jakarta" in list_zones()
