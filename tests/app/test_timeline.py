"""The account of what happened to a letter: a key for each event, and one order of all."""

from itertools import pairwise

from tests.app.answered import tell_all
from tests.app.village import Village

from undersigned.app.answers import get_answers
from undersigned.app.guarantees import list_guarantees
from undersigned.app.noticing import post_notice
from undersigned.app.reading import get_history
from undersigned.app.timeline import (
    EventKind,
    Logged,
    list_events,
    list_numbers,
    read_account,
    read_logged,
)
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import NoticeKind


def test_the_order_is_the_logs_within_a_second(village: Village) -> None:
    """Notices of one second, and the numbers and the state that one epoch brought."""
    letter = village.open(rule=3, conditions="[2]")
    site, letters = village.site, village.letters
    for words in ("One.", "Two.", "Three."):
        post_notice(site, letters, "mill", NoticeKind.NEWS, words)
    village.members(letter, 3, Mode.PUBLIC)
    village.later(2)
    events = read_account(site, letters, "mill").events
    assert len({event.at for event in events if event.kind is EventKind.NOTICE}) == 1
    assert [event.text for event in events if event.text] == ["One.", "Two.", "Three."]
    reached = [event for event in events if event.kind in (EventKind.NUMBER, EventKind.STATE)]
    assert [event.key for event in reached[:3]] == ["opened", "number/2", "number/3"]
    assert [event.word for event in reached] == ["open", "", "rule", "reached"]
    assert len({event.at for event in reached[1:]}) == 1
    assert reached[3].leaf == (reached[2].leaf or 0) + 1


def test_one_account_for_page_and_feed(village: Village) -> None:
    """What the page puts together of parts is the account; no key is there twice, none changes."""
    tell_all(village)
    site, letters = village.site, village.letters
    account = read_account(site, letters, "mill")
    letter = account.page.letter
    parts = [
        *list_events(
            site,
            account.page,
            get_answers(site, letters, "mill"),
            list_guarantees(site, letters, "mill"),
        ),
        *list_numbers(letter, get_history(site, letters, "mill")),
        *read_logged(site, letter.letter_id, Logged()).events,
    ]
    assert tuple(sorted(parts, key=lambda event: event.order)) == account.events
    assert len({event.key for event in parts}) == len(parts)
    assert all(one.order < other.order for one, other in pairwise(account.events))
    kinds = {event.kind for event in parts}
    assert {EventKind.GUARANTEE, EventKind.GUARANTEE_WITHDRAWN, EventKind.ANSWER} < kinds
    post_notice(site, letters, "mill", NoticeKind.NEWS, "More.")
    village.later(2)
    later = read_account(site, letters, "mill").events
    assert later[: len(parts)] == account.events
    assert [event.text for event in later[len(parts) :]] == ["More."]
