"""Mail: by SMTP to a real server on this machine, or into files; no error tells of anybody."""

import base64
import email
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.certificates import make_certificate

from undersigned.errors import FormatError, MailDeferred, MailRefused, StoreError
from undersigned.mail import Attachment, DkimKey, Mail, OutboxMailer, SmtpMailer

SENDER = "no-reply@letters.example"
MAIL = Mail("a1b2", "ada@staff.example", "Your code", "Your code: ABCD-2345\n\nKode Anda.\n")


class Sink:
    """Keeps what it is handed; answers a recipient, or a mail, as it is told to."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.raw: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.at_the_end: str | None = None
        self.extensions: list[str] = []
        self.asked: list[str] = []

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Session, _envelope: Envelope, name: str, answers: list[str]
    ) -> list[str]:
        """Say what this server can do besides."""
        session.host_name = name
        return [*answers[:1], *self.extensions, *answers[1:]]

    async def handle_RCPT(  # noqa: N802 - the server looks for this name
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take a recipient, or not."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        if self.at_the_end is not None:
            return self.at_the_end
        self.raw.append(envelope.content)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append((str(envelope.mail_from), list(envelope.rcpt_tos), message))
        return "250 OK"


@contextmanager
def _server(sink: Sink, **settings: Any) -> Iterator[int]:
    """Run a server on a free port of this machine; give the port."""
    controller = Controller(
        sink, hostname="127.0.0.1", port=_free_port(), ready_timeout=60, **settings
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine that nobody but itself vouches for, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", "127.0.0.1")


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine trust the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def _password(
    _server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any
) -> AuthResult:
    right = LoginPassword(b"us er", b"p@ss/w:rd")
    return AuthResult(success=data == right, handled=False)


def test_a_mail_arrives_as_it_was_written() -> None:
    """From the site, to one person, with an id of its own, and marked as no person's."""
    sink = Sink()
    with _server(sink) as port:
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(MAIL)
    ((sender, recipients, message),) = sink.mails
    assert (sender, recipients) == (SENDER, [MAIL.recipient])
    assert message["From"] == SENDER
    assert message["To"] == MAIL.recipient
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<a1b2@letters.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == MAIL.body


@pytest.mark.parametrize(
    "address",
    ['o"brien@a.example', "a,b@a.example", "a<b>@a.example", "a(b)@a.example", "..@a.example"],
)
def test_an_odd_address_is_one_recipient(address: str) -> None:
    """Whatever is on a roll, the mail goes there or nowhere."""
    sink = Sink()
    with _server(sink) as port:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER)
        try:
            mailer.send(Mail("a1", address, "S", "B\n"))
        except StoreError:
            assert sink.mails == []
        else:
            assert [len(recipients) for _, recipients, _ in sink.mails] == [1]


@pytest.mark.parametrize("is_able", [True, False])
def test_an_address_beyond_ascii_needs_a_server_that_can(is_able: bool) -> None:
    """Elsewhere the mail is refused: no later try would end otherwise."""
    sink = Sink()
    with _server(sink, enable_SMTPUTF8=is_able) as port:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER)
        mail = Mail("a1", "ünal@a.example", "S", "B\n")
        if is_able:
            mailer.send(mail)
        else:
            with pytest.raises(MailRefused, match="beyond ASCII"):
                mailer.send(mail)
    assert [recipients for _, recipients, _ in sink.mails] == [["ünal@a.example"]] * is_able


def test_a_server_that_is_down_is_an_error_of_the_store() -> None:
    """Its text holds neither the address nor the mail."""
    mailer = SmtpMailer(f"smtp://127.0.0.1:{_free_port()}", SENDER)
    with pytest.raises(StoreError, match="ConnectionRefusedError") as caught:
        mailer.send(MAIL)
    assert "ada" not in str(caught.value)
    assert "ABCD" not in str(caught.value)


@pytest.mark.parametrize("where", ["recipient", "mail"])
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("550 5.1.1 <ada@staff.example> is unknown", MailRefused, "550 5.1.1"),
        ("554 no", MailRefused, "554"),
        ("451 4.7.1 Greylisted, ada", MailDeferred, "451 4.7.1"),
        ("452 ada has no room", MailDeferred, "452"),
    ],
)
def test_a_refusal_for_good_is_told_from_one_for_now(
    where: str, answer: str, kind: type[MailRefused] | type[MailDeferred], code: str
) -> None:
    """The server quotes the address; we do not."""
    sink = Sink()
    if where == "recipient":
        sink.answers[MAIL.recipient] = answer
    else:
        sink.at_the_end = answer
    with _server(sink) as port, pytest.raises(kind) as caught:
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(MAIL)
    assert isinstance(caught.value, MailRefused | MailDeferred)
    assert caught.value.code == code
    assert "ada" not in str(caught.value)
    assert sink.mails == []


def test_a_server_that_closes_is_none_of_the_mails_fault() -> None:
    """421 means the connection, whenever it comes."""
    sink = Sink()
    sink.answers[MAIL.recipient] = "421 4.3.2 closing"
    with _server(sink) as port, pytest.raises(StoreError, match="closing") as caught:
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(MAIL)
    assert not isinstance(caught.value, MailRefused | MailDeferred)


def test_a_mail_that_cannot_be_written_is_refused() -> None:
    """No later try would end otherwise; nothing was sent."""
    sink = Sink()
    with _server(sink) as port, pytest.raises(MailRefused) as caught:
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(
            replace(MAIL, recipient="a\nb@c.example")
        )
    assert "c.example" not in str(caught.value)
    assert sink.mails == []


class _TellsOfBounces(SMTP):
    """A server that takes the parameters of RFC 3461."""

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        address, *self.event_handler.asked = arg.split(" ")
        await super().smtp_MAIL(address)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        address, *options = arg.split(" ")
        self.event_handler.asked += options
        await super().smtp_RCPT(address)


def test_a_bounce_is_to_name_the_mail_and_not_to_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server tells of bounces (RFC 3461); elsewhere it is not asked."""
    sink = Sink()
    sink.extensions.append("250-DSN")
    monkeypatch.setattr(
        Controller, "factory", lambda self: _TellsOfBounces(self.handler, **self.SMTP_kwargs)
    )
    with _server(sink) as port:
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(MAIL)
    assert [word for word in sink.asked if not word.startswith(("size=", "SIZE="))] == [
        "RET=HDRS",
        "ENVID=a1b2",
        "NOTIFY=FAILURE",
    ]
    assert len(sink.mails) == 1


def test_text_html_and_attachment_arrive_signed() -> None:
    """Through a real server, with a signature that still holds."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(spki)
    mail = replace(
        MAIL,
        html="<p>Kode Anda, Ł.</p>\n",
        attachments=(Attachment("letter.pdf", "application/pdf", b"%PDF-" + bytes(9_000)),),
    )
    sink = Sink()
    with _server(sink) as port:
        signer = DkimKey("s", "letters.example", pem)
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER, signer).send(mail)
    (raw,) = sink.raw
    assert dkim.verify(raw, dnsfunc=lambda *_args, **_options: record)
    ((_, _, message),) = sink.mails
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


def test_a_server_that_hangs_up_is_an_error_of_the_store() -> None:
    """Also in the middle of its greeting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER)

        def answer() -> None:
            connection, _ = listener.accept()
            connection.sendall(b"220 hel")
            connection.close()

        import threading

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(StoreError):
            mailer.send(MAIL)
        thread.join()


# --- TLS


def test_starttls_is_used(tls: ssl.SSLContext, trusted: None) -> None:
    """With a server that speaks it and a certificate that is trusted."""
    sink = Sink()
    with _server(sink, tls_context=tls, require_starttls=True) as port:
        SmtpMailer(f"smtp+starttls://127.0.0.1:{port}", SENDER).send(MAIL)
    assert len(sink.mails) == 1


def test_nothing_is_sent_in_the_clear_where_starttls_is_wanted() -> None:
    """A server, or somebody in between, that does not offer it gets no mail."""
    sink = Sink()
    with _server(sink) as port, pytest.raises(StoreError, match="SMTPNotSupportedError"):
        SmtpMailer(f"smtp+starttls://127.0.0.1:{port}", SENDER).send(MAIL)
    assert sink.mails == []


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tls: ssl.SSLContext, scheme: str) -> None:
    """Before the mail is out."""
    sink = Sink()
    settings = {"ssl_context": tls} if scheme == "smtps" else {"tls_context": tls}
    with _server(sink, **settings) as port, pytest.raises(StoreError, match="SSLCert"):
        SmtpMailer(f"{scheme}://127.0.0.1:{port}", SENDER).send(MAIL)
    assert sink.mails == []


def test_tls_from_the_first_byte(tls: ssl.SSLContext, trusted: None) -> None:
    """As the old port 465 has it."""
    sink = Sink()
    with _server(sink, ssl_context=tls) as port:
        SmtpMailer(f"smtps://127.0.0.1:{port}", SENDER).send(MAIL)
    assert len(sink.mails) == 1


# --- who we are


def test_user_and_password_come_from_the_address(tls: ssl.SSLContext, trusted: None) -> None:
    """Percent signs say what an address cannot hold."""
    sink = Sink()
    settings = {"authenticator": _password, "auth_required": True, "tls_context": tls}
    with _server(sink, **settings) as port:
        url = f"smtp+starttls://us%20er:p%40ss%2Fw%3Ard@127.0.0.1:{port}"
        SmtpMailer(url, SENDER).send(MAIL)
    assert len(sink.mails) == 1


@pytest.mark.parametrize("password", ["wrong", "%C3%A4"])
def test_a_wrong_password_is_an_error_of_the_store(
    tls: ssl.SSLContext, trusted: None, password: str
) -> None:
    """Which does not hold it."""
    sink = Sink()
    settings = {"authenticator": _password, "auth_required": True, "tls_context": tls}
    with _server(sink, **settings) as port, pytest.raises(StoreError) as caught:
        SmtpMailer(f"smtp+starttls://user:{password}@127.0.0.1:{port}", SENDER).send(MAIL)
    assert "wrong" not in str(caught.value)
    assert sink.mails == []


@pytest.mark.parametrize("url", ["", "127.0.0.1:25", "http://a.example", "smtp://", "smtp:///x"])
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    """When the site starts, not when the first member waits for a code."""
    with pytest.raises(FormatError):
        SmtpMailer(url, SENDER)


# --- files


def test_a_mail_becomes_a_file_for_its_owner(tmp_path: Path) -> None:
    """A mail program can read it; others on the machine cannot."""
    OutboxMailer(tmp_path, SENDER).send(MAIL)
    (path,) = tmp_path.iterdir()
    assert path.name == "a1b2.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == MAIL.recipient
    assert isinstance(message, EmailMessage)
    assert "ABCD-2345" in message.get_content()


def test_a_mail_that_is_sent_twice_is_one_file(tmp_path: Path) -> None:
    """After a crash between sending and forgetting."""
    for _ in range(2):
        OutboxMailer(tmp_path, SENDER).send(MAIL)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_gone_is_an_error_of_the_store(tmp_path: Path) -> None:
    """The mail is tried again."""
    with pytest.raises(StoreError, match="cannot be written"):
        OutboxMailer(tmp_path / "nowhere", SENDER).send(MAIL)
