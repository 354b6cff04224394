"""Reading PNG files that typst writes, for tests that look where something is drawn."""

import struct
import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of 8-bit RGBA: a row of bytes for each line of pixels."""

    width: int
    height: int
    rows: list[bytes]

    def is_plain(self, left: int, top: int, right: int, bottom: int) -> bool:
        """Say whether all pixels of a rectangle have one colour."""
        first = self.rows[top][4 * left : 4 * left + 4]
        line = first * (right - left)
        return all(row[4 * left : 4 * right] == line for row in self.rows[top:bottom])


def read_png(data: bytes) -> Picture:
    """Read a PNG of 8-bit RGBA that is not interlaced (PNG, third edition, sections 7, 9 and 10)."""
    width, height, *kind = struct.unpack(">IIBBBBB", data[16:29])
    assert kind == [8, 6, 0, 0, 0]
    packed, place = b"", 8
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            packed += data[place + 8 : place + 8 + size]
        place += size + 12
    plain, stride = zlib.decompress(packed), 4 * width
    rows, above = [], bytes(stride)
    for start in range(0, len(plain), stride + 1):
        above = _unfiltered(plain[start], plain[start + 1 : start + 1 + stride], above)
        rows.append(above)
    assert len(rows) == height
    return Picture(width, height, rows)


def _unfiltered(kind: int, line: bytes, above: bytes) -> bytes:
    if kind == 0:
        return line
    if kind == 2:
        return bytes((one + up) & 255 for one, up in zip(line, above, strict=True))
    made = bytearray(line)
    for place, one in enumerate(line):
        left = made[place - 4] if place >= 4 else 0
        up, corner = above[place], above[place - 4] if place >= 4 else 0
        guess = {1: left, 3: (left + up) // 2, 4: _paeth(left, up, corner)}[kind]
        made[place] = (one + guess) & 255
    return bytes(made)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))
