"""`/enrolments`: asking for a code by mail, after some work; answered before anybody is looked for."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from undersigned.app.methods.by_mail import begin_enrolment, mail_code
from undersigned.app.methods.work import make_challenge
from undersigned.domain.letter import Method
from undersigned.encoding import format_base64url
from undersigned.errors import Refused
from undersigned.web.api.membership_models import ChallengeAnswer, EnrolmentAnswer, EnrolmentAsked
from undersigned.web.door import AtIssuer

router = APIRouter(tags=["signing"])


@router.get("/letters/{slug}/challenge")
async def get_challenge(door: AtIssuer, slug: str, response: Response) -> ChallengeAnswer:
    """Give out work to do before a code is asked for; nothing is stored."""
    letter = (await door.get_letter(slug)).letter
    if Method.EMAIL not in letter.methods:
        raise Refused("This letter takes no proof by mail.")
    challenge = await door.challenges.run(make_challenge, door.running.issuer, letter)
    response.headers["Cache-Control"] = "no-store"
    return ChallengeAnswer.model_validate(challenge)


@router.post("/letters/{slug}/enrolments", status_code=202, response_model=EnrolmentAnswer)
async def enrol(door: AtIssuer, slug: str, asked: EnrolmentAsked) -> JSONResponse:
    """Mail a code to a member; answer everyone alike.

    Only what anyone can know decides the answer: the letter, the form of the address, the work, and how many
    requests wait.
    """
    letter, issuer = (await door.get_letter(slug)).letter, door.running.issuer
    enrolment = await door.challenges.run(
        begin_enrolment, issuer, letter, asked.email, asked.altcha
    )
    door.mails.enter()
    look = BackgroundTask(door.mails.run_entered, mail_code, issuer, letter, enrolment)
    answer = EnrolmentAnswer(enrolment=format_base64url(enrolment.id))
    return JSONResponse(
        answer.model_dump(), 202, headers={"Cache-Control": "no-store"}, background=look
    )
