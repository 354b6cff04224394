"""The collector's tables of answers, guarantees and follow-through.

`response` and `guarantee` are caches that the log's records rebuild. Links are kept as hashes of their
tokens. Who has said whether they did what the letter said (`follow_mark`) and what was said (`follow_tally`)
have no column in common but the letter.
"""

import sqlalchemy as sa

from undersigned.store.collector_schema import collector
from undersigned.store.columns import binary, number, table, text

response = table(
    "response",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    text("demand", primary_key=True),
    binary("letter_id"),
    # met, partly, refused
    text("state"),
    number("at"),
    # addressee, organiser
    text("source"),
    # whose link it was (from 1); none: the organiser told it, or its document was taken down
    number("addressee", nullable=True),
    binary("document"),
    sa.Index("response_of_letter", "letter_id", "leaf_index"),
)

guarantee = table(
    "guarantee",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("letter_id"),
    # given, withdrawn
    text("state"),
    number("at"),
    number("cap", nullable=True),
    number("expires", nullable=True),
    binary("document"),
    sa.Index("guarantee_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

answer_link = table(
    "answer_link",
    collector,
    binary("letter_id", primary_key=True),
    # number of the addressee in the letter's first text, from 1
    number("addressee", primary_key=True, autoincrement=False),
    binary("token_hash"),
    # of the address that it was made for
    text("domain"),
    # size of the log when it was made: what was answered before can be answered anew
    number("since"),
    number("made_at"),
    number("expires"),
    sa.UniqueConstraint("token_hash"),
)

guarantee_offer = table(
    "guarantee_offer",
    collector,
    binary("offer", primary_key=True),
    binary("letter_id"),
    # asked, given, declined, withdrawn
    text("state"),
    text("lang"),
    text("guarantor"),
    text("terms"),
    text("address"),
    number("cap", nullable=True),
    number("expires", nullable=True),
    number("made_at"),
    # of the link that confirms or declines, later of the one that withdraws; none: there is none
    binary("token_hash", nullable=True),
    number("link_expires"),
    # once it was given
    binary("document", nullable=True),
    sa.UniqueConstraint("token_hash"),
    sa.Index("guarantee_offer_of_letter", "letter_id", "made_at"),
)

follow_mark = table(
    "follow_mark",
    collector,
    binary("letter_id", primary_key=True),
    # keyed hash of a signer's key
    binary("mark", primary_key=True),
)

follow_tally = table(
    "follow_tally",
    collector,
    binary("letter_id", primary_key=True),
    # yes, not-yet, no
    text("answer", primary_key=True),
    number("number"),
)
