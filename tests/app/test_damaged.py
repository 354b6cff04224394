"""A letter whose rows are damaged is left alone and reported once; the others of the site go on."""

from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.app.inspecting import verified
from tests.app.village import Village

from undersigned.app import sequencing
from undersigned.app.damaged import PAUSE_S, Damaged
from undersigned.app.sequencing import sequence
from undersigned.domain.letter import Mode, State
from undersigned.domain.record import EpochRecord, SignRecord
from undersigned.errors import StoreError
from undersigned.store import letters as letter_store
from undersigned.store.database import Connection

ENGINES = ("sqlite", "postgresql")


class Clock:
    """Seconds since some time, as told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


@pytest.mark.parametrize("slugs", [("ash", "birch"), ("birch", "ash")])
def test_the_others_go_on(village: Village, slugs: tuple[str, str]) -> None:
    """Whether it comes before or after them: they are signed, and move; it is mended and follows."""
    damaged, well = (village.open(slug, members=6) for slug in slugs)
    village.members(damaged, 2, Mode.PUBLIC)
    village.members(well, 3, Mode.PUBLIC)
    clock = Clock()
    left_alone = Damaged(clock)
    stage = village.put_stage(damaged, '{"state":"ajar"}')
    with capture_logs() as logs:
        for _ in range(3):
            village.clock.advance_to(village.clock.now() + 2)
            sequence(village.site, village.letters, left_alone)
            clock.now += PAUSE_S
    assert village.state(well) is State.REACHED
    assert village.waiting(damaged) == {"issued": 2, "public": 2}
    (line,) = logs
    assert (line["activity"], line["letter"]) == ("sequencing", f"{slugs[0]}@1")

    village.put_stage(damaged, stage)
    village.clock.advance_to(village.clock.now() + 2)
    sequence(village.site, village.letters, left_alone)
    assert village.waiting(damaged) == {}
    assert verified(village)[1] == []


def test_nothing_of_it_is_half_done(village: Village) -> None:
    """A name that is missing is met in the middle of an epoch: none of that epoch is in the log."""
    damaged, well = village.open("ash", members=6), village.open("birch", members=6)
    broken = village.member(damaged, Mode.PUBLIC)
    village.members(damaged, 3, Mode.PUBLIC)
    signer = village.member(well, Mode.PUBLIC)
    assert broken.name is not None
    assert broken.blob is not None
    with village.site.collector.write() as connection:
        letter_store.delete_document(connection, broken.name)
    with capture_logs() as logs:
        village.later(2)
    assert [line["letter"] for line in logs] == ["ash@1"]
    assert not any(isinstance(each, EpochRecord) for each in village.records(damaged))
    assert village.waiting(damaged) == {"issued": 4, "public": 4}
    signed = [each.pk for each in village.records() if isinstance(each, SignRecord)]
    assert signed == [signer.pk]
    assert verified(village)[1] == []

    with village.site.collector.write() as connection:
        letter_store.put_document(connection, broken.blob)
    village.later(2)
    assert village.waiting(damaged) == {}
    assert village.row(broken).status == "live"
    assert verified(village)[1] == []


def test_a_pause_costs_nothing(village: Village) -> None:
    """Until its pause is over nobody looks at a damaged letter: not even the write lock is taken."""
    letter = village.open("ash", members=3)
    village.member(letter, Mode.PUBLIC)
    clock = Clock()
    left_alone = Damaged(clock)
    village.put_stage(letter, "{}")
    village.clock.advance_to(village.clock.now() + 2)
    with capture_logs() as logs:
        assert sequence(village.site, village.letters, left_alone) == 0
        with village.site.collector.write():
            assert sequence(village.site, village.letters, left_alone) == 0
    assert len(logs) == 1


@pytest.mark.parametrize("where", ["_is_due", "advance"])
def test_a_database_that_is_away_damages_no_letter(
    village: Village, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A letter does not pause for it: as soon as the database is there again, it goes on."""
    letter = village.open("ash", members=3)
    village.members(letter, 2, Mode.PUBLIC)
    village.clock.advance_to(village.clock.now() + 2)
    left_alone = Damaged(Clock())
    real = getattr(sequencing, where)

    def go_away(connection: Connection, *rest: Any) -> Any:
        if not village.site.collector.is_sqlite:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        connection.exec_driver_sql("PRAGMA query_only = 1")
        try:
            connection.exec_driver_sql("CREATE TABLE new (id INTEGER)")
        finally:
            connection.exec_driver_sql("PRAGMA query_only = 0")
        return real(connection, *rest)

    with capture_logs() as logs:
        with monkeypatch.context() as patch:
            patch.setattr(sequencing, where, go_away)
            with pytest.raises(StoreError):
                sequence(village.site, village.letters, left_alone)
        assert sequence(village.site, village.letters, left_alone) > 0
    assert logs == []
    assert village.waiting(letter) == {}
