"""What is told of a letter, and its feed: one key for each for ever, and sound XML of any text."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.answered import MET, REFUSED, open_three
from tests.app.village import HOST, HOUR, START, Village, village_in

from undersigned.app.answering import record_answer
from undersigned.app.feed import format_feed
from undersigned.app.noticing import post_notice
from undersigned.app.timeline import Happenings, What, list_happenings
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import NoticeKind
from undersigned.domain.text import TextDocument
from undersigned.errors import UnknownLetter
from undersigned.store import letters as letter_store

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://letters.example"


def told(village: Village, name: str = "mill") -> Happenings:
    """Return what has happened to a letter."""
    return list_happenings(village.site, village.letters, name)


def entries_of(happenings: Happenings, lang: str = "en") -> dict[str, ElementTree.Element]:
    """Write a feed and read it again; return its entries by id."""
    text = happenings.page.texts[0]
    data = format_feed(happenings, text, lang, BASE, HOST)
    feed = ElementTree.fromstring(data)  # noqa: S314 - our own file
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1, name
    assert feed.findtext(f"{ATOM}title") == text.title
    assert {link.get("rel") for link in feed.findall(f"{ATOM}link")} == {"self", "alternate"}
    entries = feed.findall(f"{ATOM}entry")
    times = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert times == sorted(times, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == times[0]
    assert all(dt.datetime.fromisoformat(time).tzinfo is not None for time in times)
    found = {entry.findtext(f"{ATOM}id") or "": entry for entry in entries}
    assert len(found) == len(entries) == len(happenings.told)
    for entry in entries:
        assert entry.findtext(f"{ATOM}title")
        assert entry.findtext(f"{ATOM}content")
        assert (entry.find(f"{ATOM}link") or ElementTree.Element("")).get("href", BASE) >= BASE
    return found


def live(village: Village) -> None:
    """Open a letter, meet its rule, tell of it, release it, answer it."""
    letter = open_three(village, modes='["public"]', conditions="[]", rule=3)
    village.members(letter, 2, Mode.PUBLIC)
    village.later(10)
    post_notice(village.site, village.letters, "mill", NoticeKind.NEWS, "It turns <slowly> & well.")
    village.members(letter, 1, Mode.PUBLIC)
    village.later(10)
    village.later(HOUR)
    village.later(10)
    record_answer(village.site, village.letters, "mill", [MET, REFUSED], "A letter.", "en")


def test_what_has_happened_is_told_newest_first(village: Village) -> None:
    """Opening, numbers, notices, release, answers; a key is the same however much comes after."""
    live(village)
    happenings = told(village)
    assert [it.what for it in happenings.told] == [
        What.ANSWER,
        What.RELEASED,
        What.RULE,
        What.NEWS,
        What.OPENED,
    ]
    before = set(entries_of(happenings))
    post_notice(village.site, village.letters, "mill", NoticeKind.CORRECTION, "It does not.")
    village.later(10)
    after = entries_of(told(village))
    assert before < set(after)
    day = dt.datetime.fromtimestamp(START, dt.UTC).strftime("%Y-%m-%d")
    assert all(key.startswith(f"tag:{HOST},{day}:letters/") for key in after)


def test_a_feed_says_it_in_both_languages(village: Village) -> None:
    """Titles of ours are translated; what people wrote is what they wrote, with its language."""
    live(village)
    happenings = told(village)
    english, indonesian = entries_of(happenings), entries_of(happenings, "id")
    assert english.keys() == indonesian.keys()
    titles = {entry.findtext(f"{ATOM}title") for entry in english.values()}
    assert "The rule of 3 is met" in titles
    assert "An answer to the letter: wheel: met, pay: refused" in titles
    assert titles.isdisjoint(entry.findtext(f"{ATOM}title") for entry in indonesian.values())
    contents = {entry.findtext(f"{ATOM}content") for entry in indonesian.values()}
    assert "It turns <slowly> & well." in contents
    assert "It turns.\nSince May.\n\nThere is no money." in contents


def test_words_that_were_taken_down_are_gone(village: Village) -> None:
    """The entry stays, and says so."""
    live(village)
    (notice,) = told(village).page.notices
    with village.site.collector.write() as connection:
        letter_store.delete_document(connection, notice.document)
    contents = [
        entry.findtext(f"{ATOM}content")
        for key, entry in entries_of(told(village)).items()
        if key.endswith(f"/leaf/{notice.leaf_index}")
    ]
    assert contents == ["The words of this notice were taken down."]


def test_no_letter_no_feed(village: Village) -> None:
    """There is nothing to tell of what is not there."""
    with pytest.raises(UnknownLetter):
        told(village, "nothing")


@pytest.fixture(scope="module")
def happenings(tmp_path_factory: pytest.TempPathFactory) -> Happenings:
    """A letter with a notice, as it would be told."""
    with village_in(tmp_path_factory.mktemp("told") / "data") as village:
        village.open()
        post_notice(village.site, village.letters, "mill", NoticeKind.NEWS, "News.")
        village.later(10)
        return told(village)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_any_text_is_sound_xml(happenings: Happenings, title: str, words: str) -> None:
    """Markup is text; a character that XML cannot hold is replaced, one for one."""
    text = SimpleNamespace(title=title, lang="en")
    its = tuple(replace(it, text=words) if it.text else it for it in happenings.told)
    data = format_feed(replace(happenings, told=its), cast("TextDocument", text), "en", BASE, HOST)
    feed = ElementTree.fromstring(data)  # noqa: S314 - our own file
    read = feed.findtext(f"{ATOM}title")
    assert read is not None
    assert len(read) == len(title)
    assert all(one in (other, "\ufffd", "\n") for one, other in zip(read, title, strict=True))


def test_a_lapsed_letter_says_so(village: Village) -> None:
    """The last entry is its end."""
    letter = village.open()
    village.later(letter.closes - village.now + 1)
    first, *_ = told(village).told
    assert (first.what, first.state, first.key) == (What.ENDED, "lapsed", "ended/lapsed")
    assert any("lapsed" in key for key in entries_of(told(village)))
