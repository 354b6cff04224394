"""The own account: its name, its passkeys, its sessions."""

from typing import Any

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import accounts
from undersigned.app.desk import Desk
from undersigned.app.sessions import IDLE_S, LONGEST_S, end_others, end_session
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError, LastPasskey, NameTaken, UndersignedError, UnknownPasskey
from undersigned.web.desk.forms import NamedAnswer, Next, Nothing, key_of
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.routing import PASSKEY_SCRIPT, make_router, make_script_router, see_other
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of
from undersigned.web.problems import code_of, status_of

router = make_router()
script_router = make_script_router()

HERE = "/desk/account"


@router.get("/account")
def show_account(request: Request, signed_in: Organiser, desk: AtDesk) -> Response:
    """Show the own account."""
    return _page(request, signed_in, desk)


@router.post("/account/name")
def rename(request: Request, signed_in: Organiser, desk: AtDesk, form: AtForm) -> Response:
    """Change the name of the own account."""
    name = form.get("name", "")
    try:
        accounts.rename(desk, signed_in.account, name)
    except (FormatError, NameTaken) as error:
        return _page(request, signed_in, desk, error, place="name", typed=name)
    return see_other(HERE, done="renamed")


@script_router.post("/account/passkeys/options")
def ask_for_passkey(_: Nothing, signed_in: Organiser, desk: AtDesk) -> dict[str, Any]:
    """Ask for what the authenticator is to make."""
    return accounts.begin_adding(desk, signed_in.session)


@script_router.post("/account/passkeys")
def add_passkey(answer: NamedAnswer, signed_in: Organiser, desk: AtDesk) -> Next:
    """Take one more passkey."""
    accounts.add_passkey(desk, signed_in.session, answer.name, answer.credential)
    return Next(next=f"{HERE}?done=passkey-added")


@router.post("/account/passkeys/rename")
def rename_passkey(request: Request, signed_in: Organiser, desk: AtDesk, form: AtForm) -> Response:
    """Give a passkey another name."""
    passkey, name = key_of(form, "passkey"), form.get("name", "")
    try:
        accounts.rename_passkey(desk, signed_in.account, passkey, name)
    except (FormatError, UnknownPasskey) as error:
        place = format_base64url(passkey)
        return _page(request, signed_in, desk, error, place=place, typed=name)
    return see_other(HERE, done="passkey-renamed")


@router.post("/account/passkeys/revoke")
def revoke_passkey(request: Request, signed_in: Organiser, desk: AtDesk, form: AtForm) -> Response:
    """Forget a passkey, and end the sessions that began with it."""
    passkey = key_of(form, "passkey")
    try:
        accounts.revoke_passkey(desk, signed_in.account, passkey)
    except (LastPasskey, UnknownPasskey) as error:
        return _page(request, signed_in, desk, error, place=format_base64url(passkey))
    return see_other(HERE, done="passkey-revoked")


@router.post("/account/sessions/end")
def end_one(signed_in: Organiser, desk: AtDesk, form: AtForm) -> Response:
    """End one session of the own account."""
    end_session(desk, signed_in.account, key_of(form, "session"))
    return see_other(HERE, done="session-ended")


@router.post("/account/sessions/end-others")
def end_all_others(signed_in: Organiser, desk: AtDesk) -> Response:
    """End every session of the own account but this one."""
    end_others(desk, signed_in.session)
    return see_other(HERE, done="others-ended")


def _page(
    request: Request,
    signed_in: SignedIn,
    desk: Desk,
    error: UndersignedError | None = None,
    *,
    place: str = "",
    typed: str = "",
) -> Response:
    """Show the page; with what was refused next to its field, and what was typed in it."""
    own = accounts.get_own(desk, signed_in.account)
    values = {
        "passkeys": [(format_base64url(row.credential), row) for row in own.passkeys],
        "sessions": [
            (format_base64url(row.session), row, row.session == signed_in.session.id)
            for row in own.sessions
        ],
        "problem": "" if error is None else code_of(type(error)),
        "place": place,
        "typed": typed,
        "now": desk.clock.now(),
        "longest_name": accounts.LONGEST_NAME,
        "idle_minutes": IDLE_S // 60,
        "longest_hours": LONGEST_S // 3600,
    }
    # What was typed is to be corrected, whatever the class says of a request.
    status = 200 if error is None else _status(error)
    return renderer_of(request).desk_page(
        request, signed_in, "desk/account.html", values, status=status, scripts=[PASSKEY_SCRIPT]
    )


def _status(error: UndersignedError) -> int:
    return 422 if isinstance(error, FormatError) else status_of(type(error))
