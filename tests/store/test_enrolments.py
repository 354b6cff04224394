"""Codes that were mailed, how many they were, work that was used, sign-ons that proved something."""

import threading
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from undersigned.store.database import Connection, Database
from undersigned.store.enrolments import (
    MAX_TRIES,
    EnrolmentRow,
    LoginRow,
    add_enrolment,
    add_login,
    add_work,
    count_code,
    delete_count,
    delete_enrolment,
    delete_expired,
    find_login,
    has_work,
    try_enrolment,
    untry_enrolment,
)

CODE = EnrolmentRow(bytes(16), bytes(32), "a@b.example", b"h" * 32, 1_000)
LOGIN = LoginRow(b"l" * 32, bytes(32), b"c" * 32, 1_000)
HOUR, DAY = 3_600, 86_400


def test_a_code_can_be_tried_five_times(issuer: Connection) -> None:
    """The try is counted whether the code is right or not; a right one is given back."""
    add_enrolment(issuer, CODE)
    for _ in range(MAX_TRIES + 3):
        assert try_enrolment(issuer, CODE.enrolment, 999) == CODE
        untry_enrolment(issuer, CODE.enrolment)
    for _ in range(MAX_TRIES):
        assert try_enrolment(issuer, CODE.enrolment, 999) == CODE
    assert try_enrolment(issuer, CODE.enrolment, 999) is None


def test_a_code_ends_at_its_time(issuer: Connection) -> None:
    """At that second it is too old, and can be forgotten."""
    add_enrolment(issuer, CODE)
    assert try_enrolment(issuer, CODE.enrolment, 1_000) is None
    delete_expired(issuer, 999)
    assert try_enrolment(issuer, CODE.enrolment, 999) == CODE
    delete_expired(issuer, 1_000)
    assert try_enrolment(issuer, CODE.enrolment, 999) is None


def test_a_code_can_be_taken_back(issuer: Connection) -> None:
    """And no other with it."""
    other = replace(CODE, enrolment=b"2" * 16)
    add_enrolment(issuer, CODE)
    add_enrolment(issuer, other)
    delete_enrolment(issuer, CODE.enrolment)
    assert try_enrolment(issuer, CODE.enrolment, 0) is None
    assert try_enrolment(issuer, other.enrolment, 0) == other


def test_codes_are_counted_in_their_period(issuer: Connection) -> None:
    """Each member's for itself, each period for itself; what is over is not counted any more."""
    one, two = b"1" * 32, b"2" * 32
    assert [count_code(issuer, one, HOUR, 3_599) for _ in range(3)] == [1, 2, 3]
    assert count_code(issuer, one, DAY, 3_599) == 1
    assert count_code(issuer, two, HOUR, 3_599) == 1
    assert count_code(issuer, one, HOUR, 3_600) == 1
    assert count_code(issuer, one, DAY, 3_600) == 2
    delete_count(issuer, one)
    assert count_code(issuer, one, DAY, 3_600) == 1
    assert count_code(issuer, two, HOUR, 3_599) == 2
    delete_expired(issuer, 7_200)
    assert count_code(issuer, one, DAY, 7_200) == 2
    assert count_code(issuer, two, HOUR, 3_599) == 1


def test_work_is_used_once(issuer: Connection) -> None:
    """Until it is too old to be used anyway."""
    assert not has_work(issuer, b"w" * 32)
    assert add_work(issuer, b"w" * 32, 1_000)
    assert not add_work(issuer, b"w" * 32, 1_000)
    assert has_work(issuer, b"w" * 32)
    delete_expired(issuer, 1_000)
    assert not has_work(issuer, b"w" * 32)


def test_what_a_sign_on_proved_is_remembered(issuer: Connection) -> None:
    """As it was first, until its time is over."""
    assert find_login(issuer, LOGIN.login, 0) is None
    add_login(issuer, LOGIN)
    add_login(issuer, replace(LOGIN, commit=b"d" * 32))
    assert find_login(issuer, LOGIN.login, 999) == LOGIN
    assert find_login(issuer, b"m" * 32, 999) is None
    assert find_login(issuer, LOGIN.login, 1_000) is None
    delete_expired(issuer, 1_000)
    assert find_login(issuer, LOGIN.login, 0) is None


def test_parallel_guesses_do_not_exceed_the_tries(new_url: Callable[[], sa.URL]) -> None:
    """Twenty at once get five tries between them."""
    database = Database("issuer", new_url())
    database.migrate()
    with database.write() as connection:
        add_enrolment(connection, CODE)
    tries: list[EnrolmentRow | None] = []

    def guess() -> None:
        with database.write() as connection:
            tries.append(try_enrolment(connection, CODE.enrolment, 0))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()
    assert len([each for each in tries if each is not None]) == MAX_TRIES
