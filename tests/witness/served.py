"""Witnesses that are being served, and the policies that name them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.live import serve

from undersigned.crypto.keys import CosignatureSigner
from undersigned.crypto.note_key import NoteKey, format_vkey
from undersigned.tlog.policy import Policy, parse_policy
from undersigned.witness.judging import Witness
from undersigned.witness.memory import make_witness, trust_log
from undersigned.witness.serving import make_witness_app

TIME = 1_700_000_000


@dataclass(slots=True)
class Served:
    """A witness over HTTP, which may be down (503) or slow (it never answers)."""

    name: str
    folder: Path
    witness: Witness
    url: str = ""
    is_down: bool = False
    is_slow: bool = False
    asked: int = 0

    @property
    def key(self) -> NoteKey:
        """Its key."""
        return CosignatureSigner.load(self.folder / "cosigning.key").verifier

    @property
    def line(self) -> str:
        """Its line in a policy."""
        return f"witness {self.name} {format_vkey(self.key)} {self.url}"


class _Moody:
    """The app of a witness, in its mood."""

    def __init__(self, served: Served, app: ASGIApp) -> None:
        self._served = served
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._served.asked += 1
        if self._served.is_slow:
            await anyio.sleep(30)
        if self._served.is_down:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)


@contextmanager
def witness_served(folder: Path, name: str, vkey: str) -> Iterator[Served]:
    """Make a witness that knows a log, and serve it."""
    make_witness(folder, f"{name}.example/w")
    trust_log(folder, vkey)
    served = Served(name, folder, Witness(folder, lambda: TIME))
    with serve(_Moody(served, make_witness_app(served.witness))) as url:
        served.url = url
        yield served


def policy_text(witnesses: Sequence[Served], quorum: int) -> str:
    """Return a policy that asks for so many of these; 0 is none."""
    lines = [served.line for served in witnesses]
    if quorum:
        lines.append(f"group q {quorum} {' '.join(served.name for served in witnesses)}")
    lines.append(f"quorum {'q' if quorum else 'none'}")
    return "".join(f"{line}\n" for line in lines)


def policy_of(witnesses: Sequence[Served], quorum: int) -> Policy:
    """Return the same, read."""
    return parse_policy(policy_text(witnesses, quorum).encode())
