"""Pauses after failures: what failed is left alone, ever longer, and keeps nothing else from its turn."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Pause:
    length_s: float
    until_s: float


class Pauses(Generic[K]):
    """Who rests until when, by name, on a clock that is never put back."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._pauses: dict[K, _Pause] = {}

    def may_try(self, name: K, now_s: float) -> bool:
        """Say whether the pause of `name` is over, or there is none."""
        pause = self._pauses.get(name)
        return pause is None or pause.until_s <= now_s

    def is_any_over(self, now_s: float) -> bool:
        """Say whether something that has failed may be tried again."""
        return any(pause.until_s <= now_s for pause in self._pauses.values())

    def begin(self, name: K, now_s: float) -> None:
        """Let `name` rest, twice as long as the time before."""
        before = self._pauses.get(name)
        length_s = self._first_s if before is None else min(2 * before.length_s, self._longest_s)
        self._pauses[name] = _Pause(length_s, now_s + length_s)

    def end(self, name: K) -> None:
        """Treat `name` as well: if it fails again, its first pause is short."""
        self._pauses.pop(name, None)

    def keep(self, names: set[K]) -> None:
        """Forget all but these, of which nobody asks any more."""
        self._pauses = {name: pause for name, pause in self._pauses.items() if name in names}
