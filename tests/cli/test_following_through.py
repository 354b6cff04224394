"""Saying on the terminal whether one did what a letter said."""

import secrets
from collections.abc import Iterator

import pytest
from tests.app.answered import open_three
from tests.app.village import DAY, HOUR, Village, village_in
from tests.cli.conftest import Run
from tests.web.inside import one_token_key, serving

from undersigned.app.following_through import FollowUp, get_follow_up
from undersigned.crypto.keys.signer import words_of
from undersigned.domain.letter import Mode

CODE = secrets.token_bytes(16)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A released letter with three signers, one of whom is known by the words."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("site") / "data") as made:
        letter = open_three(made, deadline_s=2 * DAY, modes='["public"]', conditions="[]")
        made.take(made.villager(letter, CODE).sign_request(Mode.PUBLIC))
        made.members(letter, 2, Mode.PUBLIC)
        made.later(2)
        made.later(HOUR)
        yield made


@pytest.fixture(scope="module")
def url(village: Village) -> Iterator[str]:
    """The address of the letter."""
    with serving(village) as running:
        yield f"{running.desk.url}/letters/mill"


def test_said_by_the_words_once(run: Run, village: Village, url: str) -> None:
    """Not before the deadline, then once, and never by words that have signed nothing."""
    words = words_of(CODE)
    early = run("follow-through", url, "no", "--words", words)
    assert (early.code, early.out) == (1, "")
    assert "once the letter is released and its deadline is over" in early.err
    village.later(2 * DAY)
    done = run("follow-through", url, "not-yet", "--words", words)
    assert done.code == 0, done.err
    assert "mill@1" in done.out
    assert words not in done.out + done.err
    again = run("follow-through", url, "yes", "--words", words)
    assert (again.code, again.err) == (
        1,
        "error: this signer has said it before; each is counted once\n",
    )
    strange = run("follow-through", url, "yes", "--words", words_of(bytes(16)))
    assert strange.code == 1
    assert run("follow-through", url, "perhaps", "--words", words).code == 2
    found = get_follow_up(village.site, village.letters, "mill")
    assert found == FollowUp(True, 0, 1, 0)
