"""What a site's refusals mean: problem documents (RFC 9457) back into the classes of `errors`.

The member `code` is the name of the class in kebab-case. `detail` comes from outside: it is cut to
a length and to printable signs before anybody reads it on a terminal.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from undersigned.errors import (
    Busy,
    FormatError,
    LetterRefused,
    Refused,
    RollRefused,
    StoreError,
    UndersignedError,
    Unreachable,
)

LONGEST_DETAIL: Final = 500
"""Characters: three long sentences; a refused letter lists several."""

LONGEST_RETRY_AFTER_S: Final = 3_600
"""A site that asks for more is down for people, whatever it says."""

_RETRY_AFTER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_GATEWAY: Final = frozenset({502, 503, 504})


class _Row(msgspec.Struct):
    line: int
    reason: str


class _Problem(msgspec.Struct):
    """RFC 9457, section 3.2: members that a reader does not know are ignored."""

    code: str = ""
    detail: str = ""
    rows: list[_Row] = []


_DECODER: Final = msgspec.json.Decoder(_Problem)


def problem_of(status: int, body: bytes, retry_after: str | None) -> UndersignedError:
    """Return the error that an answer of status 300 or more stands for; never raises.

    An unknown code gives `Refused`, `StoreError` from 500 on. What is no problem document comes
    from something between the member and the site: `Unreachable` if it is a gateway's, otherwise
    `FormatError`.
    """
    try:
        problem = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = _Problem()
    if not problem.code:
        return _undocumented(status)
    error = _error_of(problem, status)
    if isinstance(error, Busy):
        error.retry_after_s = parse_retry_after(retry_after) or Busy.retry_after_s
    return error


def parse_retry_after(value: str | None) -> int | None:
    """Return the seconds in a Retry-After header, at most an hour; None for a date or anything else.

    Source: RFC 9110, section 10.2.3.
    """
    if value is None or not _RETRY_AFTER.fullmatch(value):
        return None
    return min(int(value), LONGEST_RETRY_AFTER_S)


def _undocumented(status: int) -> UndersignedError:
    if status in _GATEWAY:
        return Unreachable()
    return FormatError(f"The site answered with status {status} and did not say why.")


def _error_of(problem: _Problem, status: int) -> UndersignedError:
    detail = _printable(problem.detail)
    kind = _KINDS.get(problem.code)
    if kind is None:
        return StoreError(detail) if status >= 500 else Refused(detail)
    if kind is RollRefused:
        return RollRefused(
            [RollRefused.Row(row.line, _printable(row.reason)) for row in problem.rows]
        )
    if kind is LetterRefused:
        return LetterRefused([detail])
    return kind(detail or None)


def _printable(text: str) -> str:
    """Escape sequences of a terminal are made of control signs; this leaves none."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST_DETAIL])


def _kinds(parent: type[UndersignedError]) -> Iterator[type[UndersignedError]]:
    yield parent
    for kind in parent.__subclasses__():
        yield from _kinds(kind)


def _code_of(kind: type[UndersignedError]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


_KINDS: Final = {_code_of(kind): kind for kind in _kinds(UndersignedError)}
