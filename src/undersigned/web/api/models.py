"""The JSON objects of the API: exactly these members, in answers and in requests.

Bytes are base64url without padding unless a member says hex; times are UTC seconds.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from undersigned.app.methods.work import LONGEST_WORK

LONGEST_EMAIL = 320
"""Characters as people type one; the canonical address has at most 254 (formats §4)."""

LONGEST_CODE = 64
"""Characters: a code is 8 or 16, the rest is room for what people type around it."""

LONGEST_NAME = 100

LOGIN_PATTERN = "^[A-Za-z0-9._~-]{43,128}$"
"""A verifier as RFC 7636, section 4.1, has it, and a nonce of the same form."""

SEALED_PATTERN = "^[A-Za-z0-9_-]{39,5499}$"
"""A code of a sign-on as it was handed on (formats §9.4)."""


HASH: Final[dict[str, Any]] = {"pattern": "^[0-9a-f]{64}$"}
"""The form of a SHA-256 in a path, for the description of the API."""


class Answer(BaseModel):
    """An object that the site sends."""

    model_config = ConfigDict(frozen=True)


class Asked(BaseModel):
    """An object that the site receives: no unknown member, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _pattern(length: int, size: int) -> str:
    """Return the form of so many bytes: the unused bits of the last character are zero."""
    last = ("A-Za-z0-9_-", "AQgw", "AEIMQUYcgkosw048")[size % 3]
    return f"^[A-Za-z0-9_-]{{{length - 1}}}[{last}]$"


def _bytes(size: int) -> Any:
    length = (size * 4 + 2) // 3
    return Field(
        min_length=length,
        max_length=length,
        json_schema_extra={"contentEncoding": "base64url", "pattern": _pattern(length, size)},
        description=f"{size} bytes, base64url without padding",
    )


class WitnessAnswer(Answer):
    """A witness that the site asks to cosign its log."""

    name: str
    vkey: str
    cosigned_at: int | None = Field(
        description="when it cosigned the published checkpoint; null if it has not"
    )


class SiteAnswer(Answer):
    """The site, its keys, and its witnesses."""

    origin: str
    log_vkey: str
    promise_vkey: str
    witnesses: list[WitnessAnswer]
    quorum: bool = Field(
        description="nothing newer is published before a quorum of the witnesses has cosigned it"
    )
    waiting: bool = Field(
        description="records are in the log that the quorum has not cosigned yet; not yet published"
    )
    version: str
    time: int = Field(description="the site's clock")


class IssuerAnswer(Answer):
    """An issuer apart."""

    url: str = Field(description="the origin that letters name")
    version: str
    time: int = Field(description="the issuer's clock")


class CountsAnswer(Answer):
    """A letter's numbers, with the size of the tree that proves them."""

    m: int = Field(description="standing signatures that the letter's basis counts")
    standing: int
    waiting: int
    anonymous: int = Field(description="of those that stand")
    withdrawn: int
    invalidated: int
    erased: int
    headcount: int
    size: int = Field(description="of the tree")
    at: int = Field(description="time of the last epoch or outcome")


class EmbedWords(Answer):
    """What an embedded letter says, in one language of the interface."""

    eyebrow: str
    figure: str
    part: str
    waiting: str = Field(description="empty if nobody waits")
    state: str
    action: str
    as_of: str
    checkable: str


class EmbedAnswer(Answer):
    """What is shown of a letter within the pages of others."""

    name: str = Field(description="slug@edition")
    lang: str = Field(description="of the words")
    title: str
    title_lang: str
    rule: int
    state: str
    counts: CountsAnswer
    words: EmbedWords


class OembedAnswer(Answer):
    """How a letter is embedded (oEmbed 1.0, type `rich`)."""

    type: Literal["rich"]
    version: Literal["1.0"]
    title: str
    provider_name: str
    provider_url: str
    cache_age: int = Field(description="seconds")
    width: int = Field(description="pixels, at most `maxwidth`")
    height: int = Field(description="pixels, at most `maxheight`")
    html: str = Field(description="an iframe without rights")
    thumbnail_url: str
    thumbnail_width: int
    thumbnail_height: int


class LetterLine(Answer):
    """A letter in the list."""

    slug: str
    edition: int
    letter_id: str = Field(description="hex")
    title: str
    state: str
    counts: CountsAnswer


class LettersAnswer(Answer):
    """Every letter of the site."""

    letters: list[LetterLine]


class NoticeAnswer(Answer):
    """What the organiser has told readers since the letter was opened (formats §3.3)."""

    leaf: int
    kind: str
    at: int
    n: int | None = Field(description="the new headcount")
    document: str = Field(description="hex: the hash of its text")
    text: str | None = Field(description="null once it was taken down")


class TimestampAnswer(Answer):
    """An authority outside says that the letter record existed (formats §3.3)."""

    leaf: int = Field(description="of the notice that holds the timestamp")
    at: int
    authority: str


class OpeningProgress(Answer):
    """A wave that waits for its trustees: how many are needed, who has sent its shares, who has not."""

    wave: int
    quorum: int
    sent: list[int]
    awaited: list[int]


class LetterAnswer(Answer):
    """A letter with all that is needed to sign it."""

    letter_id: str = Field(description="hex")
    slug: str
    edition: int
    record: dict[str, Any] = Field(description="the letter record (formats §3)")
    texts: list[dict[str, Any]] = Field(description="text documents, in the record's order")
    state: str
    wave: int
    opened_at: int
    reached_at: int | None = Field(description="when the rule was met; null while it is open")
    released_at: int | None = Field(description="when the first wave was released")
    ended_at: int | None = Field(description="when it closed, lapsed or was superseded")
    purged_at: int | None = Field(description="when personal data was deleted as it had stated")
    roll_n: int
    seals: Literal["operator", "trustees"] | None = Field(description="who can open sealed names")
    notices: list[NoticeAnswer] = Field(description="the newest first, at most 101")
    timestamps: list[TimestampAnswer] = Field(
        description="of the letter record, the earliest first"
    )
    opening: OpeningProgress | None = Field(description="how far the trustees of a wave are")
    counts: CountsAnswer


class CrowdAnswer(Answer):
    """The crowd in which a member would sign now, as the log has it."""

    unused: int = Field(description="tokens issued and not used yet")
    hidden: int = Field(description="live signatures that are sealed and unopened, or anonymous")
    size: int = Field(description="of the tree")


class HistoryRowAnswer(Answer):
    """What one epoch left."""

    n: int
    at: int
    size: int
    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int


class HistoryAnswer(Answer):
    """What every epoch of a letter left."""

    history: list[HistoryRowAnswer]


class HiddenAnswer(Answer):
    """Why the pages do not show a statement, in the organisers' words, and since when."""

    reason: str
    text: str
    at: int


class NameAnswer(Answer):
    """A public or opened name."""

    leaf: int
    name: str
    role: str | None
    verified: str
    statement: str | None = Field(description="as the name's document has it")
    hidden: HiddenAnswer | None = Field(description="why the pages leave the statement out")


class NamesAnswer(Answer):
    """Names in the log's order; `next` is what `after` is for the rest."""

    names: list[NameAnswer]
    next: int | None


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

    enrolment: str = _bytes(16)


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
    enrolment: str = _bytes(16)
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
    blinded: str = _bytes(256)
    c: str = _bytes(32)
    shown_as: ShownAsAsked | None
    notify: str | None = Field(
        default=None,
        pattern="^[a-z]{2,3}$",
        description="the language in which the member wants a few mails about how the letter goes",
    )


class TokenIssued(Answer):
    """The blind signature, the attestation (formats §6) and the salt of the roll's entry."""

    blind_signature: str = _bytes(256)
    attestation: dict[str, Any]
    salt: str = _bytes(16)


class RollHanded(Asked):
    """The canonical bytes of a later `roll` record, base64url (formats §9.1)."""

    record: str


class RollStated(Answer):
    """How many the roll has that is the letter's newest in the log."""

    n: int


PartyName = Literal["issuer"] | Annotated[int, Field(ge=1, le=16)]


class AckAnswer(Answer):
    """An acknowledgement: by whom, and the signature (formats §3.1)."""

    by: PartyName
    sig: str = _bytes(64)


class AckAsked(Asked):
    """An ack; `roll` comes from an issuer elsewhere, and is null from everyone else."""

    by: PartyName
    sig: str = _bytes(64)
    roll: dict[str, Any] | None


class AwaitedAnswer(Answer):
    """Who has not acknowledged yet."""

    awaited: list[PartyName]


class ProposalAnswer(Answer):
    """A letter that is proposed, whole (formats §3.2)."""

    letter_id: str = Field(description="hex")
    slug: str
    edition: int
    body: dict[str, Any] = Field(description="what the letter's id is the hash of")
    texts: list[dict[str, Any]] = Field(description="text documents, in the body's order")
    acks: list[AckAnswer]
    awaited: list[PartyName]
    opened: bool


class ProofPendingAnswer(Answer):
    """The record waits for its epoch."""

    pending: Literal[True]
