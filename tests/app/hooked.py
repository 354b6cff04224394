"""A village with receivers of webhooks near it, and what they were told."""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.app.village import Village
from tests.webhook.receiver import NearCaller, Receiver, network_of, receiving

from undersigned.app.calling import Calling
from undersigned.app.webhooks import Webhook, add_webhook, list_webhooks

URL = "https://letters.example"
HOOK = "https://hooks.example/hook"


@dataclass
class Hooked:
    """A village, a receiver, and the loop that calls it, turned by hand."""

    village: Village
    receiver: Receiver
    certificate: Path
    calling: Calling = field(init=False)

    def __post_init__(self) -> None:
        self._ticks = itertools.count(0, 10)
        self.begin()

    def begin(self) -> None:
        """Begin to call, as a process that starts does."""
        caller = NearCaller(network_of(self.certificate, longest_call_s=60), self.receiver.port)
        village = self.village
        self.calling = Calling(village.site, village.letters, URL, lambda: caller)

    def restart(self) -> None:
        """End what goes on, without noting it, and begin anew."""
        self.calling.stop()
        self.village.restart()
        self.begin()

    def add(self, slug: str = "mill", url: str = HOOK) -> str:
        """Add a webhook; return its secret."""
        return add_webhook(self.village.site, self.village.letters, slug, url)

    def hooks(self, slug: str = "mill") -> list[Webhook]:
        """The webhooks of a letter."""
        return list_webhooks(self.village.site, self.village.letters, slug)

    def step(self) -> int:
        """Let the loop turn once."""
        return self.calling.step(float(next(self._ticks)))

    def go(self) -> None:
        """Let it turn until there is nothing to do."""
        until = time.monotonic() + 120
        while self.step() or self.calling.on_the_way:
            assert time.monotonic() < until
            time.sleep(0.005)

    def told(self) -> list[dict[str, Any]]:
        """What the receiver was told, in order."""
        return [json.loads(call.body) for call in self.receiver.calls]

    def kinds(self) -> list[str]:
        """The types of what it was told."""
        return [each["type"].removeprefix("letter.") for each in self.told()]

    def states(self, slug: str = "mill") -> list[tuple[str, str, int, str | None]]:
        """Kind, state, tries and code of the calls of a letter's webhooks, by leaf."""
        calls = [call for hook in self.hooks(slug) for call in hook.calls]
        calls.sort(key=lambda call: call.leaf)
        return [(call.kind, call.state, call.tries, call.code) for call in calls]


@contextmanager
def hooked_in(village: Village, certificate: Path) -> Iterator[Hooked]:
    """Put a receiver near a village."""
    with receiving(certificate) as receiver:
        made = Hooked(village, receiver, certificate)
        yield made
        made.calling.stop()
