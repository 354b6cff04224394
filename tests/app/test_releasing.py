"""What follows a release: one PDF with its notice, one mail to each addressee, whatever happens between."""

import hashlib
import io
import json
import re
import secrets
from collections.abc import Callable

import pypdf
import pytest
from structlog.testing import capture_logs
from tests.app.village import HOUR, Village

from undersigned.app import releasing
from undersigned.app.answering import get_answer_link
from undersigned.app.deliveries import (
    list_deliveries,
    note_bounce,
    note_try,
    record_by_hand,
    send_again,
)
from undersigned.app.delivering import deliver_mails
from undersigned.app.log import Batch
from undersigned.app.moderating import erase_name
from undersigned.app.pdf import Printed, find_pdf, make_letter_pdf
from undersigned.app.releasing import Releasing
from undersigned.domain.letter import Letter, State
from undersigned.domain.reasons import EraseReason, NoticeKind
from undersigned.domain.record import NoticeRecord
from undersigned.errors import (
    DeliveryWaits,
    FormatError,
    MailDeferred,
    MailRefused,
    NotReleased,
    StoreError,
    UnknownAddressee,
)
from undersigned.mail import Mail
from undersigned.store import letters as letter_store
from undersigned.store import outbox
from undersigned.store.outbox import MailRow

URL = "https://letters.example.org"


class Server:
    """A mail server that answers recipients as it is told to."""

    def __init__(self) -> None:
        self.says: dict[str, StoreError] = {}
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        """Take a mail, or not."""
        if mail.recipient in self.says:
            raise self.says[mail.recipient]
        self.mails.append(mail)


@pytest.fixture
def open_letter(village: Village) -> Letter:
    """An open letter to three addressees, of whom two have an address."""
    village.write_file()
    text = village.letter_file.read_text()
    text = text.replace('["The miller"]', '["The miller", "The baker", "The mayor"]')
    mails = 'addressees_mail = ["Miller@mill.example", "", "mayor@town.example"]'
    village.letter_file.write_text(f"{mails}\n{text}")
    return village.open_draft(village.draft())


@pytest.fixture
def letter(village: Village, open_letter: Letter) -> Letter:
    """The letter, released with three names."""
    _release(village, open_letter)
    return open_letter


def _release(village: Village, letter: Letter) -> None:
    village.members(letter, 3)
    village.sequence()
    village.later(HOUR)
    village.later(1)
    village.open_waves()
    village.later(1)
    assert village.state(letter) is State.RELEASED


def _step(village: Village) -> int:
    """Let the site look once, as a process does that has just begun."""
    return Releasing(village.site, village.letters, URL).step(0.0)


def _pdf(village: Village, letter: Letter) -> bytes:
    with village.site.collector.read() as connection:
        found = find_pdf(connection, letter.letter_id)
    assert found is not None
    assert hashlib.sha256(found[1]).digest() == found[0]
    return found[1]


def _notices(village: Village, letter: Letter) -> list[bytes]:
    """Return the documents of the letter's notices of a PDF."""
    return [
        record.document
        for record in village.records(letter)
        if isinstance(record, NoticeRecord) and record.kind is NoticeKind.PDF
    ]


def _waiting(village: Village) -> list[MailRow]:
    with village.site.collector.read() as connection:
        return outbox.list_due_mails(connection, 2**40, 99, "collector")


def _deliver(village: Village, server: Server) -> int:
    return deliver_mails(village.site.collector, village.clock, server, note_try)


def _to(server: Server, recipient: str) -> Mail:
    (found,) = (mail for mail in server.mails if mail.recipient == recipient)
    return found


def _recipients(server: Server) -> list[str]:
    return sorted(mail.recipient for mail in server.mails)


def _states(village: Village) -> list[str | None]:
    rows = list_deliveries(village.site, village.letters, "mill")
    return [None if each.row is None else each.row.state for each in rows]


def test_nothing_happens_before_the_release(village: Village, open_letter: Letter) -> None:
    """No PDF, no mail, and no delivery."""
    village.members(open_letter, 3)
    village.sequence()
    assert _step(village) == 0
    assert _notices(village, open_letter) == []
    assert _waiting(village) == []
    assert _states(village) == [None, None, None]


def test_a_released_letter_goes_to_each_addressee_once(village: Village, letter: Letter) -> None:
    """With the PDF that the log names; whoever has no address is shown without a delivery."""
    assert _step(village) == 1
    pdf = _pdf(village, letter)
    assert _notices(village, letter) == [hashlib.sha256(pdf).digest()]
    assert _states(village) == ["waiting", None, "waiting"]
    server = Server()
    assert _deliver(village, server) == 2
    assert _recipients(server) == ["mayor@town.example", "miller@mill.example"]
    for mail in server.mails:
        (attachment,) = mail.attachments
        assert (attachment.name, attachment.type) == ("letter.pdf", "application/pdf")
        assert attachment.content == pdf
    assert _states(village) == ["sent", None, "sent"]
    assert _step(village) == 0
    assert _waiting(village) == []


def test_the_mail_says_what_an_addressee_needs(village: Village, letter: Letter) -> None:
    """In text and HTML: to whom, how many, what, by when, where, and how it is checked."""
    _step(village)
    server = Server()
    _deliver(village, server)
    mail = _to(server, "miller@mill.example")
    assert mail.subject == "Open letter: Mend the mill"
    head = village.entries()
    for part in (mail.body, mail.html):
        for words in (
            "To: The miller",
            "3 of 200 have signed this open letter to you: Mend the mill.",
            f"{URL}/letters/mill@1",
            "The wheel turns again.",
            "Unless it is mended, we will grind by hand.",
            f"undersigned mirror {URL} mirror",
            "undersigned verify mirror",
            letter.letter_id.hex(),
        ):
            assert words in part
        assert "Villager" not in part
    (token,) = set(re.findall(rf"{URL}/answer/([A-Za-z0-9_-]+)", mail.body + mail.html))
    found = get_answer_link(village.site, village.letters, token)
    assert (found.name, found.domain) == ("The miller", "mill.example")
    # The notice of the PDF stands in the log behind the checkpoint that the mail names.
    assert f"letters.example/log {len(head) - 1} " in " ".join(mail.body.split())
    text = "".join(
        page.extract_text()
        for page in pypdf.PdfReader(io.BytesIO(mail.attachments[0].content)).pages
    )
    assert "Villager" in text


def test_two_processes_release_once(village: Village, letter: Letter) -> None:
    """Both may make a PDF; one of them writes."""
    first, second = (Releasing(village.site, village.letters, URL) for _ in range(2))
    assert first.step(0.0) + second.step(0.0) == 1
    assert len(_notices(village, letter)) == 1
    assert len(_waiting(village)) == 2


def test_a_crash_before_the_commit_leaves_the_letter_due(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is there, and the next process does all of it."""

    def fail(*_: object) -> None:
        raise StoreError

    monkeypatch.setattr(Batch, "write", fail)
    with capture_logs() as logs:
        assert _step(village) == 0
    assert [line["activity"] for line in logs] == ["release"]
    assert (_waiting(village), _states(village)) == ([], [None, None, None])
    monkeypatch.undo()
    village.restart()
    assert _step(village) == 1
    assert len(_waiting(village)) == 2


def test_a_crash_between_sending_and_deleting_sends_the_same_mail(
    village: Village, letter: Letter
) -> None:
    """A second copy at most, with the same id; the delivery is right after the next start."""
    _step(village)

    class Dies(Server):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            raise KeyboardInterrupt

    server = Dies()
    with pytest.raises(KeyboardInterrupt):
        _deliver(village, server)
    village.restart()
    assert _states(village) == ["waiting", None, "waiting"]
    after = Server()
    assert _deliver(village, after) == 2
    assert after.mails[0].id == server.mails[0].id
    assert _states(village) == ["sent", None, "sent"]


def test_one_who_is_refused_keeps_back_nobody(village: Village, letter: Letter) -> None:
    """Each delivery has its own end, with what the server said."""
    _step(village)
    server = Server()
    server.says["miller@mill.example"] = MailRefused("550 5.1.1")
    server.says["mayor@town.example"] = MailDeferred("451 4.7.1")
    assert _deliver(village, server) == 0
    first, _, third = (each.row for each in list_deliveries(village.site, village.letters, "mill"))
    assert first is not None
    assert (first.state, first.code, first.tries, first.next_at) == (
        "refused",
        "550 5.1.1",
        1,
        None,
    )
    assert third is not None
    now = village.clock.now()
    assert (third.state, third.code, third.tries, third.next_at) == (
        "waiting",
        "451 4.7.1",
        1,
        now + 5,
    )
    server.says.clear()
    village.later(5)
    assert _deliver(village, server) == 1
    assert _states(village) == ["refused", None, "sent"]


def test_a_server_that_stays_away_is_tried_for_days(village: Village, letter: Letter) -> None:
    """And then given up, which the desk shows."""
    _step(village)
    server, begun = Server(), village.clock.now()
    down = StoreError("the mail server did not take a mail: ConnectionRefusedError")
    server.says = {"miller@mill.example": down, "mayor@town.example": down}
    with capture_logs():
        while waiting := _waiting(village):
            village.clock.advance_to(max(village.clock.now(), waiting[0].next_at))
            _deliver(village, server)
    assert 2.5 * 86_400 < village.clock.now() - begun < 4 * 86_400
    assert _states(village) == ["given-up", None, "given-up"]


def test_a_bounce_is_seen(village: Village, letter: Letter) -> None:
    """By the id of the mail; one of another mail, or a second one, changes nothing."""
    _step(village)
    server = Server()
    _deliver(village, server)
    mail = bytes.fromhex(_to(server, "miller@mill.example").id)
    assert not note_bounce(village.site, secrets.token_bytes(16), "5.1.1")
    assert note_bounce(village.site, mail, "5.1.1")
    assert not note_bounce(village.site, mail, "5.2.2")
    first = list_deliveries(village.site, village.letters, "mill")[0].row
    assert first is not None
    assert (first.state, first.code) == ("bounced", "5.1.1")


def test_it_can_be_sent_again_to_another_address(village: Village, letter: Letter) -> None:
    """After a bounce, or for the first time; not while a mail is on its way."""
    _step(village)
    server = Server()
    send_again(village.site, village.letters, "mill", 2, "Baker@bread.example", URL)
    for number in (1, 2):
        with pytest.raises(DeliveryWaits):
            send_again(village.site, village.letters, "mill", number, "a@b.example", URL)
        with pytest.raises(DeliveryWaits):
            record_by_hand(village.site, village.letters, "mill", number)
    assert _deliver(village, server) == 3
    old = bytes.fromhex(_to(server, "miller@mill.example").id)
    note_bounce(village.site, old, "5.1.1")
    send_again(village.site, village.letters, "mill", 1, "office@mill.example", URL)
    assert not note_bounce(village.site, old, "5.1.1")
    _deliver(village, server)
    assert _states(village) == ["sent"] * 3
    assert set(_recipients(server)) == {
        "baker@bread.example", "mayor@town.example", "miller@mill.example", "office@mill.example",
    }  # fmt: skip
    addresses = [each.address for each in list_deliveries(village.site, village.letters, "mill")]
    assert addresses == ["office@mill.example", "baker@bread.example", "mayor@town.example"]


def test_what_cannot_be_sent_again(village: Village, open_letter: Letter) -> None:
    """A letter that is not released, an addressee that there is none of, an address that is none."""
    acts: tuple[Callable[[], None], ...] = (
        lambda: send_again(village.site, village.letters, "mill", 1, "a@b.example", URL),
        lambda: record_by_hand(village.site, village.letters, "mill", 1),
    )
    for act in acts:
        with pytest.raises(NotReleased):
            act()
    _release(village, open_letter)
    with pytest.raises(NotReleased):
        send_again(village.site, village.letters, "mill", 2, "a@b.example", URL)
    _step(village)
    for number in (0, 4):
        with pytest.raises(UnknownAddressee):
            send_again(village.site, village.letters, "mill", number, "a@b.example", URL)
        with pytest.raises(UnknownAddressee):
            record_by_hand(village.site, village.letters, "mill", number)
    with pytest.raises(FormatError):
        send_again(village.site, village.letters, "mill", 2, "no address", URL)


def test_it_can_be_handed_over_otherwise(village: Village, letter: Letter) -> None:
    """Which an organiser records; sending it by mail is still possible after that."""
    _step(village)
    record_by_hand(village.site, village.letters, "mill", 2)
    assert _states(village) == ["waiting", "by-hand", "waiting"]
    send_again(village.site, village.letters, "mill", 2, "baker@bread.example", URL)
    assert _states(village) == ["waiting"] * 3


def test_an_erased_name_is_in_no_pdf(village: Village, letter: Letter) -> None:
    """The PDF goes with it; another is made, and nobody gets a mail for that."""
    _step(village)
    (before,) = _notices(village, letter)
    erased = next(i for i, record in enumerate(village.records()) if getattr(record, "token", None))
    name = _name_at(village, erased)
    assert name in _text(_pdf(village, letter))
    erase_name(village.site, village.letters, "mill", erased, EraseReason.ASKED)
    with village.site.collector.read() as connection:
        assert find_pdf(connection, letter.letter_id) is None
    # What waits is not sent without its attachment, and not lost either.
    server = Server()
    assert _deliver(village, server) == 0
    assert _step(village) == 1
    assert len(_notices(village, letter)) == 2
    after = _pdf(village, letter)
    assert name not in _text(after)
    village.later(5)
    assert _deliver(village, server) == 2
    assert all(mail.attachments[0].content == after for mail in server.mails)
    assert _states(village) == ["sent", None, "sent"]
    assert hashlib.sha256(after).digest() != before


def _text(pdf: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def _name_at(village: Village, leaf: int) -> str:
    from undersigned.app.reading import list_names

    names = list_names(village.site, village.letters, "mill")
    return next(f"{each.name}, {each.role}" for each in names if each.leaf_index == leaf)


def test_a_pdf_from_before_an_erasure_is_not_kept(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be made while the name is still there, and stored when it is gone: it is made anew."""
    make: Callable[..., bytes] = make_letter_pdf
    leaf = next(i for i, record in enumerate(village.records()) if getattr(record, "token", None))
    name = _name_at(village, leaf)

    def erase_meanwhile(*args: object, **options: object) -> bytes:
        pdf = make(*args, **options)
        erase_name(village.site, village.letters, "mill", leaf, EraseReason.ASKED)
        return pdf

    monkeypatch.setattr(releasing, "make_letter_pdf", erase_meanwhile)
    assert _step(village) == 0
    assert _notices(village, letter) == []
    monkeypatch.undo()
    assert _step(village) == 1
    assert name not in _text(_pdf(village, letter))


def test_what_fails_is_tried_ever_later(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told without a name, and the site goes on meanwhile."""

    def fail(*_: object, **__: object) -> bytes:
        tries.append(1)
        raise StoreError("the document could not be typeset")

    tries: list[int] = []
    monkeypatch.setattr(releasing, "make_letter_pdf", fail)
    loop = Releasing(village.site, village.letters, URL)
    with capture_logs() as logs:
        for second in range(100):
            loop.step(float(second))
    assert len(tries) == 3
    assert "Villager" not in json.dumps(logs)
    monkeypatch.undo()
    assert loop.step(1_000.0) == 1
    assert len(_waiting(village)) == 2


def test_one_letter_that_fails_holds_up_no_other(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its PDF cannot be made or its row is damaged; it rests alone, and is told by its name."""
    mayor = village.open("mayor", members=3)
    _release(village, mayor)
    make: Callable[..., bytes] = make_letter_pdf

    def fail(printed: Printed, *args: object, **options: object) -> bytes:
        if printed.page.letter.slug == "mayor":
            raise StoreError("the document could not be typeset")
        return make(printed, *args, **options)

    monkeypatch.setattr(releasing, "make_letter_pdf", fail)
    loop = Releasing(village.site, village.letters, URL)
    with capture_logs() as logs:
        assert loop.step(0.0) == 1
        assert loop.step(1.0) == 0
    assert [(line["activity"], line["letter"]) for line in logs] == [("release", "mayor@1")]
    assert _states(village) == ["waiting", None, "waiting"]
    monkeypatch.undo()
    # Another that comes while it rests is not held up either, whatever has failed.
    _release(village, village.open("later", members=3))
    stage = village.put_stage(mayor, '{"state":"ajar"}')
    with capture_logs() as logs:
        assert loop.step(31.0) == 1
    assert [line["letter"] for line in logs] == ["mayor@1"]
    village.put_stage(mayor, stage)
    assert loop.step(32.0) == 0
    assert loop.step(91.0) == 1
    assert len(_notices(village, mayor)) == 1


def test_nothing_is_looked_for_while_the_log_stands_still(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop looks ten times a second."""
    loop = Releasing(village.site, village.letters, URL)
    assert loop.step(0.0) == 1
    assert loop.step(0.1) == 0

    def fail(*_: object) -> list[str]:
        raise AssertionError

    monkeypatch.setattr(letter_store, "list_letters", fail)
    assert loop.step(0.2) == 0


def test_an_address_that_was_deleted_is_not_kept_again(village: Village, letter: Letter) -> None:
    """After the letter's own schedule has deleted them a mail can go out, and its address is forgotten."""
    from undersigned.store import purged as purged_store

    _step(village)
    _deliver(village, Server())
    with village.site.collector.write() as connection:
        purged_store.purge_addresses(connection, letter.letter_id, village.clock.now())
    send_again(village.site, village.letters, "mill", 1, "late@mill.example", URL)
    assert [each.address for each in list_deliveries(village.site, village.letters, "mill")] == [
        None
    ] * 3
    assert [row.recipient for row in _waiting(village)] == ["late@mill.example"]
