"""What a campaign finds out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must hold, and whether it does."""

    holds: bool
    sentence: str
