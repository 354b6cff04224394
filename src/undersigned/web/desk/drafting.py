"""What the pages of a draft have in common: its id in the address, its form, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Path
from starlette.datastructures import FormData
from starlette.requests import Request

from undersigned.app.desk_advice import advise_on, section_of_advice
from undersigned.app.desk_draft import Reading, read_fields
from undersigned.app.desk_drafts import DeskDraft
from undersigned.app.desk_opening import find_shown, find_site_problems
from undersigned.app.draft_fields import Fields, first_text, ids_of, section_of
from undersigned.app.field_reader import FieldProblem
from undersigned.app.site import Site, WholeSite
from undersigned.domain.advice import Advice
from undersigned.domain.terms import LONGEST_LANG
from undersigned.domain.text import DemandText
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError, UnknownDraft
from undersigned.web.static_files import find_bundle

BASE: Final = "/desk/drafts"
DRAFT_BYTES: Final = 16


async def draft_id_of(
    draft: Annotated[str, Path(json_schema_extra={"pattern": "^[0-9a-f]{32}$"})],
) -> bytes:
    """Return the id of the draft that the address names. Raises UnknownDraft."""
    try:
        return parse_hex(draft, DRAFT_BYTES)
    except FormatError:
        raise UnknownDraft from None


DraftId = Annotated[bytes, Depends(draft_id_of)]
"""The id of a draft as a parameter of a route."""


async def typed_of(request: Request) -> dict[str, str]:
    """Return what a form holds; of two fields with one name, the last. Files are none of ours."""
    form: FormData = await request.form()
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(typed_of)]
"""The fields of the form that was sent, as a parameter of a route."""


def base_of(id_: bytes) -> str:
    """Return the address of a draft's first page."""
    return f"{BASE}/{id_.hex()}"


@dataclass(frozen=True, slots=True)
class Placed:
    """Something wrong with a draft, and the page on which it is mended."""

    problem: FieldProblem
    section: str

    @property
    def is_missing(self) -> bool:
        """Say whether nothing was typed there yet."""
        return self.problem.is_missing


def place(fields: Fields, problems: Sequence[FieldProblem]) -> list[Placed]:
    """Return the problems with their pages."""
    return [Placed(problem, section_of(fields, problem.field)) for problem in problems]


def judge(site: Site, draft: DeskDraft) -> tuple[Reading, list[Placed], tuple[Advice, ...]]:
    """Read a draft; return with it all that is wrong, also for this site, and the advice on it."""
    reading = read_fields(draft.fields)
    known = {problem.field for problem in reading.problems}
    others = [each for each in find_site_problems(site, reading.likely) if each.field not in known]
    problems = place(draft.fields, [*reading.problems, *others])
    return reading, problems, advise_on(draft.fields, reading, site.clock.now())


def is_open(site: Site, draft: DeskDraft) -> bool:
    """Say whether a letter is open that is exactly this draft: what a crash after its opening leaves."""
    said = read_fields(draft.fields).draft
    shown = None if said is None else find_shown(site, said, find_bundle())
    return shown is not None and shown.opened


def advice_with_pages(advice: Sequence[Advice]) -> list[tuple[Advice, str]]:
    """Return each advice with the page on which the choice is made."""
    return [(each, section_of_advice(each)) for each in advice]


def roll_slug_of(site: Site, reading: Reading) -> str | None:
    """Return the name under which the roll of a draft is made here; None if it is made elsewhere."""
    wrong = {problem.field for problem in reading.problems}
    is_here = (
        isinstance(site, WholeSite) and reading.likely.issuer is None and "issuer" not in wrong
    )
    return reading.likely.slug if is_here and "slug" not in wrong else None


NOTHING: Final = "–"
"""What a preview shows where nothing was written yet."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text of a draft as it was written so far, whatever is wrong with it."""

    lang: str
    title: str
    text: str
    addressees: tuple[str, ...]
    demands: tuple[DemandText, ...]
    consequence: str


def written_texts(fields: Fields) -> tuple[WrittenText, ...]:
    """Return the texts of a draft as they were written so far."""
    return tuple(_written_text(Shown(fields), text) for text in ids_of(fields, "texts"))


def _written_text(fields: Mapping[str, str], text: str) -> WrittenText:
    names = (fields[f"{text}.addressee.{each}"] for each in ids_of(fields, "addressees"))
    return WrittenText(
        lang=fields[f"{text}.lang"].strip()[:LONGEST_LANG],
        title=fields[f"{text}.title"] or NOTHING,
        text=fields[f"{text}.text"] or NOTHING,
        addressees=tuple(name for name in names if name) or (NOTHING,),
        demands=tuple(
            DemandText(each, fields[f"{text}.demand.{each}"] or NOTHING)
            for each in ids_of(fields, "demands")
        ),
        consequence=fields[f"{text}.consequence"],
    )


class Shown(dict[str, str]):
    """Fields as templates read them: what was never typed is empty."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields)

    def __missing__(self, name: str) -> str:
        return ""


def common_values(draft: DeskDraft, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what every page of a draft shows."""
    return {
        "draft": draft,
        "fields": Shown(fields),
        "first": first_text(fields),
        "base": base_of(draft.id),
        "numbers": _numbers_of(fields),
    }


def _numbers_of(fields: Mapping[str, str]) -> dict[str, int]:
    """Return of each field of an addressee, demand or trustee which of them it belongs to, from 1."""
    numbers = {}
    for text in ids_of(fields, "texts"):
        for name, group in (("addressees", "addressee"), ("demands", "demand")):
            for number, item in enumerate(ids_of(fields, name), 1):
                numbers[f"{text}.{group}.{item}"] = number
    for number, who in enumerate(ids_of(fields, "trustees"), 1):
        numbers[f"{who}.keys"] = number
    return numbers
