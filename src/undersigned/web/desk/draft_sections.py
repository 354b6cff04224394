"""The pages of a draft: shown, saved by hand or by themselves, and two versions to choose from.

Whatever was typed is kept, also what cannot be opened: it is shown again with what is wrong with it. A
page that saves itself sends the same form, and is answered with a small document of which the script
takes over what it shows: what is wrong, how it was understood, advice, the preview.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Query
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import desk_drafts
from undersigned.app.desk_advice import advise_on, section_of_advice
from undersigned.app.desk_draft import Reading, read_fields
from undersigned.app.desk_drafts import DeskDraft, get_draft
from undersigned.app.draft_fields import (
    LISTS,
    Fields,
    add_item,
    digest_of,
    first_text,
    ids_of,
    move_item,
    names_of,
    remove_item,
    sections_of,
    suggest_slug,
)
from undersigned.app.draft_versions import as_typed, choose, compare, find_lost
from undersigned.app.site import Site
from undersigned.app.typed import list_zones
from undersigned.domain.advice import suggest_conditions
from undersigned.errors import DraftChanged, FormatError, ListFull, UnknownDraft
from undersigned.web.desk.drafting import (
    DraftId,
    Typed,
    base_of,
    common_values,
    roll_slug_of,
)
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.markup import render_markdown

router = make_router()

SCRIPT: Final = "dist/desk-draft.js"
AUTOSAVE: Final = "Undersigned-Autosave"
"""The header by which a script says that it wants the small answer."""


@router.get("/drafts/{draft}/{section}")
def show_section(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    id_: DraftId,
    section: str,
    missing: Annotated[str | None, Query(max_length=3)] = None,
) -> Response:
    """Show a page of a draft; `missing` asks for what is not written yet to be marked as well."""
    draft = get_draft(desk, id_)
    if draft.letter_id is not None:
        return see_other(f"/desk/letters/{draft.slug}")
    page = _Page(request, signed_in, door.running.site, draft, section)
    return page.render(draft.fields, with_missing=missing is not None, checked=missing is not None)


@router.post("/drafts/{draft}/{section}")
def save_section(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    id_: DraftId,
    section: str,
    typed: Typed,
) -> Response:
    """Save a page of a draft as it was typed, and do what the button that was pressed says."""
    do, seen = typed.get("do", "save"), typed.get("seen", "")
    if AUTOSAVE not in request.headers:
        typed = _with_slug(get_draft(desk, id_), section, typed)
    lists: tuple[str, ...] = ()
    change = _change_of(do)
    try:
        if do == "choose":
            before = get_draft(desk, id_)
            chosen = choose(before.fields, _page_of(before, section), typed, _choices(typed))
            if chosen is None:
                return _conflict(request, signed_in, before, section, typed, unchosen=True)
            typed, lists = chosen, tuple(LISTS)
        if change is None:
            draft = desk_drafts.save_section(
                desk, signed_in.account, id_, section, typed, seen=seen, lists=lists
            )
        else:
            draft = desk_drafts.change_section(
                desk, signed_in.account, id_, section, typed, change, seen=seen
            )
    except DraftChanged:
        if AUTOSAVE in request.headers:
            raise
        return _conflict(request, signed_in, get_draft(desk, id_), section, typed)
    except FormatError as error:
        page = _Page(request, signed_in, door.running.site, get_draft(desk, id_), section)
        # Shown as it was typed, with what the page was made from: nothing of it is lost.
        said = "too-many" if isinstance(error, ListFull) else "too-long"
        return page.render(_overlaid(page.draft.fields, section, typed), seen=seen, said=said)
    page = _Page(request, signed_in, door.running.site, draft, section)
    if AUTOSAVE in request.headers:
        return page.echo()
    if change is not None:
        return see_other(f"{base_of(id_)}/{section}{_anchor(do, draft.fields)}")
    if page.wrong():
        return page.render(draft.fields, checked=True, said="kept")
    if do == "next":
        return see_other(_after(draft, section))
    return see_other(f"{base_of(id_)}/{section}", done="saved")


def _page_of(draft: DeskDraft, section: str) -> str:
    """Return the name of a page that the draft has. Raises UnknownDraft."""
    if section not in sections_of(draft.fields):
        raise UnknownDraft
    return section


def _with_slug(draft: DeskDraft, section: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed; an address that was left empty is made of the title."""
    title = typed.get(f"{first_text(draft.fields)}.title", "")
    if section != "text" or typed.get("slug", "").strip() or not title.strip():
        return dict(typed)
    return {**typed, "slug": suggest_slug(title)}


def _choices(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was chosen, by the name of what it was chosen for."""
    mark = "choose."
    return {name.removeprefix(mark): typed[name] for name in typed if name.startswith(mark)}


def _overlaid(fields: Fields, section: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields with what was typed, however long it is."""
    return fields | {name: typed[name] for name in names_of(fields, section) if name in typed}


def _after(draft: DeskDraft, section: str) -> str:
    """Return the address of the page after this one."""
    pages = sections_of(draft.fields)
    place = pages.index(section) + 1
    base = base_of(draft.id)
    return f"{base}/{pages[place]}" if place < len(pages) else base


def _change_of(do: str) -> Callable[[Fields], Fields] | None:
    """Return what a button does besides saving."""
    word, _, what = do.partition(".")
    name, _, item = what.partition(".")
    if do == "suggest":
        return _suggest
    if name not in LISTS or name == "texts":
        return None
    match word:
        case "add":
            return lambda fields: add_item(fields, name)[0]
        case "remove":
            return lambda fields: remove_item(fields, name, item)
        case "up":
            return lambda fields: move_item(fields, name, item, -1)
        case "down":
            return lambda fields: move_item(fields, name, item, 1)
        case _:
            return None


def _suggest(fields: Fields) -> Fields:
    """Write down numbers that suit the headcount and the rule, if they are known."""
    values = read_fields(fields).values
    if "headcount" not in values:
        return fields
    numbers = suggest_conditions(values["headcount"], values.get("rule"))
    return fields | {"conditions": ", ".join(map(str, numbers))}


def _anchor(do: str, fields: Fields) -> str:
    """Return the place of a page that a button has changed."""
    word, _, what = do.partition(".")
    name, _, item = what.partition(".")
    if do == "suggest":
        return "#conditions"
    ids = ids_of(fields, name)
    if word == "add" and ids:
        return f"#item-{ids[-1]}"
    return f"#item-{item}" if item in ids else f"#{name}"


# --- two versions


def _conflict(
    request: Request,
    signed_in: SignedIn,
    draft: DeskDraft,
    section: str,
    typed: Mapping[str, str],
    *,
    unchosen: bool = False,
) -> Response:
    """Show both versions of a page."""
    mine = as_typed(draft.fields, _page_of(draft, section), typed)
    names = set(names_of(mine, section))
    lost = find_lost(mine, section, typed)
    kept = names | {each.field for each in lost}
    values = common_values(draft, draft.fields) | {
        "section": section,
        "seen": digest_of(draft.fields, section),
        "mine": {name: text for name, text in typed.items() if name in kept},
        "units": compare(draft.fields, section, typed),
        "lost": lost,
        "unchosen": unchosen,
    }
    return renderer_of(request).desk_page(
        request, signed_in, "desk/draft_conflict.html", values, status=409
    )


# --- showing


class _Page:
    """A page of a draft on its way to who works on it."""

    def __init__(
        self, request: Request, signed_in: SignedIn, site: Site, draft: DeskDraft, section: str
    ) -> None:
        self._request, self._signed_in, self._site = request, signed_in, site
        self.draft, self._section = draft, _page_of(draft, section)

    def wrong(self) -> bool:
        """Say whether something on the page is wrong, and not only missing."""
        problems = read_fields(self.draft.fields).problems
        names = set(names_of(self.draft.fields, self._section))
        return any(p.field in names and not p.is_missing for p in problems)

    def render(
        self,
        fields: Mapping[str, str],
        *,
        seen: str | None = None,
        with_missing: bool = False,
        checked: bool = False,
        said: str = "",
    ) -> Response:
        """Return the page; 422 if something was not saved, or has to be changed."""
        values = self._values(fields, with_missing=with_missing)
        values |= {"checked": checked, "said": said}
        if seen is not None:
            values["seen"] = seen
        return renderer_of(self._request).desk_page(
            self._request,
            self._signed_in,
            "desk/draft_section.html",
            values,
            status=422 if said else 200,
            scripts=(SCRIPT,),
        )

    def echo(self) -> Response:
        """Return what the script of a page that has saved itself takes over."""
        values = self._values(self.draft.fields, with_missing=False)
        return renderer_of(self._request).desk_page(
            self._request, self._signed_in, "desk/draft_echo.html", values
        )

    def _values(self, fields: Mapping[str, str], *, with_missing: bool) -> dict[str, Any]:
        draft, section = self.draft, self._section
        reading = read_fields(dict(fields))
        names = names_of(fields, section)
        problems = {
            problem.field: problem
            for problem in reading.problems
            if problem.field in names and (with_missing or not problem.is_missing)
        }
        text = first_text(fields) if section == "text" else section.removeprefix("translation-")
        has_preview = section == "text" or section.startswith("translation-")
        return common_values(draft, fields) | {
            "section": section,
            "seen": digest_of(draft.fields, section),
            "names": names,
            "ids": {name: ids_of(fields, name) for name in LISTS},
            "text": text,
            "problems": problems,
            "reading": reading,
            "advice": self._advice(dict(fields), reading),
            "has_preview": has_preview,
            "preview": render_markdown(fields.get(f"{text}.text", "")) if has_preview else "",
            "zones": list_zones() if section == "dates" else (),
            "roll_slug": roll_slug_of(self._site, reading) if section == "members" else None,
        }

    def _advice(self, fields: Fields, reading: Reading) -> list[Any]:
        advice = advise_on(fields, reading, self._site.clock.now())
        return [each for each in advice if section_of_advice(each) == self._section]
