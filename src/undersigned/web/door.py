"""What every route stands on: the running site, its letters by name, and the bounds of slow work.

A door leads to the collector, to the issuer, or, at a whole site, there is one to each.
"""

from typing import Annotated, cast

from anyio import to_thread
from fastapi import Depends
from starlette.requests import Request

from undersigned.app.issuer import IssuedLetter
from undersigned.app.letters import LetterView
from undersigned.app.published import PublishedLog
from undersigned.app.reading import get_view
from undersigned.app.running import RunningSite
from undersigned.app.running_issuer import RunningIssuer
from undersigned.app.trustees import Blobs
from undersigned.errors import UnknownLetter
from undersigned.web.bounded import Bounded
from undersigned.web.cors import origin_of

MAILS_WAITING = 1000
"""Requests for a code that may wait to be looked up: a few seconds' work for one thread."""

CHALLENGES_AT_ONCE = 4
CHALLENGES_WAITING = 1000
"""As many as there may be codes: each is a few hashes, and one look into the database."""

TOKENS_AT_ONCE = 32
"""Each waits for the disk with others in one transaction, so that more threads mean larger ones."""

TOKENS_WAITING = 512

ROLLS_WAITING = 16
"""Changes of rolls, each handed over by the issuer of a letter, one at a time."""

SIGN_ONS_AT_ONCE = 16
SIGN_ONS_WAITING = 256
"""Each may wait for the provider for as long as `provider.asking.LONGEST_WAIT_S`."""

CARDS_WAITING = 4
"""Files of invite cards, each typeset for some seconds."""

OPENINGS_WAITING = 16
"""One for each trustee that a letter can have."""


class Door:
    """The running site as requests see it. One for each app."""

    def __init__(self, running: RunningSite) -> None:
        self.running = running
        self._editions: dict[str, LetterView] = {}
        self.log = PublishedLog(running.site)
        self.blobs = Blobs(running.site)
        # Each is one transaction of the log, and only issuers send any.
        self.rolls = Bounded(at_once=1, waiting=ROLLS_WAITING)
        # Each verifies the whole log; the first valid one of a wave is the only one that is needed.
        self.openings = Bounded(at_once=1, waiting=OPENINGS_WAITING)

    async def get_view(self, name: str) -> LetterView:
        """Return what never changes about `slug` or `slug@edition`. Raises UnknownLetter.

        An edition that was named is remembered; the newest one of a slug is looked up each time.
        """
        view = self._editions.get(name)
        if view is None:
            view = await to_thread.run_sync(get_view, self.running.site, self.running.letters, name)
            if "@" in name:
                self._editions[name] = view
        return view


class IssuerDoor:
    """The running issuer as requests see it. One for each app that gives out codes and tokens."""

    def __init__(self, running: RunningIssuer) -> None:
        self.running = running
        self.challenges = Bounded(at_once=CHALLENGES_AT_ONCE, waiting=CHALLENGES_WAITING)
        self.mails = Bounded(at_once=1, waiting=MAILS_WAITING)
        self.sign_ons = Bounded(at_once=SIGN_ONS_AT_ONCE, waiting=SIGN_ONS_WAITING)
        self.tokens = Bounded(at_once=TOKENS_AT_ONCE, waiting=TOKENS_WAITING)
        # One after the other: a form that was filled in before finds what others have made.
        self.cards = Bounded(at_once=1, waiting=CARDS_WAITING)

    async def get_letter(self, name: str) -> IssuedLetter:
        """Return the letter of `slug` or `slug@edition`. Raises UnknownLetter.

        It is looked up each time: one that is not open yet may be proposed anew.
        """
        return await to_thread.run_sync(self.running.issuer.get_letter, name)

    async def find_origin(self, name: str) -> str | None:
        """Return the origin of the pages from which members ask about a letter; None for no letter."""
        try:
            site = (await self.get_letter(name)).site
        except UnknownLetter:
            return None
        return None if site is None else origin_of(site)


async def door_of(request: Request) -> Door:
    """Return the door to the collector that a request came through."""
    return cast("Door", request.app.state.door)


async def issuer_door_of(request: Request) -> IssuerDoor:
    """Return the door to the issuer that a request came through."""
    return cast("IssuerDoor", request.app.state.issuer_door)


AtDoor = Annotated[Door, Depends(door_of)]
"""The door to the collector as a parameter of a route."""

AtIssuer = Annotated[IssuerDoor, Depends(issuer_door_of)]
"""The door to the issuer as a parameter of a route."""
