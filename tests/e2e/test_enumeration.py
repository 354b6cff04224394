"""Asking for codes tells nobody who is on the roll or has signed: neither the answer, nor how soon it comes.

The requests go to the real program over loopback, one after the other, in an order that chance has made once
and for all. After each one another request is timed, which needs the lock that the look-up takes.
"""

import base64
import hashlib
import json
import random
import secrets
import time
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from tests.e2e.ranks import BOUND, deviations
from tests.e2e.server import Server
from tests.live import HOST, make_letter

from undersigned.app.site import WholeSite, make_site
from undersigned.crypto.keys import ChallengeKey
from undersigned.domain.letter import Letter
from undersigned.encoding import format_base64url
from undersigned.store import members as member_store
from undersigned.store.issuances import IssuanceRow, add_issuance

ROUNDS = 510
MOST_ROUNDS = 1_530
"""If the machine is so busy that the planted difference is not found in fewer."""

PLANTED_S = 0.005
CLASSES = ("a stranger", "a member", "a member who has signed")
SLUG = "timed-letter"


class Timed(NamedTuple):
    """Seconds until the answer, and until that of the request after it."""

    own: float
    next: float


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Letter]:
    """A folder with a letter of many members, every other one of whom has a token."""
    folder = tmp_path_factory.mktemp("timed") / "data"
    site = make_site(folder, HOST)
    rows = [f"{kind}{i}@staff.example,N{i},\n" for kind in "ms" for i in range(MOST_ROUNDS)]
    opened, _ = make_letter(
        site, folder.with_name("letter"), SLUG, roll="email,name,role\n" + "".join(rows)
    )
    _sign(site, opened)
    site.close()
    return folder, opened


def _sign(site: WholeSite, letter: Letter) -> None:
    """Leave what the issuer has of a member who has signed."""
    with site.issuer.database.write() as connection:
        for member in member_store.list_members(connection, SLUG):
            if (member.address or "").startswith("s"):
                given = [secrets.token_bytes(size) for size in (32, 32, 256, 400)]
                row = IssuanceRow(letter.letter_id, member.commit, *given)
                add_issuance(connection, row)


class Asking:
    """Asks for codes, with work that was done beforehand, and times what it is answered."""

    def __init__(self, client: httpx2.Client, folder: Path, letter: Letter) -> None:
        self._client = client
        self._path = f"/api/v1/letters/{SLUG}@{letter.edition}"
        self._key = ChallengeKey.load(folder / "keys/issuer/challenge.key")
        self._data = {
            "letter": letter.letter_id.hex(),
            "expires": int(time.time()) + 3_600,
            "most": 1,
        }
        self.answers: set[tuple[int, tuple[str, ...], tuple[tuple[str, str], ...], int]] = set()

    def _work(self) -> str:
        """Return work whose answer is known to whoever has the key: 1,500 seconds of it would be too long."""
        challenge = self._key.make(0, self._data)
        parameters = challenge["parameters"]
        given = bytes.fromhex(parameters["salt"]) + bytes.fromhex(parameters["nonce"]) + bytes(4)
        solution = {"counter": 0, "derivedKey": hashlib.sha256(given).hexdigest()}
        payload = {"challenge": challenge, "solution": solution}
        return base64.b64encode(json.dumps(payload).encode()).decode()

    def ask(self, address: str) -> Timed:
        """Ask for a code, and then for a token with a code that there is not."""
        asked = {"method": "email", "email": address, "altcha": self._work()}
        proof = {
            "method": "email",
            "enrolment": format_base64url(secrets.token_bytes(16)),
            "code": "0",
        }
        wrong = {
            "proof": proof,
            "blinded": format_base64url(b"\1" * 256),
            "c": format_base64url(bytes(32)),
            "shown_as": None,
        }
        times = [time.perf_counter()]
        answer = self._client.post(f"{self._path}/enrolments", json=asked)
        times.append(time.perf_counter())
        after = self._client.post(f"{self._path}/tokens", json=wrong)
        times.append(time.perf_counter())
        assert after.status_code == 403
        headers = tuple((k, v) for k, v in answer.headers.items() if k != "date")
        self.answers.add((answer.status_code, tuple(answer.json()), headers, len(answer.content)))
        return Timed(times[1] - times[0], times[2] - times[1])


def test_no_answer_tells_who_is_on_the_roll(letter: tuple[Path, Letter]) -> None:
    """500 times each, interleaved: a difference of 5 ms would be found, and none is."""
    folder, opened = letter
    chance = random.Random(20231120)
    times: dict[str, list[Timed]] = {kind: [] for kind in CLASSES}
    with Server(folder) as server, httpx2.Client(base_url=server.url, timeout=60) as client:
        client.get(f"/api/v1/letters/{SLUG}/challenge").raise_for_status()
        asking = Asking(client, folder, opened)
        for number in range(MOST_ROUNDS):
            addresses = (
                f"x{number}@staff.example",
                f"m{number}@staff.example",
                f"s{number}@staff.example",
            )
            for kind, address in chance.sample(list(zip(CLASSES, addresses, strict=True)), 3):
                times[kind].append(asking.ask(address))
            if number + 1 >= ROUNDS and (number + 1) % 170 == 0 and _finds_what_was_planted(times):
                break
        mails = _wait_for_mails(folder / "outbox", 2 * (number + 1))
    assert len(asking.answers) == 1, asking.answers
    assert mails == 2 * (number + 1)
    assert _finds_what_was_planted(times), "this machine is too busy to tell 5 ms"
    found = {
        (one, other, of): _compare([t[of] for t in times[one]], [t[of] for t in times[other]])
        for one, other in combinations(CLASSES, 2)
        for of in (0, 1)
    }
    assert all(abs(each) < BOUND for each in found.values()), found


def _compare(one: list[float], other: list[float]) -> float:
    """Return by how many standard deviations one is later than the other, by ranks."""
    return deviations([0] * len(other) + [1] * len(one), [*other, *one])


def _finds_what_was_planted(times: dict[str, list[Timed]]) -> bool:
    """Say whether strangers would stand out if they, and who comes after them, waited for 5 ms longer."""
    strangers, members = times[CLASSES[0]], times[CLASSES[1]]
    return all(
        _compare([t[of] + PLANTED_S for t in strangers], [t[of] for t in members]) > BOUND
        for of in (0, 1)
    )


def _wait_for_mails(outbox: Path, many: int) -> int:
    """Wait until so many mails are out; return how many there are."""
    end = time.monotonic() + 120
    while (found := sum(1 for _ in outbox.glob("*.eml"))) < many and time.monotonic() < end:
        time.sleep(0.1)
    return found
