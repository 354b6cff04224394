"""`/static`: the site's own style sheets and scripts, from memory, named by its content.

A file is packed when somebody first asks for it so, in another thread: a start would wait for all of them.
"""

import hashlib
import mimetypes
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from undersigned.web.conditional import is_known, pack, takes_gzip

FOLDER: Final = Path(__file__).parent / "static"

SIGN_SCRIPT: Final = "dist/sign.js"
"""What runs in the browser of a member who signs: its hash is logged with each letter."""


class StaticFile(NamedTuple):
    """A file, its media type and its SHA-256 (32 bytes)."""

    content: bytes
    media_type: str
    digest: bytes

    @property
    def version(self) -> str:
        """The start of the hash, by which its address changes."""
        return self.digest.hex()[:16]


class StaticFiles:
    """Every file of the folder, or those of some names, read once."""

    def __init__(self, folder: Path = FOLDER, *, only: Collection[str] | None = None) -> None:
        names = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self._files = {
            name: _read(path) for name, path in names.items() if only is None or name in only
        }
        self._packed: dict[bytes, bytes | None] = {}
        self.routes = [Route("/static/{path:path}", self._get, methods=["GET"])]

    def url_of(self, name: str) -> str:
        """Return the address of a file, which changes when its content does."""
        return f"/static/{name}?v={self._files[name].version}"

    def digest_of(self, name: str) -> bytes | None:
        """Return the SHA-256 (32 bytes) of a file as it is served; None if there is none."""
        file = self._files.get(name)
        return None if file is None else file.digest

    def has(self, name: str) -> bool:
        """Say whether there is such a file: scripts may not have been built."""
        return name in self._files

    async def _get(self, request: Request) -> Response:
        file = self._files.get(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        is_named = request.query_params.get("v") == file.version
        headers = {
            "ETag": f'W/"{file.version}"',
            "Cache-Control": "public, max-age=31536000, immutable" if is_named else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if is_known(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        content = file.content
        if takes_gzip(request.headers.get("accept-encoding", "")):
            packed = await self._pack(file)
            if packed is not None:
                content, headers["Content-Encoding"] = packed, "gzip"
        return Response(content, media_type=file.media_type, headers=headers)

    async def _pack(self, file: StaticFile) -> bytes | None:
        """Return a file packed, where that saves something; the first time it takes some milliseconds."""
        if file.digest not in self._packed:
            self._packed[file.digest] = await run_in_threadpool(pack, file.content)
        return self._packed[file.digest]


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(content, media_type, hashlib.sha256(content).digest())


def find_bundle(folder: Path = FOLDER) -> bytes | None:
    """Return the SHA-256 (32 bytes) of the signing page's script; None if it was not built."""
    path = folder / SIGN_SCRIPT
    return _read(path).digest if path.is_file() else None
