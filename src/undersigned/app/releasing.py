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

from enum import Enum, auto
from pathlib import Path
from typing import Final

from undersigned.app.deliveries import put_delivery_mail
from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters, stage_of
from undersigned.app.log import Batch, find_published, publish_now
from undersigned.app.mailing import MailKind
from undersigned.app.noticing import append_notice
from undersigned.app.pauses import Pauses
from undersigned.app.pdf import Printed, find_pdf, make_letter_pdf, read_printed
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.record import NoticeKind
from undersigned.errors import LeadLost, StaleCheckpoint
from undersigned.store import addressees as addressee_store
from undersigned.store import deliveries as delivery_store
from undersigned.store import letters as letter_store
from undersigned.store import outbox
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.tallies import read_tallies

FIRST_DELAY_S: Final = 30
LONGEST_DELAY_S: Final = 3_600


class _End(Enum):
    """What a look at a letter has come to."""

    MADE = auto()
    NOTHING = auto()
    """It was not due, or has failed and rests."""
    MOVED_ON = auto()
    """While its PDF was made: it is looked at again at once."""


class Releasing:
    """Makes what released letters lack, one after the other; a letter that fails rests ever longer.

    `url` is where people reach the site, `fonts` a folder with fonts besides those of typst.
    """

    def __init__(self, site: Site, letters: Letters, url: str, fonts: Path | None = None) -> None:
        self._site = site
        self._letters = letters
        self._url = url
        self._fonts = fonts
        self._seen = -1
        """The size of the log at which nothing was due but what has failed."""
        self._pauses: Pauses[bytes] = Pauses(FIRST_DELAY_S, LONGEST_DELAY_S)

    def step(self, now_s: float) -> int:
        """Make what is due; return for how many letters. `now_s` is a clock that is never put back.

        Raises StoreError if there is no reading the letters; what goes wrong with one is reported.
        """
        published = find_published(self._site)
        size = 0 if published is None else published.size
        if size == self._seen and not self._pauses.is_any_over(now_s):
            return 0
        with self._site.collector.read() as connection:
            rows = letter_store.list_letters(connection)
        self._pauses.keep({row.letter_id for row in rows})
        ends = [self._try(row, now_s) for row in rows if self._pauses.may_try(row.letter_id, now_s)]
        self._seen = -1 if _End.MOVED_ON in ends else size
        return ends.count(_End.MADE)

    def _try(self, row: LetterRow, now_s: float) -> _End:
        """Release a letter if that is due. A failure is its own, and no other's."""
        name = f"{row.slug}@{row.edition}"
        try:
            if not self._is_due(row):
                end = _End.NOTHING
            else:
                end = _End.MADE if self._release(name) else _End.MOVED_ON
        except (StaleCheckpoint, LeadLost):
            raise
        except Exception as error:  # noqa: BLE001 - no letter may keep the others from their release
            self._pauses.begin(row.letter_id, now_s)
            report_failure("release", error, letter=name)
            return _End.NOTHING
        self._pauses.end(row.letter_id)
        return end

    def _is_due(self, row: LetterRow) -> bool:
        """Say whether a letter is released and has no PDF."""
        if stage_of(row).released_at is None:
            return False
        with self._site.collector.read() as connection:
            return find_pdf(connection, row.letter_id) is None

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
    tallies = read_tallies(connection, printed.page.letter.letter_id)
    return tallies.erased() != printed.page.numbers.counts.erased


def _hand_over(connection: Connection, printed: Printed, pdf: bytes, now: int) -> None:
    letter_id = printed.page.letter.letter_id
    outbox.put_attachment(connection, MailKind.DELIVERY.value, letter_id, pdf)
    known = {row.number for row in delivery_store.list_deliveries(connection, letter_id)}
    addresses = addressee_store.list_addressee_addresses(connection, letter_id)
    for number, address in addresses.items():
        if number in known or number > len(printed.text.addressees):
            continue
        put_delivery_mail(connection, printed, number, address, pdf, now)
