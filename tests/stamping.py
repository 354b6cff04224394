"""Real timestamp authorities for tests: certificates made on the spot, and openssl to sign with them.

`reply` is `openssl ts`, which an authority may really run; it says the time and does what it should.
`make_token` is `openssl cms` over any content: for tokens of another time, and for those that lie.
`serving` is the authority on the loopback, as honest or as strange as a test wants it.
"""

import atexit
import datetime as dt
import functools
import hashlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from undersigned.crypto.der import (
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    TIME,
    read_elements,
    read_integer,
    read_one,
    write_element,
)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

BORN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
DIES = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)

_CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256, sha512
signer_digest = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)


def make_root(name: str = "A root") -> Issuer:
    """Make the certificate of somebody who is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Issuer(_certify(name, key, None, is_ca=True), key)


def make_intermediate(root: Issuer, name: str = "In between") -> Issuer:
    """Make a certificate that a root has signed, to sign others."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Issuer(_certify(name, key, root, is_ca=True), key)


def _certify(
    name: str | None,
    key: Key,
    by: Issuer | None,
    *,
    is_ca: bool = False,
    usages: tuple[x509.ObjectIdentifier, ...] = (),
    is_critical: bool = True,
    born: dt.datetime = BORN,
    dies: dt.datetime = DIES,
) -> x509.Certificate:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests & Sons")]
    if name is not None:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    subject = x509.Name(parts)
    builder = (
        x509.CertificateBuilder(serial_number=x509.random_serial_number())
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .not_valid_before(born)
        .not_valid_after(dies)
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=is_critical)
    return builder.sign(key if by is None else by.key, hashes.SHA256())


class Stamper:
    """An authority with its certificate, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        by: Issuer,
        name: str | None = "Test Clock",
        *,
        chain: tuple[Issuer, ...] = (),
        usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        is_critical: bool = True,
        born: dt.datetime = BORN,
        dies: dt.datetime = DIES,
        key: Key | None = None,
    ) -> None:
        self.folder = folder
        key = ec.generate_private_key(ec.SECP256R1()) if key is None else key
        self.certificate = _certify(
            name, key, by, usages=usages, is_critical=is_critical, born=born, dies=dies
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write("key.pem", private)
        self._write("cert.pem", self.certificate.public_bytes(Encoding.PEM))
        self._write("chain.pem", b"".join(each.pem for each in chain))
        self._write("serial", b"01\n")
        self._write("tsa.cnf", _CONFIG.format(folder=folder).encode())
        self._has_chain = bool(chain)
        self._lock = threading.Lock()

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def reply(self, query: bytes) -> bytes:
        """Answer a request as `openssl ts` does."""
        chain = ["-chain", "chain.pem"] if self._has_chain else []
        with self._lock:  # the serial number is a file
            self._write("query.tsq", query)
            self._run(
                *(
                    "ts",
                    "-reply",
                    "-config",
                    "tsa.cnf",
                    "-section",
                    "one",
                    "-queryfile",
                    "query.tsq",
                ),
                *("-signer", "cert.pem", "-inkey", "key.pem", *chain, "-out", "reply.tsr"),
            )
            return (self.folder / "reply.tsr").read_bytes()

    def make_token(self, content: bytes, at: int, *, is_named: bool = True) -> bytes:
        """Return a token over bytes for any time; `is_named` says that it names its certificate."""
        return self.sign(make_info(hashlib.sha256(content).digest(), at), is_named=is_named)

    def answer(self, query: bytes, at: int) -> bytes:
        """Answer a request as an authority whose clock stands at another time."""
        parts = read_elements(read_one(query, SEQUENCE).value)
        imprint = read_elements(parts[1].value)[1].value
        nonce = next(read_integer(part) for part in parts[2:] if part.tag == INTEGER)
        return make_response(self.sign(make_info(imprint, at, nonce=nonce)))

    def sign(
        self, info: bytes, *, kind: str = "id-smime-ct-TSTInfo", is_named: bool = True
    ) -> bytes:
        """Sign whatever is called a TSTInfo."""
        chain = ["-certfile", "chain.pem"] if self._has_chain else []
        with self._lock:
            self._write("info.der", info)
            self._run(
                *("cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256"),
                *("-econtent_type", kind, "-in", "info.der", "-signer", "cert.pem"),
                *("-inkey", "key.pem", "-outform", "DER", "-out", "token.der", *chain),
                *(["-cades"] if is_named else []),
            )
            return (self.folder / "token.der").read_bytes()

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr


def make_info(imprint: bytes, at: int, *, nonce: int | None = None) -> bytes:
    """Write a TSTInfo (RFC 3161 §2.4.2)."""
    sha256 = write_element(OID, bytes.fromhex("608648016503040201"))
    time = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y%m%d%H%M%SZ").encode()
    parts = [
        write_element(INTEGER, b"\1"),
        write_element(OID, bytes.fromhex("2a0304")),
        write_element(SEQUENCE, write_element(SEQUENCE, sha256) + write_element(OCTETS, imprint)),
        write_element(INTEGER, b"\5"),
        write_element(TIME, time),
    ]
    if nonce is not None:
        parts.append(write_element(INTEGER, nonce.to_bytes(nonce.bit_length() // 8 + 1, "big")))
    return write_element(SEQUENCE, b"".join(parts))


def make_response(token: bytes | None, status: int = 0) -> bytes:
    """Write a TimeStampResp."""
    info = write_element(SEQUENCE, write_element(INTEGER, bytes([status])))
    return write_element(SEQUENCE, info + (token or b""))


@functools.cache
def the_clock() -> tuple[Stamper, Issuer]:
    """Return the one authority of a test session, and its root."""
    folder = tempfile.mkdtemp(prefix="clock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = make_root("The root of clocks")
    return Stamper(Path(folder), root, "The Clock"), root


# --- on the loopback

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def answering(answer: Callable[[bytes], bytes], status: int = 200) -> Answer:
    """Send what a function makes of the request."""

    def send(handler: BaseHTTPRequestHandler, query: bytes) -> None:
        body = answer(query)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/timestamp-reply")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return send


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve an authority on the loopback; return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"] != "application/timestamp-query":
                self.send_error(415)
                return
            try:
                answer(self, query)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
