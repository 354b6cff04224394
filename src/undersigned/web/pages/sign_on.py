"""Where a sign-on provider sends members back to: one address for all letters, which hands them on.

It changes nothing, and looks at nothing but for which letter it is. What the provider said goes into the
part of the sign page's address that browsers send to nobody, the code sealed for that letter.
"""

from typing import Annotated, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from undersigned.app.methods.by_openid import (
    LONGEST_CODE,
    LONGEST_STATE,
    RETURN_PATH,
    get_letter_of_state,
    seal_code,
)
from undersigned.provider.terms import LONGEST_ADDRESS
from undersigned.web.door import AtIssuer

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

LONGEST_ERROR: Final = 64

State = Annotated[str, Query(min_length=1, max_length=LONGEST_STATE)]
Code = Annotated[str | None, Query(min_length=1, max_length=LONGEST_CODE)]
Error = Annotated[str | None, Query(pattern="^[a-z_]{1,64}$")]
Iss = Annotated[str | None, Query(max_length=LONGEST_ADDRESS)]


@router.get(RETURN_PATH, status_code=303, response_class=RedirectResponse)
async def hand_on(
    door: AtIssuer, state: State, code: Code = None, error: Error = None, iss: Iss = None
) -> Response:
    """Send a member who comes from the provider to the sign page of the letter."""
    issuer = door.running.issuer
    issued = await to_thread.run_sync(get_letter_of_state, issuer, state)
    letter, site = issued.letter, issued.site or ""
    sealed = None if code is None else seal_code(issuer, letter, code)
    given = {"openid": state, "code": sealed, "error": error, "iss": iss}
    fragment = urlencode({key: value for key, value in given.items() if value is not None})
    return RedirectResponse(
        f"{site}/letters/{letter.slug}@{letter.edition}/sign#{fragment}",
        303,
        {"Cache-Control": "no-store"},
    )
