"""What the forms of the desk are read with, and what its scripts send."""

from typing import Annotated, Any, Final

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError

LONGEST_FIELD: Final = 4096
"""Characters of a field that is read by `Fields.text` unless it says how many it takes."""

LONGEST_TYPED: Final = 200
"""Characters of a name as it may be typed; the rules of names say how long one may be."""


class Fields:
    """The fields of a form that was posted; one that was not sent is empty."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def text(self, name: str, *, longest: int = LONGEST_FIELD) -> str:
        """Return a field as it was typed. Raises FormatError if it is longer than any that is read."""
        value = self._values.get(name, "")
        if len(value) > longest:
            raise FormatError(f"{name}: must have at most {longest} characters")
        return value

    def key(self, name: str) -> bytes:
        """Return what a hidden field names: bytes in base64url. Raises FormatError."""
        return parse_base64url(self.text(name))


async def read_fields(request: Request) -> Fields:
    """Read the fields of a form, without its files."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise FormatError("expected a form")
    form = await request.form()
    return Fields({name: value for name, value in form.items() if isinstance(value, str)})


FormFields = Annotated[Fields, Depends(read_fields)]
"""The fields of a form as a parameter of a route."""


class Sent(BaseModel):
    """What a script of the desk sends."""

    model_config = ConfigDict(extra="forbid")


class Named(Sent):
    """The name of an account that is to be made; empty where there is one."""

    name: str = Field(default="", max_length=LONGEST_TYPED)


class Nothing(Sent):
    """Nothing: it is asked for what comes back."""


class Answer(Sent):
    """The answer of an authenticator, as WebAuthn writes it in JSON."""

    credential: dict[str, Any]


class NamedAnswer(Answer):
    """The answer of an authenticator, and a name: of the account, or of the passkey."""

    name: str = Field(default="", max_length=LONGEST_TYPED)


class Next(BaseModel):
    """Where the browser goes now."""

    next: str
