"""Files that are kept: made once for a crowd, anew when the letter has changed, never too many."""

import asyncio

import pytest

from undersigned.errors import Busy
from undersigned.web.kept_files import KeptFiles


class Maker:
    """Makes files, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> bytes:
        self.made += 1
        return str(self.made).encode()


def get(kept: KeptFiles, maker: Maker, key: str = "a", made_of: int = 1, now: int = 0) -> bytes:
    """Ask for a file once."""
    return asyncio.run(kept.get(key, made_of, now, maker)).content


def test_a_crowd_costs_one_making() -> None:
    """Also where all of it comes at once."""
    kept, maker = KeptFiles(most=2, waiting=20), Maker()

    async def crowd() -> list[bytes]:
        files = await asyncio.gather(*(kept.get("a", 1, 0, maker) for _ in range(20)))
        return [file.content for file in files]

    assert asyncio.run(crowd()) == [b"1"] * 20
    assert get(kept, maker) == b"1"


def test_what_has_changed_is_made_anew() -> None:
    """At once, or not before the time has come."""
    kept, maker = KeptFiles(most=2, waiting=1), Maker()
    assert get(kept, maker) == b"1"
    assert get(kept, maker, made_of=2) == b"2"
    slow = KeptFiles(most=2, waiting=1, fresh_s=30)
    assert get(slow, maker, now=100) == b"3"
    assert get(slow, maker, made_of=2, now=129) == b"3"
    assert get(slow, maker, made_of=2, now=130) == b"4"
    # a clock that went backwards keeps nothing for ever
    assert get(slow, maker, made_of=3, now=5) == b"5"


def test_the_one_that_was_not_asked_for_longest_goes() -> None:
    """There are never more than there is room for."""
    kept, maker = KeptFiles(most=2, waiting=1), Maker()
    for key in ("a", "b", "a", "c"):
        get(kept, maker, key)
    assert maker.made == 3
    assert get(kept, maker, "a") == b"1"
    assert get(kept, maker, "b") == b"4"


def test_too_many_who_wait_are_sent_away() -> None:
    """And what fails is neither kept nor in the way of the next."""
    kept, maker = KeptFiles(most=2, waiting=1), Maker()

    async def crowd() -> list[object]:
        asked = (kept.get(str(key), 1, 0, maker) for key in range(4))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    assert sum(isinstance(answer, Busy) for answer in asyncio.run(crowd())) == 2

    def fail() -> bytes:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        asyncio.run(kept.get("x", 1, 0, fail))
    assert get(kept, maker, "x") == b"3"
