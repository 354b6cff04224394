"""No page, export, answer of the API or table of the desk gives an organiser a sealed name.

Members sign under a real letter, sealed and in public. Whatever could tell of those who are sealed is
looked for in all that can be asked for, by nobody, by an organiser and by an owner, in every writing, and
in the databases of desk and collector. A roll, which its organisers keep, has its members' names: that
somebody has signed stands there nowhere.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.desk import DeskClient
from tests.e2e.community import random_word
from tests.e2e.search import Hit, Search
from tests.live import PEOPLE, LiveSite
from tests.web.members import enrolled, wait_for_proof
from tests.web.test_openapi import routes_of

from undersigned.crypto.keys import SignerKey
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord, parse_record
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.proof import parse_proof
from undersigned.web.asgi import make_app

SEALED, PUBLIC = (3, 4, 7), (0, 1)
"""Members by number; the last of those who are sealed waits for a number that is not reached."""

EXPORTS = ("names.csv", "growth.csv", "letter.json", "letter.pdf")


@dataclass(frozen=True, slots=True)
class Asked:
    """The letter with its signatures: what to look for, and what to put into addresses."""

    search: Search
    leaves: tuple[int, ...]
    hashes: tuple[str, ...]


@pytest.fixture(scope="module")
def asked(live_site: LiveSite, client: httpx2.Client) -> Asked:
    """Let them sign, and remember everything that tells of them."""
    search, leaves, hashes = Search(), [], []
    for number in (*PUBLIC, *SEALED):
        mode = Mode.SEALED if number in SEALED else Mode.PUBLIC
        attempt = enrolled(client, live_site.slug, live_site.invites[number])
        # Each half is another's of nobody: the search looks for halves, too.
        words = f"{random_word(30)} because {random_word(30)}"
        attempt.choose(mode, 6 if number == SEALED[-1] else None, words)
        key = SignerKey.from_words(attempt.words, live_site.letter.letter_id)
        entry, blob = attempt.entry, attempt.blob
        answer = client.post(
            f"/api/v1/letters/{live_site.slug}/signatures", json=signed_request(entry, blob)
        )
        assert answer.status_code == 201
        record = parse_record(entry)
        assert isinstance(record, SignRecord)
        assert record.name is not None
        leaves.append(parse_proof(wait_for_proof(client, leaf_hash(entry)).content).index)
        hashes += [record.name.hex(), leaf_hash(entry).hex()]
        kind = "sealed" if mode is Mode.SEALED else "public"
        search.add(f"{kind} name", str(number), PEOPLE[number][1])
        search.add(f"{kind} statement", str(number), words)
        search.add(f"{kind} r", str(number), key.r)
        if mode is Mode.SEALED:
            assert blob is not None
            for start in range(1, len(blob) - 40, 97):
                search.add("seal", f"{number} from {start}", blob[start : start + 40])
    return Asked(search, tuple(leaves), tuple(hashes))


def addresses(live_site: LiveSite, asked: Asked) -> list[str]:
    """Return every address that takes GET, with everything that could stand in its parts."""
    leaves = [str(leaf) for leaf in asked.leaves]
    values = {
        "slug": [live_site.slug, f"{live_site.slug}@1"],
        "leaf": leaves,
        "file": list(EXPORTS),
        "digest": list(asked.hashes),
        "leaf_hash": list(asked.hashes),
        "letter_id": [live_site.letter.letter_id.hex()],
    }
    found = []
    for method, path in sorted(routes_of(make_app(live_site.running))):
        # A stream has no end; each of its events is an answer of /counts.
        if method == "get" and not path.endswith("/events"):
            parts = [values.get(part, [*leaves[:1], *asked.hashes[:1]]) for part in _parts(path)]
            found += [
                _fill(path, dict(zip(_parts(path), chosen, strict=True)))
                for chosen in itertools.product(*parts)
            ]
    searched = [f"/desk/letters/{live_site.slug}/signatures?{query}" for query in QUERIES]
    names = [f"/letters/{live_site.slug}/names?q={PEOPLE[number][1]}" for number in SEALED]
    return found + searched + [name.replace(" ", "+") for name in names]


QUERIES = ("first=0", "name=e", "role=Nurse", "statement=because", "verified=invite", "wave=1")


def _parts(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def _fill(path: str, values: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda match: values[match[1]], path)


def hits(asked: Asked, data: bytes, place: str) -> Iterator[Hit]:
    """Give what tells of a sealed name; a page that repeats what was looked for tells nothing."""
    for hit in asked.search.in_bytes(data, place):
        is_own_question = hit.kind == "sealed name" and place.partition("?q=")[2]
        is_roll = hit.kind == "sealed name" and place.startswith("/desk/rolls/")
        if not hit.kind.startswith("public") and not is_own_question and not is_roll:
            yield hit


@pytest.mark.parametrize("who", ["nobody", "organiser", "owner"])
def test_nothing_that_can_be_asked_for_has_one(
    who: str,
    live_site: LiveSite,
    asked: Asked,
    client: httpx2.Client,
    organiser: DeskClient,
    owner: DeskClient,
) -> None:
    """Every address that takes GET, by everybody; and what is public is found, so that it was looked for."""
    found, public = set[Hit](), set[str]()
    statuses = set()
    for address in addresses(live_site, asked):
        headers = {"Accept": "text/html"}
        match who:
            case "nobody":
                answer = client.get(address, headers=headers)
            case "organiser":
                answer = organiser.get(address)
            case _:
                answer = owner.get(address)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, address
        head = repr(sorted(answer.headers.items())).encode()
        found |= set(hits(asked, answer.content + b"\n" + head, address))
        public |= {hit.kind for hit in asked.search.in_bytes(answer.content, address)}
    assert found == set()
    assert {"public name", "public statement", "public r"} <= public
    assert 200 in statuses


@pytest.mark.parametrize("database", ["desk", "collector"])
def test_no_table_has_one(database: str, live_site: LiveSite, asked: Asked) -> None:
    """Row by row, and in the bytes of the files; the collector keeps seals, which it cannot read."""
    file = live_site.folder / f"{database}.db"
    found = asked.search.in_rows(file, database)
    for path in live_site.folder.glob(f"{database}.db*"):
        found |= asked.search.in_file(path, database)
    kinds = {hit.kind for hit in found}
    allowed = {"public name", "public statement", "public r", "seal"}
    assert kinds == (allowed if database == "collector" else set())


def test_one_that_is_given_away_is_found(asked: Asked, tmp_path: Path) -> None:
    """The search that found nothing finds a name in each writing."""
    (tmp_path / "page").write_bytes(PEOPLE[SEALED[0]][1].encode().hex().encode())
    assert {hit.kind for hit in asked.search.in_file(tmp_path / "page", "page")} == {"sealed name"}
