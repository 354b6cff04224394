"""The same server without the site: it reads a request to its end and answers an empty 200.

`python -m bench.bare ... --port PORT`, until a signal ends it. Protocol, loop and settings are those of
`undersigned serve`; no route is looked for, and nothing is done.
"""

import sys
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from undersigned.web.serving import make_server

_START: Final[Message] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"0")],
}
_END: Final[Message] = {"type": "http.response.body", "body": b""}


async def answer(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    while (await receive()).get("more_body"):
        pass
    await send(_START)
    await send(_END)


if __name__ == "__main__":
    make_server(answer, "127.0.0.1", int(sys.argv[-1])).run()
