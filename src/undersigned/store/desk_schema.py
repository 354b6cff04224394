"""The tables of the desk, as this version has them; `migrations/desk/` says how they came about.

They are about organisers alone: no member, no vote, no code, and nothing that is sealed. What gives
access (links, sessions, challenges) is kept as its hash, so that a copy of the file opens nothing.
"""

import sqlalchemy as sa

from undersigned.store.columns import binary, number, table, text

desk = sa.MetaData()

desk_fact = table("desk_fact", desk, text("name", primary_key=True), text("value"))

account = table(
    "account",
    desk,
    # random; what authenticators call the user handle
    binary("account", primary_key=True),
    text("name"),
    # the name as it is compared
    text("folded", unique=True),
    # owner, organiser
    text("role"),
    # what the hidden field of its forms is made with
    binary("form_key"),
    number("made_at"),
    number("revoked_at", nullable=True),
)

credential = table(
    "credential",
    desk,
    binary("credential", primary_key=True),
    binary("account"),
    # COSE
    binary("public_key"),
    number("sign_count"),
    text("name"),
    number("made_at"),
    number("used_at", nullable=True),
    sa.Index("credential_of_account", "account"),
)

link = table(
    "link",
    desk,
    # SHA-256 of what the address ends with
    binary("link", primary_key=True),
    # claim, invitation, recovery
    text("kind"),
    # of a recovery: whose
    binary("account", nullable=True),
    # of claim and invitation: what the account will be
    text("role", nullable=True),
    # who made an invitation
    binary("maker", nullable=True),
    number("made_at"),
    number("expires"),
)

challenge = table(
    "challenge",
    desk,
    # SHA-256 of the challenge
    binary("challenge", primary_key=True),
    # what it may be answered for: sign-in, join (subject: the link), add (subject: the session)
    text("purpose"),
    binary("subject", nullable=True),
    # of a join: the id that the account will have
    binary("account", nullable=True),
    number("expires"),
    sa.Index("challenge_expires", "expires"),
)

session = table(
    "session",
    desk,
    # SHA-256 of the cookie
    binary("session", primary_key=True),
    binary("account"),
    # the passkey that it was begun with
    binary("credential"),
    number("made_at"),
    number("seen_at"),
    sa.Index("session_of_account", "account"),
)

trail = table(
    "trail",
    desk,
    number("n", primary_key=True, autoincrement=False),
    number("at"),
    # null: somebody at the server's terminal
    binary("account", nullable=True),
    text("act"),
    # slug of the letter or draft that it was about
    text("letter", nullable=True),
    # a number, or a word of a fixed set
    text("detail", nullable=True),
    # begun, done, refused
    text("state"),
    rowid=True,
)

draft = table(
    "draft",
    desk,
    binary("draft", primary_key=True),
    text("slug"),
    number("edition"),
    # what was typed, JSON
    binary("fields"),
    # how often it was saved
    number("version"),
    # an account
    binary("updated_by"),
    number("updated_at"),
    # of the letter that it was opened as
    binary("letter_id", nullable=True),
)
