"""Mails that bring a link to an addressee or a guarantor, in the letter's first language.

Each is written in the transaction that makes its link. Until it is sent the link is in the outbox, as a
code is; after that only its hash is left.
"""

from dataclasses import dataclass

from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.domain.letter import Letter, TextDocument
from undersigned.store.database import Connection


@dataclass(frozen=True, slots=True)
class Sending:
    """From which letter a mail comes; `url` is where people reach the site, `at` now (UTC seconds)."""

    letter: Letter
    text: TextDocument
    url: str
    at: int

    @property
    def values(self) -> dict[str, str]:
        """What every template names of the letter."""
        address = f"{self.url}/letters/{self.letter.slug}@{self.letter.edition}"
        return {"title": self.text.title, "letter": address}

    @property
    def lang(self) -> str:
        """The primary tag of the letter's first language."""
        return self.text.lang.partition("-")[0]


def mail_answer_link(
    connection: Connection, sending: Sending, address: str, name: str, token: str, until: int
) -> None:
    """Send an addressee their link."""
    link = f"{sending.url}/answer/{token}"
    composed = compose(
        MailKind.ANSWER_LINK, sending.lang, name=name, link=link, until=until, **sending.values
    )
    add_mail(
        connection, "collector", address, composed, at=sending.at, ref=sending.letter.letter_id
    )


def mail_guarantee_link(
    connection: Connection,
    sending: Sending,
    kind: MailKind,
    address: str,
    guarantor: str,
    token: str,
) -> None:
    """Send a guarantor the link that confirms (`GUARANTEE_LINK`) or withdraws (`WITHDRAWAL_LINK`)."""
    link = f"{sending.url}/guarantee/{token}"
    composed = compose(kind, sending.lang, guarantor=guarantor, link=link, **sending.values)
    add_mail(
        connection, "collector", address, composed, at=sending.at, ref=sending.letter.letter_id
    )
