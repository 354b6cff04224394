"""The pages of a mirror, `site/…`: numbers and names as the site showed them; formats §11.

Members that are not known here are ignored: a newer site may show more. Those that are known must be
there and of their kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec

from undersigned.domain.canonical import LetterId, Natural
from undersigned.domain.letter import State
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError
from undersigned.verify.folder import MAX_PAGE_BYTES, Folder
from undersigned.verify.long_page import LongPage
from undersigned.verify.report import Findings

Leaf = Natural
Words = Annotated[str, msgspec.Meta(max_length=2_000)]
Terms = Annotated[str, msgspec.Meta(max_length=5_000)]
T = TypeVar("T")


class SitePage(msgspec.Struct):
    """`site.json`: which log the site says it has, and its clock in UTC seconds.

    `waiting` says that the log has records which are not published before witnesses have cosigned them.
    """

    origin: str
    log_vkey: str
    time: Natural
    waiting: bool = False


class CountsPage(msgspec.Struct):
    """`counts.json`: the numbers of one letter in the tree of `size` leaves."""

    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int
    headcount: int
    size: Natural
    at: int


class LetterPage(msgspec.Struct):
    """`letter.json`: the letter, its texts, where it is in its life, its numbers."""

    letter_id: str
    slug: str
    edition: int
    record: dict[str, Any]
    texts: list[dict[str, Any]]
    state: State
    wave: int
    opened_at: int
    reached_at: int | None
    released_at: int | None
    roll_n: int
    seals: str | None
    counts: CountsPage


class HistoryRow(msgspec.Struct):
    """One epoch of `history.json`: its number and time, and the numbers after it."""

    n: int
    at: int
    size: Natural
    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int


class ShownName(msgspec.Struct):
    """One row of `names.json`: the leaf of the signature, and its name as it is shown."""

    leaf: Leaf
    name: Words
    role: Words | None
    verified: str
    statement: Words | None


class ShownReply(msgspec.Struct):
    """What a page says of one demand of an answer."""

    id: str
    state: str
    text: Words | None


class ShownAnswerer(msgspec.Struct):
    """Whose link an answer came by, as it is shown."""

    addressee: int
    domain: Words


class ShownResponse(msgspec.Struct, rename={"answerer": "from"}):
    """One answer of `responses.json`; what is from its document is None once that was taken down."""

    leaf: Leaf
    at: int
    source: str
    demands: list[ShownReply]
    answerer: ShownAnswerer | None
    told_by: Words | None
    lang: Words | None
    document: str


class ShownDemand(msgspec.Struct):
    """A demand and the state of its newest answer."""

    id: str
    state: str | None


class ResponsesPage(msgspec.Struct):
    """`responses.json`: every demand, and every answer, the newest first."""

    answered: bool
    met: bool
    demands: list[ShownDemand]
    responses: list[ShownResponse]


class ShownGuarantee(msgspec.Struct):
    """One row of `guarantees.json`, the newest first; what is from its document may be None."""

    leaf: Leaf
    at: int
    guarantor: Words | None
    terms: Terms | None
    lang: Words | None
    domain: Words | None
    cap: int | None
    expires: int | None
    withdrawn_at: int | None
    holds: bool
    document: str


class _HistoryPage(msgspec.Struct):
    history: list[HistoryRow]


@dataclass(frozen=True, slots=True)
class NamesPage:
    """`names.json`, which has a row for each public name, and is read row by row."""

    folder: Folder
    path: str

    def rows(self, most: int) -> Iterator[ShownName]:
        """Yield its rows, at most so many. Raises FormatError."""
        return LongPage(self.folder.read_parts(self.path), "names", ShownName).rows(most)


class _GuaranteesPage(msgspec.Struct):
    guarantees: list[ShownGuarantee]


@dataclass(frozen=True, slots=True)
class LetterPages:
    """The six pages of one letter; None stands for one that is missing or cannot be read."""

    letter: LetterPage | None
    counts: CountsPage | None
    history: list[HistoryRow] | None
    names: NamesPage | None
    responses: ResponsesPage | None
    guarantees: list[ShownGuarantee] | None

    def sizes(self) -> set[int]:
        """Return every size of the tree at which the pages show numbers."""
        pages = [self.counts, None if self.letter is None else self.letter.counts]
        sizes = {page.size for page in pages if page is not None}
        return sizes | {row.size for row in self.history or ()}

    def names_from(self) -> int | None:
        """Return the size of the tree from which on names, answers and guarantees may have been read."""
        pages = [self.counts, None if self.letter is None else self.letter.counts]
        return min((page.size for page in pages if page is not None), default=None)


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages of a mirror."""

    site: SitePage | None
    letters: dict[LetterId, LetterPages]

    @property
    def time(self) -> int | None:
        """The site's clock when it was mirrored."""
        return None if self.site is None else self.site.time

    @property
    def is_waiting(self) -> bool:
        """Whether the site said that it has more than it has published, and waits for its witnesses."""
        return self.site is not None and self.site.waiting


def read_pages(folder: Folder, findings: Findings) -> Pages:
    """Read all pages; what is missing is unchecked and what cannot be read is false (check 12)."""
    site = _read(folder, findings, "site/site.json", SitePage)
    letters: dict[LetterId, LetterPages] = {}
    for name in _list_letters(folder, findings):
        try:
            letter_id = LetterId(parse_hex(name, size=32))
        except FormatError:
            findings.false(12, "site/letters holds something that is not named after a letter.")
            continue
        letters[letter_id] = _read_letter(folder, findings, f"site/letters/{name}")
    return Pages(site, letters)


def _list_letters(folder: Folder, findings: Findings) -> tuple[str, ...]:
    try:
        return folder.list_folders("site/letters")
    except FormatError as error:
        findings.false(12, f"The pages of the letters cannot be read: {error.detail}.")
        return ()


def _read_letter(folder: Folder, findings: Findings, path: str) -> LetterPages:
    history = _read(folder, findings, f"{path}/history.json", _HistoryPage)
    guarantees = _read(folder, findings, f"{path}/guarantees.json", _GuaranteesPage)
    return LetterPages(
        letter=_read(folder, findings, f"{path}/letter.json", LetterPage),
        counts=_read(folder, findings, f"{path}/counts.json", CountsPage),
        history=None if history is None else history.history,
        names=_find_names(folder, findings, f"{path}/names.json"),
        responses=_read(folder, findings, f"{path}/responses.json", ResponsesPage),
        guarantees=None if guarantees is None else guarantees.guarantees,
    )


def _find_names(folder: Folder, findings: Findings, path: str) -> NamesPage | None:
    try:
        if folder.has(path):
            return NamesPage(folder, path)
    except FormatError as error:
        findings.false(12, f"{error.detail}.")
    else:
        findings.unchecked(12, f"The mirror holds no {path}.")
    return None


def _read(folder: Folder, findings: Findings, path: str, kind: type[T]) -> T | None:
    try:
        data = folder.find(path, MAX_PAGE_BYTES)
        if data is None:
            findings.unchecked(12, f"The mirror holds no {path}.")
            return None
        return msgspec.json.decode(data, type=kind)
    except FormatError as error:
        findings.false(12, f"{error.detail}.")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        findings.false(12, f"{path} is not what the site should show there.")
    return None
