"""What is shown now, as the server's loop asks it: the database is looked at by one thread at most."""

import asyncio

from anyio import to_thread

from undersigned.app.changes import Changes, Stamp


class Watcher:
    """The stamp of what is shown. One for each app."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._looking = asyncio.Lock()

    async def find_stamp(self) -> Stamp:
        """Return the stamp; whoever comes while it is looked for waits for it. Raises StoreError."""
        if self._changes.is_unsure:
            async with self._looking:
                if self._changes.is_unsure:
                    await to_thread.run_sync(self._changes.look)
        return self._changes.stamp

    @property
    def last_stamp(self) -> Stamp:
        """Return the stamp as far as it is known."""
        return self._changes.stamp
