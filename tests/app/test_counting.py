"""What is kept of the numbers of a letter: never stated when it is wrong, and mended at the start."""

import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.app.inspecting import figures, verified
from tests.app.village import Village

from undersigned.app.counting import Proving
from undersigned.domain.letter import Mode, State
from undersigned.store.collector_schema import signature_tally


def test_wrong_tallies_state_nothing_and_are_mended(village: Village) -> None:
    """No outcome is written that the records do not give; the next start mends it, and tells it once."""
    letter = village.open(members=8, rule=3)
    village.members(letter, 2, Mode.PUBLIC)
    village.later(2)
    assert figures(village, letter)["m"] == 2
    with village.site.collector.write() as connection:
        connection.execute(sa.update(signature_tally).values(number=signature_tally.c.number + 1))
    village.member(letter)
    with capture_logs() as logs:
        village.later(2)
    assert {(line["activity"], line["error"]) for line in logs} == {("sequencing", "StoreError")}
    assert village.state(letter) is State.OPEN
    with capture_logs() as logs:
        for proving in (Proving(village.site), Proving(village.site)):
            proving.step()
            proving.step()
    assert logs == [{"event": "tallies_mended", "log_level": "warning", "signatures": 1}]
    village.later(2)
    assert village.state(letter) is State.REACHED
    assert verified(village)[1] == []
