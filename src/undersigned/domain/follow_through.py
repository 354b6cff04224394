"""What signers say after the deadline: whether they did what the letter said; `docs/formats.md` §9.2.

It is signed by the signer's key, in no log and in no document: the site keeps its tally alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from undersigned.domain.canonical import LetterId, check_size, format_canonical
from undersigned.encoding import format_base64url


class FollowAnswer(StrEnum):
    """The answer to "did you do what the letter said?"."""

    YES = "yes"
    NOT_YET = "not-yet"
    NO = "no"


@dataclass(frozen=True, slots=True)
class FollowThrough:
    """A signer's answer about a letter. Signed by pk."""

    letter_id: LetterId
    pk: bytes
    answer: FollowAnswer
    sig: bytes

    def __post_init__(self) -> None:
        check_size(self.letter_id, "follow-through: letter", 32)
        check_size(self.pk, "follow-through: pk", 32)


def signed_answer(sent: FollowThrough) -> bytes:
    """Return what the signature of an answer is over; `sig` is not looked at."""
    members = {
        "v": 1,
        "t": "follow-through",
        "letter": format_base64url(sent.letter_id),
        "pk": format_base64url(sent.pk),
        "answer": sent.answer.value,
    }
    return b"undersigned/v1/follow-through\n" + format_canonical(members)
