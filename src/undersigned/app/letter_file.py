"""The letter file that an organiser writes (TOML, formats §10), and the draft that it holds.

`read_draft` says everything that is wrong with a file at once, in words, and takes nothing half.
"""

import datetime
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undersigned.domain.letter import (
    Basis,
    EpochTerms,
    Letter,
    LetterId,
    Method,
    Mode,
    RollKind,
    TextDocument,
    TextRef,
    TrusteeTerms,
)
from undersigned.domain.text import DemandText
from undersigned.errors import FormatError, LetterRefused

LONGEST_FILE = 256 * 1024
"""Bytes of a letter file or a text: far above any letter that people read to the end."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter as its organiser wrote it: all of it that does not come from the site."""

    slug: str
    edition: int
    deadline: int | None
    closes: int
    headcount: int
    headcount_as_of: str
    rule: int
    cooling_off_s: int
    basis: Basis
    modes: tuple[Mode, ...]
    conditions: tuple[int, ...]
    epoch: EpochTerms
    roll: RollKind
    methods: tuple[Method, ...]
    retention_days: int
    texts: tuple[TextDocument, ...]


class _Reader:
    """Reads members of a table and remembers what is wrong instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def take(self, table: dict[str, Any], key: str, kind: type, default: Any = ...) -> Any:
        """Return and remove a member; note it if it is missing or of another type."""
        value = table.pop(key, default)
        if value is ...:
            self.problems.append(f"`{key}` is missing")
            return kind()
        if value is default:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problems.append(f"`{key}` must be {_KINDS[kind]}")
            return kind()
        return value

    def time(self, table: dict[str, Any], key: str, default: Any = ...) -> int | None:
        """Return and remove a time as UTC seconds."""
        value = table.pop(key, default)
        if value is None:
            return None
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            self.problems.append(
                f"`{key}` must be a time with its offset: 2026-05-01T12:00:00+02:00"
            )
            return 0
        return int(value.timestamp())

    def items(self, table: dict[str, Any], key: str, kind: type, default: Any = ...) -> list[Any]:
        """Return and remove a list whose items are all of one type."""
        value = self.take(table, key, list, default)
        if any(not isinstance(item, kind) or isinstance(item, bool) for item in value):
            self.problems.append(f"`{key}` must be a list, each item {_KINDS[kind]}")
            return []
        return list(value)

    def choices(self, table: dict[str, Any], key: str, kind: Any, default: Any = ...) -> list[Any]:
        """Return and remove a list of the words that `kind` (an enumeration) has, in its order."""
        words = self.items(table, key, str, default)
        known = [choice.value for choice in kind]
        if set(words) - set(known) or len(set(words)) != len(words):
            self.problems.append(f"`{key}` must be some of: {', '.join(known)}")
        return [choice for choice in kind if choice.value in words]

    def choice(self, table: dict[str, Any], key: str, kind: Any, default: Any = ...) -> Any:
        """Return and remove one of the words that `kind` has."""
        word = self.take(table, key, str, default)
        known = [choice.value for choice in kind]
        if word not in known:
            self.problems.append(f"`{key}` must be one of: {', '.join(known)}")
            return next(iter(kind))
        return kind(word)

    def nothing_left(self, table: dict[str, Any], where: str) -> None:
        """Note members that nobody asked for: a misspelt one must not be ignored."""
        self.problems.extend(f"`{key}` is not known{where}" for key in table)


_KINDS: dict[type, str] = {
    int: "a whole number",
    str: "a text in quotes",
    list: "a list",
    dict: "a table",
}


def read_draft(path: Path) -> Draft:
    """Read a letter file and the texts beside it. Raises LetterRefused with all that is wrong."""
    try:
        table = tomllib.loads(_read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise LetterRefused([f"{path.name} is not TOML: {error}"]) from None
    except RecursionError:
        raise LetterRefused([f"{path.name} is not TOML that can be read: it is too deep"]) from None
    reader = _Reader()
    headcount = reader.take(table, "headcount", dict)
    epoch = reader.take(table, "epoch", dict, {})
    tables = reader.items(table, "texts", dict)
    texts = [_read_document(reader, text, path.parent) for text in tables]
    modes = tuple(reader.choices(table, "modes", Mode, [mode.value for mode in Mode]))
    as_of = headcount.pop("as_of", "")
    draft = Draft(
        slug=reader.take(table, "slug", str),
        edition=reader.take(table, "edition", int, 1),
        deadline=reader.time(table, "deadline", None),
        closes=reader.time(table, "closes") or 0,
        headcount=reader.take(headcount, "n", int),
        headcount_as_of=as_of.isoformat() if isinstance(as_of, datetime.date) else str(as_of),
        rule=reader.take(table, "rule", int),
        cooling_off_s=reader.take(table, "cooling_off_s", int, 86_400),
        basis=reader.choice(table, "basis", Basis, "named"),
        modes=modes,
        conditions=tuple(sorted(reader.items(table, "conditions", int, []))),
        epoch=EpochTerms(
            period_s=reader.take(epoch, "period_s", int, 60),
            floor=reader.take(epoch, "floor", int, 8),
            max_wait_s=reader.take(epoch, "max_wait_s", int, 600),
        ),
        roll=reader.choice(table, "roll", RollKind),
        methods=tuple(reader.choices(table, "methods", Method)),
        retention_days=reader.take(table, "retention_days", int, 90),
        texts=tuple(text for text in texts if text is not None),
    )
    reader.nothing_left(table, "")
    reader.nothing_left(headcount, " in [headcount]")
    reader.nothing_left(epoch, " in [epoch]")
    problems = reader.problems + ([] if reader.problems else _problems_of(draft))
    if problems:
        raise LetterRefused(problems)
    return draft


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LetterRefused([f"{path} cannot be read: {error.strerror}"]) from None
    if len(data) > LONGEST_FILE:
        raise LetterRefused([f"{path} is longer than {LONGEST_FILE} bytes"])
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise LetterRefused([f"{path} is not text in UTF-8"]) from None


def _read_document(reader: _Reader, table: dict[str, Any], folder: Path) -> TextDocument | None:
    demands = reader.items(table, "demands", dict)
    name = reader.take(table, "file", str)
    text = ""
    try:
        if name:
            text = _read_text(folder / name)
    except LetterRefused as error:
        reader.problems.extend(error.problems)
    fields: dict[str, Any] = {
        "lang": reader.take(table, "lang", str),
        "title": reader.take(table, "title", str),
        "text": text.strip(),
        "addressees": tuple(reader.items(table, "addressees", str)),
        "demands": tuple(
            DemandText(reader.take(demand, "id", str), reader.take(demand, "text", str))
            for demand in demands
        ),
        "consequence": reader.take(table, "consequence", str),
        "headcount_source": reader.take(table, "headcount_source", str),
    }
    reader.nothing_left(table, " in [[texts]]")
    try:
        return TextDocument(**fields)
    except FormatError as error:
        reader.problems.append(f"[[texts]] {fields['lang']}: {error.detail}")
        return None


def _problems_of(draft: Draft) -> list[str]:
    """Return what the letter's own rules have against a draft, by trying it with keys of zeros."""
    if not draft.texts:
        return ["a letter needs a text: [[texts]]"]
    ids = [demand.id for demand in draft.texts[0].demands]
    for text in draft.texts[1:]:
        if [demand.id for demand in text.demands] != ids:
            return [f"[[texts]] {text.lang}: its demands are not those of the first text"]
    trustee = TrusteeTerms("trustee", True, bytes(1216), bytes(32))
    try:
        letter_of(
            draft,
            tuple(TextRef(text.lang, bytes(32)) for text in draft.texts),
            supersedes=LetterId(bytes(32)) if draft.edition > 1 else None,
            trustees=(trustee,) if Mode.SEALED in draft.modes else (),
            token_key=b"\0",
            attestation_key=bytes(32),
            organiser_key=bytes(32),
            promise_vkey="check+00000000+AA==",
            bundle=None,
        )
    except FormatError as error:
        return [error.detail]
    return []


def letter_of(
    draft: Draft,
    texts: tuple[TextRef, ...],
    *,
    supersedes: LetterId | None,
    trustees: tuple[TrusteeTerms, ...],
    token_key: bytes,
    attestation_key: bytes,
    organiser_key: bytes,
    promise_vkey: str,
    bundle: bytes | None,
) -> Letter:
    """Return the letter of a draft on a site: with its keys, trustees and script. Raises FormatError."""
    return Letter(
        slug=draft.slug,
        edition=draft.edition,
        supersedes=supersedes,
        texts=texts,
        demands=tuple(demand.id for demand in draft.texts[0].demands),
        deadline=draft.deadline,
        closes=draft.closes,
        headcount=draft.headcount,
        headcount_as_of=draft.headcount_as_of,
        rule=draft.rule,
        cooling_off_s=draft.cooling_off_s,
        basis=draft.basis,
        modes=draft.modes,
        conditions=draft.conditions,
        epoch=draft.epoch,
        trustees=trustees,
        quorum=1 if trustees else 0,
        issuer_url=None,
        token_key=token_key,
        attestation_key=attestation_key,
        roll=draft.roll,
        methods=draft.methods,
        organiser_key=organiser_key,
        promise_vkey=promise_vkey,
        bundle=bundle,
        retention_days=draft.retention_days,
    )
