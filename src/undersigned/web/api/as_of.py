"""`/letters/{slug}/counts?at=`: a letter's numbers as of a size or time, with what proves them."""

import msgspec
from pydantic import Field

from undersigned.app.moments import Moment
from undersigned.encoding import format_base64url
from undersigned.web.api.models import CountsAnswer


class MomentAnswer(CountsAnswer):
    """A letter's numbers as of a size or time (formats §7); `size` and `at` are those of the step."""

    root: str = Field(description="of the tree of `size` entries; 32 bytes, base64url")
    epoch: int
    until: int | None = Field(description="when the numbers may have changed next")
    checkpoint: str | None = Field(description="the signed note, as it was published")
    checkpoint_size: int | None
    consistency: list[str] | None = Field(
        description="that the checkpoint's tree begins with that of `size` entries"
    )


def moment_of(moment: Moment) -> MomentAnswer:
    """Return a moment as the API shows it."""
    proof = moment.proof
    return MomentAnswer(
        **msgspec.to_builtins(moment.counts),
        headcount=moment.headcount,
        size=moment.size,
        at=moment.at,
        root=format_base64url(moment.root),
        epoch=moment.epochs,
        until=moment.until,
        checkpoint=None if proof is None else proof.checkpoint,
        checkpoint_size=None if proof is None else proof.size,
        consistency=None
        if proof is None
        else [format_base64url(each) for each in proof.consistency],
    )


def is_over(moment: Moment) -> bool:
    """Say whether nothing about a moment can change any more."""
    return moment.until is not None and moment.proof is not None
