"""The tables of the issuer, as this version has them; `migrations/issuer/` says how they came about.

Issuances are keyed by hashes, `WITHOUT ROWID`, and have neither a serial number nor a time: they do not
hold the order in which anybody came. The table of mails is in `outbox_schema`.
"""

import sqlalchemy as sa

from undersigned.store.columns import binary, number, table, text

issuer = sa.MetaData()

fact = table("fact", issuer, text("name", primary_key=True), text("value"))

acknowledged = table(
    "acknowledged",
    issuer,
    binary("letter_id", primary_key=True),
    text("slug"),
    number("edition"),
    binary("body"),
    # the address of the site that collects the signatures; null: the one in the same folder
    text("site", nullable=True),
    sa.UniqueConstraint("slug", "edition"),
)

roll_entry = table(
    "roll_entry",
    issuer,
    text("slug", primary_key=True),
    binary("commit", primary_key=True),
    binary("member"),
    binary("salt"),
    text("address", nullable=True),
    text("name", nullable=True),
    text("role", nullable=True),
    # 0 may have a token, 1 is blocked, 2 waits until the log says that it was added
    number("blocked"),
    sa.UniqueConstraint("slug", "member"),
)

invite = table(
    "invite",
    issuer,
    text("slug", primary_key=True),
    binary("code_hash", primary_key=True),
    binary("commit"),
)

# how many later `roll` records of a letter were signed, and the last until it is in the log
roll_change = table(
    "roll_change",
    issuer,
    binary("letter_id", primary_key=True),
    text("slug"),
    number("seq"),
    binary("record", nullable=True),
)

enrolment = table(
    "enrolment",
    issuer,
    binary("enrolment", primary_key=True),
    binary("letter_id"),
    text("address"),
    binary("code_hash"),
    number("tries"),
    number("expires"),
)

# how many codes a member was sent in an hour and in a day
code_count = table(
    "code_count",
    issuer,
    # H of slug and member
    binary("member", primary_key=True),
    # of seconds
    number("period", primary_key=True, autoincrement=False),
    # the period itself, counted from 1970
    number("number"),
    number("codes"),
)

# challenges that were solved and used
worked = table("worked", issuer, binary("challenge", primary_key=True), number("expires"))

# what a sign-on has proved
login = table(
    "login",
    issuer,
    # H of what the member's program sent
    binary("login", primary_key=True),
    binary("letter_id"),
    binary("commit"),
    number("expires"),
)

issuance = table(
    "issuance",
    issuer,
    binary("letter_id", primary_key=True),
    binary("commit", primary_key=True),
    binary("blinded_hash"),
    binary("c"),
    binary("blind_signature"),
    binary("attestation"),
)

# what an issuer has learnt of its letters; a row for each that it was told something of
followed = table(
    "followed",
    issuer,
    binary("letter_id", primary_key=True),
    number("ended_at", nullable=True),
    number("purged_at", nullable=True),
)

# what members were told of a letter
milestone = table(
    "milestone", issuer, binary("letter_id", primary_key=True), text("kind", primary_key=True)
)

# members who asked for mails about a letter
subscription = table(
    "subscription",
    issuer,
    binary("letter_id", primary_key=True),
    binary("commit", primary_key=True),
    text("lang"),
    # of what their link to end it holds
    binary("link_hash"),
    number("sent"),
    sa.UniqueConstraint("link_hash"),
)
