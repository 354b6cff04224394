"""The server as it is set up wherever the site is served."""

import gc
import resource
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from undersigned.web.protocol import BoundedProtocol

GRACE_S = 10
"""How long requests that are under way may take when the server ends."""

MOST_FILES: Final = 65_536
"""Connections and files that are asked of the system; it may allow fewer."""

MANY_OBJECTS: Final = 10_000
"""New objects after which those are looked for that only hold each other: a request leaves hundreds."""


def make_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Return a server that logs no request and names no software.

    `run` it between `RunningSite.start` and `stop`. An app may have `answer_unread` (`AnswerUnread`).
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        access_log=False,
        server_header=False,
        # Nobody here wants a reader's address, nor whether a proxy was asked over TLS.
        proxy_headers=False,
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


def keep_imported() -> None:
    """Leave out what was imported whenever objects that hold each other are looked for: it stays."""
    gc.freeze()


def settle_memory() -> None:
    """Leave out what there is now, and stays; from now on objects that hold each other are looked for."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS)
    gc.enable()


def raise_file_limit() -> None:
    """Let this process have as many connections as the system allows it, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
