"""`/log`: the public log as C2SP tlog-tiles has it (read in July 2026). Plain routes: caches read these.

Nothing is shown that the published checkpoint does not cover.
"""

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from undersigned.errors import FormatError
from undersigned.tlog.tile import parse_tile_path
from undersigned.web.door import door_of
from undersigned.web.headers import SHORT, TILE


async def get_checkpoint(request: Request) -> Response:
    """Return the published checkpoint."""
    log = (await door_of(request)).log
    published = await to_thread.run_sync(log.find)
    if published is None:
        raise HTTPException(404)
    return Response(
        published.note,
        media_type="text/plain; charset=utf-8",
        headers={"Cache-Control": SHORT},
    )


async def get_tile(request: Request) -> Response:
    """Return a tile or an entry bundle, full or partial."""
    try:
        path = parse_tile_path(f"tile/{request.path_params['path']}")
    except FormatError:
        raise HTTPException(404) from None
    log = (await door_of(request)).log
    data = await to_thread.run_sync(log.find_tile, path)
    if data is None:
        raise HTTPException(404)
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": TILE})


routes = [
    Route("/log/checkpoint", get_checkpoint, methods=["GET"]),
    Route("/log/tile/{path:path}", get_tile, methods=["GET"]),
]
