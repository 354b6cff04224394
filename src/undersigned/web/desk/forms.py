"""What hidden fields of the desk name, and what its scripts send."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from undersigned.encoding import parse_base64url
from undersigned.web.pages.forms import Typed

LONGEST_TYPED: Final = 200
"""Characters of a name as it may be typed; the rules of names say how long one may be."""


def key_of(form: Typed, name: str) -> bytes:
    """Return what a hidden field names: bytes in base64url. Raises FormatError."""
    return parse_base64url(form.get(name, ""))


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
