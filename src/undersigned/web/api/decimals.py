"""Numbers in a query: decimal, without a sign but the one of -1, without leading zeros."""

import re
from typing import Final

from pydantic import BeforeValidator

from undersigned.domain.canonical import GREATEST

_DECIMAL = re.compile(r"-1|0|[1-9][0-9]{0,15}")


def _parse(value: object) -> object:
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError("not a decimal number")
    return int(value)


DECIMAL: Final = BeforeValidator(_parse)
"""What makes `Annotated[int, Field(ge=..., le=...), DECIMAL, ...]` a strict decimal.

It stands behind the bounds, so that the description of the API has them.
"""

__all__ = ["DECIMAL", "GREATEST"]
