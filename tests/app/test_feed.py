"""The feed of a letter: one key for each entry for ever, and sound XML of any text."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.answered import MET, REFUSED, open_three, tell_all
from tests.app.village import HOST, HOUR, START, Village, village_in

from undersigned.app.answering import record_answer
from undersigned.app.feed import choose_told, format_feed
from undersigned.app.guarantees import list_guarantees
from undersigned.app.noticing import post_notice
from undersigned.app.timeline import Account, EventKind, read_account
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import NoticeKind
from undersigned.domain.text import TextDocument
from undersigned.errors import UnknownLetter
from undersigned.store import letters as letter_store

XML = "{http://www.w3.org/XML/1998/namespace}"
ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://letters.example"


def told(village: Village, name: str = "mill") -> Account:
    """Return what has happened to a letter."""
    return read_account(village.site, village.letters, name)


def entries_of(account: Account, lang: str = "en") -> dict[str, ElementTree.Element]:
    """Write a feed and read it again; return its entries by id."""
    text = account.page.texts[0]
    data = format_feed(account, text, lang, BASE, HOST)
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
    assert len(found) == len(entries) == len(choose_told(account.events))
    for entry in entries:
        assert entry.findtext(f"{ATOM}title")
        assert entry.findtext(f"{ATOM}content")
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert link.get("href", "").startswith(f"{BASE}/letters/")
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
    account = told(village)
    events = choose_told(account.events)
    assert [(it.kind, it.word) for it in events] == [
        (EventKind.ANSWER, "organiser"),
        (EventKind.STATE, "released"),
        (EventKind.NUMBER, "rule"),
        (EventKind.NOTICE, "news"),
        (EventKind.STATE, "open"),
    ]
    (notice,), stage = account.page.notices, account.page.stage
    assert [it.key for it in events][1:] == [
        "released",
        "number/3",
        f"leaf/{notice.leaf_index}",
        "opened",
    ]
    assert (events[-1].at, events[1].at) == (account.page.opened_at, stage.released_at)
    before = set(entries_of(account))
    post_notice(village.site, village.letters, "mill", NoticeKind.CORRECTION, "It does not.")
    village.later(10)
    after = entries_of(told(village))
    assert before < set(after)
    day = dt.datetime.fromtimestamp(START, dt.UTC).strftime("%Y-%m-%d")
    assert all(key.startswith(f"tag:{HOST},{day}:letters/") for key in after)


def test_a_feed_says_it_in_both_languages(village: Village) -> None:
    """Titles of ours are translated; what people wrote is what they wrote, with its language."""
    live(village)
    account = told(village)
    english, indonesian = entries_of(account), entries_of(account, "id")
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


def test_guarantees_are_told(village: Village) -> None:
    """Given with its terms in their language, withdrawn with its name, each at its leaf."""
    tell_all(village)
    account = told(village)
    entries = entries_of(account, "id")
    found = {
        event.kind: entries[key]
        for event in account.events
        for key in entries
        if key.endswith(f"/{event.key}") and event.word == "The bakery"
    }
    assert list(found) == [EventKind.GUARANTEE, EventKind.GUARANTEE_WITHDRAWN]
    given, withdrawn = found.values()
    content = given.find(f"{ATOM}content")
    assert content is not None
    assert (content.text, content.get(f"{XML}lang")) == ("Bread.", "en")
    for entry in found.values():
        assert (entry.findtext(f"{ATOM}title") or "").endswith(": The bakery")
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert str(link.get("href")).endswith("/letters/mill@1#guarantees")
    assert withdrawn.findtext(f"{ATOM}content") == withdrawn.findtext(f"{ATOM}title")


def test_the_terms_of_a_guarantee_were_taken_down(village: Village) -> None:
    """Its entries keep their ids and say so; nothing of it is told."""
    tell_all(village)
    before = entries_of(told(village))
    with village.site.collector.write() as connection:
        for each in list_guarantees(village.site, village.letters, "mill"):
            letter_store.delete_document(connection, each.document)
    after = entries_of(told(village))
    assert list(after) == list(before)
    said = [entry.findtext(f"{ATOM}content") for entry in after.values()]
    assert said.count("A guarantee whose words were taken down") == 2
    assert not any("bakery" in "".join(entry.itertext()) for entry in after.values())


def test_no_letter_no_feed(village: Village) -> None:
    """There is nothing to tell of what is not there."""
    with pytest.raises(UnknownLetter):
        told(village, "nothing")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """A letter with a notice, as it would be told."""
    with village_in(tmp_path_factory.mktemp("told") / "data") as village:
        village.open()
        post_notice(village.site, village.letters, "mill", NoticeKind.NEWS, "News.")
        village.later(10)
        return told(village)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_any_text_is_sound_xml(account: Account, title: str, words: str) -> None:
    """Markup is text; a character that XML cannot hold is replaced, one for one."""
    text = SimpleNamespace(title=title, lang="en")
    its = tuple(replace(it, text=words) if it.text else it for it in account.events)
    data = format_feed(replace(account, events=its), cast("TextDocument", text), "en", BASE, HOST)
    feed = ElementTree.fromstring(data)  # noqa: S314 - our own file
    read = feed.findtext(f"{ATOM}title")
    assert read is not None
    assert len(read) == len(title)
    assert all(one in (other, "\ufffd", "\n") for one, other in zip(read, title, strict=True))


def test_a_lapsed_letter_says_so(village: Village) -> None:
    """The last entry is its end."""
    letter = village.open()
    village.later(letter.closes - village.now + 1)
    account = told(village)
    first, *_ = choose_told(account.events)
    assert (first.kind, first.word, first.key) == (EventKind.STATE, "lapsed", "ended/lapsed")
    assert first.at == account.page.ended_at
    assert any("lapsed" in key for key in entries_of(told(village)))
