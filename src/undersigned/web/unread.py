"""Answers that need no more than the head of a request: what is at hand goes out before its body is read."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

from starlette.types import Scope


class Unread(NamedTuple):
    """An answer that needs no more than the head of its request, as it goes over the line."""

    start: bytes
    """The first line; the date comes after it."""

    headers: bytes
    """The other lines, with the empty one."""

    body: bytes


def write_unread(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Unread:
    """Write down an answer for who asks for it again and again."""
    start = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    return Unread(start, lines + b"\r\n", body)


AnswerUnread: TypeAlias = Callable[[Scope], Unread | None]
"""Says what a request is answered with whose body nobody has read, if it is at hand."""
