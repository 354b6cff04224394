"""`/enrolments`: asking for a code by mail. The answer is sent before anybody is looked for."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from undersigned.app.methods.by_mail import begin_enrolment, mail_code
from undersigned.domain.letter import Method
from undersigned.encoding import format_base64url
from undersigned.errors import Refused
from undersigned.web.api.models import EnrolmentAnswer, EnrolmentAsked
from undersigned.web.door import AtIssuer

router = APIRouter(tags=["signing"])


@router.post("/letters/{slug}/enrolments", status_code=202, response_model=EnrolmentAnswer)
async def enrol(door: AtIssuer, slug: str, asked: EnrolmentAsked) -> JSONResponse:
    """Mail a code to a member; answer everyone alike.

    Only what anyone can know decides the answer: the letter, the form of the address, and how many
    requests wait.
    """
    letter = (await door.get_letter(slug)).letter
    if Method.EMAIL not in letter.methods:
        raise Refused("This letter takes no proof by mail.")
    enrolment, address = begin_enrolment(asked.email)
    door.mails.enter()
    look = BackgroundTask(
        door.mails.run_entered, mail_code, door.running.issuer, letter, enrolment, address
    )
    answer = EnrolmentAnswer(enrolment=format_base64url(enrolment))
    return JSONResponse(
        answer.model_dump(), 202, headers={"Cache-Control": "no-store"}, background=look
    )
