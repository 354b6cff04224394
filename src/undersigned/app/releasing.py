"""What follows a release: the letter's PDF, its notice in the log, and a mail to each addressee.

It is driven by what the database holds: a letter that is released and has no PDF gets one. In order, and
what a crash leaves after each step:

1. The PDF is made from the letter as it is now, once the log that proves it is published. Nothing is stored.
2. One transaction: the PDF as a document, its `notice`, and for each addressee who has an address and no
   delivery yet a delivery and its mail. A crash before its commit leaves the letter due; after it each
   delivery is there, and once, since the addressee is its key.
3. The log is published. A crash before leaves that to the next start.

Erasing a name deletes the PDFs that hold it (`app.turn`): the letter is due again, and gets another one;
nobody gets another mail for that.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from undersigned.app.deliveries import put_delivery_mail
from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters, stage_of
from undersigned.app.log import Batch, find_published, publish_now
from undersigned.app.mailing import MailKind
from undersigned.app.noticing import append_notice
from undersigned.app.pdf import Printed, find_pdf, make_letter_pdf, read_printed
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.record import NoticeKind
from undersigned.errors import StaleCheckpoint
from undersigned.store import addressees as addressee_store
from undersigned.store import deliveries as delivery_store
from undersigned.store import letters as letter_store
from undersigned.store import outbox
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection

FIRST_DELAY_S: Final = 30
LONGEST_DELAY_S: Final = 3_600


@dataclass(slots=True)
class _Pace:
    """The size of the log at which nothing was due; after a failure, until when nothing is tried."""

    seen: int = -1
    delay_s: int = 0
    until: float = 0.0


class Releasing:
    """Makes what released letters lack, one after the other; after a failure it rests ever longer.

    `url` is where people reach the site, `fonts` a folder with fonts besides those of typst.
    """

    def __init__(self, site: Site, letters: Letters, url: str, fonts: Path | None = None) -> None:
        self._site = site
        self._letters = letters
        self._url = url
        self._fonts = fonts
        self._pace = _Pace()

    def step(self, now_s: float) -> int:
        """Make what is due; return for how many letters. `now_s` is a clock that is never put back."""
        published = find_published(self._site)
        size = 0 if published is None else published.size
        if size == self._pace.seen or now_s < self._pace.until:
            return 0
        try:
            names = self._find_due()
            made = sum(self._release(name) for name in names)
        except StaleCheckpoint:
            raise
        except Exception as error:  # noqa: BLE001 - it is tried again, with a pause
            delay_s = min(2 * self._pace.delay_s or FIRST_DELAY_S, LONGEST_DELAY_S)
            self._pace = _Pace(delay_s=delay_s, until=now_s + delay_s)
            report_failure("release", error)
            return 0
        self._pace = _Pace(seen=size if made == len(names) else -1)
        return made

    def _find_due(self) -> list[str]:
        """Return the letters, as `slug@edition`, that are released and have no PDF."""
        with self._site.collector.read() as connection:
            return [
                f"{row.slug}@{row.edition}"
                for row in letter_store.list_letters(connection)
                if stage_of(row).released_at is not None
                and find_pdf(connection, row.letter_id) is None
            ]

    def _release(self, name: str) -> bool:
        """Do steps 1 to 3; say False if the letter has moved on since it was read."""
        printed = read_printed(self._site, self._letters, name, self._url, None)
        if printed.checkpoint.size < printed.page.numbers.size:
            # The mail says how to check it: the newest records wait for their publication.
            return False
        lang = printed.text.lang.partition("-")[0]
        pdf = make_letter_pdf(printed, lang, fonts=self._fonts)  # 1
        publish_now(self._site)
        with self._site.collector.write() as connection:  # 2
            row = self._letters.get_row(connection, name)
            if find_pdf(connection, row.letter_id) is not None or _has_lost(connection, printed):
                return False
            batch = Batch(connection, self._site)
            turn = Turn(connection, batch, printed.page.view, row)
            now = self._site.clock.now()
            notice = append_notice(connection, self._site, turn, NoticeKind.PDF, now, pdf)
            _hand_over(connection, printed, notice.document, now)
            batch.write()
        publish_now(self._site)  # 3
        return True


def _has_lost(connection: Connection, printed: Printed) -> bool:
    """Say whether a name was erased since the PDF was made: then it must not be kept."""
    ended = signature_store.count_ended(connection, printed.page.letter.letter_id)
    return ended["erased"] != printed.page.numbers.counts.erased


def _hand_over(connection: Connection, printed: Printed, pdf: bytes, now: int) -> None:
    letter_id = printed.page.letter.letter_id
    outbox.put_attachment(connection, MailKind.DELIVERY.value, letter_id, pdf)
    known = {row.number for row in delivery_store.list_deliveries(connection, letter_id)}
    addresses = addressee_store.list_addressee_addresses(connection, letter_id)
    for number, address in addresses.items():
        if number in known or number > len(printed.text.addressees):
            continue
        put_delivery_mail(connection, printed, number, address, pdf, now)
