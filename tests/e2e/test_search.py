"""The search for leaks finds what is there: without this, finding nothing would mean nothing."""

import base64
import secrets
import sqlite3
from pathlib import Path

import pytest
from tests.e2e import search as search_module
from tests.e2e.community import random_word
from tests.e2e.search import LEAST, Search, writings

TEXTS = ("Erzsébet Zwyx-Qkvant", "7KD2-9XWM")
OCTETS = (secrets.token_bytes(32), secrets.token_bytes(256), secrets.token_bytes(12))
WORDS = "zebra voyage umbrella tornado siren ripple quantum pyramid orbit nephew mammal ladder"


def _search_for(value: bytes | str) -> Search:
    search = Search()
    search.add("planted", "it", value)
    for _ in range(200):
        search.add("other", random_word(4), secrets.token_bytes(16))
    return search


@pytest.mark.parametrize("value", [*TEXTS, *OCTETS])
def test_every_writing_is_found_across_the_border_of_chunks(
    value: bytes | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the border cuts it; and nothing else is found."""
    monkeypatch.setattr(search_module, "CHUNK", 8192)
    search = _search_for(value)
    for number, (writing, data) in enumerate(writings(value)):
        for cut in {0, 1, len(data) // 2, len(data) - 1, len(data)}:
            path = tmp_path / f"{number}-{cut}"
            path.write_bytes(secrets.token_bytes(8192 - cut) + data + secrets.token_bytes(9000))
            hits = search.in_file(path, "here")
            assert {hit[:2] for hit in hits} == {("planted", "it")}, writing


@pytest.mark.parametrize("start", range(10))
def test_the_shortest_pattern_is_found_at_every_place(start: int) -> None:
    """Only every fifth place is looked at: eight bytes are as short as it gets."""
    value = secrets.token_bytes(LEAST)
    search = _search_for(value)
    assert search.in_bytes(bytes(start) + value, "here")
    assert search.in_bytes(bytes(start) + value + bytes(3), "here")
    assert not search.in_bytes(bytes(start) + value[:-1], "here")


@pytest.mark.parametrize("place", range(6))
def test_base64_of_more_than_the_value_is_found(place: int) -> None:
    """A value within something longer that was written in base64 as a whole."""
    value = secrets.token_bytes(20)
    whole = secrets.token_bytes(place) + value + secrets.token_bytes(7)
    search = _search_for(value)
    assert search.in_bytes(base64.b64encode(whole), "here")
    assert search.in_bytes(base64.urlsafe_b64encode(whole), "here")


@pytest.mark.parametrize("joint", [" ", "", "-", "\n", '","', "\0", ", 7: ", "\t"])
def test_words_are_found_however_they_are_joined(joint: str) -> None:
    """In lower case or not, in UTF-16 or not; but not when one of them is missing."""
    search = Search()
    search.add_words("words", "it", WORDS)
    joined = joint.join(WORDS.split())
    for text in (joined, joined.upper(), joined.title()):
        assert search.in_bytes(b"..." + text.encode() + b"...", "here")
        assert search.in_bytes(text.encode("utf-16"), "here")
    other = joined.replace("tornado", "window")
    assert all(hit.writing != "one after another" for hit in search.in_bytes(other.encode(), "x"))


@pytest.mark.parametrize("value", [TEXTS[0], OCTETS[1]])
def test_every_writing_is_found_in_a_write_ahead_log(value: bytes | str, tmp_path: Path) -> None:
    """Rows that were written and not yet moved into the database's own file."""
    search = _search_for(value)
    for number, (writing, data) in enumerate(writings(value)):
        path = tmp_path / f"{number}.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (a, b)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO t VALUES (?, ?)", (1, secrets.token_bytes(9) + data))
        places = {
            hit.place for hit in search.in_folder(tmp_path) if hit.place.startswith(path.stem)
        }
        assert places == {f"{path.name}-wal"}, writing
        connection.close()
        path.unlink()


def test_what_a_page_of_sqlite_cuts_in_two_is_found_by_a_half(tmp_path: Path) -> None:
    """Long values go on to another page; one of the halves is whole, and the row is anyway."""
    value = secrets.token_bytes(64)
    search = _search_for(value)
    kinds = set()
    for before in range(500, 1100, 16):
        path = tmp_path / f"{before}.db"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE t (a)")
            long = secrets.token_bytes(before) + value + secrets.token_bytes(9000 - before)
            connection.execute("INSERT INTO t VALUES (?)", (long,))
        connection.close()
        found = {hit.writing for hit in search.in_file(path, "here")}
        assert found
        kinds.add("as it is" in found)
        assert "as it is" in {hit.writing for hit in search.in_rows(path, "here")}
    assert kinds == {True, False}


def test_too_short_a_value_is_refused() -> None:
    """It would be found by chance."""
    with pytest.raises(AssertionError, match="too short"):
        Search().add("planted", "it", b"\1\2")
