"""What the desk shows of a roll: how many of what, and one entry that somebody looks for."""

from dataclasses import dataclass

from undersigned.app.issuer import Issuer
from undersigned.app.rolls import find_any_listed
from undersigned.domain.letter import Letter, RollKind
from undersigned.errors import NotOnRoll
from undersigned.store import issuances
from undersigned.store import members as member_store
from undersigned.store import rolls as roll_store
from undersigned.store.rolls import RollFigures


@dataclass(frozen=True, slots=True)
class RollPage:
    """A roll: its kind (None while nobody is on it and no letter says), its numbers, its letter.

    `site` is the address of who collects its signatures, None where that is this site or unknown;
    `issued` counts tokens, `codes` invite codes; `is_changing` says that a change waits for the log.
    """

    kind: RollKind | None
    figures: RollFigures
    letter: Letter | None
    site: str | None
    issued: int
    codes: int
    is_changing: bool


def read_roll_page(issuer: Issuer, slug: str) -> RollPage:
    """Return what the page of a roll shows."""
    issued = issuer.find_letter(slug)
    letter = None if issued is None else issued.letter
    with issuer.database.read() as connection:
        figures = roll_store.read_figures(connection, slug)
        codes = len(member_store.list_invited(connection, slug))
        tokens = (
            0 if letter is None else len(issuances.list_issued_in(connection, letter.letter_id))
        )
        change = None if letter is None else roll_store.find_change(connection, letter.letter_id)
    return RollPage(
        _kind_of(letter, figures),
        figures,
        letter,
        None if issued is None else issued.site,
        tokens,
        codes,
        change is not None,
    )


def _kind_of(letter: Letter | None, figures: RollFigures) -> RollKind | None:
    if letter is not None:
        return letter.roll
    if figures.addressed:
        return RollKind.LIST
    return RollKind.INVITES if figures.members else None


@dataclass(frozen=True, slots=True)
class Place:
    """The entry of somebody on a roll: the address and name that stand there, and how it stands.

    Whether they have a token is not for those who look somebody up.
    """

    address: str
    name: str | None
    role: str | None
    is_blocked: bool
    waits: bool


def find_place(issuer: Issuer, slug: str, address: str) -> Place:
    """Return the entry of a canonical address. Raises NotOnRoll."""
    issued = issuer.find_letter(slug)
    letter = None if issued is None else issued.letter
    with issuer.database.read() as connection:
        entry = find_any_listed(connection, slug, letter, address)
        if entry is None:
            raise NotOnRoll
    shown = entry.address or address
    return Place(shown, entry.name, entry.role, entry.blocked, entry.waits)
