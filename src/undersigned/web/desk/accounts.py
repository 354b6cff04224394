"""All accounts: who is at the desk; for owners, inviting, roles, revoking."""

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import accounts, entering
from undersigned.app.desk import Desk
from undersigned.app.entering import MadeLink
from undersigned.encoding import format_base64url
from undersigned.errors import LastOwner, UndersignedError, UnknownAccount, UnknownLink
from undersigned.web.desk.forms import key_of
from undersigned.web.desk.guard import AtDesk, Organiser, Owner, SignedIn
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of
from undersigned.web.problems import code_of, status_of

router = make_router()

HERE = "/desk/accounts"


@router.get("/accounts")
def show_accounts(request: Request, signed_in: Organiser, desk: AtDesk) -> Response:
    """Show who is at the desk; organisers, too, may know whom to ask."""
    return _page(request, signed_in, desk)


@router.post("/accounts/invite")
def invite(request: Request, signed_in: Owner, desk: AtDesk, form: AtForm) -> Response:
    """Make an invitation, and show its link this once."""
    made = entering.make_invitation(desk, signed_in.account, form.get("role", ""))
    return _page(request, signed_in, desk, made=made)


@router.post("/accounts/withdraw")
def withdraw(request: Request, signed_in: Owner, desk: AtDesk, form: AtForm) -> Response:
    """Take an invitation back."""
    try:
        entering.withdraw_invitation(desk, signed_in.account, key_of(form, "invitation"))
    except UnknownLink as error:
        return _page(request, signed_in, desk, error, place="invitations")
    return see_other(HERE, done="withdrawn")


@router.post("/accounts/role")
def change_role(request: Request, signed_in: Owner, desk: AtDesk, form: AtForm) -> Response:
    """Give an account another role."""
    account = key_of(form, "account")
    try:
        accounts.change_role(desk, signed_in.account, account, form.get("role", ""))
    except (LastOwner, UnknownAccount) as error:
        return _page(request, signed_in, desk, error, place=format_base64url(account))
    return see_other(HERE, done="role-changed")


@router.post("/accounts/revoke")
def revoke(request: Request, signed_in: Owner, desk: AtDesk, form: AtForm) -> Response:
    """End an account."""
    account = key_of(form, "account")
    try:
        accounts.revoke_account(desk, signed_in.account, account)
    except (LastOwner, UnknownAccount) as error:
        return _page(request, signed_in, desk, error, place=format_base64url(account))
    return see_other(HERE, done="account-revoked")


def _page(
    request: Request,
    signed_in: SignedIn,
    desk: Desk,
    error: UndersignedError | None = None,
    *,
    place: str = "",
    made: MadeLink | None = None,
) -> Response:
    found = accounts.get_accounts(desk)
    names = {row.account: row.name for row in found.accounts}
    values = {
        "accounts": [(format_base64url(row.account), row) for row in found.accounts],
        "invitations": [
            (format_base64url(row.link), row, names.get(row.maker or b""))
            for row in found.invitations
        ],
        "made": made,
        "problem": "" if error is None else code_of(type(error)),
        "place": place,
        "now": desk.clock.now(),
    }
    status = 200 if error is None else status_of(type(error))
    return renderer_of(request).desk_page(
        request, signed_in, "desk/accounts.html", values, status=status
    )
