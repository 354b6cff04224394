"""From the fields of the desk to a draft: each field is read once, and what is wrong stands with it.

The letter's rules are those of `app.draft` and `app.draft_text`, as for a letter file. Here is only what
fields have of their own: what cannot be read, what is still empty, and which field a rule is about.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from undersigned.app.desk_text import read_text
from undersigned.app.draft import (
    OPERATOR,
    Draft,
    DraftIssuer,
    DraftTrustee,
    Problem,
    find_problems,
)
from undersigned.app.draft_fields import Fields, first_text, ids_of
from undersigned.app.field_reader import FieldProblem, FieldReader
from undersigned.app.letter_table import TableReader, read_issuer, read_trustee
from undersigned.app.typed import (
    read_day,
    read_duration,
    read_lines,
    read_number,
    read_numbers,
    read_people,
)
from undersigned.domain.address import canonical_address
from undersigned.domain.letter import MOST_HEADCOUNT, Basis, EpochTerms, Method, Mode, RollKind
from undersigned.errors import FieldUnread, FormatError


@dataclass(frozen=True, slots=True)
class Reading:
    """What the fields of a draft say. `draft` is None as long as there is a problem.

    `values` has every field that could be read by its name, also while others could not; `likely` is
    the draft with something sound in the place of what is missing: what pages show of it.
    """

    draft: Draft | None
    problems: tuple[FieldProblem, ...]
    values: Mapping[str, Any]
    likely: Draft


_FIELD_OF: Final = {
    "deadline": "deadline_day",
    "closes": "closes_day",
    "headcount.n": "headcount",
    "headcount.as_of": "headcount_day",
    "cooling_off_s": "cooling_off",
    "epoch.period_s": "period",
    "epoch.floor": "floor",
    "epoch.max_wait_s": "max_wait",
    "modes": "mode.public",
    "methods": "method.email",
    "retention_days": "retention",
    "issuer.url": "issuer",
    "addressees_mail": "addressees",
}
"""The field of a member of a letter, where it has another name. Texts and trustees: `_field_of`."""


def read_fields(fields: Fields) -> Reading:
    """Read all the fields of a draft, and say what is missing or wrong, in the order of the pages."""
    reader = FieldReader(fields)
    texts = tuple(read_text(reader, text) for text in ids_of(fields, "texts"))
    mails = tuple(_read_mail(reader, f"{each}.mail") for each in ids_of(fields, "addressees"))
    slug = reader.need("slug", str.strip, "a")
    closes = reader.moment("closes")
    if closes is None:
        reader.note("closes_day", "missing")
    unit = reader.text("cooling_off_unit")
    deadline = reader.moment("deadline")
    cooling_off = reader.need("cooling_off", lambda text: read_duration(text, unit), 0)
    epoch = _read_epoch(reader)
    headcount = reader.need("headcount", read_number, MOST_HEADCOUNT)
    known = headcount if "headcount" in reader.values else None
    likely = Draft(
        slug=slug,
        edition=int(fields["edition"]),
        deadline=deadline,
        closes=closes or 0,
        headcount=headcount,
        headcount_as_of=reader.need("headcount_day", read_day, "2000-01-01"),
        rule=reader.need("rule", lambda text: read_people(text, known), 1),
        conditions=reader.read("conditions", lambda text: read_numbers(text, known)) or (),
        basis=reader.choice("basis", Basis, Basis.NAMED),
        modes=reader.boxes("mode", Mode),
        cooling_off_s=cooling_off,
        epoch=epoch,
        trustees=tuple(_read_trustee(reader, who) for who in ids_of(fields, "trustees")),
        quorum=reader.read("quorum", read_number),
        roll=reader.choice("roll", RollKind, RollKind.LIST),
        methods=reader.boxes("method", Method),
        issuer=reader.read("issuer", _read_issuer_lines),
        retention_days=reader.need("retention", read_number, 0),
        texts=texts,
        addressee_mails=mails,
        domains=reader.read("domains", _read_domains) or (),
    )
    # Whether there is a provider for it is a matter of the site: `desk_opening`.
    for problem in find_problems(likely, signs_on=True):
        _note_rule(reader, problem)
    problems = reader.problems
    return Reading(None if problems else likely, problems, reader.values, likely)


def _read_epoch(reader: FieldReader) -> EpochTerms:
    period = reader.need("period", read_number, 1)
    floor = reader.need("floor", read_number, 1)
    return EpochTerms(period, floor, reader.need("max_wait", read_number, max(1, period)))


# --- whom others speak for


def _read_mail(reader: FieldReader, name: str) -> str | None:
    return reader.read(name, _canonical)


def _canonical(text: str) -> str:
    try:
        return canonical_address(text)
    except FormatError:
        raise FieldUnread("mail") from None


def _read_trustee(reader: FieldReader, who: str) -> DraftTrustee:
    """Read a trustee: the lines that it has sent, or the operator of the site."""
    mail = _read_mail(reader, f"{who}.mail")
    name = reader.text(f"{who}.name")
    if reader.text(f"{who}.operator"):
        return DraftTrustee(name or OPERATOR, None, mail)
    sent = reader.need(f"{who}.keys", _read_trustee_lines, DraftTrustee("-", None, None))
    if not name and not reader.is_noted(f"{who}.keys"):
        name = sent.name
    return DraftTrustee(name or "-", sent.keys, mail)


def _read_trustee_lines(text: str) -> DraftTrustee:
    """Read the `[[trustees]]` table of a key, with or without its heading. Raises FieldUnread."""
    table = _read_toml(text, "trustees.keys")
    several = table.get("trustees", [table])
    if not (isinstance(several, list) and len(several) == 1 and isinstance(several[0], dict)):
        raise FieldUnread("trustees.keys")
    reader = TableReader()
    # The page has a field of its own for the name, which may be another.
    trustee = read_trustee(reader, {"name": "-", **several[0]})
    if reader.problems or trustee.keys is None:
        raise FieldUnread("trustees.keys")
    return trustee


def _read_issuer_lines(text: str) -> DraftIssuer:
    """Read the `[issuer]` table, with or without its heading. Raises FieldUnread."""
    table = _read_toml(text, "issuer.lines")
    table = table.get("issuer", table)
    reader = TableReader()
    if not isinstance(table, dict):
        raise FieldUnread("issuer.lines")
    issuer = read_issuer(reader, table)
    if reader.problems:
        raise FieldUnread("issuer.lines")
    return issuer


def _read_domains(text: str) -> tuple[str, ...]:
    """Read one domain in each line, with or without the @ before it."""
    return tuple(sorted({line.removeprefix("@").lower() for line in read_lines(text)}))


def _read_toml(text: str, rule: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise FieldUnread(rule) from None


# --- which field a rule is about


def _note_rule(reader: FieldReader, problem: Problem) -> None:
    """Note what the letter's own rules have against a field, unless it could not even be read."""
    group = problem.member.partition(".")[0]
    trustees = [f"{who}.keys" for who in ids_of(reader.fields, "trustees")]
    if group in ("trustees", "quorum") and any(map(reader.is_noted, trustees)):
        return
    if problem.member == "closes" and reader.is_noted("closes_day"):
        return
    reader.note(_field_of(reader.fields, problem), problem.member, problem.sentence)


def _field_of(fields: Fields, problem: Problem) -> str:
    group, _, member = problem.member.partition(".")
    if group == "texts":
        return f"{_doubled_text(fields)}.lang" if member == "lang" else f"{first_text(fields)}.text"
    if group == "trustees":
        who = ids_of(fields, "trustees")
        return "trustees" if problem.index is None else f"{who[problem.index]}.keys"
    if group == "edition":
        return "slug"
    return _FIELD_OF.get(problem.member, problem.member)


def _doubled_text(fields: Fields) -> str:
    """Return the first text whose language another one has before it."""
    seen: set[str] = set()
    for text in ids_of(fields, "texts"):
        lang = fields.get(f"{text}.lang", "").strip().lower()
        if lang in seen:
            return text
        seen.add(lang)
    return first_text(fields)
