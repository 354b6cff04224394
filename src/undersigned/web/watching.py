"""What is shown now, as the server's loop asks it: the database is looked at by one thread at most."""

import asyncio

from anyio import to_thread

from undersigned.app.changes import Changes, Stamp


class Watcher:
    """The stamp of what is shown. One for each app."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._looking = asyncio.Lock()

    @property
    def is_unsure(self) -> bool:
        """Say whether it is time to look again."""
        return self._changes.is_unsure

    async def look(self) -> None:
        """Look if it is time; whoever comes meanwhile waits. Raises StoreError."""
        if self.is_unsure:
            async with self._looking:
                if self.is_unsure:
                    await to_thread.run_sync(self._changes.look)

    async def find_stamp(self) -> Stamp:
        """Return the stamp, looked for if it is time. Raises StoreError."""
        await self.look()
        return self.last_stamp

    @property
    def last_stamp(self) -> Stamp:
        """Return the stamp as far as it is known."""
        return self._changes.stamp
