"""The outbox: a mail goes out once it can, is tried ever later, and then given up."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs
from tests.app.village import Village

from undersigned.app.delivering import MOST_AT_ONCE, Fate, Try, deliver_mails
from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.errors import MailDeferred, MailRefused, StoreError
from undersigned.mail import Mail
from undersigned.store import outbox
from undersigned.store.database import Connection
from undersigned.store.outbox import MailRow

CODE = compose(MailKind.CODE, code="ABCD-2345", minutes=15)


@dataclass
class Server:
    """A mail server that takes what it likes."""

    refuses: set[str] = field(default_factory=set)
    says: dict[str, StoreError] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        """Take a mail, or not."""
        self.tried.append(mail.recipient)
        if mail.recipient in self.refuses:
            raise StoreError("the mail server did not take a mail")
        if mail.recipient in self.says:
            raise self.says[mail.recipient]
        self.taken.append(mail.recipient)


def _write(village: Village, *recipients: str) -> None:
    """Put mails into the outbox, each a second after the one before."""
    with village.site.issuer.database.write() as connection:
        for recipient in recipients:
            add_mail(connection, "issuer", recipient, CODE, at=village.clock.now())
            village.clock.advance_to(village.clock.now() + 1)


def _left(village: Village) -> list[tuple[str, int, int]]:
    """Return recipient, tries and seconds to wait of every mail that is left."""
    now = village.clock.now()
    with village.site.issuer.database.read() as connection:
        rows = outbox.list_due_mails(connection, now + 10_000, 1_000)
    return [(row.recipient, row.tries, row.next_at - now) for row in rows]


def test_mails_go_out_in_their_order_and_once(village: Village) -> None:
    """The one that has waited longest first."""
    server, people = Server(), [f"{i}@a.example" for i in range(9)]
    _write(village, *people)
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 9
    assert server.taken == people
    assert _left(village) == []
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 0


def test_a_mail_that_is_not_taken_waits_ever_longer(village: Village) -> None:
    """5, 10, 20, 40, 80, 160, 320 seconds; the eighth time it is given up."""
    server = Server(refuses={"a@a.example"})
    _write(village, "a@a.example")
    for tries, delay in enumerate((5, 10, 20, 40, 80, 160, 320), 1):
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        assert _left(village) == [("a@a.example", tries, delay)]
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        village.clock.advance_to(village.clock.now() + delay - 1)
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        assert len(server.tried) == tries
        village.clock.advance_to(village.clock.now() + 1)
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
    assert len(server.tried) == 8
    assert _left(village) == []


def test_a_mail_is_taken_when_the_server_is_there_again(village: Village) -> None:
    """Whatever became of it before."""
    server = Server(refuses={"a@a.example"})
    _write(village, "a@a.example")
    deliver_mails(village.site.issuer.database, village.clock, server)
    server.refuses.clear()
    village.later(5)
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 1
    assert (server.taken, _left(village)) == (["a@a.example"], [])


def test_one_that_is_refused_does_not_keep_back_the_others(village: Village) -> None:
    """It ends one round; the next goes on behind it."""
    server = Server(refuses={"b@a.example"})
    _write(village, "a@a.example", "b@a.example", "c@a.example")
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 1
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 1
    assert server.taken == ["a@a.example", "c@a.example"]


def test_a_round_ends_with_the_first_failure(village: Village) -> None:
    """A server that lets everyone wait for its silence cannot keep the site from ending."""
    people = [f"{i}@a.example" for i in range(9)]
    server = Server(refuses=set(people))
    _write(village, *people)
    deliver_mails(village.site.issuer.database, village.clock, server)
    assert server.tried == people[:1]


def test_a_round_is_bounded(village: Village) -> None:
    """Whoever begins an end waits for so many mails at most."""
    _write(village, *(f"{i}@a.example" for i in range(MOST_AT_ONCE + 3)))
    server = Server()
    assert deliver_mails(village.site.issuer.database, village.clock, server) == MOST_AT_ONCE
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 3


def test_a_failure_is_told_without_the_address(village: Village) -> None:
    """So that the operator learns of it, and of nobody's mail."""
    _write(village, "secret@a.example")
    with capture_logs() as logs:
        deliver_mails(
            village.site.issuer.database, village.clock, Server(refuses={"secret@a.example"})
        )
    assert [line["activity"] for line in logs] == ["mails"]
    assert "secret" not in str(logs)


def test_a_defect_does_not_keep_back_the_others(village: Village) -> None:
    """A mail on which the mailer itself breaks is told, and waits as any other."""

    class Broken(Server):
        def send(self, mail: Mail) -> None:
            if mail.recipient == "odd@a.example":
                raise ZeroDivisionError
            super().send(mail)

    server = Broken()
    _write(village, "odd@a.example", "a@a.example")
    with capture_logs() as logs:
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
    assert [line["error"] for line in logs] == ["ZeroDivisionError"]
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 1
    assert [row[:2] for row in _left(village)] == [("odd@a.example", 1)]


def test_what_the_server_says_of_one_mail_keeps_back_no_other(village: Village) -> None:
    """One is deferred, one refused for good; the rest of the round goes out at once."""
    server = Server(
        says={"b@a.example": MailDeferred("451 4.7.1"), "c@a.example": MailRefused("550")}
    )
    _write(village, "a@a.example", "b@a.example", "c@a.example", "d@a.example")
    with capture_logs() as logs:
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 2
    assert server.taken == ["a@a.example", "d@a.example"]
    assert _left(village) == [("b@a.example", 1, 5)]
    told = {"kind": "code", "log_level": "warning"}
    assert sorted(logs, key=lambda line: str(line["event"])) == [
        told | {"event": "mail put off", "code": "451 4.7.1"},
        told | {"event": "mail refused", "code": "550"},
    ]


def test_a_mail_that_was_put_off_goes_out_later(village: Village) -> None:
    """A server that does not know us yet (greylisting) says 451 first, for up to five minutes."""
    server = Server(says={"a@a.example": MailDeferred("451 4.7.1")})
    _write(village, "a@a.example")
    for _ in range(300):
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        village.clock.advance_to(village.clock.now() + 1)
    server.says.clear()
    village.clock.advance_to(village.clock.now() + 15)
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 1
    assert _left(village) == []


def test_every_try_is_noted(village: Village) -> None:
    """With what the server said, and in the transaction that deletes or postpones the mail."""
    says: dict[str, StoreError] = {"a@a.example": MailDeferred("451 4.7.1")}
    server, database = Server(says=says), village.site.issuer.database
    _write(village, "a@a.example")
    seen: list[Try] = []

    def note(connection: Connection, row: MailRow, tried: Try) -> None:
        is_there = [each.mail for each in outbox.list_due_mails(connection, 2**40, 9)] == [row.mail]
        assert is_there is (tried.fate is Fate.WAITING)
        seen.append(tried)

    now = village.clock.now()
    deliver_mails(database, village.clock, server, note)
    village.later(5)
    says["a@a.example"] = MailRefused("550 5.1.1")
    deliver_mails(database, village.clock, server, note)
    assert seen == [
        Try(Fate.WAITING, now, "451 4.7.1", now + 5),
        Try(Fate.REFUSED, now + 5, "550 5.1.1"),
    ]


def test_a_note_that_fails_leaves_the_mail(village: Village) -> None:
    """It is sent once more rather than forgotten without a trace."""

    def note(_connection: Connection, _row: MailRow, _tried: Try) -> None:
        raise StoreError

    _write(village, "a@a.example")
    with pytest.raises(StoreError):
        deliver_mails(village.site.issuer.database, village.clock, Server(), note)
    assert [row[0] for row in _left(village)] == ["a@a.example"]
