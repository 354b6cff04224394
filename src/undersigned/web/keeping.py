"""Middleware by which answers that may be kept are made once for all who ask (`kept_answers`).

It stands before all else, so that what is kept is what is sent, with the headers of every answer.
"""

import asyncio
from collections.abc import Callable, Hashable

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersigned.errors import StoreError
from undersigned.web.headers import KEPT
from undersigned.web.kept_answers import KeptAnswer, KeptAnswers, Key, make_ready, may_be_kept


class Keeping:
    """Answers from what is kept, and lets be made what is not; whoever comes meanwhile waits for it."""

    def __init__(self, app: ASGIApp, kept: KeptAnswers) -> None:
        self._app = app
        self._kept = kept
        self._making: dict[Key, asyncio.Future[KeptAnswer | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if not may_be_kept(scope):
            await self._app(scope, receive, send)
            return
        asking, path = self._kept.asking, scope["path"]
        if asking.is_unsure(path):
            try:
                await asking.look()
            except StoreError:
                # Whoever is asked next meets the same failure, and answers with it.
                await self._app(scope, receive, send)
                return
        stamp, key = asking.stamp_of(path), self._kept.key_of(scope)
        kept = self._kept.find(key, stamp)
        if kept is None:
            kept = await self._make(key, stamp, scope, receive, send)
        if kept is not None:
            form = kept.choose(scope["headers"])
            await send(form.start)
            await send(form.body)

    async def _make(
        self, key: Key, stamp: Hashable, scope: Scope, receive: Receive, send: Send
    ) -> KeptAnswer | None:
        """Let the answer be made, by one for all who wait; None if it is one that is not kept, and sent."""
        while (making := self._making.get(key)) is not None:
            kept = await asyncio.shield(making)
            if kept is None:
                await self._app(scope, receive, send)
                return None
            if kept.stamp == stamp:
                return kept
        future = asyncio.get_running_loop().create_future()
        self._making[key] = future

        def tell(kept: KeptAnswer | None) -> None:
            if self._making.get(key) is future:
                del self._making[key]
                future.set_result(kept)

        try:
            # An answer that goes its own way may have no end: nobody else waits for it.
            taker = _Taker(send, lambda: tell(None))
            await self._app(scope, receive, taker.take)
            if taker.head is None:
                return None
            kept = await to_thread.run_sync(make_ready, stamp, taker.head, bytes(taker.content))
            self._kept.put(key, kept)
            tell(kept)
            return kept
        finally:
            tell(None)


class _Taker:
    """Takes an answer in if it may be kept, and otherwise lets it through as it comes."""

    def __init__(self, send: Send, let_through: Callable[[], None]) -> None:
        self._send = send
        self._let_through = let_through
        self.head: Message | None = None
        self.content = bytearray()

    async def take(self, message: Message) -> None:
        """Take a part of it."""
        if message["type"] == "http.response.start" and _is_kept(message):
            self.head = message
        elif self.head is not None and message["type"] == "http.response.body":
            self.content += message.get("body", b"")
        else:
            self._let_through()
            await self._send(message)


def _is_kept(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and headers.get("cache-control") in KEPT
