"""The tables of the collector, as this version has them; `migrations/collector/` says how they came about.

Tables whose rows a thief could join to people (what waits for the log, seals, spent tokens) are keyed by
hashes, `WITHOUT ROWID`, and have neither a serial number nor a time: they do not hold the order in which
anything arrived. Those of answers are in `answers_schema`, those of mails in `outbox_schema`.
"""

import sqlalchemy as sa

from undersigned.store.columns import binary, number, table, text

collector = sa.MetaData()

site = table("site", collector, text("name", primary_key=True), text("value"))

checkpoint = table(
    "checkpoint",
    collector,
    number("id", primary_key=True, autoincrement=False),
    number("size"),
    binary("root"),
    text("note"),
    sa.CheckConstraint("id = 1"),
    rowid=True,
)

entry = table(
    "entry",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("entry"),
    rowid=True,
)

leaf = table("leaf", collector, binary("leaf_hash", primary_key=True), number("leaf_index"))

tile = table(
    "tile",
    collector,
    number("level", primary_key=True, autoincrement=False),
    number("tile_index", primary_key=True, autoincrement=False),
    binary("hashes"),
)

letter = table(
    "letter",
    collector,
    binary("letter_id", primary_key=True),
    text("slug"),
    number("edition"),
    binary("record"),
    number("roll_n"),
    text("stage"),
    number("epochs"),
    number("epoch_at"),
    number("opened_at"),
    number("at"),
    number("active"),
    sa.UniqueConstraint("slug", "edition"),
)

document = table("document", collector, binary("hash", primary_key=True), binary("content"))

spent = table(
    "spent",
    collector,
    binary("letter_id", primary_key=True),
    binary("nonce", primary_key=True),
    binary("leaf_hash"),
    number("by"),
)

change = table(
    "change",
    collector,
    binary("letter_id", primary_key=True),
    binary("nonce", primary_key=True),
    # an amendment's seq; a withdrawal has 0
    number("seq", primary_key=True, autoincrement=False),
    binary("leaf_hash"),
    number("by"),
)

issued = table(
    "issued",
    collector,
    binary("letter_id", primary_key=True),
    binary("member", primary_key=True),
    binary("leaf_hash"),
)

pending = table(
    "pending",
    collector,
    binary("leaf_hash", primary_key=True),
    binary("letter_id"),
    text("crowd"),
    binary("nonce", nullable=True),
    binary("record"),
    number("by"),
    # 1: taken after a boundary whose outcome is not in the log yet
    number("late"),
)

blob = table("blob", collector, binary("hash", primary_key=True), binary("content"))

signature = table(
    "signature",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("letter_id"),
    binary("pk"),
    text("mode"),
    number("condition"),
    binary("name", nullable=True),
    # live, withdrawn, invalidated, unopenable
    text("status"),
    number("fixed"),
    number("opened"),
    number("erased"),
    sa.Index("signature_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

# how many signatures there are of each kind; `condition` is the one in force, 0 once it is fixed
signature_tally = table(
    "signature_tally",
    collector,
    binary("letter_id", primary_key=True),
    text("mode", primary_key=True),
    number("condition", primary_key=True, autoincrement=False),
    text("status", primary_key=True),
    number("opened", primary_key=True, autoincrement=False),
    number("erased", primary_key=True, autoincrement=False),
    number("number"),
    sa.CheckConstraint("number >= 0"),
)

shown_name = table(
    "shown_name",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("letter_id"),
    text("name"),
    text("role", nullable=True),
    text("verified"),
    text("statement", nullable=True),
    # name and role as a search compares them: databases differ in what they call the same letter
    text("folded"),
    sa.Index("shown_name_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

remark = table(
    "remark",
    collector,
    # of the organiser's record about a signature
    number("record_index", primary_key=True, autoincrement=False),
    number("leaf_index"),
    binary("letter_id"),
    # invalidate, erase
    text("kind"),
    text("reason"),
    # hash of the explanation
    binary("text", nullable=True),
    sa.Index("remark_of_leaf", "leaf_index", "kind"),
    sa.Index("remark_of_letter", "letter_id", "kind", "reason", "text"),
    rowid=True,
)

hidden_statement = table(
    "hidden_statement",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("letter_id"),
    # of the name document whose statement it is: another name brings another statement
    binary("name"),
    text("reason"),
    text("text"),
    number("at"),
)

history = table(
    "history",
    collector,
    binary("letter_id", primary_key=True),
    number("n", primary_key=True, autoincrement=False),
    number("at"),
    number("size"),
    text("counts"),
)

# what a letter was after each step that changes its numbers (formats §7); `app.turn` writes it
moment = table(
    "moment",
    collector,
    binary("letter_id", primary_key=True),
    number("size", primary_key=True, autoincrement=False),
    number("epochs"),
    number("at"),
    number("headcount"),
    text("counts"),
    sa.Index("moment_by_time", "letter_id", "at", "size"),
)

# every checkpoint that was published, as the world saw it last: with its cosignatures
published = table(
    "published",
    collector,
    number("size", primary_key=True, autoincrement=False),
    text("note"),
)

notice = table(
    "notice",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("letter_id"),
    text("kind"),
    number("at"),
    number("n", nullable=True),
    binary("document"),
    sa.Index("notice_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

timestamp = table(
    "timestamp",
    collector,
    number("leaf_index", primary_key=True, autoincrement=False),
    binary("letter_id"),
    # hash of the address that was asked: it may hold a password
    binary("asked"),
    text("authority"),
    # of the tree that was stamped; none: the letter's record was
    number("size", nullable=True),
    number("at"),
    sa.Index("timestamp_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

proposal = table(
    "proposal",
    collector,
    binary("letter_id", primary_key=True),
    text("slug"),
    number("edition"),
    # canonical, what the letter's id is the hash of
    binary("body"),
    # the `roll` record of an issuer elsewhere, which came with its ack
    binary("roll", nullable=True),
    sa.UniqueConstraint("slug", "edition"),
)

# what a letter's log says of its roll: n (null: a domain's, without a limit), how many `issued` records
# were taken, and the newest later `roll` record
roll_state = table(
    "roll_state",
    collector,
    binary("letter_id", primary_key=True),
    number("n", nullable=True),
    number("issued"),
    binary("record", nullable=True),
)

ack = table(
    "ack",
    collector,
    binary("letter_id", primary_key=True),
    # 0 is the issuer, a trustee has its number
    number("party", primary_key=True, autoincrement=False),
    binary("sig"),
)

trustee_address = table(
    "trustee_address",
    collector,
    binary("letter_id", primary_key=True),
    number("number", primary_key=True, autoincrement=False),
    text("address"),
)

addressee_address = table(
    "addressee_address",
    collector,
    binary("letter_id", primary_key=True),
    number("number", primary_key=True, autoincrement=False),
    text("address"),
)

# the outcome that froze the last wave of a letter
wave = table(
    "wave",
    collector,
    binary("letter_id", primary_key=True),
    number("wave", primary_key=True, autoincrement=False),
    number("leaf_index"),
)

share = table(
    "share",
    collector,
    binary("letter_id", primary_key=True),
    number("wave", primary_key=True, autoincrement=False),
    number("number", primary_key=True, autoincrement=False),
    binary("hash"),
    binary("content"),
)


# letters whose addresses were deleted when their time had come, and when
purged = table("purged", collector, binary("letter_id", primary_key=True), number("at"))
