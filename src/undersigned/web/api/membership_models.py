"""The JSON objects by which members prove membership and get a token: what is asked and what is told."""

from typing import Annotated, Any, Literal

from pydantic import Field

from undersigned.app.methods.work import LONGEST_WORK
from undersigned.web.api.models import Answer, Asked, bytes_field

LONGEST_EMAIL = 320
"""Characters as people type one; the canonical address has at most 254 (formats §4)."""

LONGEST_CODE = 64
"""Characters: a code is 8 or 16, the rest is room for what people type around it."""

LONGEST_NAME = 100

LOGIN_PATTERN = "^[A-Za-z0-9._~-]{43,128}$"
"""A verifier as RFC 7636, section 4.1, has it, and a nonce of the same form."""

SEALED_PATTERN = "^[A-Za-z0-9_-]{39,5499}$"
"""A code of a sign-on as it was handed on (formats §9.4)."""


class ChallengeAnswer(Answer):
    """Work to do before a code is asked for: a challenge of ALTCHA, version 2 (formats §9.3)."""

    parameters: dict[str, Any]
    signature: str


class EnrolmentAsked(Asked):
    """Asks for a code by mail."""

    method: Literal["email"]
    email: str = Field(min_length=1, max_length=LONGEST_EMAIL)
    altcha: str = Field(
        min_length=1,
        max_length=LONGEST_WORK,
        description="the solved challenge, base64 (formats §9.3)",
    )


class EnrolmentAnswer(Answer):
    """The same for everyone."""

    enrolment: str = bytes_field(16)


class SignOnAnswer(Answer):
    """What a sign-on begins with (formats §9.4)."""

    issuer: str = Field(description="the provider, as it calls itself")
    name: str = Field(description="the provider, as people call it")
    authorization_endpoint: str
    client_id: str
    redirect_uri: str = Field(description="where the provider sends the member back to")
    scope: str
    ticket: str = Field(
        description="the beginning of the state: it tells the issuer alone which letter it is"
    )


class EmailProofAsked(Asked):
    """The code from a mail."""

    method: Literal["email"]
    enrolment: str = bytes_field(16)
    code: str = Field(min_length=1, max_length=LONGEST_CODE)


class InviteProofAsked(Asked):
    """An invite code, as people may write it."""

    method: Literal["invite"]
    code: str = Field(min_length=1, max_length=LONGEST_CODE)


class ShownAsAsked(Asked):
    """How the member wants to be shown."""

    name: str | None = Field(min_length=1, max_length=LONGEST_NAME)
    role: str | None = Field(min_length=1, max_length=LONGEST_NAME)


class OpenIdProofAsked(Asked):
    """The code of a sign-on as it was handed on, and what the member's program had made for it."""

    method: Literal["openid"]
    code: str = Field(pattern=SEALED_PATTERN)
    verifier: str = Field(pattern=LOGIN_PATTERN, description="of RFC 7636")
    nonce: str = Field(pattern=LOGIN_PATTERN)


ProofAsked = Annotated[
    EmailProofAsked | InviteProofAsked | OpenIdProofAsked, Field(discriminator="method")
]


class TokenAsked(Asked):
    """Asks for the member's one token."""

    proof: ProofAsked
    blinded: str = bytes_field(256)
    c: str = bytes_field(32)
    shown_as: ShownAsAsked | None
    notify: str | None = Field(
        default=None,
        pattern="^[a-z]{2,3}$",
        description="the language in which the member wants a few mails about how the letter goes",
    )


class TokenIssued(Answer):
    """The blind signature, the attestation (formats §6) and the salt of the roll's entry."""

    blind_signature: str = bytes_field(256)
    attestation: dict[str, Any]
    salt: str = bytes_field(16)
