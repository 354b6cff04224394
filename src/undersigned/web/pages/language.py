"""Which language of the interface a reader wants."""

import re
from functools import lru_cache
from typing import Final

from starlette.requests import Request

from undersigned.language import Language

LONGEST_ACCEPT: Final = 500
"""Characters of an Accept-Language header that are read: browsers send a tenth of that."""

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*"
)


def choose_language(request: Request, languages: dict[str, Language]) -> Language:
    """Choose by `?lang=`, else by Accept-Language (RFC 9110, section 12.5.4), else the first."""
    asked = request.query_params.get("lang")
    if asked in languages:
        return languages[asked]
    for tag in wanted_languages(request.headers.get("accept-language", "")):
        if tag in languages:
            return languages[tag]
    return next(iter(languages.values()))


def wanted_languages(accept_language: str) -> tuple[str, ...]:
    """Return the primary tags of an Accept-Language header, the dearest first, each once."""
    return _rank(accept_language[:LONGEST_ACCEPT])


@lru_cache(maxsize=1024)
def _rank(header: str) -> tuple[str, ...]:
    weighed = []
    for part in header.split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            weight = float(match[2]) if match[2] else 1.0
            if weight > 0:
                weighed.append((weight, match[1].lower()))
    ranked = sorted(weighed, key=lambda pair: -pair[0])
    return tuple(dict.fromkeys(tag for _, tag in ranked))
