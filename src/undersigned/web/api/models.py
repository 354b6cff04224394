"""The JSON objects of the API: exactly these members, in answers and in requests.

Bytes are base64url without padding unless a member says hex; times are UTC seconds.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

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


def bytes_field(size: int) -> Any:
    """Return the field of so many bytes in base64url, each in its one form."""
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
    sig: str = bytes_field(64)


class AckAsked(Asked):
    """An ack; `roll` comes from an issuer elsewhere, and is null from everyone else."""

    by: PartyName
    sig: str = bytes_field(64)
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
