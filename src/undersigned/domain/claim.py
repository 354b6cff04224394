"""What somebody says of a count: `650 of 770`, `<500`, `>=700`, `~650`, `72%`; `docs/formats.md` §12.

A claim is about one moment: how many stand, of which headcount. Whole numbers alone are compared.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from undersigned.errors import FormatError

LONGEST_CLAIM: Final = 64
"""Characters of a claim; the longest that says something has some thirty."""

TOLERANCE: Final = 100
"""`~` allows one part in so many of the number that is claimed."""

_CLAIM: Final = re.compile(
    r"(?P<sign><=|>=|<|>|~|)\s*(?P<number>0|[1-9][0-9]{0,7})"
    r"(?:\.(?P<decimals>[0-9]{1,2}))?\s*(?P<percent>%?)\s*(?P<plus>\+?)"
    r"(?:\s+of\s+(?P<headcount>[1-9][0-9]{0,7}))?",
    re.ASCII,
)
_SAME: Final = str.maketrans({"≤": "<=", "≥": ">=", "≈": "~"})


class Relation(StrEnum):
    """How the number that stands has to lie to the one that is claimed."""

    EXACTLY = ""
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    ABOUT = "~"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim: its relation, its number, and the headcount that it names, if it names one.

    A share of the headcount has its number in percent, times ten to the power of `decimals`; for a
    number of signatures `decimals` is None.
    """

    relation: Relation
    number: int
    decimals: int | None = None
    headcount: int | None = None

    def holds(self, standing: int, headcount: int) -> bool:
        """Say whether it is true where so many stand, of such a headcount (at least 1)."""
        if self.headcount not in (None, headcount):
            return False
        if self.decimals is None:
            return _compare(self.relation, standing, self.number)
        share: int = standing * 100 * 10**self.decimals
        if self.relation is Relation.EXACTLY:
            # Half a unit of the last place is rounded up.
            return (2 * share + headcount) // (2 * headcount) == self.number
        return _compare(self.relation, share, self.number * headcount)


def _compare(relation: Relation, actual: int, claimed: int) -> bool:
    match relation:
        case Relation.EXACTLY:
            return actual == claimed
        case Relation.BELOW:
            return actual < claimed
        case Relation.AT_MOST:
            return actual <= claimed
        case Relation.ABOVE:
            return actual > claimed
        case Relation.AT_LEAST:
            return actual >= claimed
        case Relation.ABOUT:
            return abs(actual - claimed) * TOLERANCE <= claimed
        case _:
            assert_never(relation)


def parse_claim(text: str) -> Claim:
    """Read a claim as people write it. Raises FormatError, which says how it is written."""
    found = _CLAIM.fullmatch(text.translate(_SAME).strip()) if len(text) <= LONGEST_CLAIM else None
    if found is None:
        raise FormatError(
            "a claim is a number, as in 650, 650 of 770, <500, >=700, ~650, 700+ or 72%, without"
            " commas between thousands"
        )
    sign, plus, decimals = found["sign"], found["plus"], found["decimals"]
    if plus and sign:
        raise FormatError("a claim says either 700+ or one of < <= > >= ~, not both")
    if decimals and not found["percent"]:
        raise FormatError("a number of signatures has no decimals; a percentage ends in %")
    named = found["headcount"]
    return Claim(
        Relation.AT_LEAST if plus else Relation(sign),
        int(found["number"] + (decimals or "")),
        len(decimals or "") if found["percent"] else None,
        int(named) if named else None,
    )


def format_claim(claim: Claim) -> str:
    """Write a claim in its one form."""
    digits = str(claim.number)
    if claim.decimals:
        digits = digits.zfill(claim.decimals + 1)
        digits = f"{digits[: -claim.decimals]}.{digits[-claim.decimals :]}"
    unit = "" if claim.decimals is None else "%"
    of = "" if claim.headcount is None else f" of {claim.headcount}"
    return f"{claim.relation}{digits}{unit}{of}"
