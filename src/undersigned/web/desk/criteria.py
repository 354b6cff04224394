"""What an organiser types to say which signatures are meant, read from a query or a form."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from starlette.requests import Request

from undersigned.app.meaning import Criteria
from undersigned.domain.name import Verified
from undersigned.errors import FormatError

LONGEST = 200
"""Characters of one field: twice the longest name."""

GREATEST_LEAF_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they were typed; an empty one asks for nothing."""

    leaf: str = ""
    first: str = ""
    last: str = ""
    name: str = ""
    role: str = ""
    statement: str = ""
    verified: str = ""
    wave: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was typed."""
        return not self.given

    @property
    def given(self) -> dict[str, str]:
        """Return what was typed, for a query or for hidden fields."""
        named = [(each.name, getattr(self, each.name)) for each in fields(self)]
        return {name: value for name, value in named if value}

    def criteria(self) -> Criteria:
        """Return what is meant. Raises FormatError."""
        leaf = _number(self.leaf)
        return Criteria(
            leaves=frozenset() if leaf is None else frozenset({leaf}),
            first=_number(self.first),
            last=_number(self.last),
            name=self.name or None,
            role=self.role or None,
            statement=self.statement or None,
            verified=_verified(self.verified),
            wave=_number(self.wave),
        )


def read_typed(values: Mapping[str, str]) -> Typed:
    """Read the fields out of a query or a form; what is too long is cut."""
    names = [each.name for each in fields(Typed)]
    return Typed(**{name: values.get(name, "").strip()[:LONGEST] for name in names})


async def typed_in_query(request: Request) -> Typed:
    """Return what was typed into a form that is sent as a query."""
    return read_typed(dict(request.query_params))


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= GREATEST_LEAF_DIGITS):
        raise FormatError("a place in the log, and a wave, is a number")
    return int(text)


def _verified(text: str) -> Verified | None:
    if not text:
        return None
    try:
        return Verified(text)
    except ValueError:
        raise FormatError("membership is not proved in that way") from None
