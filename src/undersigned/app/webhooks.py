"""The webhooks of a letter: added, given another secret, tested, resumed and removed by organisers.

A secret is shown when it is made, and kept nowhere: it comes from `keys/webhook.key`, the webhook's id and
the number of how often it was changed.
"""

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from undersigned.app.letters import Letters
from undersigned.app.log import find_published
from undersigned.app.site import Site
from undersigned.app.webhook_events import TEST, Event, Source, format_event
from undersigned.domain.letter import LetterId
from undersigned.encoding import format_base64url
from undersigned.errors import (
    SecretChanged,
    SecretsOverlap,
    TooManyWebhooks,
    UnknownWebhook,
    WebhookKnown,
)
from undersigned.store import letters as letter_store
from undersigned.store import purged as purged_store
from undersigned.store import webhooks as webhook_store
from undersigned.store.database import Connection
from undersigned.store.webhooks import CallRow, WebhookRow
from undersigned.webhook.signing import format_secret
from undersigned.webhook.target import parse_target

MOST: Final = 5
"""Webhooks of a letter."""

OVERLAP_S: Final = 86_400
"""How long a secret is good after another was made."""

SHOWN_CALLS: Final = 10

ID_BYTES: Final = 16


class WebhookState(StrEnum):
    """Whether a webhook is called; `gone`: its receiver has said that it wants no more (410)."""

    ON = "on"
    GONE = "gone"


class CallState(StrEnum):
    """Where a call is: waiting for its first try or the next, taken by its receiver, given up."""

    WAITING = "waiting"
    TAKEN = "taken"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook with its last calls, the newest first; `overlap_until` is set while two secrets are good."""

    row: WebhookRow
    calls: tuple[CallRow, ...]
    overlap_until: int | None


def list_webhooks(site: Site, letters: Letters, name: str) -> list[Webhook]:
    """Return the webhooks of a letter, the oldest first. Raises UnknownLetter."""
    now = site.clock.now()
    with site.collector.read() as connection:
        letter = letters.get_row(connection, name)
        rows = webhook_store.list_webhooks(connection, letter.letter_id)
        calls = [webhook_store.list_calls(connection, row.webhook, SHOWN_CALLS) for row in rows]
    return [
        Webhook(row, tuple(last), find_overlap_end(row, now))
        for row, last in zip(rows, calls, strict=True)
    ]


def find_overlap_end(row: WebhookRow, now: int) -> int | None:
    """Return until when the secret before the last one is good as well; None if it is not."""
    until = row.overlap_until
    return until if until is not None and now < until else None


def add_webhook(site: Site, letters: Letters, name: str, url: str) -> str:
    """Call an address from now on whenever there is news of a letter; return the secret, as it is shown.

    Raises UnknownLetter, FormatError, WebhookKnown; TooManyWebhooks, also for a letter whose addresses were
    deleted on schedule.
    """
    url = parse_target(url.strip()).url
    key, published = site.webhook_key(), find_published(site)
    id_, now = secrets.token_bytes(ID_BYTES), site.clock.now()
    with site.collector.write() as connection:
        letter = letters.get_row(connection, name)
        known = webhook_store.list_webhooks(connection, letter.letter_id)
        if any(each.url == url for each in known):
            raise WebhookKnown
        if len(known) >= MOST or purged_store.find_purged(connection, letter.letter_id) is not None:
            raise TooManyWebhooks
        row = WebhookRow(
            webhook=id_,
            letter_id=letter.letter_id,
            url=url,
            secret=1,
            overlap_until=None,
            made_at=now,
            state=WebhookState.ON.value,
            position=0 if published is None else published.size,
            counted=letter.epochs,
            counted_at=now,
        )
        webhook_store.add_webhook(connection, row)
    return format_secret(key.secret_of(id_, 1))


def change_secret(site: Site, letters: Letters, name: str, id_: bytes, number: int) -> str:
    """Make another secret after that of `number`, and return it; the one before is good for another day.

    Raises UnknownLetter, UnknownWebhook; SecretsOverlap while it is, since a third secret would end it at
    once; SecretChanged where that of `number` is not the newest.
    """
    key, now = site.webhook_key(), site.clock.now()
    with site.collector.write() as connection:
        row = _get(connection, letters, name, id_)
        if find_overlap_end(row, now) is not None:
            raise SecretsOverlap
        if row.secret != number:
            raise SecretChanged
        changed = replace(row, secret=row.secret + 1, overlap_until=now + OVERLAP_S)
        webhook_store.put_webhook(connection, changed)
    return format_secret(key.secret_of(id_, changed.secret))


def call_to_test(site: Site, letters: Letters, name: str, id_: bytes, url: str) -> bool:
    """Write a call that says nothing but that it is one; say False if one waits already.

    `url` is where people reach the site. Raises UnknownLetter, UnknownWebhook.
    """
    now = site.clock.now()
    with site.collector.write() as connection:
        row = _get(connection, letters, name, id_)
        if webhook_store.count_waiting(connection).get((id_, TEST)):
            return False
        letter = letters.get(connection, LetterId(row.letter_id)).letter
        event = Event(TEST, max(row.position - 1, 0), now, {})
        body = format_event(Source(letter, site.origin, url), event)
        call = f"msg_{format_base64url(secrets.token_bytes(ID_BYTES))}"
        webhook_store.add_call(connection, waiting_call(row, call, event, body, now))
    return True


def waiting_call(row: WebhookRow, call: str, event: Event, body: bytes, now: int) -> CallRow:
    """Return a call that is to be made at once."""
    state = CallState.WAITING.value
    return CallRow(call, row.webhook, event.kind, event.leaf, body, now, state, 0, None, now, now)


def resume_webhook(site: Site, letters: Letters, name: str, id_: bytes) -> None:
    """Call a webhook again whose receiver has said that it is gone, with what is new from now on.

    Raises UnknownLetter, UnknownWebhook.
    """
    published = find_published(site)
    with site.collector.write() as connection:
        row = _get(connection, letters, name, id_)
        letter = letter_store.find_letter(connection, row.letter_id)
        if row.state == WebhookState.ON or letter is None:
            return
        position = row.position if published is None else published.size
        resumed = replace(
            row, state=WebhookState.ON.value, position=position, counted=letter.epochs
        )
        webhook_store.put_webhook(connection, resumed)


def remove_webhook(site: Site, letters: Letters, name: str, id_: bytes) -> None:
    """Forget a webhook, with all its calls. Raises UnknownLetter, UnknownWebhook."""
    with site.collector.write() as connection:
        webhook_store.delete_webhook(connection, _get(connection, letters, name, id_).webhook)


def _get(connection: Connection, letters: Letters, name: str, id_: bytes) -> WebhookRow:
    """Return a webhook of a letter. Raises UnknownLetter, UnknownWebhook."""
    letter = letters.get_row(connection, name)
    row = webhook_store.find_webhook(connection, id_)
    if row is None or row.letter_id != letter.letter_id:
        raise UnknownWebhook
    return row
