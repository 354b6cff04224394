"""The letter file that an organiser writes (TOML, formats §10), and the draft that it holds.

`read_draft` says everything that is wrong with a file at once, in words, and takes nothing half.
"""

import tomllib
import unicodedata
from pathlib import Path
from typing import Any

from undersigned.app.draft import Draft, find_problems
from undersigned.app.draft_text import Words, find_text_problems
from undersigned.app.letter_table import TableReader, read_issuer, read_mail, read_trustee
from undersigned.domain.letter import (
    Basis,
    EpochTerms,
    Method,
    Mode,
    RollKind,
    TextDocument,
)
from undersigned.domain.text import DemandText
from undersigned.errors import LetterRefused

LONGEST_FILE = 256 * 1024
"""Bytes of a letter file or a text: far above any letter that people read to the end."""


def read_draft(path: Path, *, signs_on: bool = False) -> Draft:
    """Read a letter file and the texts beside it; `signs_on` where there is a sign-on provider.

    Raises LetterRefused with all that is wrong.
    """
    try:
        table = tomllib.loads(_read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise LetterRefused([f"{path.name} is not TOML: {error}"]) from None
    except RecursionError:
        raise LetterRefused([f"{path.name} is not TOML that can be read: it is too deep"]) from None
    reader = TableReader()
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
        domains=tuple(sorted(reader.items(table, "domains", str, []))),
        methods=tuple(reader.choices(table, "methods", Method)),
        retention_days=reader.take(table, "retention_days", int, 90),
        texts=tuple(text for text in texts if text is not None),
        trustees=tuple(read_trustee(reader, trustee) for trustee in trustees),
        quorum=reader.take(table, "quorum", int, None),
        issuer=None if issuer is None else read_issuer(reader, issuer),
        addressee_mails=tuple(
            read_mail(reader, "`addressees_mail`", mail or None)
            for mail in reader.items(table, "addressees_mail", str, [])
        ),
    )
    reader.nothing_left(table, "")
    reader.nothing_left(headcount, " in [headcount]")
    reader.nothing_left(epoch, " in [epoch]")
    # What was missing or of another type is in the draft as nothing, and would be told twice.
    found = find_problems(draft, signs_on=signs_on)
    problems = reader.problems or [problem.sentence for problem in found]
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


def _read_document(reader: TableReader, table: dict[str, Any], folder: Path) -> TextDocument | None:
    noted = len(reader.problems)
    words: Words = {
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
    found = [sentence for _, sentence in find_text_problems(words)]
    reader.problems.extend(f"[[texts]] {words['lang']}: {sentence}" for sentence in found)
    return None if found else TextDocument(**words)


def _read_text_beside(reader: TableReader, name: str, folder: Path) -> str:
    try:
        return _read_text(folder / name).strip() if name else ""
    except LetterRefused as error:
        reader.problems.extend(error.problems)
        return ""


def _read_demand(reader: TableReader, table: dict[str, Any]) -> DemandText:
    demand = DemandText(reader.take(table, "id", str), reader.take(table, "text", str))
    reader.nothing_left(table, " in [[texts.demands]]")
    return demand
