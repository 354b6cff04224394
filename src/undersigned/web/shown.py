"""What tells kept answers apart: until when what is at an address holds, and for which readers.

Pages and numbers hold until the site shows something else, the checkpoint until another one is published,
and a tile of the log for good.
"""

from collections.abc import Hashable
from functools import lru_cache
from typing import Final

from starlette.types import Scope

from undersigned.app.published import PublishedLog
from undersigned.app.running import RunningSite
from undersigned.web.pages.address import LONGEST_HOST, choose_base_url
from undersigned.web.pages.language import LONGEST_ACCEPT
from undersigned.web.pages.rendering import Renderer
from undersigned.web.watching import Watcher

LOG: Final = "/log/"
CHECKPOINT: Final = "/log/checkpoint"


class Shown:
    """What a site says of its answers (`kept_answers.Asking`). One for each app."""

    def __init__(
        self, running: RunningSite, renderer: Renderer, watcher: Watcher, log: PublishedLog
    ) -> None:
        self._watcher = watcher
        self._log = log

        @lru_cache(1024)
        def find_variant(host: str, accept_language: str) -> Hashable:
            base = choose_base_url(host, running.desk.url, running.site.host)
            return base, renderer.known_languages(accept_language)

        self._find_variant = find_variant

    def is_unsure(self, path: str) -> bool:
        """Say whether one has to `look` before the stamp of what is at an address is known."""
        return self._watcher.is_unsure and not path.startswith(LOG)

    async def look(self) -> None:
        """Find out whether what is shown has changed. Raises StoreError."""
        await self._watcher.look()

    def stamp_of(self, path: str) -> Hashable:
        """Return the stamp of what is at an address, as far as it is known."""
        if not path.startswith(LOG):
            return self._watcher.last_stamp
        # Before it is read: one that is published meanwhile is then taken for another.
        return self._log.identify() if path == CHECKPOINT else None

    def find_variant(self, scope: Scope) -> Hashable:
        """Return the site's name as the reader has it, and the languages that are wanted and known."""
        if scope["path"].startswith(LOG):
            return None
        host = language = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = host or value[:LONGEST_HOST]
            elif name == b"accept-language":
                language = language or value[:LONGEST_ACCEPT]
        return self._find_variant(host.decode("latin-1"), language.decode("latin-1"))
