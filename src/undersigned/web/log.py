"""`/log`: the public log as C2SP tlog-tiles has it (read in July 2026). Plain routes: caches read these.

Nothing is shown that the published checkpoint does not cover.
"""

from typing import Final

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from undersigned.app.log import find_published, read_tile
from undersigned.app.site import Site
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.tlog.tile import ENTRIES, FULL_WIDTH, TilePath, format_tile_path, parse_tile_path
from undersigned.web.door import door_of

CHECKPOINT_CACHE: Final = "public, max-age=1"
TILE_CACHE: Final = "public, max-age=31536000, immutable"
"""A tile of a given width never changes, a partial one neither."""


async def get_checkpoint(request: Request) -> Response:
    """Return the published checkpoint."""
    door = await door_of(request)
    note = await to_thread.run_sync(_read_checkpoint, door.running.site)
    return Response(
        note,
        media_type="text/plain; charset=utf-8",
        headers={"Cache-Control": CHECKPOINT_CACHE},
    )


async def get_tile(request: Request) -> Response:
    """Return a tile or an entry bundle, full or partial."""
    try:
        path = parse_tile_path(f"tile/{request.path_params['path']}")
    except FormatError:
        raise HTTPException(404) from None
    door = await door_of(request)
    data = await to_thread.run_sync(_find_tile, door.running.site, path)
    if data is None:
        raise HTTPException(404)
    return Response(
        data, media_type="application/octet-stream", headers={"Cache-Control": TILE_CACHE}
    )


routes = [
    Route("/log/checkpoint", get_checkpoint, methods=["GET"]),
    Route("/log/tile/{path:path}", get_tile, methods=["GET"]),
]


def _read_checkpoint(site: Site) -> bytes:
    try:
        return (site.log_folder / "checkpoint").read_bytes()
    except FileNotFoundError:
        raise HTTPException(404) from None


def _find_tile(site: Site, path: TilePath) -> bytes | None:
    """Return a tile from its file if it is full and there, otherwise from the database."""
    try:
        published = find_published(site)
    except (FormatError, VerificationError):
        raise StoreError("the published checkpoint is damaged") from None
    if published is None or not _covers(published.size, path):
        return None
    if not path.is_partial:
        try:
            return (site.log_folder / format_tile_path(path)).read_bytes()
        except FileNotFoundError:
            pass
    with site.collector.read() as connection:
        return read_tile(connection, path)


def _covers(size: int, path: TilePath) -> bool:
    """Say whether a tree of `size` leaves has all that the tile holds."""
    level = 0 if path.level == ENTRIES else path.level
    return path.index * FULL_WIDTH + path.width <= size >> (8 * level)
