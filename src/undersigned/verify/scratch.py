"""What a verification has to remember of each signature, on disk; in memory stays what finds it again.

A log of a million signatures names as many keys, members, nonces and names, and a later record may be about
any of them. They are kept in a file without a name, in the folder for temporary files (`TMPDIR`), of rows of
one size; it is gone when the process ends, however it does. A small log is never written there at all.
"""

import os
import struct
import tempfile
import weakref
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from undersigned.errors import StoreError

BLOCK_SIZE: Final = 16_384
"""Bytes of rows that are written at a time, and of the last ones, which stay in memory."""

MOST_IN_BUCKET: Final = 512
"""Places that are moved, at most, when one is put between them."""

_ROW_BITS: Final = 33
_ROW_MASK: Final = (1 << _ROW_BITS) - 1
"""No log has rows for more: 2**33 of its shortest records have 2 terabytes."""

_HASH_MASK: Final = (1 << (64 - _ROW_BITS)) - 1


class Scratch:
    """A temporary file of blocks, made when the first block is written."""

    __slots__ = ("__weakref__", "_descriptor", "_end")

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._end = 0

    def append(self, block: bytes | bytearray) -> int:
        """Write a block at the end; return where it lies. Raises StoreError if there is no room."""
        place = self._end
        self._end += len(block)
        self.replace(place, block)
        return place

    def replace(self, place: int, data: bytes | bytearray) -> None:
        """Write over what lies at a place. Raises StoreError."""
        descriptor = self._open() if self._descriptor is None else self._descriptor
        try:
            written = os.pwrite(descriptor, data, place)
        except OSError as error:
            raise _no_room(error.strerror) from None
        if written != len(data):
            raise _no_room("the disk is full")

    def read(self, place: int, size: int) -> bytes:
        """Return what lies at a place. Raises StoreError."""
        if self._descriptor is None:
            raise ValueError("Nothing has been written there.")
        try:
            return os.pread(self._descriptor, size, place)
        except OSError as error:
            raise _no_room(error.strerror) from None

    def _open(self) -> int:
        try:
            self._descriptor, path = tempfile.mkstemp(prefix="undersigned-")
            Path(path).unlink()
        except OSError as error:
            raise _no_room(error.strerror) from None
        weakref.finalize(self, os.close, self._descriptor)
        return self._descriptor


def _no_room(why: str | None) -> StoreError:
    folder = tempfile.gettempdir()
    return StoreError(f"the folder for temporary files, {folder}, cannot be used: {why}")


class Table:
    """Rows of one size, numbered from 0: full blocks of them on disk, the last ones in memory."""

    __slots__ = ("_blocks", "_last", "_length", "_per_block", "_scratch", "_seen", "_size")

    def __init__(self, scratch: Scratch, size: int) -> None:
        self._scratch = scratch
        self._size = size
        self._per_block = BLOCK_SIZE // size
        self._blocks = array("Q")
        self._last = bytearray()
        self._length = 0
        self._seen = (-1, bytearray())  # the block that was read last

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._length

    def append(self, row: bytes) -> int:
        """Add a row; return its number."""
        self._last += row
        self._length += 1
        if len(self._last) == self._per_block * self._size:
            self._blocks.append(self._scratch.append(self._last))
            self._last.clear()
        return self._length - 1

    def fill(self, count: int) -> None:
        """Add so many rows of zeros."""
        row = bytes(self._size)
        for _ in range(count):
            self.append(row)

    def read(self, number: int) -> bytes:
        """Return the row of a number."""
        block, row = divmod(number, self._per_block)
        start = row * self._size
        return bytes(self._block(block)[start : start + self._size])

    def replace(self, number: int, row: bytes) -> None:
        """Write another row in the place of one."""
        block, place = divmod(number, self._per_block)
        start = place * self._size
        if block == len(self._blocks):
            self._last[start : start + self._size] = row
            return
        self._scratch.replace(self._blocks[block] + start, row)
        if self._seen[0] == block:
            self._seen[1][start : start + self._size] = row

    def read_part(self, number: int, part: slice) -> bytes:
        """Return some bytes of a row, without reading its neighbours."""
        block, row = divmod(number, self._per_block)
        start = row * self._size
        if block == len(self._blocks):
            return bytes(self._last[start + part.start : start + part.stop])
        if self._seen[0] == block:
            return bytes(self._seen[1][start + part.start : start + part.stop])
        place = self._blocks[block] + start + part.start
        return self._scratch.read(place, part.stop - part.start)

    def __iter__(self) -> Iterator[bytes]:
        """Yield all rows in their order."""
        for block in range(len(self._blocks) + 1):
            data = bytes(self._block(block))
            for start in range(0, len(data), self._size):
                yield data[start : start + self._size]

    def unpack(self, form: struct.Struct) -> Iterator[tuple[Any, ...]]:
        """Yield all rows in their order, each as its form has it."""
        for block in range(len(self._blocks) + 1):
            yield from form.iter_unpack(bytes(self._block(block)))

    def _block(self, block: int) -> bytearray:
        if block == len(self._blocks):
            return self._last
        if self._seen[0] != block:
            data = self._scratch.read(self._blocks[block], self._per_block * self._size)
            self._seen = (block, bytearray(data))
        return self._seen[1]


class Index:
    """Finds the row that holds a value, in some 9 bytes of memory for each.

    Kept are 31 bits of a hash of each value and the number of its row, in order. Whether it is the value is
    read in the row, so that what is found is exact; values with the same hash only cost another look. The
    hash is Python's own, under a key of this process: nobody outside can choose values that share it.
    """

    __slots__ = ("_buckets", "_firsts", "_read")

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._buckets = [array("Q")]
        self._firsts = [0]

    def find(self, value: bytes) -> Sequence[int]:
        """Return the numbers of the rows that hold a value, the first one first."""
        first = (hash(value) & _HASH_MASK) << _ROW_BITS
        at = bisect_right(self._firsts, first) - 1
        return self._find(value, first, at, bisect_left(self._buckets[at], first))

    def put(self, value: bytes, number: int) -> Sequence[int]:
        """Note that the row of a number, greater than all before, holds a value; return what `find` did."""
        first = (hash(value) & _HASH_MASK) << _ROW_BITS
        at = bisect_right(self._firsts, first) - 1
        bucket = self._buckets[at]
        place = bisect_left(bucket, first)
        found: Sequence[int] = ()
        if place < len(bucket) and bucket[place] > first | _ROW_MASK:
            bucket.insert(place, first | number)
        else:
            found = self._find(value, first, at, place)
            at = bisect_right(self._firsts, first | number) - 1
            bucket = self._buckets[at]
            insort(bucket, first | number)
        if len(bucket) > MOST_IN_BUCKET:
            self._split(at, bucket)
        return found

    def _find(self, value: bytes, first: int, at: int, place: int) -> Sequence[int]:
        bucket = self._buckets[at]
        if place < len(bucket) and bucket[place] > first | _ROW_MASK:
            return ()
        return [number for number in self._candidates(first, at) if self._read(number) == value]

    def _candidates(self, first: int, at: int) -> Iterator[int]:
        for bucket in islice(self._buckets, at, None):
            for place in range(bisect_left(bucket, first), len(bucket)):
                if bucket[place] > first | _ROW_MASK:
                    return
                yield bucket[place] & _ROW_MASK

    def _split(self, at: int, bucket: "array[int]") -> None:
        half = len(bucket) // 2
        self._buckets.insert(at + 1, bucket[half:])
        self._firsts.insert(at + 1, bucket[half])
        self._buckets[at] = bucket[:half]


class Digests:
    """Values of 32 bytes, each of which should come once."""

    __slots__ = ("_index", "_rows")

    def __init__(self, scratch: Scratch) -> None:
        self._rows = Table(scratch, 32)
        self._index = Index(lambda number: self._rows.read_part(number, slice(0, 32)))

    def __contains__(self, value: bytes) -> bool:
        """Say whether a value is there."""
        return bool(self._index.find(value))

    def add(self, value: bytes) -> bool:
        """Add a value; say whether it was there before."""
        # The row is added first: what the index finds may be in it.
        return bool(self._index.put(value, self._rows.append(value)))
