"""What a server keeps, where, and until when: the one list that its page about privacy is made from.

Every table of every database is in it, once: a table that nobody has described fails a test. How long is
said by the very constants that the code deletes by, and by each letter's `retention_days`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from undersigned.app.answering import LINK_DAYS as ANSWER_DAYS
from undersigned.app.entering import LIFETIME_S as ENTERING_S
from undersigned.app.guaranteeing import LINK_DAYS as GUARANTEE_DAYS
from undersigned.app.letters import Letters, stage_of
from undersigned.app.methods.by_mail import CODE_LIFETIME_S, MOST_CODES
from undersigned.app.methods.by_openid import PROVED_FOR_S
from undersigned.app.methods.work import LIFETIME_S as WORK_S
from undersigned.app.news import find_end, keep_until
from undersigned.app.passkeys import CHALLENGE_S
from undersigned.app.reading import read_texts
from undersigned.app.sessions import IDLE_S, LONGEST_S
from undersigned.app.site import Site
from undersigned.domain.letter import Letter, State, TextDocument
from undersigned.store import letters as letter_store
from undersigned.store.purged import find_purged

DAY_S: Final = 86_400


class Place(StrEnum):
    """Which of the databases."""

    COLLECTOR = "collector"
    ISSUER = "issuer"
    DESK = "desk"


class End(StrEnum):
    """When something goes."""

    FOR_GOOD = "for-good"
    RETENTION = "retention"
    AGE = "age"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that is kept: in which tables, and until when; `longest_s` is an age in seconds.

    `is_personal`: it is about somebody who can be told from it, now or by who holds another part.
    """

    name: str
    place: Place
    tables: tuple[str, ...]
    end: End
    is_personal: bool = True
    longest_s: int | None = None


HOLDINGS: Final = (
    # the roll, and what of members is beside it
    Holding("roll", Place.ISSUER, ("roll_entry", "invite"), End.RETENTION),
    Holding("tokens", Place.ISSUER, ("issuance",), End.RETENTION),
    Holding("wishes", Place.ISSUER, ("subscription",), End.RETENTION),
    Holding("codes", Place.ISSUER, ("enrolment",), End.AGE, longest_s=CODE_LIFETIME_S),
    Holding("sign-ons", Place.ISSUER, ("login",), End.AGE, longest_s=PROVED_FOR_S),
    Holding("limits", Place.ISSUER, ("code_count",), End.AGE, longest_s=max(MOST_CODES)),
    Holding("mails-to-members", Place.ISSUER, ("mail",), End.EVENT),
    Holding("work", Place.ISSUER, ("worked",), End.AGE, is_personal=False, longest_s=WORK_S),
    Holding(
        "issuer-facts",
        Place.ISSUER,
        ("acknowledged", "fact", "followed", "milestone", "roll_change"),
        End.FOR_GOOD,
        is_personal=False,
    ),
    # signatures
    Holding("sealed-names", Place.COLLECTOR, ("blob", "share"), End.EVENT),
    Holding("public-names", Place.COLLECTOR, ("shown_name", "hidden_statement"), End.FOR_GOOD),
    Holding("pending", Place.COLLECTOR, ("pending",), End.EVENT),
    Holding(
        "signatures", Place.COLLECTOR, ("signature", "spent", "change", "wave"), End.FOR_GOOD
    ),
    Holding("deeds", Place.COLLECTOR, ("follow_mark", "follow_tally"), End.FOR_GOOD),
    # who else has to do with a letter
    Holding(
        "addresses",
        Place.COLLECTOR,
        ("addressee_address", "trustee_address"),
        End.RETENTION,
    ),
    Holding(
        "links",
        Place.COLLECTOR,
        ("answer_link", "guarantee_offer"),
        End.AGE,
        longest_s=max(ANSWER_DAYS, GUARANTEE_DAYS) * DAY_S,
    ),
    Holding("mails-of-the-site", Place.COLLECTOR, ("site_mail",), End.EVENT),
    # what is public, and holds nobody
    Holding(
        "log",
        Place.COLLECTOR,
        ("entry", "leaf", "tile", "checkpoint", "timestamp", "issued", "history", "site",
         "moment", "published", "signature_tally"),
        End.FOR_GOOD,
        is_personal=False,
    ),
    Holding(
        "letters",
        Place.COLLECTOR,
        (
            "letter", "document", "ack", "proposal", "notice", "remark", "response", "guarantee",
            "roll_state", "purged", "delivery",
        ),
        End.FOR_GOOD,
        is_personal=False,
    ),
    # addresses of programs, and what the published log has told them
    Holding(
        "webhooks", Place.COLLECTOR, ("webhook", "webhook_call"), End.EVENT, is_personal=False
    ),
    # organisers
    Holding("accounts", Place.DESK, ("account", "credential"), End.EVENT),
    Holding("sessions", Place.DESK, ("session",), End.AGE, longest_s=LONGEST_S),
    Holding("invitations", Place.DESK, ("link",), End.AGE, longest_s=max(ENTERING_S.values())),
    Holding("challenges", Place.DESK, ("challenge",), End.AGE, longest_s=CHALLENGE_S),
    Holding("drafts", Place.DESK, ("draft",), End.EVENT),
    Holding("trail", Place.DESK, ("trail",), End.FOR_GOOD),
    Holding("desk-facts", Place.DESK, ("desk_fact",), End.FOR_GOOD, is_personal=False),
)  # fmt: skip
"""All that is kept. Files beside the databases hold the same: tiles of the log, and mails not sent."""

COOKIE_IDLE_S: Final = IDLE_S
"""How long the one cookie, an organiser's, is good for without use."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Until when the personal data of a letter's members is kept: a time once the letter has ended.

    `purged_at` is when it was deleted here.
    """

    letter: Letter
    state: State
    texts: tuple[TextDocument, ...]
    kept_until: int | None
    purged_at: int | None


def list_retentions(site: Site, letters: Letters) -> list[Retention]:
    """Return of every letter, by slug and edition, what it says of the data of its members."""
    with site.collector.read() as connection:
        return [
            Retention(
                letter=(letter := letters.view(row).letter),
                state=stage_of(row).state,
                texts=read_texts(connection, letter),
                kept_until=None
                if (ended_at := find_end(stage_of(row))) is None
                else keep_until(letter, ended_at),
                purged_at=find_purged(connection, row.letter_id),
            )
            for row in letter_store.list_letters(connection)
        ]


def list_personal(place: Place) -> list[Holding]:
    """Return what is kept of people in a database."""
    return [each for each in HOLDINGS if each.place is place and each.is_personal]
