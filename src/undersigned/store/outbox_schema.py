"""The tables of mails that wait, one in each of the two databases, and of deliveries to addressees."""

import sqlalchemy as sa

from undersigned.store.collector_schema import collector
from undersigned.store.columns import binary, number, table, text
from undersigned.store.issuer_schema import issuer


def _mail_table(name: str, metadata: sa.MetaData) -> sa.Table:
    """Return the outbox of one of the two: the issuer writes to members, the collector to all others."""
    return table(
        name,
        metadata,
        binary("mail", primary_key=True),
        text("recipient"),
        text("subject"),
        text("body"),
        # says the same as the body; empty: there is none
        text("html"),
        # null: in every language of the catalogues
        text("lang", nullable=True),
        # a JSON object of names and values
        text("headers"),
        # hash of a document of the collector's
        binary("attachment", nullable=True),
        text("kind"),
        # what the mail is about, for whoever looks for its end
        binary("ref", nullable=True),
        number("tries"),
        number("next_at"),
    )


mail = _mail_table("mail", issuer)
site_mail = _mail_table("site_mail", collector)

# what became of a released letter on its way to each addressee
delivery = table(
    "delivery",
    collector,
    binary("letter_id", primary_key=True),
    # of the addressee, from 1
    number("number", primary_key=True, autoincrement=False),
    # waiting, sent, refused, given-up, bounced, by-hand
    text("state"),
    # the mail that was written last; null: none was
    binary("mail", nullable=True),
    number("tries"),
    # of the mail server, such as `550 5.1.1`
    text("code", nullable=True),
    number("at"),
    number("next_at", nullable=True),
    sa.UniqueConstraint("mail"),
)
