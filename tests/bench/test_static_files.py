"""nginx hands out what a site answered, packed to who takes it packed."""

import gzip
from pathlib import Path

from bench.load import Job, get, send_load
from bench.static_files import nginx_with


def test_files(tmp_path: Path) -> None:
    """Over a few connections, plain, packed, and of a path below another; nothing else is there."""
    packed = gzip.compress(b"packed" * 100)
    files = {"/a": b"plain" * 10_000, "/a.gz": packed, "/b/c": b"checkpoint"}
    with nginx_with(tmp_path, files) as nginx:
        asked = [get("/a"), get("/a", packed=True), get("/b/c"), get("/b/d")] * 3
        load = send_load(Job(nginx.port, 2, asked))
    assert load.statuses == [200, 200, 200, 404] * 3
    assert load.bodies[:3] == [b"plain" * 10_000, packed, b"checkpoint"]
