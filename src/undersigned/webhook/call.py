"""What is sent to a webhook, and what comes of it; who calls is `webhook.calling`, which few sites need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from undersigned.webhook.target import Target


class Problem(StrEnum):
    """Why a call had no answer with a status."""

    NO_NAME = "no-name"
    """The name of the host is not known."""
    REFUSED = "refused-address"
    """The name leads to an address that is not public."""
    NO_CONNECTION = "no-connection"
    NO_TLS = "no-tls"
    """The certificate is not one for the name, or not to be trusted."""
    TOO_SLOW = "too-slow"
    NO_HTTP = "no-http"
    """What came is no answer, or longer than one may be."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is sent. What can be told of it holds neither its address nor its signatures."""

    target: Target = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status, or a problem."""

    status: int | None = None
    problem: Problem | None = None

    @property
    def is_success(self) -> bool:
        """Say whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def code(self) -> str:
        """What is kept of it: the number of the status, or the word of the problem."""
        return str(self.status) if self.problem is None else self.problem.value
