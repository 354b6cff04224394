"""The collector's tables of webhooks and of the calls that are made to them.

There is no secret in them: it comes from a key beside the database, and the number of how often it was
changed. Calls hold what is public alone.
"""

import sqlalchemy as sa

from undersigned.store.collector_schema import collector
from undersigned.store.columns import binary, number, table, text

webhook = table(
    "webhook",
    collector,
    # random
    binary("webhook", primary_key=True),
    binary("letter_id"),
    text("url"),
    # of its secret, from 1
    number("secret"),
    # until when the secret before is good, too
    number("overlap_until", nullable=True),
    number("made_at"),
    # on, gone (the receiver wants no more)
    text("state"),
    # leaf up to which the log was looked through for it
    number("position"),
    # the letter's epoch whose counts it was told last, and when
    number("counted"),
    number("counted_at"),
    sa.UniqueConstraint("letter_id", "url"),
)

webhook_call = table(
    "webhook_call",
    collector,
    # what its receiver knows it by
    text("call", primary_key=True),
    binary("webhook"),
    text("kind"),
    # that it tells of: calls go out in the order of the log
    number("leaf"),
    binary("body"),
    number("made_at"),
    # waiting, taken, given-up
    text("state"),
    number("tries"),
    # of the last try: a status, or the word of a problem
    text("code", nullable=True),
    number("at"),
    number("next_at", nullable=True),
    sa.Index("webhook_call_of_webhook", "webhook", "at"),
)
