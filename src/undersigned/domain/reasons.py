"""The words that records use besides modes and states; `docs/formats.md` §3."""

from enum import StrEnum

import msgspec

from undersigned.domain.canonical import DemandId


class RollReason(StrEnum):
    """Why the roll is stated anew."""

    OPENED = "opened"
    ADDED = "added"
    BLOCKED = "blocked"


class InvalidateReason(StrEnum):
    """Why a public or opened signature does not count."""

    NOT_A_MEMBER = "not-a-member"
    IMPERSONATION = "impersonation"
    DUPLICATE = "duplicate"
    OTHER = "other"


class EraseReason(StrEnum):
    """Why a name was erased; its signature still counts."""

    ASKED = "asked"
    COURT = "court"
    RETENTION = "retention"
    OTHER = "other"


class HideReason(StrEnum):
    """Why a statement is not shown; its name is, and its signature counts. In no record."""

    OTHERS = "about-others"
    INSULT = "insult"
    UNLAWFUL = "unlawful"
    OTHER = "other"


class DemandState(StrEnum):
    """What the addressee answered to a demand."""

    MET = "met"
    PARTLY = "partly"
    REFUSED = "refused"


class ResponseSource(StrEnum):
    """Who wrote a response: the addressee, or the organiser reporting one."""

    ADDRESSEE = "addressee"
    ORGANISER = "organiser"


class GuaranteeState(StrEnum):
    """Whether a guarantee is given or taken back."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class NoticeKind(StrEnum):
    """What a notice is about."""

    HEADCOUNT = "headcount"
    NEWS = "news"
    CORRECTION = "correction"
    BUNDLE = "bundle"
    PDF = "pdf"
    TIMESTAMP = "timestamp"


class DemandAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to one demand of the letter."""

    id: DemandId
    state: DemandState
