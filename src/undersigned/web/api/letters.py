"""`/letters`: what everyone may read of a letter."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from undersigned.app import reading
from undersigned.app.crowd import get_crowd as find_crowd
from undersigned.app.hiding import Hidden, get_hidden
from undersigned.app.moments import get_moment
from undersigned.app.reading import LetterNumbers, LetterPage
from undersigned.domain.as_of import LONGEST_AS_OF, parse_as_of
from undersigned.domain.letter import Letter
from undersigned.domain.record import format_record
from undersigned.web.api.as_of import MomentAnswer, is_over, moment_of
from undersigned.web.api.decimals import DECIMAL, GREATEST
from undersigned.web.api.models import (
    CountsAnswer,
    CrowdAnswer,
    HiddenAnswer,
    HistoryAnswer,
    HistoryRowAnswer,
    LetterAnswer,
    LetterLine,
    LettersAnswer,
    NameAnswer,
    NamesAnswer,
    NoticeAnswer,
    OpeningProgress,
    TimestampAnswer,
)
from undersigned.web.door import AtDoor
from undersigned.web.headers import LASTING, POLLED, SHORT

router = APIRouter(tags=["letters"])


@router.get("/letters")
def list_letters(door: AtDoor, response: Response) -> LettersAnswer:
    """List every letter of the site, by slug and edition."""
    response.headers["Cache-Control"] = SHORT
    pages = reading.list_pages(door.running.site, door.running.letters)
    return LettersAnswer(letters=[_line_of(page) for page in pages])


@router.get("/letters/{slug}")
def get_letter(door: AtDoor, slug: str, response: Response) -> LetterAnswer:
    """Tell all of a letter (`slug`: its newest edition, or `slug@edition`)."""
    response.headers["Cache-Control"] = SHORT
    page = reading.get_page(door.running.site, door.running.letters, slug)
    return LetterAnswer(
        letter_id=page.letter.letter_id.hex(),
        slug=page.letter.slug,
        edition=page.letter.edition,
        record=msgspec.json.decode(format_record(page.view.record), type=dict[str, Any]),
        texts=[msgspec.to_builtins(text) for text in page.texts],
        state=page.stage.state.value,
        wave=page.stage.wave,
        opened_at=page.opened_at,
        reached_at=page.stage.reached_at,
        released_at=page.stage.released_at,
        ended_at=page.ended_at,
        purged_at=page.purged_at,
        roll_n=page.roll_n,
        seals=seals_of(page.letter),
        notices=[
            NoticeAnswer(
                leaf=notice.leaf_index,
                kind=notice.kind,
                at=notice.at,
                n=notice.n,
                document=notice.document.hex(),
                text=notice.text,
            )
            for notice in page.notices
        ],
        timestamps=[
            TimestampAnswer(leaf=stamp.leaf_index, at=stamp.at, authority=stamp.authority)
            for stamp in page.timestamps
        ],
        opening=_opening_of(page),
        counts=counts_of(page.numbers),
    )


@router.get("/letters/{slug}/crowd")
def get_crowd(door: AtDoor, slug: str, response: Response) -> CrowdAnswer:
    """Tell in which crowd a member would sign now, as the log has it."""
    response.headers["Cache-Control"] = POLLED
    crowd = find_crowd(door.running.site, door.running.letters, slug)
    return CrowdAnswer(unused=crowd.unused, hidden=crowd.hidden, size=crowd.size)


@router.get(
    "/letters/{slug}/counts",
    response_model=MomentAnswer | CountsAnswer,
    responses={304: {"description": "the numbers are those of the ETag that was sent"}},
)
def get_counts(
    door: AtDoor,
    slug: str,
    at: Annotated[
        str | None,
        Query(
            max_length=LONGEST_AS_OF,
            description="as of the tree of so many entries, or of a time (RFC 3339)",
        ),
    ] = None,
) -> Response:
    """Tell a letter's numbers. Whoever asks again with the ETag is told only what has changed."""
    running, kept = door.running, POLLED
    if at is None:
        content = format_counts(reading.get_numbers(running.site, running.letters, slug))
    else:
        moment = get_moment(running.site, running.letters, slug, parse_as_of(at))
        content = moment_of(moment).model_dump_json().encode()
        kept = LASTING if is_over(moment) else POLLED
    return Response(content, media_type="application/json", headers={"Cache-Control": kept})


@router.get("/letters/{slug}/history")
def get_history(door: AtDoor, slug: str, response: Response) -> HistoryAnswer:
    """Tell what every epoch left."""
    response.headers["Cache-Control"] = SHORT
    rows = reading.get_history(door.running.site, door.running.letters, slug)
    return HistoryAnswer(
        history=[
            HistoryRowAnswer(n=row.n, at=row.at, size=row.size, **msgspec.to_builtins(row.counts))
            for row in rows
        ]
    )


@router.get("/letters/{slug}/names")
def list_names(
    door: AtDoor,
    slug: str,
    response: Response,
    after: Annotated[int, Field(ge=-1, le=GREATEST), DECIMAL, Query()] = -1,
    limit: Annotated[
        int, Field(ge=1, le=reading.MOST_NAMES), DECIMAL, Query()
    ] = reading.MOST_NAMES,
) -> NamesAnswer:
    """List public and opened names, in the log's order, above the leaf index `after`."""
    response.headers["Cache-Control"] = SHORT
    names = reading.list_names(
        door.running.site, door.running.letters, slug, after=after, limit=limit
    )
    hidden = get_hidden(door.running.site, [name.leaf_index for name in names])
    return NamesAnswer(
        names=[
            NameAnswer(
                leaf=name.leaf_index,
                name=name.name,
                role=name.role,
                verified=name.verified,
                statement=name.statement,
                hidden=_hidden_of(hidden.get(name.leaf_index)),
            )
            for name in names
        ],
        next=names[-1].leaf_index if len(names) == limit else None,
    )


def counts_of(numbers: LetterNumbers) -> CountsAnswer:
    """Return a letter's numbers as the API shows them."""
    return CountsAnswer(
        **msgspec.to_builtins(numbers.counts),
        headcount=numbers.headcount,
        size=numbers.size,
        at=numbers.at,
    )


def format_counts(numbers: LetterNumbers) -> bytes:
    """Write a letter's numbers as they are answered, and told to who listens."""
    return counts_of(numbers).model_dump_json().encode()


def _hidden_of(hidden: Hidden | None) -> HiddenAnswer | None:
    if hidden is None:
        return None
    return HiddenAnswer(reason=hidden.reason.value, text=hidden.text, at=hidden.at)


def _opening_of(page: LetterPage) -> OpeningProgress | None:
    opening = page.opening
    if opening is None:
        return None
    sent = [line.number for line in opening.files]
    return OpeningProgress(
        wave=opening.wave, quorum=opening.quorum, sent=sent, awaited=list(opening.awaited)
    )


def _line_of(page: LetterPage) -> LetterLine:
    return LetterLine(
        slug=page.letter.slug,
        edition=page.letter.edition,
        letter_id=page.letter.letter_id.hex(),
        title=page.texts[0].title,
        state=page.stage.state.value,
        counts=counts_of(page.numbers),
    )


def seals_of(letter: Letter) -> Literal["operator", "trustees"] | None:
    """Say who can open sealed names: the operator alone, or nobody without other trustees."""
    if not letter.is_sealed:
        return None
    held = sum(trustee.operator for trustee in letter.trustees)
    return "operator" if held >= letter.quorum else "trustees"
