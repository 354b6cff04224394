"""Work before a mail: what is taken, and that nothing else is."""

import base64
import contextlib
import json
import stat
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.methods.working import work_for
from tests.app.village import Village, village_in

from undersigned.app.issuer import Issuer
from undersigned.app.methods.work import LIFETIME_S, MOST_TRIES, check_work, make_challenge
from undersigned.domain.letter import Letter
from undersigned.errors import FormatError, UndersignedError, WorkRejected


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A site that these tests share: looking at work changes nothing."""
    with village_in(tmp_path_factory.mktemp("hamlet") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def letter(hamlet: Village) -> Letter:
    """An open letter."""
    return hamlet.open()


@pytest.fixture(scope="module")
def issuer(hamlet: Village) -> Issuer:
    """Its issuer."""
    return hamlet.site.issuer


@pytest.fixture(scope="module")
def work(issuer: Issuer, letter: Letter) -> str:
    """A challenge of the letter, solved."""
    return work_for(issuer, letter)


def _changed(work: str, *path: str, value: Any) -> str:
    wire = json.loads(base64.b64decode(work))
    place = wire
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return base64.b64encode(json.dumps(wire).encode()).decode()


def test_work_that_was_done_is_taken(issuer: Issuer, letter: Letter, work: str) -> None:
    """Until it is used: looking at it does not use it up."""
    assert check_work(issuer, letter, work) == check_work(issuer, letter, work)
    assert check_work(issuer, letter, work).expires == issuer.clock.now() + LIFETIME_S


def test_a_challenge_takes_about_a_second_of_a_cheap_telephone(
    issuer: Issuer, letter: Letter
) -> None:
    """Never less than half of the most that it may take, or a lucky machine would ask for many."""
    for _ in range(3):
        work = json.loads(base64.b64decode(work_for(issuer, letter)))
        assert MOST_TRIES // 2 <= work["solution"]["counter"] < MOST_TRIES
        assert work["challenge"]["parameters"]["data"]["most"] == MOST_TRIES


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("solution", "derivedKey"), "00" * 32),
        (("challenge", "signature"), "00" * 32),
        (("challenge", "parameters", "keySignature"), "00" * 32),
        (("challenge", "parameters", "nonce"), "00" * 16),
        (("challenge", "parameters", "data", "expires"), 2**40),
        (("challenge", "parameters", "data", "letter"), "00" * 32),
    ],
)
def test_what_was_changed_is_refused(
    issuer: Issuer, letter: Letter, work: str, path: tuple[str, ...], value: Any
) -> None:
    """Whatever of it."""
    with pytest.raises(WorkRejected):
        check_work(issuer, letter, _changed(work, *path, value=value))


def test_work_is_for_its_letter(hamlet: Village, work: str) -> None:
    """Not for another one of the same issuer."""
    other = hamlet.open("forge")
    with pytest.raises(WorkRejected):
        check_work(hamlet.site.issuer, other, work)


def test_work_is_good_for_ten_minutes(village: Village) -> None:
    """To the second, by the issuer's clock."""
    letter, issuer = village.open(), village.site.issuer
    work = work_for(issuer, letter)
    village.later(LIFETIME_S - 1)
    check_work(issuer, letter, work)
    village.later(1)
    with pytest.raises(WorkRejected):
        check_work(issuer, letter, work)


def test_the_key_of_challenges_is_kept(village: Village) -> None:
    """For its owner alone; work that was begun before a restart is taken after it."""
    letter = village.open()
    work = work_for(village.site.issuer, letter)
    (path,) = village.site.folder.glob("keys/issuer/challenge.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    village.restart()
    check_work(village.site.issuer, letter, work)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        "bm8ganNvbg==",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"[" * 1_500).decode(),
        "A" * 4_096,
    ],
)
def test_what_is_no_work_is_refused(issuer: Issuer, letter: Letter, text: str) -> None:
    """In its form already."""
    with pytest.raises(FormatError):
        check_work(issuer, letter, text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=8,
)
_PLACES = [
    ("challenge",),
    ("solution",),
    ("solution", "counter"),
    ("solution", "derivedKey"),
    ("challenge", "signature"),
    ("challenge", "parameters"),
    ("challenge", "parameters", "cost"),
    ("challenge", "parameters", "keyLength"),
    ("challenge", "parameters", "salt"),
    ("challenge", "parameters", "data"),
    ("challenge", "parameters", "more"),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_PLACES), _JSON)
def test_whatever_comes_is_refused_in_words(
    issuer: Issuer, letter: Letter, work: str, path: tuple[str, ...], value: Any
) -> None:
    """Never with another error than ours, unless it is what it was.

    The key is the answer, which nobody finds without the counter: a false counter beside it is read
    past or refused, and makes no other work of it.
    """
    changed = _changed(work, *path, value=value)
    if path == ("solution", "counter"):
        with contextlib.suppress(UndersignedError):
            assert check_work(issuer, letter, changed) == check_work(issuer, letter, work)
    elif json.loads(base64.b64decode(changed)) != json.loads(base64.b64decode(work)):
        with pytest.raises(UndersignedError):
            check_work(issuer, letter, changed)


def test_a_challenge_stores_nothing(village: Village) -> None:
    """However many are asked for."""
    letter = village.open()
    path = village.site.folder / "issuer.db-wal"
    make_challenge(village.site.issuer, letter)
    before = path.stat().st_size
    for _ in range(20):
        make_challenge(village.site.issuer, letter)
    assert path.stat().st_size == before
