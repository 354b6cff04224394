"""nginx with the bytes that a site answers, as files: what reading is compared with.

One process, as the site has one; files go from the disk's cache to the connection (sendfile), or packed,
where they were packed before (gzip_static). Nothing is logged, and no connection is ended.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from tests.e2e.server import free_port

PATIENCE_S: Final = 20

_LINES: Final = """\
{user}
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    open_file_cache max=100;
    keepalive_requests 10000000;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its one process, and where it answers."""

    pid: int
    port: int


@contextmanager
def nginx_with(folder: Path, files: Mapping[str, bytes]) -> Iterator[Nginx]:
    """Serve bytes by path; those whose path ends in `.gz` to who asks for the path before it, packed."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "nginx is missing: run tools/test-packages"
    for path, content in files.items():
        file = folder / "files" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "conf").write_text(_LINES.format(user=user, folder=folder, port=port))
    command = [program, "-p", str(folder), "-c", str(folder / "conf"), "-e", "stderr"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield Nginx(process.pid, port)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "nginx has ended"
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
