"""Requests of one transaction: what one of them takes, the next one does not get, written or not."""

import asyncio
import secrets
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.app.village import Village

from undersigned.app.site import open_site
from undersigned.app.taking import IssuedRequest, Request, SignRequest
from undersigned.app.taking_many import take_many
from undersigned.domain.letter import Letter, LetterId, Mode
from undersigned.domain.record import IssuedRecord, signed_bytes
from undersigned.errors import (
    AlreadyIssued,
    FormatError,
    RollExceeded,
    StoreError,
    TokenSpent,
    UndersignedError,
    UnknownLetter,
)
from undersigned.store.collector_schema import blob, issued, pending, roll_state, spent
from undersigned.store.pending import Taken, spend_tokens


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter."""
    return village.open(rule=5)


def take(village: Village, *requests: Request) -> list[bool | type[UndersignedError]]:
    """Take requests in one transaction; return for each if it is new, or why it was refused."""
    with village.site.collector.write() as connection:
        asked = [
            (village.letters.get(connection, each.record.letter_id), each) for each in requests
        ]
        answers = take_many(connection, asked, village.clock.now())
    return [each[1] if isinstance(each, tuple) else type(each) for each in answers]


def count(village: Village, table: sa.Table) -> int:
    """Count the rows of a table."""
    with village.site.collector.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_token_is_spent_once(village: Village, letter: Letter) -> None:
    """The first record has it; the same one again is known, another one is refused."""
    one, other = village.villager(letter), village.villager(letter)
    first, second = one.sign_request(Mode.SEALED), one.sign_request(Mode.ANONYMOUS)
    apart = other.sign_request(Mode.PUBLIC)
    assert take(village, first, second, first, apart) == [True, TokenSpent, False, True]
    assert count(village, spent) == 2
    assert take(village, second, apart, first) == [TokenSpent, False, False]


def test_a_sealed_name_belongs_to_one_record(village: Village, letter: Letter) -> None:
    """Two who send one blob: the second is refused, and keeps the token."""
    one, other = village.villager(letter), village.villager(letter)
    first = one.sign_request(Mode.SEALED)
    bare = other.sign_request(Mode.SEALED)
    copied = SignRequest(replace(bare.record, name=first.record.name), first.blob)
    assert take(village, first, copied, bare) == [True, FormatError, True]
    assert (count(village, blob), count(village, spent)) == (2, 2)


def test_a_change_follows_its_signature(village: Village, letter: Letter) -> None:
    """Whatever the order in which they came."""
    villager = village.villager(letter)
    sign = villager.sign_request(Mode.ANONYMOUS)
    assert take(village, villager.withdraw_request(), sign) == [True, True]
    village.later(1)
    assert village.row(villager).status == "withdrawn"


def issue(village: Village, letter: Letter, member: bytes | None = None) -> IssuedRequest:
    """Return the issuer's word about a member."""
    member = member or secrets.token_bytes(32)
    record = IssuedRecord(letter.letter_id, secrets.token_bytes(32), member, sig=bytes(64))
    key = village.site.issuer.keys(letter).attestation
    return IssuedRequest(replace(record, sig=key.sign(signed_bytes(record))))


def test_members_are_on_record_once_and_within_the_roll(village: Village, letter: Letter) -> None:
    """The same record again is known; who is one too many is refused, and nothing of it is kept."""
    first = issue(village, letter)
    other = issue(village, letter, first.record.member)
    with village.site.collector.write() as connection:
        connection.execute(sa.update(roll_state).values(n=roll_state.c.issued + 2))
        before = connection.execute(sa.select(roll_state.c.issued)).scalar_one()
    second, third = issue(village, letter), issue(village, letter)
    answers = take(village, first, other, first, second, third)
    assert answers == [True, AlreadyIssued, False, True, RollExceeded]
    assert take(village, third, second) == [RollExceeded, False]
    with village.site.collector.read() as connection:
        assert connection.execute(sa.select(roll_state.c.issued)).scalar_one() == before + 2
    assert (count(village, issued), count(village, pending)) == (2, 2)


def test_a_used_token_undoes_the_transaction(village: Village, letter: Letter) -> None:
    """The database's own constraint stands behind what was read before."""
    taken = Taken(secrets.token_bytes(32), 1)
    village.take(village.villager(letter).sign_request(Mode.ANONYMOUS))
    with village.site.collector.read() as connection:
        nonce = connection.execute(sa.select(spent.c.nonce)).scalar_one()
    with pytest.raises(StoreError), village.site.collector.write() as connection:
        spend_tokens(connection, letter.letter_id, {bytes(32): taken, nonce: taken})
    assert count(village, spent) == 1


# --- by name


def ask(village: Village, request: Request, name: str) -> bool | type[UndersignedError]:
    """Ask for a letter by name; return if it is new, or why it was refused."""

    async def wait() -> bool:
        return (await village.intake.ask(request, name)).created

    try:
        return asyncio.run(wait())
    except UndersignedError as error:
        return type(error)


def test_a_name_means_the_newest_edition_at_any_time(village: Village, letter: Letter) -> None:
    """Also once another process has opened a newer one; what it says is for its own letter alone."""
    villager = village.villager(letter)
    request = villager.sign_request(Mode.ANONYMOUS)
    village.open("other")
    for name in ("none", "mill@2", "Mill", "mill@"):
        assert ask(village, request, name) is UnknownLetter
    assert ask(village, request, "other") is FormatError
    assert ask(village, request, "mill@1") is True
    assert ask(village, request, "mill") is False
    here, village.site = village.site, open_site(village.site.folder)
    village.open(edition=2)
    village.site.close()
    village.site = here
    assert ask(village, request, "mill") is FormatError
    assert ask(village, request, "mill@1") is False


def test_who_gives_up_waiting_hinders_nobody(village: Village, letter: Letter) -> None:
    """The record is taken all the same, and the others of its batch have their answers."""
    left, stays = (village.villager(letter).sign_request(Mode.ANONYMOUS) for _ in range(2))

    async def give_up() -> bool:
        with village.site.collector.write():
            # Both wait behind the lock, and so come into one batch.
            first, second = (village.intake.ask(each, "mill") for each in (left, stays))
            first.cancel()
        return (await second).created

    assert asyncio.run(give_up())
    assert not village.take(left).created


def test_a_loop_that_has_ended_hinders_nobody(village: Village, letter: Letter) -> None:
    """Its requests are taken, too, and others are answered after it."""
    request = village.villager(letter).sign_request(Mode.ANONYMOUS)

    async def leave() -> None:
        village.intake.ask(request, "mill")

    with village.site.collector.write():
        asyncio.run(leave())
        waiting = village.submit(request)
    assert not waiting.result(120).created


def test_a_letter_of_another_site(village: Village, letter: Letter) -> None:
    """It is not here, whatever it is called."""
    request = village.villager(letter).sign_request(Mode.ANONYMOUS)
    moved = SignRequest(replace(request.record, letter_id=LetterId(bytes(32))), None)
    assert ask(village, moved, "mill") is FormatError
