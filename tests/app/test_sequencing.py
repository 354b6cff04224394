"""The order of the log: what was promised before a boundary stands before its outcome, the rest after."""

from pathlib import Path

import pytest
from tests.app.booth import START, Booth, Signed, booth_in

from undersigned.domain.letter import Mode, State
from undersigned.domain.record import EpochRecord, OutcomeRecord, parse_record
from undersigned.errors import LetterNotOpen, StoreError
from undersigned.tlog.promise import parse_promise

ENGINES = ("sqlite", "postgresql")


def _place(booth: Booth, signed: Signed) -> int:
    return booth.records().index(parse_record(signed.entry))


def _outcomes(booth: Booth, state: State) -> list[int]:
    """Return where the log says that the letter is in this state."""
    return [
        index
        for index, record in enumerate(booth.records())
        if isinstance(record, OutcomeRecord) and record.state is state
    ]


def _epoch_of(booth: Booth, signed: Signed) -> int:
    """Return the time of the epoch in which a signature stands."""
    before = booth.records()[: _place(booth, signed)]
    return next(record.at for record in reversed(before) if isinstance(record, EpochRecord))


def test_what_comes_after_a_boundary_is_sequenced_after_it(
    tmp_path: Path, database: str | None
) -> None:
    """Of two who wait, the one before the boundary belongs to the wave and the one after it does not."""
    with booth_in(tmp_path / "data", address=database, rule=3, floor=3, cooling_off_s=110) as booth:
        for _ in range(3):
            booth.sign()
        booth.sequence()
        assert booth.stage.state is State.REACHED
        before = booth.at(105).sign()
        after = booth.at(111).sign()
        booth.at(112).sequence()
        booth.at(300).sequence()
        (frozen,) = _outcomes(booth, State.FROZEN)
        assert _place(booth, before) < frozen < _place(booth, after)
        assert _epoch_of(booth, before) == START + 110
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_a_withdrawal_after_the_cooling_off_does_not_undo_it(
    tmp_path: Path, database: str | None
) -> None:
    """The letter is frozen with all who stood at the boundary, although one leaves a second later."""
    with booth_in(tmp_path / "data", address=database, rule=3, floor=3, cooling_off_s=110) as booth:
        signed = [booth.sign() for _ in range(3)]
        booth.sequence()
        booth.at(109).sign()
        booth.at(111).withdraw(signed[0])
        booth.sequence()
        (frozen,) = _outcomes(booth, State.FROZEN)
        outcome = booth.records()[frozen]
        assert isinstance(outcome, OutcomeRecord)
        assert outcome.m == 4
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_a_withdrawal_before_the_boundary_undoes_the_cooling_off(
    tmp_path: Path, database: str | None
) -> None:
    """What waits at the boundary may bring the letter back to open; what came later then counts anew."""
    with booth_in(tmp_path / "data", address=database, rule=3, cooling_off_s=110) as booth:
        signed = [booth.sign() for _ in range(3)]
        booth.sequence()
        booth.at(109).withdraw(signed[0])
        late = booth.at(112).sign()
        booth.at(113).sequence()
        _, reopened = _outcomes(booth, State.OPEN)
        assert _place(booth, late) > reopened
        assert booth.stage.state is State.REACHED
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_without_a_cooling_off_the_boundary_still_takes_those_who_wait(
    tmp_path: Path, database: str | None
) -> None:
    """Who was promised before the rule was met stands in the first wave, whatever the floor says."""
    with booth_in(tmp_path / "data", address=database, rule=3, floor=4, cooling_off_s=0) as booth:
        waiting = booth.sign(Mode.SEALED)
        for second in range(3):
            booth.sign(Mode.PUBLIC)
            booth.at(second).sequence()
        (frozen,) = _outcomes(booth, State.FROZEN)
        assert _place(booth, waiting) < frozen
        assert booth.open_waves() == 1
        assert booth.stage.state is State.RELEASED
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_who_waits_when_the_letter_closes_during_an_opening_is_sequenced_before(
    tmp_path: Path,
    database: str | None,
) -> None:
    """A letter that closes while its names are being opened still takes what it promised before."""
    with booth_in(
        tmp_path / "data",
        address=database,
        rule=3,
        floor=3,
        cooling_off_s=10,
        closes_s=60,
        max_wait_s=500,
    ) as booth:
        for _ in range(3):
            booth.sign(Mode.SEALED)
        booth.sequence()
        booth.at(20).sequence()
        assert booth.stage.opening_due
        waiting = booth.at(50).sign(Mode.SEALED)
        booth.at(70).sequence()
        with pytest.raises(LetterNotOpen):
            booth.sign()
        assert booth.open_waves() == 1
        assert _place(booth, waiting) < _outcomes(booth, State.RELEASED)[-1]
        assert booth.stage.wave == 2
        assert booth.open_waves() == 1
        booth.sequence()
        assert booth.stage.state is State.CLOSED
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_an_outcome_that_repeats_does_not_stop_the_log(
    tmp_path: Path, database: str | None
) -> None:
    """Within one second a letter may come back to the very outcome that it had: two equal records."""
    with booth_in(tmp_path / "data", address=database, rule=3) as booth:
        for _ in range(2):
            booth.sign()
        booth.at(60).sequence()
        # Only a clock that was put back lets several epochs have one time.
        booth.put_back(30)
        for _ in range(2):
            third = booth.sign()
            booth.sequence()
            booth.withdraw(third)
            booth.sequence()
        records = booth.records()
        again = [records[index] for index in _outcomes(booth, State.OPEN)[1:]]
        assert len(again) == 2
        assert again[0] == again[1]
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_promises_hold_although_the_clock_is_put_back(tmp_path: Path, database: str | None) -> None:
    """A promise is for a time at which its epoch can be: epochs never go back."""
    with booth_in(tmp_path / "data", address=database, rule=9, max_wait_s=10) as booth:
        booth.at(5000).sign()
        booth.sequence()
        booth.put_back(4000)
        signed = booth.sign()
        booth.sequence()
        promise = parse_promise(signed.answer.promise.encode(), booth.site.keys.promise.verifier)
        assert _epoch_of(booth, signed) <= promise.by
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_there_is_one_epoch_in_a_period(tmp_path: Path, database: str | None) -> None:
    """Whoever comes within a period is in the log with the next one: an epoch tells no second."""
    with booth_in(
        tmp_path / "data", address=database, rule=15, period_s=10, max_wait_s=10
    ) as booth:
        for second in range(0, 25, 3):
            booth.at(second).sign(Mode.PUBLIC)
            booth.sequence()
        epochs = [record for record in booth.records() if isinstance(record, EpochRecord)]
        assert [(epoch.at - START) // 10 for epoch in epochs] == [0, 1, 2]


def test_what_could_not_be_published_is_published_later(
    tmp_path: Path, database: str | None
) -> None:
    """An epoch that was kept back is shown as soon as it can be, without waiting for another epoch."""
    with booth_in(tmp_path / "data", address=database) as booth:
        checkpoint = booth.site.log_folder / "checkpoint"
        before = checkpoint.read_bytes()
        booth.sign()
        in_the_way = booth.site.log_folder / "checkpoint.part"
        in_the_way.mkdir()
        with pytest.raises(StoreError):
            booth.sequence()
        assert checkpoint.read_bytes() == before
        in_the_way.rmdir()
        assert booth.sequence() == 0
        assert checkpoint.read_bytes() != before


def test_nothing_is_written_while_nothing_is_due(tmp_path: Path, database: str | None) -> None:
    """Who waits for the floor keeps nobody else waiting: the sequencer takes no lock."""
    with booth_in(tmp_path / "data", address=database, floor=3, max_wait_s=1000) as booth:
        booth.sign()
        with booth.site.collector.write():
            assert booth.sequence() == 0
        booth.at(1000)
        assert booth.sequence() > 0


def test_a_released_letter_is_left_alone_between_its_waves(
    tmp_path: Path, database: str | None
) -> None:
    """Who waits for others in a released letter costs nothing until the next wave may be frozen."""
    with booth_in(
        tmp_path / "data", address=database, rule=2, cooling_off_s=10, closes_s=1_000_000
    ) as booth:
        for _ in range(2):
            booth.sign(Mode.SEALED)
        booth.sequence()
        booth.at(20).sequence()
        assert booth.open_waves() == 1
        second = booth.at(30).sign(Mode.SEALED)
        booth.sequence()
        with booth.site.collector.write():
            assert booth.at(86_400).sequence() == 0
        assert booth.at(86_410).sequence() == 1
        assert (booth.stage.wave, booth.open_waves()) == (2, 1)
        assert _place(booth, second) < _outcomes(booth, State.RELEASED)[-1]
        assert booth.find_doubts(tmp_path / "mirror") == []
