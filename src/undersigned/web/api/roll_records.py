"""`/roll-records`: a later roll of a letter, handed over by its issuer apart (formats §9.1)."""

from anyio import to_thread
from fastapi import APIRouter, Response

from undersigned.app.letters import LetterView
from undersigned.app.running import RunningSite
from undersigned.app.stating import is_stated, parse_roll_record, state_roll
from undersigned.domain.record import RollRecord
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError
from undersigned.web.api.models import RollHanded, RollStated
from undersigned.web.door import AtDoor

router = APIRouter(tags=["issuer"])


@router.post("/letters/{slug}/roll-records", status_code=201)
async def take_roll(door: AtDoor, slug: str, handed: RollHanded, response: Response) -> RollStated:
    """Take a later roll into the log; 200 if it is there already."""
    view = await door.get_view(slug)
    record = parse_roll_record(parse_base64url(handed.record))
    if record.letter_id != view.letter_id:
        raise FormatError("the record is for another letter")
    # Whoever reads the log can send its records again: none of them takes the place of a new one.
    is_there = await to_thread.run_sync(is_stated, door.running.site, view, record)
    if is_there or not await door.rolls.run(_state, door.running, view, record):
        response.status_code = 200
    response.headers["Cache-Control"] = "no-store"
    return RollStated(n=record.n)


def _state(running: RunningSite, view: LetterView, record: RollRecord) -> bool:
    return state_roll(running.site, running.letters, view, record)
