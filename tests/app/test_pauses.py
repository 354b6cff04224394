"""Pauses after failures: ever longer, each of its own, and short again after a success."""

from undersigned.app.pauses import Pauses


def test_pauses_grow_up_to_the_longest() -> None:
    """10, 20, 40 seconds and so on; another name is not touched by it."""
    pauses: Pauses[str] = Pauses(10, 60)
    now = 100.0
    for length in (10, 20, 40, 60, 60):
        assert pauses.may_try("a", now)
        pauses.begin("a", now)
        assert not pauses.may_try("a", now + length - 1)
        assert pauses.may_try("b", now)
        now += length
    assert pauses.is_any_over(now)


def test_a_success_ends_it() -> None:
    """The next pause is the first one again."""
    pauses: Pauses[str] = Pauses(10, 60)
    for _ in range(3):
        pauses.begin("a", 0.0)
    pauses.end("a")
    assert pauses.may_try("a", 0.0)
    assert not pauses.is_any_over(1_000.0)
    pauses.begin("a", 0.0)
    assert pauses.may_try("a", 10.0)


def test_what_is_gone_is_forgotten() -> None:
    """Its pause does not go on for ever."""
    pauses: Pauses[str] = Pauses(10, 60)
    pauses.begin("a", 0.0)
    pauses.begin("b", 0.0)
    pauses.keep({"b"})
    assert pauses.may_try("a", 0.0)
    assert not pauses.may_try("b", 0.0)
