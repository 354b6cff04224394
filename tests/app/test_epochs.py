"""What an epoch takes, and in which order: the crowd hides each of its members."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import get_args

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.inspecting import figures, verified
from tests.app.village import DAY, HOUR, START, Village
from tests.postgresql import on_both_engines
from tests.simulator import make_letter

from undersigned.app.sequencing import due_rows, has_due_rows
from undersigned.domain.letter import EpochTerms, Letter, Mode, State
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    IssuedRecord,
    OutcomeRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
)
from undersigned.store import pending as pending_store
from undersigned.store.collector_schema import pending
from undersigned.store.pending import Crowd, PendingRow
from undersigned.tlog.merkle import leaf_hash


@pytest.fixture
def letter(village: Village) -> Letter:
    """A letter with a floor of 3, and a window of 600 seconds."""
    return village.open(floor=3, rule=50)


Row = Callable[..., PendingRow]


@pytest.fixture
def row(letter: Letter) -> Row:
    """Return what makes a waiting row, promised in the window of `at` seconds after the start."""

    def make(crowd: Crowd, at: int = 0, nonce: bytes | None = None) -> PendingRow:
        digest = secrets.token_bytes(32)
        by = START + (at // 600 + 2) * 600
        return PendingRow(digest, letter.letter_id, crowd, nonce or digest, b"", by, late=False)

    return make


def test_the_crowd_waits_for_the_floor(letter: Letter, row: Row) -> None:
    """Two wait; three go together."""
    rows = [row("crowd") for _ in range(3)]
    assert due_rows(letter, rows[:2], START + 599) == []
    assert due_rows(letter, rows, START) == rows


def test_the_crowd_waits_no_longer_than_its_window(letter: Letter, row: Row) -> None:
    """The end of the first one's window takes all, also those of the next."""
    rows = [row("crowd", 0), row("crowd", 600)]
    assert due_rows(letter, rows, START + 599) == []
    assert due_rows(letter, rows, START + 600) == rows
    assert due_rows(letter, rows[1:], START + 1_199) == []


def test_tokens_wait_for_a_floor_of_their_own(letter: Letter, row: Row) -> None:
    """Neither counts for the other."""
    issued, crowd = [row("issued") for _ in range(3)], [row("crowd") for _ in range(2)]
    assert due_rows(letter, issued[:2] + crowd, START) == []
    assert due_rows(letter, issued + crowd, START) == issued
    assert due_rows(letter, [row("issued")], START + 600) != []


def test_any_signature_takes_the_tokens_along(letter: Letter, row: Row) -> None:
    """There are never more signatures than tokens in the log."""
    issued, public = row("issued"), row("public")
    assert set(due_rows(letter, [issued, public], START)) == {issued, public}
    crowd = [row("crowd") for _ in range(3)]
    assert set(due_rows(letter, [issued, *crowd], START)) == {issued, *crowd}


def test_who_signs_in_public_does_not_wait(letter: Letter, row: Row) -> None:
    """Nor takes the crowd along."""
    public, crowd = row("public"), row("crowd")
    assert due_rows(letter, [crowd, public], START) == [public]


def test_a_change_waits_for_its_signature_only(letter: Letter, row: Row) -> None:
    """That of one in the log goes at once; a change is no signature that takes tokens along."""
    crowd = row("crowd")
    waits, goes = row("change", nonce=crowd.nonce), row("change")
    assert due_rows(letter, [crowd, waits, goes, row("issued")], START) == [goes]
    more = [row("crowd"), row("crowd")]
    assert set(due_rows(letter, [crowd, waits, *more], START)) == {crowd, waits, *more}


def test_at_the_end_all_go(letter: Letter, row: Row) -> None:
    """Nobody comes any more for whom to wait."""
    rows = [row("crowd"), row("issued"), row("change")]
    assert due_rows(letter, rows, letter.closes) == rows


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_to_look_is_to_choose(data: st.DataObject) -> None:
    """Whether anything is due is found without reading what waits, and is what choosing finds."""
    letter = make_letter(epoch=EpochTerms(period_s=60, floor=3, max_wait_s=600))
    nonces = [bytes([i]) * 32 for i in range(4)]
    rows = [
        PendingRow(i.to_bytes(32, "big"), letter.letter_id, crowd, nonce, b"", by, late=False)
        for i, (crowd, nonce, by) in enumerate(
            data.draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(get_args(Crowd)),
                        st.sampled_from(nonces),
                        st.sampled_from([1_200, 1_800, 2_400]),
                    ),
                    max_size=6,
                )
            )
        )
    ]
    now = data.draw(st.sampled_from([599, 600, 1_199, 1_200, letter.closes]))
    late = PendingRow(bytes(31) + b"l", letter.letter_id, "public", nonces[0], b"", 1, late=True)
    other = replace(late, letter_id=bytes(32), leaf_hash=bytes(31) + b"o", late=False)
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        pending.create(connection)
        pending_store.add_pending(connection, [*rows, late, other])
        assert has_due_rows(connection, letter, now) == bool(due_rows(letter, rows, now))


# --- in the log


def test_the_floor_is_kept_in_the_log(village: Village, letter: Letter) -> None:
    """Two wait until the third comes, or the window is over."""
    village.members(letter, 2)
    assert village.sequence() == 0
    village.member(letter, Mode.ANONYMOUS)
    assert village.sequence() == 1 + 3 + 3
    village.member(letter)
    assert village.at(599).waiting(letter)["crowd"] == 1
    assert village.at(600).waiting(letter) == {}


@on_both_engines
def test_an_epoch_is_in_its_order(village: Village, letter: Letter) -> None:
    """Tokens, signatures, changes; those of one signature by number, its withdrawal last."""
    villagers = village.members(letter, 3)
    for villager in villagers:
        village.amend(villager, Mode.ANONYMOUS, 2)
        village.amend(villager, Mode.SEALED, 4)
        village.withdraw(villager)
    village.sequence()
    kinds = [type(each) for each in village.records(letter)[3:]]
    assert kinds[:7] == [EpochRecord, *[IssuedRecord] * 3, *[SignRecord] * 3]
    changes: dict[bytes, list[int]] = {}
    for each in village.records(letter)[10:]:
        assert isinstance(each, AmendRecord | WithdrawRecord)
        seq = each.seq if isinstance(each, AmendRecord) else 9
        changes.setdefault(each.pk, []).append(seq)
    assert list(changes.values()) == [[1, 2, 9]] * 3
    assert verified(village)[1] == []


def _inversions(order: list[int]) -> int:
    return sum(left > right for left, right in combinations(order, 2))


def test_the_order_of_an_epoch_says_nothing(village: Village) -> None:
    """Neither who came first, nor whose hash is least, nor which token is whose.

    Of 40 in random order, 390 pairs are turned round on average, with a deviation of 43: that it is
    less than 130 or more than 650 happens once in a thousand million times.
    """
    letter = village.open(floor=40, rule=50, members=40)
    villagers = village.members(letter, 40, Mode.ANONYMOUS)
    village.sequence()
    records = village.records(letter)
    tokens = [each.member for each in records if isinstance(each, IssuedRecord)]
    signs = [each for each in records if isinstance(each, SignRecord)]
    arrival = {villager.pk: i for i, villager in enumerate(villagers)}
    joined = {villager.row.commit: i for i, villager in enumerate(villagers)}
    by_arrival = [arrival[each.pk] for each in signs]
    hashes = sorted(leaf_hash(format_record(each)) for each in signs)
    by_hash = [hashes.index(leaf_hash(format_record(each))) for each in signs]
    by_token = [by_arrival.index(joined[commit]) for commit in tokens]
    for order in (by_arrival, by_hash, by_token, [joined[commit] for commit in tokens]):
        assert sorted(order) == list(range(40))
        assert 130 < _inversions(order) < 650


# --- the letter's life


def test_a_letter_lapses_when_its_end_comes(village: Village) -> None:
    """Whoever waits comes into the log first; then nothing stands, and all seals are destroyed."""
    letter = village.open(floor=3, rule=50, closes_s=DAY)
    villagers = village.members(letter, 3)
    village.sequence()
    waiting = village.member(letter)
    assert village.at(DAY - 300).waiting(letter) == {}
    late = village.member(letter)
    assert village.at(DAY - 1).waiting(letter)["crowd"] == 1
    village.at(DAY)
    assert village.states(letter) == [State.OPEN, State.LAPSED]
    assert village.waiting(letter) == {}
    assert village.row(late).status == "live"
    assert not any(village.has_seal(each) for each in (*villagers, waiting, late))
    outcome = village.outcomes(letter)[-1]
    assert (outcome.at, outcome.m, outcome.standing, outcome.waiting) == (START + DAY, 0, 0, 0)
    assert figures(village, letter)["standing"] == 0
    assert verified(village)[1] == []


def test_the_end_is_at_its_time_although_nobody_was_there(village: Village) -> None:
    """A site that slept over the end writes it as it was."""
    letter = village.open(rule=2, closes_s=DAY, cooling_off_s=HOUR)
    village.members(letter, 2, Mode.PUBLIC)
    village.clock.advance_to(START + 9 * DAY)
    village.sequence()
    outcomes = village.outcomes(letter)
    assert [each.state for each in outcomes] == [
        State.OPEN, State.REACHED, State.FROZEN, State.RELEASED, State.CLOSED,
    ]  # fmt: skip
    assert [each.at - START for each in outcomes[1:3]] == [DAY, DAY + HOUR]
    assert verified(village)[1] == []


@on_both_engines
def test_reached_and_open_again(village: Village) -> None:
    """A withdrawal in the cooling-off takes the letter back; another signature brings it on."""
    letter = village.open(rule=2)
    first, _ = village.members(letter, 2)
    village.sequence()
    village.withdraw(first)
    village.later(60)
    village.member(letter)
    village.later(60)
    states = [(each.state, each.at - START) for each in village.outcomes(letter)]
    reached, opened = State.REACHED, State.OPEN
    assert states == [(opened, 0), (reached, 0), (opened, 60), (reached, 120)]
    village.at(120 + HOUR - 1)
    assert village.state(letter) is State.REACHED
    village.at(120 + HOUR)
    assert village.state(letter) is State.FROZEN


def test_conditions_hold_or_wait(village: Village) -> None:
    """Those for four wait for a fourth; anonymous ones do not count where names do."""
    letter = village.open(rule=50)
    village.members(letter, 1, Mode.PUBLIC)
    for _ in range(2):
        village.member(letter, Mode.SEALED, 4)
    village.member(letter, Mode.ANONYMOUS, 2)
    village.sequence()
    found = figures(village, letter)
    assert (found["m"], found["standing"], found["waiting"], found["anonymous"]) == (1, 1, 3, 0)
    village.member(letter, Mode.SEALED, 2)
    found = figures(village.later(1), letter)
    assert (found["m"], found["standing"], found["waiting"], found["anonymous"]) == (4, 5, 0, 1)
    assert verified(village)[1] == []


def test_letters_do_not_wait_for_one_another(village: Village) -> None:
    """One transaction takes what is due of each; their records may stand between."""
    first, second = village.open("first"), village.open("second", rule=1, cooling_off_s=0)
    village.members(first, 2)
    village.members(second, 2, Mode.PUBLIC)
    village.sequence()
    assert village.states(first) == [State.OPEN]
    assert village.states(second)[-1] is State.RELEASED
    outcomes = [each for each in village.records() if isinstance(each, OutcomeRecord)]
    assert len(outcomes) == 5
    assert verified(village)[1] == []
