"""Invite codes: made, seen once, and from then on known by a mark that is printed on the card.

The database keeps H(code). The mark is made of it, so that a lost card can be found and voided without
anybody knowing its code; of 80 random bits it gives away nothing that helps to guess them.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from undersigned.app.issuer import Issuer
from undersigned.app.roll_changes import (
    Done,
    FindCollector,
    RollChange,
    block_entry,
    change_roll,
)
from undersigned.app.rolls import SALT_BYTES, code_hash, find_any_listed, new_code
from undersigned.domain.letter import Letter, RollKind
from undersigned.domain.reasons import RollReason
from undersigned.domain.roll import (
    INVITE_ALPHABET,
    format_invite_code,
    member_commit,
    member_of_invite,
    parse_invite_code,
)
from undersigned.errors import NotOnRoll, Refused, RollNotEmpty
from undersigned.store import invites as invite_store
from undersigned.store import issuances
from undersigned.store import members as member_store
from undersigned.store import rolls as roll_store
from undersigned.store.database import Connection
from undersigned.store.members import MemberRow

MOST_INVITES: Final = 200_000

MARK_CHARACTERS: Final = 7
"""35 bits: among 200,000 codes hardly two have the same mark."""

_SPELT = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", INVITE_ALPHABET.encode())


class Invite(NamedTuple):
    """An invite code as it is handed over, and whose it is (None on a roll of invites alone)."""

    code: str
    name: str | None
    address: str | None

    @property
    def mark(self) -> str:
        """What is printed beside the code, and says which card this was."""
        return mark_of_code(self.code)


def mark_of(digest: bytes) -> str:
    """Return the mark of a code by its hash (32 bytes)."""
    spelt = base64.b32encode(digest).translate(_SPELT)
    return spelt[:MARK_CHARACTERS].decode()


def mark_of_code(typed: str) -> str:
    """Return the mark of a code as people write it. Raises FormatError."""
    return mark_of(code_hash(parse_invite_code(typed)))


def make_invites(
    issuer: Issuer,
    slug: str,
    count: int | None,
    find_collector: FindCollector | None = None,
    *,
    most: int = MOST_INVITES,
) -> list[Invite]:
    """Make invite codes, the only time that they can be seen: the database keeps their hashes.

    Where the roll is a list, every entry without a code receives one (`count` is None), no more than
    `most` at once, in the order of their addresses; otherwise `count` new entries are made. Those of an
    open letter are a change of its roll: `find_collector` says who takes it. Raises Refused,
    RollNotEmpty; what `change_roll` raises.
    """
    with issuer.database.read() as connection:
        figures = roll_store.read_figures(connection, slug)
    if figures.addressed:
        if count is not None:
            raise RollNotEmpty("This roll is a list: every entry of it receives a code.")
        return _invite_entries(issuer, slug, most)
    if count is None or not 1 <= count <= most:
        raise Refused(f"Say how many codes to make, from 1 to {most}.")
    return _invite_anyone(issuer, slug, count, find_collector)


def _invite_entries(issuer: Issuer, slug: str, most: int) -> list[Invite]:
    with issuer.database.write() as connection:
        invited = member_store.list_invited(connection, slug)
        members = [
            member
            for member in member_store.list_members(connection, slug)
            if member.commit not in invited and not member.blocked
        ]
        members.sort(key=lambda member: member.address or "")
        new = [(new_code(), member) for member in members[:most]]
        member_store.add_invites(
            connection, slug, [(code_hash(code), member.commit) for code, member in new]
        )
    return [Invite(format_invite_code(c), m.name, m.address) for c, m in new]


def _invite_anyone(
    issuer: Issuer, slug: str, count: int, find_collector: FindCollector | None
) -> list[Invite]:
    codes = [new_code() for _ in range(count)]

    def add(connection: Connection, letter: Letter | None) -> Done:
        if letter is not None and letter.roll is not RollKind.INVITES:
            raise RollNotEmpty("This roll is not one of codes alone.")
        members = [_entry_of(slug, code, waits=letter is not None) for code in codes]
        member_store.add_members(connection, members)
        invites = [(code_hash(c), m.commit) for c, m in zip(codes, members, strict=True)]
        member_store.add_invites(connection, slug, invites)
        return Done(count, 0, states=True)

    change_roll(issuer, find_collector, slug, RollReason.ADDED, add)
    return [Invite(format_invite_code(code), None, None) for code in codes]


def _entry_of(slug: str, code: str, *, waits: bool) -> MemberRow:
    salt, member = secrets.token_bytes(SALT_BYTES), member_of_invite(code)
    commit = member_commit(salt, member)
    return MemberRow(slug, commit, member, salt, None, None, None, blocked=False, waits=waits)


# --- cards that were handed out


@dataclass(frozen=True, slots=True)
class Card:
    """A code that was made: its mark, and whose it is. `commit` is the entry that it proves."""

    mark: str
    code_hash: bytes
    commit: bytes
    name: str | None
    address: str | None
    is_void: bool
    is_used: bool


def list_cards(issuer: Issuer, slug: str) -> list[Card]:
    """Return the codes of a letter by their marks, without the codes: nobody has them."""
    issued = issuer.find_letter(slug)
    with issuer.database.read() as connection:
        rows = invite_store.list_invites(connection, slug)
        used = (
            set[bytes]()
            if issued is None
            else issuances.list_issued_in(connection, issued.letter.letter_id)
        )
    cards = [
        Card(
            mark_of(row.code_hash),
            row.code_hash,
            row.commit,
            row.name,
            row.address,
            is_void=row.blocked,
            is_used=row.commit in used,
        )
        for row in rows
    ]
    return sorted(cards, key=lambda card: (card.address or "", card.mark))


def find_card(issuer: Issuer, slug: str, mark: str) -> Card:
    """Return the card with a mark. Raises NotOnRoll, also if two cards have it."""
    wanted = "".join(mark.split()).upper().translate(str.maketrans("OIL", "011"))
    found = [card for card in list_cards(issuer, slug) if card.mark == wanted]
    if len(found) != 1:
        raise NotOnRoll(
            "Two cards of this letter have that mark." if found else "No card has that mark."
        )
    return found[0]


def void_card(
    issuer: Issuer, find_collector: FindCollector | None, slug: str, mark: str
) -> RollChange:
    """Void the code of a card: it proves nothing any more.

    Whoever is listed stays on the roll and can prove their address; on a roll of codes alone the entry
    is blocked, which is a change of the roll. Raises NotOnRoll, and what `change_roll` raises.
    """
    card = find_card(issuer, slug, mark)
    if card.is_void:
        return RollChange(0, 1, None)
    if card.address is not None:
        with issuer.database.write() as connection:
            invite_store.delete_invite(connection, slug, card.code_hash)
        return RollChange(1, 0, None)

    def block(connection: Connection, letter: Letter | None) -> Done:
        entry = roll_store.find_entry_by_commit(connection, slug, card.commit)
        if entry is None:
            raise NotOnRoll("No card has that mark.")
        return block_entry(connection, letter, entry)

    return change_roll(issuer, find_collector, slug, RollReason.BLOCKED, block)


def replace_invite(issuer: Issuer, slug: str, address: str, mark: str) -> Invite | None:
    """Void the code of who is listed with a canonical address, and make them another.

    `mark` is that of the code before, empty where there is none; None if it is another one meanwhile.
    Raises NotOnRoll, also for who is blocked.
    """
    issued = issuer.find_letter(slug)
    letter = None if issued is None else issued.letter
    with issuer.database.write() as connection:
        entry = find_any_listed(connection, slug, letter, address)
        if entry is None or entry.blocked:
            raise NotOnRoll
        rows = invite_store.list_invites(connection, slug)
        held = [row.code_hash for row in rows if row.commit == entry.commit]
        if {mark_of(digest) for digest in held} != ({mark} if mark else set()):
            return None
        for digest in held:
            invite_store.delete_invite(connection, slug, digest)
        code = new_code()
        member_store.add_invites(connection, slug, [(code_hash(code), entry.commit)])
    return Invite(format_invite_code(code), entry.name, entry.address)


def take_back(
    issuer: Issuer, find_collector: FindCollector | None, slug: str, invites: Sequence[Invite]
) -> None:
    """Void codes that reached nobody. Raises what `change_roll` raises."""
    digests = {code_hash(parse_invite_code(invite.code)) for invite in invites}
    if all(invite.address is not None for invite in invites):
        with issuer.database.write() as connection:
            for digest in digests:
                invite_store.delete_invite(connection, slug, digest)
        return

    def block(connection: Connection, letter: Letter | None) -> Done:
        rows = invite_store.list_invites(connection, slug)
        commits = {row.commit for row in rows if row.code_hash in digests}
        if letter is None:
            roll_store.delete_entries(connection, slug, commits)
        for commit in commits if letter is not None else ():
            roll_store.block_entry(connection, slug, commit)
        return Done(len(commits), 0, states=bool(commits))

    change_roll(issuer, find_collector, slug, RollReason.BLOCKED, block)
