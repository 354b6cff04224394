"""Webhooks of letters, and their calls: what is to be said to whom, and what has become of it."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.webhooks_schema import webhook, webhook_call


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook: a random id (16 bytes), of which letter, where, which secret, how far it was told.

    `secret` is a number; until `overlap_until` the one before is good, too. `position` is the leaf up to
    which the log was looked through, `counted` the epoch whose counts were told last, at `counted_at`.
    """

    webhook: bytes
    letter_id: bytes
    url: str
    secret: int
    overlap_until: int | None
    made_at: int
    state: str
    position: int
    counted: int
    counted_at: int


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call: its id, its webhook, what it says, of which leaf, and what has become of it so far.

    `code` is a status or the word of a problem; `next_at` is None once it is over.
    """

    call: str
    webhook: bytes
    kind: str
    leaf: int
    body: bytes
    made_at: int
    state: str
    tries: int
    code: str | None
    at: int
    next_at: int | None


_WEBHOOK = tuple(webhook.c[name] for name in WebhookRow.__slots__)
_CALL = tuple(webhook_call.c[name] for name in CallRow.__slots__)
_NEWEST = (webhook_call.c.at.desc(), webhook_call.c.leaf.desc(), webhook_call.c.call)


# --- webhooks


def add_webhook(connection: sa.Connection, row: WebhookRow) -> None:
    """Store a webhook."""
    values = {name: getattr(row, name) for name in WebhookRow.__slots__}
    connection.execute(sa.insert(webhook).values(values))


def list_webhooks(connection: sa.Connection, letter_id: bytes | None = None) -> list[WebhookRow]:
    """Return the webhooks of a letter, or all of them, the oldest first."""
    query = sa.select(*_WEBHOOK)
    if letter_id is not None:
        query = query.where(webhook.c.letter_id == letter_id)
    rows = connection.execute(query.order_by(webhook.c.made_at, webhook.c.webhook))
    return [WebhookRow(*row) for row in rows]


def find_webhook(connection: sa.Connection, id_: bytes) -> WebhookRow | None:
    """Return a webhook by its id."""
    row = connection.execute(sa.select(*_WEBHOOK).where(webhook.c.webhook == id_)).first()
    return WebhookRow(*row) if row else None


def put_webhook(connection: sa.Connection, row: WebhookRow) -> None:
    """Store a webhook over what it was."""
    values = {name: getattr(row, name) for name in WebhookRow.__slots__}
    connection.execute(sa.update(webhook).where(webhook.c.webhook == row.webhook).values(values))


def delete_webhook(connection: sa.Connection, id_: bytes) -> None:
    """Delete a webhook and its calls."""
    connection.execute(sa.delete(webhook_call).where(webhook_call.c.webhook == id_))
    connection.execute(sa.delete(webhook).where(webhook.c.webhook == id_))


def delete_webhooks_of(connection: sa.Connection, letter_id: bytes) -> None:
    """Delete the webhooks of a letter and their calls."""
    for row in list_webhooks(connection, letter_id):
        delete_webhook(connection, row.webhook)


# --- calls


def add_call(connection: sa.Connection, row: CallRow) -> bool:
    """Store a call; say False if it is there already."""
    values = {name: getattr(row, name) for name in CallRow.__slots__}
    return insert_new(connection, webhook_call, values, returning=webhook_call.c.call)


def put_call(connection: sa.Connection, row: CallRow) -> None:
    """Store what has become of a call; one whose webhook was deleted is no more."""
    values = {name: getattr(row, name) for name in CallRow.__slots__}
    connection.execute(
        sa.update(webhook_call).where(webhook_call.c.call == row.call).values(values)
    )


def list_calls(connection: sa.Connection, id_: bytes, limit: int) -> list[CallRow]:
    """Return calls of a webhook, what has happened last first."""
    query = sa.select(*_CALL).where(webhook_call.c.webhook == id_)
    return [CallRow(*row) for row in connection.execute(query.order_by(*_NEWEST).limit(limit))]


def list_due_calls(connection: sa.Connection, now: int) -> list[CallRow]:
    """Return the calls whose time has come, the one that is due for the longest first."""
    query = sa.select(*_CALL).where(webhook_call.c.next_at <= now)
    order = (webhook_call.c.next_at, webhook_call.c.leaf, webhook_call.c.call)
    return [CallRow(*row) for row in connection.execute(query.order_by(*order))]


def count_waiting(connection: sa.Connection) -> dict[tuple[bytes, str], int]:
    """Count the calls that wait, by webhook and kind."""
    columns = webhook_call.c.webhook, webhook_call.c.kind
    query = sa.select(*columns, sa.func.count()).where(webhook_call.c.state == "waiting")
    return {(id_, kind): count for id_, kind, count in connection.execute(query.group_by(*columns))}


def give_up_calls(connection: sa.Connection, id_: bytes, at: int, code: str) -> None:
    """End the calls of a webhook that wait."""
    connection.execute(
        sa.update(webhook_call)
        .where(webhook_call.c.webhook == id_, webhook_call.c.state == "waiting")
        .values(state="given-up", at=at, code=code, next_at=None)
    )


def trim_calls(connection: sa.Connection, id_: bytes, most: int) -> None:
    """Forget all but the newest of a webhook's calls that are over."""
    over = webhook_call.c.webhook == id_, webhook_call.c.state != "waiting"
    kept = sa.select(webhook_call.c.call).where(*over).order_by(*_NEWEST).limit(most)
    names = list(connection.execute(kept).scalars())
    if len(names) == most:
        connection.execute(sa.delete(webhook_call).where(*over, webhook_call.c.call.not_in(names)))
