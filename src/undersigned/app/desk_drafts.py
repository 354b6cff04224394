"""Drafts on the desk: made, saved page by page, copied, deleted.

Whoever saves a page says which content of it they had before them (`seen`). Where somebody else has saved
that page since, nothing is written, and both versions are shown: nobody overwrites what they have not read,
and nobody's words for an item that is gone are dropped unsaid.
Different pages of one draft never stand in each other's way.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

from undersigned.app.activity import acting
from undersigned.app.desk import Account, Desk
from undersigned.app.draft_fields import (
    DEFAULTS,
    LANGUAGES,
    Fields,
    digest_of,
    first_text,
    format_fields,
    parse_fields,
    sections_of,
    typed_in,
)
from undersigned.app.draft_versions import as_typed, find_lost
from undersigned.app.letter_name import parse_letter_name
from undersigned.domain.act import Act
from undersigned.errors import (
    DraftChanged,
    DraftOpened,
    TooManyDrafts,
    UnknownDraft,
    UnknownLetter,
)
from undersigned.store import accounts as account_store
from undersigned.store import drafts as draft_store
from undersigned.store.database import Connection
from undersigned.store.drafts import DraftRow

MOST_DRAFTS: Final = 200
"""Drafts that are not opened: more than any group writes at once, and a bound for what is kept."""

SITTING: Final = 3_600
"""Seconds: who goes on with a draft after that is named anew in the trail."""


@dataclass(frozen=True, slots=True)
class DeskDraft:
    """A draft with its fields; `by` is the name of who saved it last."""

    id: bytes
    fields: Fields
    version: int
    by: str
    at: int
    letter_id: bytes | None

    @property
    def slug(self) -> str:
        """The last part of the letter's address, as it was typed."""
        return self.fields["slug"]

    @property
    def edition(self) -> int:
        """The number of the edition."""
        return int(self.fields["edition"])

    @property
    def title(self) -> str:
        """The title of the text that counts; it may be empty."""
        return self.fields.get(f"{first_text(self.fields)}.title", "").strip()


def make_draft(desk: Desk, account: Account, fields: Fields | None = None) -> bytes:
    """Make a draft, empty or of these fields; return its id. Raises TooManyDrafts, FormatError."""
    id_ = secrets.token_bytes(16)
    held = dict(DEFAULTS if fields is None else fields)
    told = acting(desk, account, Act.MAKE_DRAFT, _slug_for_trail(held))
    with told, desk.database.write() as connection:
        if len(draft_store.list_drafts(connection)) >= MOST_DRAFTS:
            raise TooManyDrafts
        draft_store.add_draft(connection, _row(desk, account, id_, held, 1))
    return id_


def copy_draft(desk: Desk, account: Account, id_: bytes) -> bytes:
    """Make a draft of what stands in another one. Raises UnknownDraft, TooManyDrafts."""
    return make_draft(desk, account, dict(get_draft(desk, id_).fields))


def delete_draft(desk: Desk, account: Account, id_: bytes) -> None:
    """Delete a draft that was not opened; of one that is gone nothing is left to do."""
    draft = get_draft(desk, id_)
    if draft.letter_id is not None:
        raise DraftOpened
    told = acting(desk, account, Act.DELETE_DRAFT, _slug_for_trail(draft.fields))
    with told, desk.database.write() as connection:
        draft_store.delete_draft(connection, id_)


def get_draft(desk: Desk, id_: bytes) -> DeskDraft:
    """Return a draft, also one that was opened. Raises UnknownDraft."""
    with desk.database.read() as connection:
        return _draft(connection, _get_row(connection, id_))


def list_drafts(desk: Desk) -> list[DeskDraft]:
    """Return the drafts that were not opened, the one that was worked on last first."""
    with desk.database.read() as connection:
        return [_draft(connection, row) for row in draft_store.list_drafts(connection)]


def save_section(
    desk: Desk,
    account: Account,
    id_: bytes,
    section: str,
    typed: Mapping[str, str],
    *,
    seen: str,
    lists: Iterable[str] = (),
) -> DeskDraft:
    """Save a page of a draft as it was typed, whatever it says.

    The same again changes nothing, also where the answer to the first time was lost. `lists` are those
    that are taken as they were typed. Raises UnknownDraft, DraftOpened, DraftChanged, FormatError.
    """
    with _told(desk, account, id_), desk.database.write() as connection:
        row, fields = _get_open(connection, id_, section)
        changed = typed_in(fields, section, typed, lists)
        is_stale = digest_of(fields, section) != seen
        if is_stale and (changed != fields or (not lists and find_lost(fields, section, typed))):
            raise DraftChanged
        if changed != fields:
            row = _put(connection, desk, account, row, changed)
        return _draft(connection, row)


def change_section(
    desk: Desk,
    account: Account,
    id_: bytes,
    section: str,
    typed: Mapping[str, str],
    change: Callable[[Fields], Fields],
    *,
    seen: str,
) -> DeskDraft:
    """Save a page as it was typed, and change its lists: an item more or less, or in another place.

    Of a page that was changed since, and of which nothing new was typed, nothing is changed: a button
    that was pressed twice acts once. Raises UnknownDraft, DraftOpened, DraftChanged, FormatError.
    """
    with _told(desk, account, id_), desk.database.write() as connection:
        row, fields = _get_open(connection, id_, section)
        saved = typed_in(fields, section, typed)
        if digest_of(fields, section) != seen:
            mine = change(as_typed(fields, section, typed))
            left = {name: text for name, text in typed.items() if name in mine}
            if saved != fields or find_lost(fields, section, left):
                raise DraftChanged
            return _draft(connection, row)
        changed = change(saved)
        if changed != fields:
            row = _put(connection, desk, account, row, changed)
        return _draft(connection, row)


def mark_opened(desk: Desk, id_: bytes, letter_id: bytes) -> None:
    """Remember as which letter a draft was opened; from now on it cannot be changed."""
    with desk.database.write() as connection:
        draft_store.put_letter_id(connection, id_, letter_id)


# --- rows


def _told(desk: Desk, account: Account, id_: bytes) -> AbstractContextManager[None]:
    """Tell the trail who works on a draft: once for each sitting, not for each key that is pressed."""
    with desk.database.read() as connection:
        row = _get_row(connection, id_)
    is_going_on = row.updated_by == account.id and desk.clock.now() - row.updated_at < SITTING
    if is_going_on:
        return nullcontext()
    return acting(desk, account, Act.EDIT_DRAFT, _slug_for_trail(parse_fields(row.fields)))


def _slug_for_trail(fields: Fields) -> str | None:
    """Return the slug of a draft if it is one: the trail holds nothing that was typed by mistake."""
    try:
        return parse_letter_name(fields["slug"])[0]
    except UnknownLetter:
        return None


def _get_row(connection: Connection, id_: bytes) -> DraftRow:
    row = draft_store.find_draft(connection, id_)
    if row is None:
        raise UnknownDraft
    return row


def _get_open(connection: Connection, id_: bytes, section: str) -> tuple[DraftRow, Fields]:
    """Return a draft that can be changed, and its fields. Raises UnknownDraft, DraftOpened."""
    row = _get_row(connection, id_)
    if row.letter_id is not None:
        raise DraftOpened
    fields = parse_fields(row.fields)
    if section != LANGUAGES and section not in sections_of(fields):
        raise UnknownDraft
    return row, fields


def _put(
    connection: Connection, desk: Desk, account: Account, row: DraftRow, fields: Fields
) -> DraftRow:
    newer = _row(desk, account, row.draft, fields, row.version + 1)
    # The version is that of the row that was just read, in the same transaction.
    if not draft_store.put_draft(connection, newer, before=row.version):
        raise DraftChanged
    return newer


def _row(desk: Desk, account: Account, id_: bytes, fields: Fields, version: int) -> DraftRow:
    return DraftRow(
        draft=id_,
        slug=fields["slug"],
        edition=int(fields["edition"]),
        fields=format_fields(fields),
        version=version,
        updated_by=account.id,
        updated_at=desk.clock.now(),
        letter_id=None,
    )


def _draft(connection: Connection, row: DraftRow) -> DeskDraft:
    by = account_store.find_account(connection, row.updated_by)
    return DeskDraft(
        row.draft,
        parse_fields(row.fields),
        row.version,
        "" if by is None else by.name,
        row.updated_at,
        row.letter_id,
    )
