"""Drafts of letters on the desk: made, looked through, copied, deleted; which languages they have."""

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import desk_drafts
from undersigned.app.desk_draft import read_fields
from undersigned.app.desk_drafts import get_draft, list_drafts
from undersigned.app.desk_opening import fields_of_next_edition
from undersigned.app.draft_fields import (
    LANGUAGES,
    Fields,
    add_item,
    digest_of,
    ids_of,
    remove_item,
    sections_of,
)
from undersigned.domain.terms import LONGEST_LANG
from undersigned.errors import DraftChanged, FormatError, TooManyDrafts
from undersigned.web.desk.drafting import (
    DraftId,
    Typed,
    advice_with_pages,
    base_of,
    common_values,
    is_open,
    judge,
    roll_slug_of,
    written_texts,
)
from undersigned.web.desk.guard import AtDesk, Organiser
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.markup import render_markdown

router = make_router()


@router.post("/drafts")
def make_draft(signed_in: Organiser, desk: AtDesk, door: AtDoor, typed: Typed) -> Response:
    """Make a draft: an empty one, or (`edition_of`, a slug) of the next edition of an open letter."""
    slug = typed.get("edition_of")
    fields: Fields | None = None
    if slug is not None:
        fields = fields_of_next_edition(door.running.site, slug)
        for draft in list_drafts(desk):
            if (draft.slug, draft.fields["edition"]) == (slug, fields["edition"]):
                return see_other(base_of(draft.id))
    try:
        id_ = desk_drafts.make_draft(desk, signed_in.account, fields)
    except TooManyDrafts:
        return see_other("/desk/letters", done="too-many-drafts")
    return see_other(base_of(id_) if fields else f"{base_of(id_)}/text")


@router.get("/drafts/{draft}")
def show_draft(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, id_: DraftId
) -> Response:
    """Show a draft: its pages, what is missing, and what to consider."""
    draft, site = get_draft(desk, id_), door.running.site
    if draft.letter_id is not None or is_open(site, draft):
        return see_other(f"/desk/letters/{draft.slug}")
    reading, problems, advice = judge(site, draft)
    values = common_values(draft, draft.fields) | {
        "sections": sections_of(draft.fields),
        "texts": ids_of(draft.fields, "texts"),
        "seen": digest_of(draft.fields, LANGUAGES),
        "problems": problems,
        "advice": advice_with_pages(advice),
        "roll_slug": roll_slug_of(site, reading),
    }
    return renderer_of(request).desk_page(request, signed_in, "desk/draft.html", values)


@router.post("/drafts/{draft}/languages")
def change_languages(signed_in: Organiser, desk: AtDesk, id_: DraftId, typed: Typed) -> Response:
    """Add a translation, remove one, or let another text be the one that counts."""
    word, _, text = typed.get("do", "").partition(".texts")
    text = text.removeprefix(".")
    added: list[str] = []

    def change(fields: Fields) -> Fields:
        if word == "add":
            changed, item = add_item(fields, "texts")
            added.append(item)
            return changed
        if word == "remove":
            return remove_item(fields, "texts", text)
        texts = ids_of(fields, "texts")
        if word == "first" and text in texts:
            texts.remove(text)
            return fields | {"texts": " ".join([text, *texts])}
        return fields

    if word == "remove" and not typed.get("sure"):
        return see_other(base_of(id_), done="unconfirmed")
    try:
        desk_drafts.change_section(
            desk, signed_in.account, id_, LANGUAGES, {}, change, seen=typed.get("seen", "")
        )
    except (DraftChanged, FormatError):
        return see_other(base_of(id_), done="changed")
    if added:
        return see_other(f"{base_of(id_)}/translation-{added[0]}")
    return see_other(base_of(id_), done="saved")


@router.post("/drafts/{draft}/copy")
def copy_draft(signed_in: Organiser, desk: AtDesk, id_: DraftId) -> Response:
    """Make a draft of what stands in this one."""
    try:
        copy = desk_drafts.copy_draft(desk, signed_in.account, id_)
    except TooManyDrafts:
        return see_other("/desk/letters", done="too-many-drafts")
    return see_other(base_of(copy), done="copied")


@router.get("/drafts/{draft}/delete")
def ask_to_delete(request: Request, signed_in: Organiser, desk: AtDesk, id_: DraftId) -> Response:
    """Ask whether a draft is to be deleted."""
    draft = get_draft(desk, id_)
    values = common_values(draft, draft.fields)
    return renderer_of(request).desk_page(request, signed_in, "desk/draft_delete.html", values)


@router.post("/drafts/{draft}/delete")
def delete_draft(signed_in: Organiser, desk: AtDesk, id_: DraftId) -> Response:
    """Delete a draft."""
    desk_drafts.delete_draft(desk, signed_in.account, id_)
    return see_other("/desk/letters", done="draft-deleted")


@router.get("/drafts/{draft}/preview")
def preview_draft(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    id_: DraftId,
    text: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
) -> Response:
    """Show the letter as its readers will see it, with what is there so far."""
    draft = get_draft(desk, id_)
    likely = read_fields(draft.fields).likely
    texts = written_texts(draft.fields)
    shown = choose_text(texts, text, renderer_of(request).language_of(request).tag)
    values: dict[str, Any] = common_values(draft, draft.fields) | {
        "texts": texts,
        "text": shown,
        "html": render_markdown(shown.text),
        "letter": likely,
        "now": door.running.site.clock.now(),
    }
    return renderer_of(request).desk_page(request, signed_in, "desk/draft_preview.html", values)
