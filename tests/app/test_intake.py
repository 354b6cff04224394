"""Taking records in: each once, none that would harm another, none left without an answer."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.app.booth import Booth, Signed, booth_in

from undersigned.app import intake as intake_module
from undersigned.app.intake import Intake
from undersigned.app.letters import LetterView
from undersigned.app.taking import SignRequest, parse_sign_request
from undersigned.app.taking_many import take_many
from undersigned.domain.letter import Mode
from undersigned.domain.record import AmendRecord, SignRecord, parse_record
from undersigned.errors import AlreadyWithdrawn, Busy, FormatError, UndersignedError

ENGINES = ("sqlite", "postgresql")


def _amendment(signed: Signed, seq: int, mode: Mode, name: bytes | None) -> AmendRecord:
    record = parse_record(signed.entry)
    assert isinstance(record, SignRecord)
    return AmendRecord(record.letter_id, record.pk, seq, mode, None, name, b"")


def _name(signed: Signed) -> bytes:
    record = parse_record(signed.entry)
    assert isinstance(record, SignRecord)
    assert record.name is not None
    return record.name


def test_a_sealed_name_is_not_taken_for_two_records_of_one_signature(
    tmp_path: Path, database: str | None
) -> None:
    """Who leaves a name and comes back to it would have it destroyed, and the wave never opened."""
    with booth_in(tmp_path / "data", address=database, rule=2, cooling_off_s=10) as booth:
        signed, _ = booth.sign(Mode.SEALED), booth.sign(Mode.SEALED)
        booth.change(signed, _amendment(signed, 1, Mode.ANONYMOUS, None), None)
        back = _amendment(signed, 2, Mode.SEALED, _name(signed))
        with pytest.raises(FormatError, match="sealed anew"):
            booth.change(signed, back, signed.blob)
        booth.sequence()
        booth.change(signed, back, signed.blob)
        booth.at(20).sequence()
        assert booth.open_waves() == 1
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_a_name_that_stays_may_come_with_its_blob(tmp_path: Path, database: str | None) -> None:
    """An amendment of the condition alone may send the same blob again, or none."""
    with booth_in(tmp_path / "data", address=database, rule=2, cooling_off_s=10) as booth:
        signed = booth.sign(Mode.SEALED, condition=3)
        booth.sign(Mode.SEALED)
        booth.change(signed, _amendment(signed, 1, Mode.SEALED, _name(signed)), signed.blob)
        booth.sequence()
        booth.change(signed, _amendment(signed, 2, Mode.SEALED, _name(signed)), None)
        booth.at(20).sequence()
        assert booth.open_waves() == 1
        assert booth.find_doubts(tmp_path / "mirror") == []


def test_a_sealed_name_is_not_taken_for_two_signatures(
    tmp_path: Path, database: str | None
) -> None:
    """Two who send one blob would let the end of the one block the opening of all."""
    with booth_in(tmp_path / "data", address=database) as booth:
        first = booth.sign(Mode.SEALED)
        attempt = booth.attempt()
        attempt.choose(Mode.SEALED)
        record = parse_record(attempt.entry)
        assert isinstance(record, SignRecord)
        copied = replace(record, name=_name(first))
        request = SignRequest(copied, first.blob)
        with booth.site.collector.write() as connection:
            (answer,) = take_many(connection, [(booth.view, request)], booth.clock.now())
        assert isinstance(answer, FormatError)


def test_an_amendment_that_meets_a_withdrawal_is_refused(
    tmp_path: Path, database: str | None
) -> None:
    """A withdrawal is final although it still waits; the same one again gets the same promise."""
    with booth_in(tmp_path / "data", address=database) as booth:
        signed = booth.sign()
        promise = booth.withdraw(signed)
        with pytest.raises(AlreadyWithdrawn):
            booth.change(signed, _amendment(signed, 1, Mode.ANONYMOUS, None), None)
        again = booth.withdraw(signed)
        assert (again.promise, again.created) == (promise.promise, False)


@dataclass(frozen=True, slots=True)
class _Defective(SignRequest):
    """A request that meets a defect of ours."""

    def verify(self, _: LetterView) -> None:
        """Fail in a way that nobody expected."""
        raise RuntimeError("a defect")


def test_a_defect_in_one_request_does_not_spoil_the_others(
    tmp_path: Path, database: str | None
) -> None:
    """Requests are taken together; one that meets a defect is answered alone."""
    with booth_in(tmp_path / "data", address=database) as booth:
        good, bad = booth.attempt(), booth.attempt()
        for attempt in (good, bad):
            attempt.choose(Mode.ANONYMOUS)
        record = parse_record(bad.entry)
        assert isinstance(record, SignRecord)
        with booth.site.collector.write():
            # Both wait behind the lock, and so come into one batch.
            first = booth.intake.submit(parse_sign_request(good.entry, None))
            futures = [booth.intake.submit(_Defective(record, None)), first]
        assert futures[1].result(120).created
        with pytest.raises(UndersignedError):
            futures[0].result(120)


def test_a_full_queue_says_so_at_once(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its bound the queue takes nothing; what it took is answered."""
    monkeypatch.setattr(intake_module, "MOST_WAITING", 3)
    with booth_in(tmp_path / "data", address=database) as booth:
        attempt = booth.attempt()
        attempt.choose(Mode.ANONYMOUS)
        request = parse_sign_request(attempt.entry, None)
        idle = Intake(booth.site, booth.letters)
        futures = [idle.submit(request) for _ in range(3)]
        with pytest.raises(Busy):
            idle.submit(request)
        idle.start()
        assert [future.result(120).created for future in futures] == [True, False, False]
        idle.stop()
        with pytest.raises(Busy):
            idle.submit(request)


def test_nobody_is_left_waiting_when_the_intake_stops(tmp_path: Path, database: str | None) -> None:
    """Whoever comes in while it stops has an answer: taken, or come back."""
    with booth_in(tmp_path / "data", address=database) as booth:
        attempt = booth.attempt()
        attempt.choose(Mode.ANONYMOUS)
        request = parse_sign_request(attempt.entry, None)
        answered = _submit_until_stopped(booth, request)
        assert answered > 0


def _submit_until_stopped(booth: Booth, request: SignRequest) -> int:
    intake = Intake(booth.site, booth.letters)
    intake.start()
    futures = []
    stopper = threading.Timer(0.05, intake.stop)
    stopper.start()
    try:
        while True:
            futures.append(intake.submit(request))
    except Busy:
        pass
    while stopper.is_alive():
        stopper.join()
    for future in futures:
        error = future.exception(120)
        assert error is None or isinstance(error, Busy)
    return len(futures)
