"""The tables of collector and issuer, as this version has them; `migrations/` says how they came about.

Tables whose rows a thief could join to people (issuances, what waits for the log, seals, spent
tokens) are keyed by hashes, `WITHOUT ROWID`, and have neither a serial number nor a time: they do not
hold the order in which anything arrived.
"""

import sqlalchemy as sa

from undersigned.store.columns import binary as _hash
from undersigned.store.columns import number as _number
from undersigned.store.columns import table as _table
from undersigned.store.columns import text as _text

collector = sa.MetaData()
issuer = sa.MetaData()

# --- the collector's --------------------------------------------------------------------------------

site = _table("site", collector, _text("name", primary_key=True), _text("value"))

checkpoint = _table(
    "checkpoint",
    collector,
    _number("id", primary_key=True, autoincrement=False),
    _number("size"),
    _hash("root"),
    _text("note"),
    sa.CheckConstraint("id = 1"),
    rowid=True,
)

entry = _table(
    "entry",
    collector,
    _number("leaf_index", primary_key=True, autoincrement=False),
    _hash("entry"),
    rowid=True,
)

leaf = _table("leaf", collector, _hash("leaf_hash", primary_key=True), _number("leaf_index"))

tile = _table(
    "tile",
    collector,
    _number("level", primary_key=True, autoincrement=False),
    _number("tile_index", primary_key=True, autoincrement=False),
    _hash("hashes"),
)

letter = _table(
    "letter",
    collector,
    _hash("letter_id", primary_key=True),
    _text("slug"),
    _number("edition"),
    _hash("record"),
    _number("roll_n"),
    _text("stage"),
    _number("epochs"),
    _number("epoch_at"),
    _number("opened_at"),
    _number("at"),
    _number("active"),
    sa.UniqueConstraint("slug", "edition"),
)

document = _table("document", collector, _hash("hash", primary_key=True), _hash("content"))

spent = _table(
    "spent",
    collector,
    _hash("letter_id", primary_key=True),
    _hash("nonce", primary_key=True),
    _hash("leaf_hash"),
    _number("by"),
)

change = _table(
    "change",
    collector,
    _hash("letter_id", primary_key=True),
    _hash("nonce", primary_key=True),
    # an amendment's seq; a withdrawal has 0
    _number("seq", primary_key=True, autoincrement=False),
    _hash("leaf_hash"),
    _number("by"),
)

issued = _table(
    "issued",
    collector,
    _hash("letter_id", primary_key=True),
    _hash("member", primary_key=True),
    _hash("leaf_hash"),
)

pending = _table(
    "pending",
    collector,
    _hash("leaf_hash", primary_key=True),
    _hash("letter_id"),
    _text("crowd"),
    _hash("nonce", nullable=True),
    _hash("record"),
    _number("by"),
    # 1: taken after a boundary whose outcome is not in the log yet
    _number("late"),
)

blob = _table("blob", collector, _hash("hash", primary_key=True), _hash("content"))

signature = _table(
    "signature",
    collector,
    _number("leaf_index", primary_key=True, autoincrement=False),
    _hash("letter_id"),
    _hash("pk"),
    _text("mode"),
    _number("condition"),
    _hash("name", nullable=True),
    # live, withdrawn, invalidated, unopenable
    _text("status"),
    _number("fixed"),
    _number("opened"),
    _number("erased"),
    sa.Index("signature_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

shown_name = _table(
    "shown_name",
    collector,
    _number("leaf_index", primary_key=True, autoincrement=False),
    _hash("letter_id"),
    _text("name"),
    _text("role", nullable=True),
    _text("verified"),
    _text("statement", nullable=True),
    # name and role as a search compares them: databases differ in what they call the same letter
    _text("folded"),
    sa.Index("shown_name_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

remark = _table(
    "remark",
    collector,
    # of the organiser's record about a signature
    _number("record_index", primary_key=True, autoincrement=False),
    _number("leaf_index"),
    _hash("letter_id"),
    # invalidate, erase
    _text("kind"),
    _text("reason"),
    # hash of the explanation
    _hash("text", nullable=True),
    sa.Index("remark_of_leaf", "leaf_index", "kind"),
    sa.Index("remark_of_letter", "letter_id", "kind", "reason", "text"),
    rowid=True,
)

hidden_statement = _table(
    "hidden_statement",
    collector,
    _number("leaf_index", primary_key=True, autoincrement=False),
    _hash("letter_id"),
    # of the name document whose statement it is: another name brings another statement
    _hash("name"),
    _text("reason"),
    _text("text"),
    _number("at"),
)

history = _table(
    "history",
    collector,
    _hash("letter_id", primary_key=True),
    _number("n", primary_key=True, autoincrement=False),
    _number("at"),
    _number("size"),
    _text("counts"),
)

notice = _table(
    "notice",
    collector,
    _number("leaf_index", primary_key=True, autoincrement=False),
    _hash("letter_id"),
    _text("kind"),
    _number("at"),
    _number("n", nullable=True),
    _hash("document"),
    sa.Index("notice_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

timestamp = _table(
    "timestamp",
    collector,
    _number("leaf_index", primary_key=True, autoincrement=False),
    _hash("letter_id"),
    # hash of the address that was asked: it may hold a password
    _hash("asked"),
    _text("authority"),
    # of the tree that was stamped; none: the letter's record was
    _number("size", nullable=True),
    _number("at"),
    sa.Index("timestamp_of_letter", "letter_id", "leaf_index"),
    rowid=True,
)

proposal = _table(
    "proposal",
    collector,
    _hash("letter_id", primary_key=True),
    _text("slug"),
    _number("edition"),
    # canonical, what the letter's id is the hash of
    _hash("body"),
    # the `roll` record of an issuer elsewhere, which came with its ack
    _hash("roll", nullable=True),
    sa.UniqueConstraint("slug", "edition"),
)

# what a letter's log says of its roll: n (null: a domain's, without a limit), how many `issued` records
# were taken, and the newest later `roll` record
roll_state = _table(
    "roll_state",
    collector,
    _hash("letter_id", primary_key=True),
    _number("n", nullable=True),
    _number("issued"),
    _hash("record", nullable=True),
)

ack = _table(
    "ack",
    collector,
    _hash("letter_id", primary_key=True),
    # 0 is the issuer, a trustee has its number
    _number("party", primary_key=True, autoincrement=False),
    _hash("sig"),
)

trustee_address = _table(
    "trustee_address",
    collector,
    _hash("letter_id", primary_key=True),
    _number("number", primary_key=True, autoincrement=False),
    _text("address"),
)

addressee_address = _table(
    "addressee_address",
    collector,
    _hash("letter_id", primary_key=True),
    _number("number", primary_key=True, autoincrement=False),
    _text("address"),
)

# the outcome that froze the last wave of a letter
wave = _table(
    "wave",
    collector,
    _hash("letter_id", primary_key=True),
    _number("wave", primary_key=True, autoincrement=False),
    _number("leaf_index"),
)

share = _table(
    "share",
    collector,
    _hash("letter_id", primary_key=True),
    _number("wave", primary_key=True, autoincrement=False),
    _number("number", primary_key=True, autoincrement=False),
    _hash("hash"),
    _hash("content"),
)


# letters whose addresses were deleted when their time had come, and when
purged = _table("purged", collector, _hash("letter_id", primary_key=True), _number("at"))


def _mail(name: str, metadata: sa.MetaData) -> sa.Table:
    """Return the outbox of one of the two: the issuer writes to members, the collector to all others."""
    return _table(
        name,
        metadata,
        _hash("mail", primary_key=True),
        _text("recipient"),
        _text("subject"),
        _text("body"),
        # says the same as the body; empty: there is none
        _text("html"),
        # null: in every language of the catalogues
        _text("lang", nullable=True),
        # a JSON object of names and values
        _text("headers"),
        # hash of a document of the collector's
        _hash("attachment", nullable=True),
        _text("kind"),
        # what the mail is about, for whoever looks for its end
        _hash("ref", nullable=True),
        _number("tries"),
        _number("next_at"),
    )


site_mail = _mail("site_mail", collector)

# what became of a released letter on its way to each addressee
delivery = _table(
    "delivery",
    collector,
    _hash("letter_id", primary_key=True),
    # of the addressee, from 1
    _number("number", primary_key=True, autoincrement=False),
    # waiting, sent, refused, given-up, bounced, by-hand
    _text("state"),
    # the mail that was written last; null: none was
    _hash("mail", nullable=True),
    _number("tries"),
    # of the mail server, such as `550 5.1.1`
    _text("code", nullable=True),
    _number("at"),
    _number("next_at", nullable=True),
    sa.UniqueConstraint("mail"),
)

# --- the issuer's -----------------------------------------------------------------------------------

fact = _table("fact", issuer, _text("name", primary_key=True), _text("value"))

acknowledged = _table(
    "acknowledged",
    issuer,
    _hash("letter_id", primary_key=True),
    _text("slug"),
    _number("edition"),
    _hash("body"),
    # the address of the site that collects the signatures; null: the one in the same folder
    _text("site", nullable=True),
    sa.UniqueConstraint("slug", "edition"),
)

roll_entry = _table(
    "roll_entry",
    issuer,
    _text("slug", primary_key=True),
    _hash("commit", primary_key=True),
    _hash("member"),
    _hash("salt"),
    _text("address", nullable=True),
    _text("name", nullable=True),
    _text("role", nullable=True),
    # 0 may have a token, 1 is blocked, 2 waits until the log says that it was added
    _number("blocked"),
    sa.UniqueConstraint("slug", "member"),
)

invite = _table(
    "invite",
    issuer,
    _text("slug", primary_key=True),
    _hash("code_hash", primary_key=True),
    _hash("commit"),
)

# how many later `roll` records of a letter were signed, and the last until it is in the log
roll_change = _table(
    "roll_change",
    issuer,
    _hash("letter_id", primary_key=True),
    _text("slug"),
    _number("seq"),
    _hash("record", nullable=True),
)

enrolment = _table(
    "enrolment",
    issuer,
    _hash("enrolment", primary_key=True),
    _hash("letter_id"),
    _text("address"),
    _hash("code_hash"),
    _number("tries"),
    _number("expires"),
)

# how many codes a member was sent in an hour and in a day
code_count = _table(
    "code_count",
    issuer,
    # H of slug and member
    _hash("member", primary_key=True),
    # of seconds
    _number("period", primary_key=True, autoincrement=False),
    # the period itself, counted from 1970
    _number("number"),
    _number("codes"),
)

# challenges that were solved and used
worked = _table("worked", issuer, _hash("challenge", primary_key=True), _number("expires"))

# what a sign-on has proved
login = _table(
    "login",
    issuer,
    # H of what the member's program sent
    _hash("login", primary_key=True),
    _hash("letter_id"),
    _hash("commit"),
    _number("expires"),
)

issuance = _table(
    "issuance",
    issuer,
    _hash("letter_id", primary_key=True),
    _hash("commit", primary_key=True),
    _hash("blinded_hash"),
    _hash("c"),
    _hash("blind_signature"),
    _hash("attestation"),
)

# what an issuer has learnt of its letters; a row for each that it was told something of
followed = _table(
    "followed",
    issuer,
    _hash("letter_id", primary_key=True),
    _number("ended_at", nullable=True),
    _number("purged_at", nullable=True),
)

# what members were told of a letter
milestone = _table(
    "milestone", issuer, _hash("letter_id", primary_key=True), _text("kind", primary_key=True)
)

# members who asked for mails about a letter
subscription = _table(
    "subscription",
    issuer,
    _hash("letter_id", primary_key=True),
    _hash("commit", primary_key=True),
    _text("lang"),
    # of what their link to end it holds
    _hash("link_hash"),
    _number("sent"),
    sa.UniqueConstraint("link_hash"),
)

mail = _mail("mail", issuer)
