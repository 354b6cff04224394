"""The two kinds of records of which a log has one for each signature, read by the places of their members.

Canonical bytes (`docs/formats.md` §3) leave no choice but the values: what matches here is what
`parse_record` reads, to the same values, in less than half of the time. What does not match may be a record
all the same: whoever asks goes on with `parse_record`, which says what is wrong. A change of these kinds is
one of the format.
"""

import re
from typing import Final, NamedTuple

import msgspec

from undersigned.domain.canonical import GREATEST
from undersigned.domain.letter import Mode

_ISSUED: Final = re.compile(
    rb'\{"blinded":"([A-Za-z0-9_-]{43})","letter":"([A-Za-z0-9_-]{43})","member":"([A-Za-z0-9_-]{43})",'
    rb'"sig":"([A-Za-z0-9_-]{86})","t":"issued","v":1\}'
)
_SIGN: Final = re.compile(
    rb'\{"condition":(null|0|[1-9][0-9]{0,15}),"letter":"([A-Za-z0-9_-]{43})","mode":"(public|sealed|anonymous)",'
    rb'"name":(?:null|"([A-Za-z0-9_-]{43})"),"pk":"([A-Za-z0-9_-]{43})",'
    rb'"sig":"([A-Za-z0-9_-]{86})","t":"sign","token":"([A-Za-z0-9_-]{472})","v":1\}'
)
_SIG_OPENS: Final = len(b'"sig":"')
_SIG_CLOSES: Final = len(b'",')

# 43 characters of base64url are 32 bytes and two bits, 86 are 64 bytes and four; both have to be zero.
# With "A", which is six bits of zero, each fills whole groups, and all can be read in one go.
_BYTES: Final = msgspec.json.Decoder(bytes)
_FROM_BASE64URL: Final = bytes.maketrans(b"-_", b"+/")
_MODES: Final = {mode.value.encode(): mode for mode in Mode}


class CommonIssued(NamedTuple):
    """An `issued` record: its letter as in the entry, its members, and what `sig` is over."""

    letter: bytes
    blinded: bytes
    member: bytes
    sig: bytes
    message: bytes


class CommonSign(NamedTuple):
    """A `sign` record: its letter as in the entry, its members, and what `sig` is over."""

    letter: bytes
    token: bytes
    pk: bytes
    mode: Mode
    condition: int | None
    name: bytes | None
    sig: bytes
    message: bytes


def find_common(entry: bytes) -> CommonIssued | CommonSign | None:
    """Read an entry of the log, if it is of one of the two kinds; None: ask `parse_record`."""
    found = _SIGN.fullmatch(entry)
    if found is not None:
        return _sign_of(entry, found)
    found = _ISSUED.fullmatch(entry)
    return None if found is None else _issued_of(entry, found)


def _issued_of(entry: bytes, found: re.Match[bytes]) -> CommonIssued | None:
    blinded, letter, member, sig = found.groups()
    data = _decode(b"A".join((blinded, member, sig)) + b"AA")
    if data[32] or data[65] or data[130] or data[131]:
        return None
    message = b"undersigned/v1/issued\n" + _without_sig(entry, found, 4)
    return CommonIssued(letter, data[:32], data[33:65], data[66:130], message)


def _sign_of(entry: bytes, found: re.Match[bytes]) -> CommonSign | None:
    asks, letter, mode, name, pk, sig, token = found.groups()
    data = _decode(b"A".join((pk, name or _NOTHING, sig)) + b"AA" + token)
    if data[32] or data[65] or data[130] or data[131]:
        return None
    condition = None if asks == b"null" else int(asks)
    if condition is not None and condition > GREATEST:
        return None
    return CommonSign(
        letter,
        data[132:],
        data[:32],
        _MODES[mode],
        condition,
        None if name is None else data[33:65],
        data[66:130],
        b"undersigned/v1/sign\n" + _without_sig(entry, found, 6),
    )


_NOTHING: Final = b"A" * 43


def _decode(text: bytes) -> bytes:
    """Read groups of base64url: the JSON decoder is the fastest reader of base64 at hand."""
    return _BYTES.decode(b'"' + text.translate(_FROM_BASE64URL) + b'"')


def _without_sig(entry: bytes, found: re.Match[bytes], group: int) -> bytes:
    start, end = found.span(group)
    return entry[: start - _SIG_OPENS] + entry[end + _SIG_CLOSES :]
