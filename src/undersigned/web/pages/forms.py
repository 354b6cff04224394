"""Forms that pages send without a script: what was typed, by the names of the fields."""

from collections.abc import Mapping
from typing import Annotated, Final, TypeAlias

from fastapi import Depends
from starlette.requests import Request

from undersigned.errors import FormatError

MOST_FIELDS: Final = 200
"""Three for each of the most demands that a letter can have, and room."""

Typed: TypeAlias = Mapping[str, str]


async def read_form(request: Request) -> Typed:
    """Return the fields of a form. Raises FormatError for any other body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormatError("the body is not a form")
    form = await request.form(max_fields=MOST_FIELDS)
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


AtForm = Annotated[Typed, Depends(read_form)]
"""The fields of the form that was sent, as a parameter of a route."""
