"""A trustee's requests to the site, each signed with its key (formats §9)."""

import hashlib
import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx2
import msgspec

from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.canonical import decode_json
from undersigned.domain.letter import Letter
from undersigned.domain.record import format_record
from undersigned.domain.requests import request_bytes
from undersigned.encoding import format_base64url
from undersigned.errors import UnknownLeaf
from undersigned.signer.exchange import PATIENT, Answer, Patience, exchange, fetch
from undersigned.trustee.opening import Opening

_OCTETS: Final = "application/octet-stream"


class _Line(msgspec.Struct, rename={"sender": "from"}):
    sender: int


class _Shares(msgspec.Struct):
    files: list[_Line]
    awaited: list[int]


class _Clock(msgspec.Struct):
    time: int


_SHARES: Final = msgspec.json.Decoder(_Shares)
_CLOCK: Final = msgspec.json.Decoder(_Clock)


CLOCK_GOOD_FOR_S: Final = 30.0
"""Seconds for which the site's clock is taken to have run on as this machine's has."""


@dataclass(slots=True)
class Visit:
    """One trustee of one letter at its site: `root` is the site's address, without a slash at its end.

    A request is dated by the site's own clock: the date only keeps the request from being sent again.
    """

    client: httpx2.Client
    root: str
    letter: Letter
    key: TrusteeKey
    number: int
    patience: Patience = PATIENT
    _clock: tuple[float, int] | None = None

    def get_blob(self, index: int) -> bytes | None:
        """Return the sealed name at a leaf, None if the site has none whose turn it is."""
        try:
            return self._ask("GET", f"blobs/{index}").body
        except UnknownLeaf:
            return None

    def send_shares(self, wave: int, file: bytes) -> None:
        """Send this trustee's share file."""
        self._ask("POST", f"waves/{wave}/shares", file)

    def list_senders(self, wave: int) -> Sequence[int]:
        """Return whose share files the site has."""
        answer = self._ask("GET", f"waves/{wave}/shares")
        return [line.sender for line in decode_json(_SHARES, answer.body, "shares").files]

    def get_shares(self, wave: int, sender: int) -> bytes:
        """Return another trustee's share file."""
        return self._ask("GET", f"waves/{wave}/shares/{sender}").body

    def send_opening(self, opening: Opening) -> bool:
        """Send an opening; say False if it was in the log already."""
        body = format_record(opening.record) + b"\n" + opening.content
        return self._ask("POST", f"waves/{opening.file.wave}/opening", body).status == 201

    def _ask(self, method: str, what: str, body: bytes | None = None) -> Answer:
        name = f"{self.letter.slug}@{self.letter.edition}"
        url = f"{self.root}/api/v1/letters/{name}/{what}"
        path = httpx2.URL(url).raw_path.decode("ascii")
        time = self._time()
        message = request_bytes(method, path, time, hashlib.sha256(body or b"").digest())
        sig = format_base64url(self.key.sign(message))
        headers = {"Undersigned-Trustee": f"{self.number} {time} {sig}"}
        if body is not None:
            headers["Content-Type"] = _OCTETS
        return exchange(self.client, method, url, body, headers, self.patience)

    def _time(self) -> int:
        now = clock.monotonic()
        if self._clock is None or now - self._clock[0] > CLOCK_GOOD_FOR_S:
            answer = fetch(self.client, f"{self.root}/api/v1/site", self.patience)
            self._clock = (now, decode_json(_CLOCK, answer.body, "site").time)
        return self._clock[1]
