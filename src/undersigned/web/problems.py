"""Errors as HTTP tells them: one table from class to status, one shape (RFC 9457); `docs/errors.md`.

A problem never repeats what was sent, and a failure of the store never names a file.
"""

import re
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import JSONResponse

from undersigned import errors
from undersigned.errors import Busy, RollRefused, StoreError, UndersignedError

STATUS: Final[dict[type[UndersignedError], int]] = {
    errors.UndersignedError: 500,
    errors.FormatError: 400,
    errors.FieldUnread: 400,
    errors.ListFull: 400,
    errors.VerificationError: 422,
    errors.Refused: 422,
    errors.UnknownLetter: 404,
    errors.UnknownDocument: 404,
    errors.UnknownLeaf: 404,
    errors.UnknownSignature: 404,
    errors.UnknownMoment: 404,
    errors.LetterNotOpen: 409,
    errors.UnknownDraft: 404,
    errors.DraftChanged: 409,
    errors.DraftOpened: 409,
    errors.TooManyDrafts: 409,
    errors.ProposalChanged: 409,
    errors.UnknownProposal: 404,
    errors.AckRefused: 403,
    errors.NotProposed: 409,
    errors.AcksAwaited: 409,
    errors.NoTrustee: 403,
    errors.WaveNotDue: 404,
    errors.WaveOpened: 409,
    errors.OpeningOutdated: 409,
    errors.LetterExists: 409,
    errors.PredecessorNotOpen: 409,
    errors.ConditionNotOffered: 422,
    errors.ModeNotOffered: 422,
    errors.TokenSpent: 409,
    errors.TokenInvalid: 422,
    errors.AlreadyWithdrawn: 409,
    errors.AmendmentOutOfTurn: 409,
    errors.NotReleased: 409,
    errors.UnknownAddressee: 404,
    errors.DeliveryWaits: 409,
    errors.UnknownWebhook: 404,
    errors.WebhookKnown: 409,
    errors.TooManyWebhooks: 409,
    errors.SecretsOverlap: 409,
    errors.SecretChanged: 409,
    errors.NothingToInvalidate: 409,
    errors.NothingToErase: 409,
    errors.NothingToHide: 409,
    errors.UnknownLink: 404,
    errors.AnsweredBefore: 409,
    errors.GuaranteeDecided: 409,
    errors.GuaranteeExists: 409,
    errors.UnknownGuarantee: 404,
    errors.NotAskedYet: 409,
    errors.SaidBefore: 409,
    errors.AlreadyIssued: 409,
    errors.ProofRejected: 403,
    errors.LoginRejected: 403,
    errors.AddressUnverified: 403,
    errors.NoMember: 403,
    errors.WorkRejected: 422,
    errors.NameNotAttested: 422,
    errors.RollFixed: 409,
    errors.RollNotEmpty: 409,
    errors.RollMissing: 409,
    errors.RollExceeded: 409,
    errors.NotOnRoll: 404,
    errors.RollRefused: 422,
    errors.LetterRefused: 422,
    errors.NotSignedIn: 401,
    errors.ForOwners: 403,
    errors.ForeignRequest: 403,
    errors.DeskElsewhere: 404,
    errors.UnknownAccount: 404,
    errors.UnknownPasskey: 404,
    errors.PasskeyRefused: 403,
    errors.LastPasskey: 409,
    errors.LastOwner: 409,
    errors.NameTaken: 409,
    errors.StoreError: 503,
    errors.DatabaseLost: 503,
    errors.Busy: 503,
    errors.TooManyListeners: 503,
    errors.MailDeferred: 503,
    errors.MailRefused: 503,
    errors.SiteExists: 503,
    errors.NoSite: 503,
    errors.RolledBack: 503,
    errors.WitnessAhead: 503,
    errors.LogForked: 503,
    errors.StaleCheckpoint: 503,
    errors.LeadLost: 503,
    errors.ProofPending: 202,
}
"""`Unreachable` is not here: only the side that asks meets it."""

HTTP_PROBLEMS: Final[dict[int, tuple[str, str]]] = {
    400: ("format-error", "The bytes are not in the format that they should be in."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take that method."),
    413: ("too-large", "The body is larger than anything that is sent here."),
    500: ("undersigned-error", "Something went wrong."),
}
"""What HTTP itself refuses, before any class of ours is met: status to code and sentence."""

RETRY_AFTER_S: Final = 5
"""When to come back after a failure of the store, which people may have to repair."""

MEDIA_TYPE: Final = "application/problem+json"


def code_of(kind: type[UndersignedError]) -> str:
    """Return the code of an error's class: its name in kebab-case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def status_of(kind: type[UndersignedError]) -> int:
    """Return the status of an error's class, or of its nearest parent in the table."""
    return next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)


def detail_of(error: UndersignedError) -> str:
    """Return the sentence that the one who asked may read: of the store, never more than its class."""
    if isinstance(error, StoreError):
        return type(error)().detail
    return error.detail


def problem_of(error: UndersignedError) -> JSONResponse:
    """Return the answer that tells of an error."""
    more: dict[str, Any] = {}
    if isinstance(error, RollRefused):
        more["rows"] = [{"line": row.line, "reason": row.reason} for row in error.rows]
    response = problem(status_of(type(error)), code_of(type(error)), detail_of(error), **more)
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        seconds = error.retry_after_s if isinstance(error, Busy) else RETRY_AFTER_S
        response.headers["Retry-After"] = str(seconds)
    return response


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """Return a problem document (RFC 9457, section 3.1)."""
    return JSONResponse(
        {
            "type": f"/problems/{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            **more,
        },
        status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def http_problem(status: int) -> JSONResponse:
    """Return the problem document of a status that HTTP itself gave."""
    code, detail = HTTP_PROBLEMS.get(status) or (
        HTTPStatus(status).name.lower().replace("_", "-"),
        HTTPStatus(status).description or HTTPStatus(status).phrase,
    )
    return problem(status, code, detail)
