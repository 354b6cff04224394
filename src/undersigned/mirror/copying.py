"""Fetching a site into a folder, for a verifier that works offline; `docs/formats.md` §11.

What is fetched is kept as it was served and judged by nobody here: that is the verifier's part. The
order matters. Pages are read first and the checkpoint after them, so that every number on a page lies
in the tree; the checkpoint is written last, so that an interrupted mirror is still the older one.
"""

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Final, TypeVar

import httpx2
import msgspec

from undersigned.crypto.note_key import parse_vkey
from undersigned.domain.canonical import GREATEST, LONGEST_DOCUMENT
from undersigned.domain.letter import Mode
from undersigned.domain.opening import LONGEST_OPENING, parse_opening
from undersigned.domain.record import (
    AmendRecord,
    OpeningRecord,
    Record,
    SignRecord,
    documents_of,
    parse_record,
)
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError, StoreError
from undersigned.mirror.fetching import AT_ONCE, TIMEOUT, TRIES, Fetcher, base_of, warnings_of
from undersigned.mirror.keeping import (
    check_continues,
    check_not_shorter,
    drop_outgrown,
    find_kept,
    is_whole,
)
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint_body
from undersigned.tlog.merkle import HASH_SIZE
from undersigned.tlog.note import MAX_NOTE_SIZE, parse_note
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    MAX_BUNDLE_SIZE,
    TilePath,
    format_entry_bundle,
    format_tile_path,
    parse_entry_bundle,
    tiles_of,
)

MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
MOST_IN_MEMORY: Final = 1024 * 1024
"""Bytes of the names of one letter that are kept in memory until they are written."""
MAX_LETTERS: Final = 10_000
MAX_NAME_PAGES: Final = 10_000
MAX_ENTRIES: Final = 50_000_000
"""A size from outside may be absurd; a log of so many entries takes some 40 GB."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MirrorSummary:
    """What was mirrored; `missing` documents are named by the log and not served (any more)."""

    size: int
    letters: int
    documents: int
    missing: int
    warnings: tuple[str, ...]


class _Site(msgspec.Struct):
    log_vkey: str


class _LetterLine(msgspec.Struct):
    letter_id: str
    slug: str
    edition: Annotated[int, msgspec.Meta(ge=1, le=GREATEST)]


class _Letters(msgspec.Struct):
    letters: Annotated[list[_LetterLine], msgspec.Meta(max_length=MAX_LETTERS)]


class _Sized(msgspec.Struct):
    size: Annotated[int, msgspec.Meta(ge=0, le=GREATEST)]


class _Names(msgspec.Struct):
    names: list[msgspec.Raw]
    next: int | None


def mirror_site(
    url: str,
    folder: Path,
    *,
    client: httpx2.Client | None = None,
    on_progress: Progress | None = None,
) -> MirrorSummary:
    """Fetch the site at `url` into a folder, or bring a mirror there up to date.

    `on_progress` is called with the number of files there are and of all. Raises StoreError if the
    site or the folder cannot be used, FormatError if the site answers what no site would.
    """
    if client is not None:
        return _Mirror(Fetcher(client, base_of(url)), folder, on_progress).run()
    limits = httpx2.Limits(max_connections=AT_ONCE)
    with httpx2.Client(timeout=TIMEOUT, limits=limits, follow_redirects=False) as own:
        return _Mirror(Fetcher(own, base_of(url)), folder, on_progress).run()


@dataclass(slots=True)
class _Mirror:
    """One run: what is fetched, in its order."""

    fetcher: Fetcher
    folder: Path
    on_progress: Progress | None
    shown_size: int = 0
    missing: int = 0
    pages: dict[str, bytes | IO[bytes]] = field(default_factory=dict)
    long_pages: ExitStack = field(default_factory=ExitStack)

    def run(self) -> MirrorSummary:
        """Fetch pages, checkpoint, tiles and documents; write pages and checkpoint last."""
        with self.long_pages:
            return self._run()

    def _run(self) -> MirrorSummary:
        vkey = self._read_site()
        letters = self._read_letters()
        checkpoint, head = self._read_checkpoint()
        size = head.size
        try:
            _check_same_log(self.folder, vkey)
            before = find_kept(self.folder)
            check_not_shorter(before, head)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                self._fetch_all(pool, list(tiles_of(size)), self._fetch_tile)
                check_continues(self.folder, before, head)
                digests = list(_documents_in(self._entries(size)))
                self._fetch_all(pool, digests, self._fetch_document)
                blobs = list(self._blobs(size))
                self._fetch_all(pool, blobs, self._fetch_document)
            for path, page in self.pages.items():
                _write(self.folder / path, page)
            # Before this step a crash leaves the older checkpoint, with all of its tiles.
            _write(self.folder / "log" / "checkpoint", checkpoint)
            drop_outgrown(self.folder, before, head)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror}") from None
        documents = len(set(digests) | set(blobs)) - self.missing
        warnings = warnings_of(self.fetcher.base)
        return MirrorSummary(size, letters, documents, self.missing, warnings)

    # --- pages

    def _read_site(self) -> str:
        data = self.fetcher.get("/api/v1/site", MAX_PAGE_BYTES)
        vkey = _decode(data, _Site, "the site's description").log_vkey
        parse_vkey(vkey)
        self.pages["site/site.json"] = data
        self.pages["log.vkey"] = f"{vkey}\n".encode()
        return vkey

    def _read_letters(self) -> int:
        data = self.fetcher.get("/api/v1/letters", MAX_PAGE_BYTES)
        letters = _decode(data, _Letters, "the list of letters").letters
        for line in letters:
            parse_hex(line.letter_id, size=32)
            if not _SLUG.fullmatch(line.slug):
                raise FormatError("the list of letters holds a name that no letter has")
            self._read_letter(line)
        return len(letters)

    def _read_letter(self, line: _LetterLine) -> None:
        path = f"/api/v1/letters/{line.slug}@{line.edition}"
        into = f"site/letters/{line.letter_id}"
        self.pages[f"{into}/letter.json"] = self.fetcher.get(path, MAX_PAGE_BYTES)
        counts = self.fetcher.get(f"{path}/counts", MAX_PAGE_BYTES)
        self.shown_size = max(self.shown_size, _decode(counts, _Sized, "the counts").size)
        self.pages[f"{into}/counts.json"] = counts
        self.pages[f"{into}/names.json"] = self._read_names(path)
        for page in ("history", "responses", "guarantees"):
            data = self.fetcher.get(f"{path}/{page}", MAX_PAGE_BYTES)
            self.pages[f"{into}/{page}.json"] = data

    def _read_names(self, path: str) -> IO[bytes]:
        """Return all pages of names as one, which may be longer than memory."""
        names = self.long_pages.enter_context(_new_long_page())
        names.write(b'{"names":[')
        after, separator = -1, b""
        for _ in range(MAX_NAME_PAGES):
            data = self.fetcher.get(f"{path}/names?after={after}", MAX_PAGE_BYTES)
            page = _decode(data, _Names, "the names")
            for row in page.names:
                names.write(separator + row)
                separator = b","
            if page.next is None:
                names.write(b'],"next":null}')
                return names
            if page.next <= after:
                break
            after = page.next
        raise FormatError("the pages of names do not come to an end")

    # --- the log

    def _read_checkpoint(self) -> tuple[bytes, Checkpoint]:
        """Return the checkpoint, and what it says, once it has what the pages already showed.

        A page may be read between the commit of an epoch and its publication.
        """
        for tried in range(1, TRIES + 1):
            data = self.fetcher.get("/log/checkpoint", MAX_NOTE_SIZE)
            head = parse_checkpoint_body(parse_note(data).text)
            if head.size >= self.shown_size:
                break
            time.sleep(0.5 * tried)
        if head.size > MAX_ENTRIES:
            raise FormatError(
                f"the log says that it has {head.size} entries, more than any site has"
            )
        return data, head

    def _fetch_all(
        self, pool: ThreadPoolExecutor, items: list[T], fetch: Callable[[T], bool]
    ) -> None:
        """Fetch every item; the first failure ends the run when it is met."""
        for done, is_there in enumerate(pool.map(fetch, items), 1):
            self.missing += not is_there
            if self.on_progress is not None:
                self.on_progress(done, len(items))

    def _fetch_tile(self, path: TilePath) -> bool:
        file = self.folder / "log" / format_tile_path(path)
        if not is_whole(file, path):
            _write(file, self._read_tile(path))
        return True

    def _read_tile(self, path: TilePath) -> bytes:
        limit = MAX_BUNDLE_SIZE if path.level == ENTRIES else FULL_WIDTH * HASH_SIZE
        data = self.fetcher.find(f"/log/{format_tile_path(path)}", limit)
        if data is None and path.is_partial:
            # A partial tile may be dropped once it has filled up; the full one begins with it.
            full = self.fetcher.get(f"/log/{format_tile_path(path.full)}", limit)
            return _cut(full, path)
        if data is None:
            raise StoreError(f"the site does not serve {format_tile_path(path)} of its own log")
        return data

    # --- documents

    def _entries(self, size: int) -> Iterator[tuple[int, Record]]:
        """Yield the records of the mirrored log; what is none is left to the verifier."""
        for start in range(0, size, FULL_WIDTH):
            width = min(FULL_WIDTH, size - start)
            path = TilePath(ENTRIES, start // FULL_WIDTH, width)
            data = (self.folder / "log" / format_tile_path(path)).read_bytes()
            for index, entry in enumerate(parse_entry_bundle(data, width), start):
                try:
                    yield index, parse_record(entry)
                except FormatError:
                    continue

    def _blobs(self, size: int) -> Iterator[bytes]:
        """Yield the hashes of all blobs that opened and bad leaves have had."""
        leaf_of: dict[tuple[bytes, bytes], int] = {}
        sealed: dict[int, list[bytes]] = {}
        for index, record in self._entries(size):
            if isinstance(record, (SignRecord, AmendRecord)):
                leaf = leaf_of.setdefault((record.letter_id, record.pk), index)
                if record.mode is Mode.SEALED and record.name is not None:
                    sealed.setdefault(leaf, []).append(record.name)
            elif isinstance(record, OpeningRecord):
                for leaf in self._leaves(record):
                    yield from sealed.pop(leaf, ())

    def _leaves(self, record: OpeningRecord) -> tuple[int, ...]:
        try:
            data = (self.folder / "documents" / record.file.hex()).read_bytes()
            return tuple(leaf.index for leaf in parse_opening(data).leaves)
        except (FileNotFoundError, FormatError):
            return ()

    def _fetch_document(self, digest: bytes) -> bool:
        """Fetch one document; say whether the site has it. One that is there is not asked for."""
        file = self.folder / "documents" / digest.hex()
        if file.is_file() and hashlib.sha256(file.read_bytes()).digest() == digest:
            return True
        limit = max(LONGEST_DOCUMENT, LONGEST_OPENING)
        data = self.fetcher.find(f"/documents/{digest.hex()}", limit)
        if data is not None:
            _write(file, data)
        return data is not None


def _documents_in(records: Iterable[tuple[int, Record]]) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for _, record in records:
        for digest in documents_of(record):
            if digest not in seen:
                seen.add(digest)
                yield digest


def _new_long_page() -> IO[bytes]:
    return SpooledTemporaryFile(MOST_IN_MEMORY)


def _decode(data: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise FormatError(f"{what} is not what a site answers") from None


def _cut(full: bytes, path: TilePath) -> bytes:
    """Cut a partial tile out of the full one. Raises FormatError."""
    if path.level == ENTRIES:
        return format_entry_bundle(parse_entry_bundle(full, FULL_WIDTH)[: path.width])
    if len(full) != FULL_WIDTH * HASH_SIZE:
        raise FormatError("a full tile of the site does not hold 256 hashes")
    return full[: path.width * HASH_SIZE]


def _check_same_log(folder: Path, vkey: str) -> None:
    """Check that a folder is empty, or holds a mirror of this log. Raises FormatError."""
    try:
        kept = (folder / "log.vkey").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return
    if kept != vkey:
        raise FormatError(f"{folder} is the mirror of another log: choose a new folder")


def _write(file: Path, data: bytes | IO[bytes]) -> None:
    """Write a file so that it is there whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    if isinstance(data, bytes):
        fresh.write_bytes(data)
    else:
        data.seek(0)
        with fresh.open("wb") as opened:
            shutil.copyfileobj(data, opened)
    fresh.replace(file)
