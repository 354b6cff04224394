"""The outbox: a mail goes out once it can, is tried ever later, and then given up."""

import secrets
from dataclasses import dataclass, field

from structlog.testing import capture_logs
from tests.app.village import Village

from undersigned.app.delivering import MOST_AT_ONCE, deliver_mails
from undersigned.errors import StoreError
from undersigned.mail import Mail
from undersigned.store import outbox
from undersigned.store.outbox import MailRow


@dataclass
class Server:
    """A mail server that takes what it likes."""

    refuses: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        """Take a mail, or not."""
        self.tried.append(mail.recipient)
        if mail.recipient in self.refuses:
            raise StoreError("the mail server did not take a mail")
        self.taken.append(mail.recipient)


def _write(village: Village, *recipients: str) -> None:
    """Put mails into the outbox, each a second after the one before."""
    with village.site.issuer.database.write() as connection:
        for recipient in recipients:
            row = MailRow(secrets.token_bytes(16), recipient, "S", "B", 0, village.clock.now())
            outbox.add_mail(connection, row)
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
    """5, 10, 20, 40, 80 seconds; the sixth time it is given up."""
    server = Server(refuses={"a@a.example"})
    _write(village, "a@a.example")
    for tries, delay in enumerate((5, 10, 20, 40, 80), 1):
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        assert _left(village) == [("a@a.example", tries, delay)]
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        village.clock.advance_to(village.clock.now() + delay - 1)
        assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
        assert len(server.tried) == tries
        village.clock.advance_to(village.clock.now() + 1)
    assert deliver_mails(village.site.issuer.database, village.clock, server) == 0
    assert len(server.tried) == 6
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
