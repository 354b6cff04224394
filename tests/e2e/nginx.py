"""Debian's nginx on loopback with the documented lines, and a certificate of its own."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from tests.certificates import sign_certificate
from tests.e2e.server import free_port

from undersigned.web.reverse_proxy import nginx_lines

PATIENCE_S = 120
BODY_TIMEOUT_S = 1

_MAIN = """\
{user}
daemon off;
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/bodies 1;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    include {folder}/lines;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: where it answers, its folder, and whom its certificate is checked by."""

    url: str
    plain_url: str
    folder: Path
    trust: ssl.SSLContext

    @property
    def bodies(self) -> list[Path]:
        """The files in which bodies lie at this moment."""
        return list((self.folder / "bodies").iterdir())

    @contextmanager
    def connection(self) -> Iterator[ssl.SSLSocket]:
        """Give a connection on which bytes are sent by hand."""
        address = ("127.0.0.1", int(self.url.rpartition(":")[2]))
        with (
            socket.create_connection(address, PATIENCE_S) as plain,
            self.trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            yield connection

    def client(self) -> httpx2.Client:
        """Return a client that accepts this certificate and no other."""
        return httpx2.Client(base_url=self.url, verify=self.trust, timeout=PATIENCE_S)

    @property
    def words(self) -> str:
        """What it has written to its error log so far."""
        return (self.folder / "stderr").read_text()


@contextmanager
def nginx_before(
    upstream: str, host: str, folder: Path, *, is_issuer: bool = False
) -> Iterator[Nginx]:
    """Run nginx before a site (or an issuer) that has this host and answers at `upstream`.

    The lines are the documented ones but for ports, paths, and how long a test waits for a body.
    """
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "nginx is missing: run tools/test-packages"
    secure, plain = free_port(), free_port()
    certificate = _make_certificate(folder, host)
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        f"/etc/letsencrypt/live/{host}/": f"{folder}/",
        "client_body_timeout 20s;": f"client_body_timeout {BODY_TIMEOUT_S}s;",
    }
    if not is_issuer:
        changes["/var/cache/nginx/undersigned"] = f"{folder}/cache"
    lines = nginx_lines(host, int(upstream.rpartition(":")[2]), is_issuer=is_issuer)
    for documented, here in changes.items():
        assert documented in lines
        lines = lines.replace(documented, here)
    (folder / "lines").write_text(lines)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "conf").write_text(_MAIN.format(user=user, folder=folder))
    with (folder / "stderr").open("wb") as stderr:
        command = [program, "-p", str(folder), "-c", str(folder / "conf"), "-e", "stderr"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stderr) as process:
            trust = ssl.create_default_context(cafile=certificate)
            nginx = Nginx(f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}", folder, trust)
            try:
                _wait_for(nginx, process)
                yield nginx
            finally:
                process.terminate()
                process.wait(PATIENCE_S)


def _wait_for(nginx: Nginx, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_S
    with httpx2.Client(timeout=60) as client:
        while True:
            assert process.poll() is None, nginx.words
            try:
                client.get(nginx.plain_url)
            except httpx2.NetworkError:
                assert time.monotonic() < end
                time.sleep(0.02)
            else:
                return


def _make_certificate(folder: Path, host: str) -> Path:
    """Write a key, and a certificate that it has signed itself; return the latter's path."""
    private, certificate = sign_certificate(host, "127.0.0.1")
    (folder / "privkey.pem").write_bytes(private)
    path = folder / "fullchain.pem"
    path.write_bytes(certificate)
    return path
