"""The server as it is set up wherever the site is served."""

import uvicorn
from starlette.types import ASGIApp

GRACE_S = 10
"""How long requests that are under way may take when the server ends."""


def make_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Return a server that logs no request and names no software.

    `run` it between `RunningSite.start` and `stop`.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)
