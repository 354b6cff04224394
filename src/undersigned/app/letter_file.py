"""The letter file that an organiser writes (TOML, formats §10), and the draft that it holds.

`read_draft` says everything that is wrong with a file at once, in words, and takes nothing half.
"""

import datetime
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

from undersigned.app.draft import OPERATOR, Draft, DraftIssuer, DraftTrustee, find_problems
from undersigned.crypto.ed25519 import PUBLIC_KEY_SIZE
from undersigned.crypto.hpke import SEAL_KEY_SIZE
from undersigned.crypto.token import parse_spki
from undersigned.domain.letter import (
    Basis,
    EpochTerms,
    Method,
    Mode,
    RollKind,
    TextDocument,
)
from undersigned.domain.roll import canonical_address
from undersigned.domain.text import DemandText
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError, LetterRefused

LONGEST_FILE = 256 * 1024
"""Bytes of a letter file or a text: far above any letter that people read to the end."""


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
        if value is ...:
            self.problems.append(f"`{key}` is missing")
            return None
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            self.problems.append(
                f"`{key}` must be a time with its offset: 2026-05-01T12:00:00+02:00"
            )
            return 0
        return int(value.timestamp())

    def day(self, table: dict[str, Any], key: str) -> str:
        """Return and remove a day as YYYY-MM-DD, written as TOML has it or in quotes."""
        value = table.pop(key, ...)
        if value is ...:
            self.problems.append(f"`{key}` is missing")
        elif isinstance(value, str):
            return value
        elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value.isoformat()
        else:
            self.problems.append(f"`{key}` must be a day: 2026-05-01")
        return ""

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
        noted = len(self.problems)
        word = self.take(table, key, str, default)
        known = [choice.value for choice in kind]
        if word in known:
            return kind(word)
        if len(self.problems) == noted:
            self.problems.append(f"`{key}` must be one of: {', '.join(known)}")
        return next(iter(kind))

    def key(self, table: dict[str, Any], name: str, size: int | None = None) -> bytes:
        """Return and remove a public key, base64url; empty if it is missing or misshapen."""
        noted = len(self.problems)
        text = self.take(table, name, str)
        if len(self.problems) > noted:
            return b""
        try:
            return parse_base64url(text, size=size)
        except FormatError as error:
            self.problems.append(f"`{name}` is not a key as it was printed: {error.detail}")
            return b""

    def nothing_left(self, table: dict[str, Any], where: str) -> None:
        """Note members that nobody asked for: a misspelt one must not be ignored."""
        self.problems.extend(f"`{key}` is not known{where}" for key in table)


_KINDS: dict[type, str] = {
    int: "a whole number",
    str: "a text in quotes",
    list: "a list",
    dict: "a table",
    bool: "true or false",
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
    issuer = reader.take(table, "issuer", dict, None)
    trustees = reader.items(table, "trustees", dict, [])
    tables = reader.items(table, "texts", dict)
    texts = [_read_document(reader, text, path.parent) for text in tables]
    modes = tuple(reader.choices(table, "modes", Mode, [mode.value for mode in Mode]))
    draft = Draft(
        slug=reader.take(table, "slug", str),
        edition=reader.take(table, "edition", int, 1),
        deadline=reader.time(table, "deadline", None),
        closes=reader.time(table, "closes") or 0,
        headcount=reader.take(headcount, "n", int),
        headcount_as_of=reader.day(headcount, "as_of"),
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
        trustees=tuple(_read_trustee(reader, trustee) for trustee in trustees),
        quorum=reader.take(table, "quorum", int, None),
        issuer=None if issuer is None else _read_issuer(reader, issuer),
    )
    reader.nothing_left(table, "")
    reader.nothing_left(headcount, " in [headcount]")
    reader.nothing_left(epoch, " in [epoch]")
    # What was missing or of another type is in the draft as nothing, and would be told twice.
    problems = reader.problems or find_problems(draft)
    if problems:
        raise LetterRefused(problems)
    return draft


def _read_text(path: Path) -> str:
    """Read a file as people's programs write it: with or without a mark, CRLF, decomposed letters."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise LetterRefused([f"{path} cannot be read: {error.strerror}"]) from None
    if len(data) > LONGEST_FILE:
        raise LetterRefused([f"{path} is longer than {LONGEST_FILE} bytes"])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LetterRefused([f"{path} is not text in UTF-8"]) from None
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def _read_document(reader: _Reader, table: dict[str, Any], folder: Path) -> TextDocument | None:
    noted = len(reader.problems)
    fields: dict[str, Any] = {
        "lang": reader.take(table, "lang", str),
        "title": reader.take(table, "title", str),
        "text": _read_text_beside(reader, reader.take(table, "file", str), folder),
        "addressees": tuple(reader.items(table, "addressees", str)),
        "demands": tuple(
            _read_demand(reader, demand) for demand in reader.items(table, "demands", dict)
        ),
        "consequence": reader.take(table, "consequence", str),
        "headcount_source": reader.take(table, "headcount_source", str),
    }
    reader.nothing_left(table, " in [[texts]]")
    if len(reader.problems) > noted:
        return None
    reader.problems.extend(f"[[texts]] {fields['lang']}: {each}" for each in _text_problems(fields))
    return None if len(reader.problems) > noted else TextDocument(**fields)


def _read_text_beside(reader: _Reader, name: str, folder: Path) -> str:
    try:
        return _read_text(folder / name).strip() if name else ""
    except LetterRefused as error:
        reader.problems.extend(error.problems)
        return ""


def _read_demand(reader: _Reader, table: dict[str, Any]) -> DemandText:
    demand = DemandText(reader.take(table, "id", str), reader.take(table, "text", str))
    reader.nothing_left(table, " in [[texts.demands]]")
    return demand


def _read_trustee(reader: _Reader, table: dict[str, Any]) -> DraftTrustee:
    is_operator = reader.take(table, "operator", bool, False)
    name = reader.take(table, "name", str, OPERATOR if is_operator else ...)
    mail = _read_mail(reader, reader.take(table, "mail", str, None))
    keys = None
    if not is_operator:
        seal_key = reader.key(table, "seal_key", SEAL_KEY_SIZE)
        keys = (seal_key, reader.key(table, "sign_key", PUBLIC_KEY_SIZE))
    if not name.strip():
        reader.problems.append("[[trustees]]: a `name` is empty")
    reader.nothing_left(table, " in [[trustees]]")
    return DraftTrustee(name, keys, mail)


def _read_mail(reader: _Reader, text: str | None) -> str | None:
    try:
        return None if text is None else canonical_address(text)
    except FormatError as error:
        reader.problems.append(f"[[trustees]] mail: {error.detail}")
        return None


def _read_issuer(reader: _Reader, table: dict[str, Any]) -> DraftIssuer:
    url = reader.take(table, "url", str)
    if url and not url.startswith(("https://", "http://")):
        reader.problems.append("[issuer]: `url` must begin with https://")
    token_key = reader.key(table, "token_key")
    if token_key:
        try:
            parse_spki(token_key)
        except FormatError as error:
            reader.problems.append(f"[issuer] token_key: {error.detail}")
    attestation_key = reader.key(table, "attestation_key", PUBLIC_KEY_SIZE)
    reader.nothing_left(table, " in [issuer]")
    return DraftIssuer(url.rstrip("/"), token_key, attestation_key)


_SOUND: dict[str, Any] = {
    "lang": "en",
    "title": "-",
    "text": "-",
    "addressees": ("-",),
    "demands": (DemandText("a", "-"),),
    "consequence": "-",
    "headcount_source": "-",
}
"""What stands in for a member that is wrong, so that the others are looked at as well."""


def _text_problems(fields: dict[str, Any]) -> list[str]:
    """Return all that is wrong with the members of a text document."""
    problems = [f"its {name} is empty" for name in ("title", "text") if not fields[name].strip()]
    tried = dict(fields)
    while True:
        try:
            TextDocument(**tried)
        except FormatError as error:
            problems.append(error.detail)
            member = error.detail.partition(":")[0].partition(".")[0]
            if tried.get(member) == _SOUND.get(member):
                return problems
            tried[member] = _SOUND[member]
        else:
            return problems
