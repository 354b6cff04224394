"""Reading DER (X.690 §10): just enough to take a timestamp token apart.

Only what DER allows is read: definite lengths in their shortest form, tags below 31. The order of a SET
is not checked, since authorities write their certificates in any.
"""

from dataclasses import dataclass
from typing import Final

from undersigned.errors import FormatError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTETS: Final = 0x04
OID: Final = 0x06
TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
CONTEXT_1: Final = 0xA1


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag byte, its value, and all of it."""

    tag: int
    value: bytes
    whole: bytes


def read_elements(data: bytes) -> tuple[Element, ...]:
    """Read elements one after another to the end. Raises FormatError."""
    elements: list[Element] = []
    place = 0
    while place < len(data):
        element = _read(data, place)
        elements.append(element)
        place += len(element.whole)
    return tuple(elements)


def read_one(data: bytes, tag: int) -> Element:
    """Read one element with this tag and nothing after it. Raises FormatError."""
    element = _read(data, 0)
    if element.tag != tag or len(element.whole) != len(data):
        raise FormatError("DER: another element was expected")
    return element


def write_element(tag: int, value: bytes) -> bytes:
    """Write one element."""
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


class Fields:
    """The elements of a SEQUENCE, taken in their order."""

    def __init__(self, sequence: Element) -> None:
        self._left = list(reversed(read_elements(sequence.value)))

    def take(self, tag: int) -> Element:
        """Return the next element, which has this tag. Raises FormatError."""
        found = self.find(tag)
        if found is None:
            raise FormatError("DER: an element is missing, or is another")
        return found

    def find(self, tag: int) -> Element | None:
        """Return the next element if it has this tag."""
        return self._left.pop() if self._left and self._left[-1].tag == tag else None

    def end(self) -> None:
        """Check that nothing is left. Raises FormatError."""
        if self._left:
            raise FormatError("DER: there is more than was expected")


def read_integer(element: Element) -> int:
    """Return the number in an INTEGER. Raises FormatError."""
    value = element.value
    if not value or (len(value) > 1 and (value[0], value[1] >> 7) in {(0x00, 0), (0xFF, 1)}):
        raise FormatError("DER: an integer is not written in its shortest form")
    return int.from_bytes(value, "big", signed=True)


def _read(data: bytes, place: int) -> Element:
    if len(data) - place < 2:
        raise FormatError("DER: cut short")
    tag, size, start = data[place], data[place + 1], place + 2
    if tag & 0x1F == 0x1F or size == 0x80:
        raise FormatError("DER: a form that is not read here")
    if size > 0x80:
        length = data[start : start + (size & 0x7F)]
        start += size & 0x7F
        size = int.from_bytes(length, "big")
        if size < 0x80 or length[0] == 0:
            raise FormatError("DER: a length is not written in its shortest form")
    end = start + size
    if end > len(data):
        raise FormatError("DER: cut short")
    return Element(tag, data[start:end], data[place:end])
