"""Sessions: how long they last, what ends them, what the database holds of them."""

import sqlite3

import pytest
from tests.app.desks import Room, claim, invite

from undersigned.app.accounts import sign_in
from undersigned.app.passkeys import begin_sign_in
from undersigned.app.sessions import (
    IDLE_S,
    LONGEST_S,
    SEEN_EVERY_S,
    end_others,
    end_session,
    find_session,
    sign_out,
)
from undersigned.encoding import parse_base64url


def test_a_session_ends_when_nothing_is_done(room: Room) -> None:
    """Half an hour after the last request, and not before."""
    cookie = claim(room.desk).cookie
    room.clock.at += IDLE_S - 1
    assert find_session(room.desk, cookie) is not None
    room.clock.at += IDLE_S - 1
    assert find_session(room.desk, cookie) is not None
    room.clock.at += IDLE_S
    assert find_session(room.desk, cookie) is None


def test_a_session_ends_after_a_day_of_work(room: Room) -> None:
    """However busy it is."""
    cookie = claim(room.desk).cookie
    end = room.clock.at + LONGEST_S
    while room.clock.at + IDLE_S // 2 < end:
        room.clock.at += IDLE_S // 2
        assert find_session(room.desk, cookie) is not None
    room.clock.at = end
    assert find_session(room.desk, cookie) is None


def test_use_is_noted_by_the_minute(room: Room) -> None:
    """A page that is opened at once again does not write."""
    person = claim(room.desk)
    room.clock.at += SEEN_EVERY_S - 1
    before = room.desk.database.is_untidy()
    room.desk.database.tidy()
    assert before
    find_session(room.desk, person.cookie)
    assert not room.desk.database.is_untidy()
    room.clock.at += 1
    find_session(room.desk, person.cookie)
    assert room.desk.database.is_untidy()


def test_sessions_are_ended_from_another_one(room: Room) -> None:
    """One, or all others; those of other accounts are left alone."""
    person = claim(room.desk)
    other = invite(room.desk, person, "Somebody else")
    answer = person.device.get(begin_sign_in(room.desk))
    second = find_session(room.desk, sign_in(room.desk, answer))
    assert second is not None
    end_session(room.desk, person.account, other.session.id)
    assert find_session(room.desk, other.cookie) is not None
    end_session(room.desk, person.account, person.session.id)
    assert find_session(room.desk, person.cookie) is None
    third = sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))
    end_others(room.desk, second)
    assert find_session(room.desk, third) is None
    assert find_session(room.desk, other.cookie) is not None
    sign_out(room.desk, other.session)
    assert find_session(room.desk, other.cookie) is None
    assert room.acts()[-5:] == [
        ("end-session", "done"),
        ("end-session", "done"),
        ("sign-in", "done"),
        ("end-session", "done"),
        ("sign-out", "done"),
    ]


@pytest.mark.parametrize("cookie", ["", "!", "A", "A" * 43, "A" * 100_000, "é" * 43])
def test_no_other_cookie_is_a_session(room: Room, cookie: str) -> None:
    """Whatever it is."""
    claim(room.desk)
    assert find_session(room.desk, cookie) is None


def test_a_copy_of_the_database_opens_nothing(room: Room) -> None:
    """Neither the cookie nor a link's token nor a challenge is in it: their hashes are."""
    person = claim(room.desk)
    room.desk.database.tidy()
    path = str(room.desk.database.engine.url.database)
    with sqlite3.connect(path) as copy:
        held = "\n".join(copy.iterdump())
    copy.close()
    assert person.session.id.hex() in held.lower()
    for secret in (parse_base64url(person.cookie),):
        assert secret.hex() not in held.lower()
        assert find_session(room.desk, person.session.id.hex()) is None
