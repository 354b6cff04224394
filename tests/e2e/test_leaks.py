"""Nothing leaks: what members give away stands in no file of the server where it has no business.

Members sign in every mode at the real program, from addresses of their own, by codes from real mails
and by invites. Everything about them that could be recognised is remembered and then looked for in
every byte that the server left: databases with their write-ahead logs, log, keys, what it printed.
"""

import json
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import inet_aton

import httpx2
import pytest
from tests.e2e.community import Member, open_for_members, random_word
from tests.e2e.search import Hit, Search
from tests.e2e.served import MailSink, mail_sink, served
from tests.live import HOST

from undersigned.app.site import make_site
from undersigned.crypto.keys import SignerKey, code_of
from undersigned.crypto.keys.derive import derive
from undersigned.crypto.seal import parse_blob
from undersigned.crypto.token import nonce_of, parse_spki, parse_token
from undersigned.domain.letter import Mode
from undersigned.signer.amending import amend, withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Blinded, Chosen
from undersigned.signer.enrolment import EmailProof, InviteProof, Proof, ask_for_code
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign
from undersigned.tlog.merkle import leaf_hash

SLUG = "leaks"
RULE = 9
NEVER = 18
"""A condition that is not met here: whoever has it waits, and is not opened."""


@dataclass(frozen=True, slots=True)
class Part:
    """How one member signs; `fate` is what becomes of it. Odd numbers prove by mail, even by invite."""

    mode: Mode
    condition: int | None = None
    fate: str = "stands"


FIRST = (
    *[Part(Mode.PUBLIC)] * 4,
    *[Part(Mode.SEALED, fate="opened")] * 3,
    *[Part(Mode.SEALED, 2, fate="opened")] * 2,
    *[Part(Mode.SEALED, NEVER, fate="waits")] * 2,
    *[Part(Mode.ANONYMOUS)] * 2,
    Part(Mode.ANONYMOUS, 2),
    Part(Mode.ANONYMOUS, NEVER, fate="waits"),
    Part(Mode.ANONYMOUS, fate="withdraws"),
)
"""Nine of them count and meet the rule: names are opened. The others come afterwards."""

LATER = (
    *[Part(Mode.SEALED, fate="waits")] * 2,
    Part(Mode.SEALED, fate="withdraws"),
    Part(Mode.SEALED, fate="becomes anonymous"),
    Part(Mode.ANONYMOUS),
    Part(Mode.PUBLIC),
)

PARTS = FIRST + LATER
MAILED_NEVER = len(PARTS)
"""The number of a member whose mails the mail server refuses."""

DATABASE = {name: rf"{name}\.db(-wal|-shm)?(:.*)?" for name in ("issuer", "collector")}
NOWHERE = r"(?!)"

ALLOWED = {
    "client address": NOWHERE,
    "what a browser says": NOWHERE,
    "blinding": NOWHERE,
    "words": NOWHERE,
    "signer's seed": NOWHERE,
    "invite code": NOWHERE,
    "destroyed seal": NOWHERE,
    "hidden statement": NOWHERE,
    "hidden r": NOWHERE,
    "mail code": DATABASE["issuer"],
    "mail address": DATABASE["issuer"],
    "hidden name": DATABASE["issuer"],
    "shown name": f"{DATABASE['issuer']}|{DATABASE['collector']}",
    "shown statement": DATABASE["collector"],
    "shown r": DATABASE["collector"],
    "token": rf"{DATABASE['collector']}|log/.*",
    "signer's key": rf"{DATABASE['collector']}|log/.*",
    "kept seal": DATABASE["collector"],
}
"""Kinds of values, and the files that may hold one."""


@dataclass(frozen=True, slots=True)
class Left:
    """What the play left: the data folder while served and afterwards, what was printed, the search."""

    live: Path
    ended: Path
    output: Path
    search: Search
    sink: MailSink

    def hits(self, folder: Path) -> set[Hit]:
        """Search a data folder and the output."""
        return self.search.in_folder(folder) | self.search.in_file(self.output, "output")


class Play:
    """The members, each with clients of their own, and everything that is remembered of them."""

    def __init__(self, url: str, sink: MailSink, members: list[Member]) -> None:
        self.url = url
        self.search = Search()
        self._sink = sink
        self._members = members
        self._receipts: dict[int, Receipt] = {}
        with httpx2.Client(base_url=url, timeout=60) as client:
            self._letter: LetterView = get_letter(client, SLUG)

    @contextmanager
    def _client(self, number: int, purpose: int) -> Iterator[httpx2.Client]:
        """Come from an address of one's own, and say things that no server needs to know."""
        address = f"127.77.{purpose}.{100 + number}"
        forwarded = f"198.51.100.{100 + number}"
        said = {name: random_word() for name in ("User-Agent", "Cookie", "Referer", "X-Request-ID")}
        for kind, value in ((str(purpose), address), ("forwarded", forwarded)):
            self.search.add("client address", f"{number}, {kind}", value)
            self.search.add("client address", f"{number}, {kind}, packed", inet_aton(value))
        for name, value in said.items():
            self.search.add("what a browser says", f"{number}, {name}", value)
        transport = httpx2.HTTPTransport(local_address=address)
        headers = said | {"X-Forwarded-For": forwarded, "Forwarded": f"for={forwarded}"}
        with httpx2.Client(
            base_url=self.url, transport=transport, headers=headers, timeout=30
        ) as client:
            yield client

    def sign_all(self, numbers: range) -> None:
        """Let members sign, several at once."""
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(self._sign, numbers))

    def _sign(self, number: int) -> None:
        part, label = PARTS[number], str(number)
        attempt = Attempt.start(self._letter, None)
        self._remember_member(number, attempt)
        with self._client(number, 1) as client:
            proof = self._prove(client, number)
            self._remember_blinding(label, attempt)
            enrol(client, attempt, proof)
        statement = None if part.mode is Mode.ANONYMOUS else f"Because {random_word(30)}."
        attempt.choose(part.mode, part.condition, statement)
        shown = part.mode is Mode.PUBLIC or part.fate == "opened"
        if statement is not None:
            self.search.add("shown statement" if shown else "hidden statement", label, statement)
        self._remember_record(number, attempt)
        with self._client(number, 2) as client:
            self._receipts[number] = sign(client, attempt)

    def _prove(self, client: httpx2.Client, number: int) -> Proof:
        member = self._members[number]
        self.search.add("invite code", f"{number}, in groups", member.invite)
        self.search.add("invite code", str(number), member.invite.replace("-", ""))
        if number % 2 == 0:
            return InviteProof(member.invite)
        enrolment = ask_for_code(client, self._letter, member.address)
        code = self._sink.take_code(member.address)
        self.search.add("mail code", f"{number}, in groups", code)
        self.search.add("mail code", str(number), code.replace("-", ""))
        return EmailProof(enrolment, code)

    def _remember_member(self, number: int, attempt: Attempt) -> None:
        part, member, label = PARTS[number], self._members[number], str(number)
        shown = part.mode is Mode.PUBLIC or part.fate == "opened"
        letter_id = self._letter.letter.letter_id
        code = code_of(attempt.words)
        key = SignerKey(code, letter_id)
        self.search.add("mail address", label, member.address)
        self.search.add("shown name" if shown else "hidden name", label, member.name)
        self.search.add_words("words", label, attempt.words)
        self.search.add("words", f"{label}, their bytes", code)
        seed = derive(code, salt=letter_id, info=b"undersigned/v1/signer")
        self.search.add("signer's seed", label, seed)
        self.search.add("shown r" if shown else "hidden r", label, key.r)
        self.search.add("signer's key", label, key.public_key)
        self.search.add("token", f"{label}, its nonce", nonce_of(key.public_key))

    def _remember_blinding(self, label: str, attempt: Attempt) -> None:
        assert isinstance(attempt.state, Blinded)
        inverse, n = attempt.state.blinding.inverse, parse_spki(self._letter.letter.token_key).n
        factor = pow(inverse, -1, n)
        for name, number in (("inverse", inverse), ("factor", factor)):
            self.search.add("blinding", f"{label}, {name}", number.to_bytes(256, "big"))
        self.search.add("blinding", f"{label}, blinded", attempt.blinded)

    def _remember_record(self, number: int, attempt: Attempt) -> None:
        part, label = PARTS[number], str(number)
        assert isinstance(attempt.state, Chosen)
        token = parse_token(attempt.state.record.token)
        self.search.add("token", f"{label}, its signature", token.authenticator)
        if part.mode is not Mode.SEALED or attempt.blob is None:
            return
        kind = "kept seal" if part.fate in ("waits", "opened") else "destroyed seal"
        self.search.add(kind, f"{label}, its nonce", parse_blob(attempt.blob).nonce)
        remember_pieces(self.search, kind, label, attempt.blob)

    def change_all(self) -> None:
        """Let those withdraw, or become anonymous, whose fate it is; wait until it is in the log."""
        changes = []
        for number, part in enumerate(PARTS):
            receipt = self._receipts[number]
            with self._client(number, 3) as client:
                if part.fate == "withdraws":
                    changes.append(withdraw(client, self._letter, receipt))
                elif part.fate == "becomes anonymous":
                    changes.append(amend(client, self._letter, receipt, mode=Mode.ANONYMOUS))
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            for promised in changes:
                wait_for(client, f"/api/v1/proofs/{leaf_hash(promised.entry).hex()}", "index")

    def wait_for_release(self) -> None:
        """Wait until the names of the first are opened."""
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            wait_for(client, f"/api/v1/letters/{SLUG}", '"state":"released"')

    def be_refused(self) -> None:
        """Say what a server might want to complain of somewhere."""
        with self._client(50, 4) as client:
            base = f"/api/v1/letters/{SLUG}"
            for kind, path, body in (
                ("a code", "tokens", '{{"proof":{{"method":"invite","code":"{0}"}}}}'),
                ("a name", "tokens", '{{"shown_as":{{"name":["{0}"]}}}}'),
                ("an address", "enrolments", '{{"method":"email","email":"{0}"}}'),
                ("not JSON", "signatures", "{{{0}"),
                ("a record", "signatures", '{{"record":"{0}","blob":null}}'),
                ("a path", "{0}", "{{}}"),
            ):
                word = random_word()
                self.search.add("what a browser says", f"refused: {kind}", word)
                headers = {"Content-Type": "application/json"}
                answer = client.post(
                    f"{base}/{path.format(word)}", content=body.format(word), headers=headers
                )
                assert 400 <= answer.status_code < 500

    def ask_in_vain(self) -> None:
        """Ask for a code whose mail does not get out: it stays in the issuer's outbox."""
        member = self._members[MAILED_NEVER]
        self.search.add("mail address", "never", member.address)
        with self._client(MAILED_NEVER, 1) as client:
            ask_for_code(client, self._letter, member.address)


def remember_pieces(search: Search, kind: str, label: str, blob: bytes) -> None:
    """Look for pieces of a seal: of what is deleted not one may be left."""
    for start in range(0, len(blob) - 40, 200):
        search.add(kind, f"{label}, from {start}", blob[start : start + 40])


def wait_for(client: httpx2.Client, path: str, words: str) -> None:
    """Ask again and again until the answer is good and holds these words."""
    end = time.monotonic() + 120
    while True:
        answer = client.get(path)
        if answer.status_code == 200 and words in answer.text:
            return
        assert time.monotonic() < end, answer.text
        time.sleep(0.05)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Let everybody sign at the real program; copy the data folder while it is served, then end it."""
    base = tmp_path_factory.mktemp("leaks")
    data, live, output = base / "data", base / "live", base / "output"
    site = make_site(data, HOST)
    terms = {"rule": RULE, "conditions": f"[2, {NEVER}]"}
    _, members = open_for_members(site, base / "letter", SLUG, len(PARTS) + 1, **terms)
    site.close()
    with mail_sink(members[MAILED_NEVER].address) as sink:
        smtp_url = f"smtp://127.0.0.1:{sink.port}"
        with served(data, output, smtp_url=smtp_url) as url:
            play = Play(url, sink, members)
            play.sign_all(range(len(FIRST)))
            play.wait_for_release()
            play.sign_all(range(len(FIRST), len(PARTS)))
            play.change_all()
            play.be_refused()
            play.ask_in_vain()
            _remember_unsent_code(data, play.search)
            shutil.copytree(data, live)
    return Left(live, data, output, play.search, sink)


def _remember_unsent_code(data: Path, search: Search) -> None:
    end = time.monotonic() + 120
    while True:
        with sqlite3.connect(data / "issuer.db") as connection:
            bodies = [row[0] for row in connection.execute("SELECT body FROM mail")]
        connection.close()
        if bodies:
            break
        assert time.monotonic() < end
    found = re.search(r"Your code: ([0-9A-Z-]{9})", bodies[0])
    assert found is not None
    search.add("mail code", "never", found[1])


def leaks(hits: set[Hit], allowed: dict[str, str]) -> list[Hit]:
    """Return what was found where it must not be."""
    return sorted(hit for hit in hits if not re.fullmatch(allowed[hit.kind], hit.place))


def test_nothing_leaks_while_the_site_is_served(left: Left) -> None:
    """With records that wait, write-ahead logs, and what has just been deleted in them."""
    hits = left.hits(left.live)
    assert leaks(hits, ALLOWED | {"destroyed seal": DATABASE["collector"]}) == []
    assert any(hit.place.endswith("-wal") for hit in hits)


def test_nothing_leaks_when_the_site_has_ended(left: Left) -> None:
    """In the files, and in the rows, where no border of a page can cut a value."""
    hits = left.hits(left.ended)
    for role in DATABASE:
        hits |= left.search.in_rows(left.ended / f"{role}.db", f"{role}.db")
    assert leaks(hits, ALLOWED) == []


def test_no_addresses_in_four_bytes_each(left: Left) -> None:
    """Four bytes may stand anywhere by chance, but not those of three of some hundred addresses.

    In 6 MB one of them does with a probability of 0.14, three with one of 0.0005.
    """
    values = [value for (kind, _), value in left.search.values.items() if kind == "client address"]
    packed = [value for value in values if isinstance(value, bytes)]
    paths = [path for folder in (left.live, left.ended) for path in folder.rglob("*")]
    data = [path.read_bytes() for path in paths if path.is_file()]
    assert sum(map(len, data)) < 6_000_000
    assert len(packed) > 2 * len(PARTS)
    assert len([value for value in packed if any(value in content for content in data)]) < 3


def test_delivered_codes_are_gone(left: Left) -> None:
    """Of all the codes that were mailed only the one is left whose mail did not get out."""
    hits = left.hits(left.ended)
    assert {hit.label for hit in hits if hit.kind == "mail code"} == {"never"}


def test_what_belongs_somewhere_is_found_there(left: Left) -> None:
    """The search sees what is there: of each kind that a file may hold, all of it, for each member."""
    hits = left.hits(left.ended)
    found = {(hit.kind, hit.label) for hit in hits}
    sought = {pair for pair in left.search.values if ALLOWED[pair[0]] is not NOWHERE}
    lost = {pair for pair in sought - found if pair[0] not in ("mail code", "shown r")}
    assert lost == set()
    public = {str(number) for number, part in enumerate(PARTS) if part.mode is Mode.PUBLIC}
    assert {label for kind, label in found if kind == "shown r"} == public


def test_everything_was_looked_for(left: Left) -> None:
    """Every kind, and of each as many as there are members who have one."""
    count = {kind: len({v for v in left.search.values if v[0] == kind}) for kind in ALLOWED}
    assert min(count.values()) > 0
    assert count["mail address"] == len(PARTS) + 1
    assert count["blinding"] == 3 * len(PARTS)
    assert count["token"] == 2 * len(PARTS)
    assert count["client address"] > 2 * len(PARTS)
    assert len(left.sink.mails) == len(PARTS) // 2


def test_the_server_printed_nothing_about_anybody(left: Left) -> None:
    """Where it is, what to do next, the link to the desk, that a mail was put off, that it has ended."""
    lines = left.output.read_text().splitlines()
    told = [line.partition(":")[0] for line in lines if not line.startswith("{")]
    assert told == ["serving", "log", "next", *["note"] * 4]
    for line in lines:
        if line.startswith("{"):
            event = json.loads(line)
            assert (event["event"], event["kind"]) == ("mail put off", "code")
            assert event["code"] == "451 4.3.0"


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_a_leak_is_found(kind: str, left: Left, tmp_path: Path) -> None:
    """Something of every kind, planted in a file of keys, fails the judgement."""
    _, label = min(value for value in left.search.values if value[0] == kind)
    value = left.search.values[kind, label]
    planted = value if isinstance(value, bytes) else value.encode()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "trustee.key").write_bytes(secrets.token_bytes(99) + planted + b"\n")
    found = leaks(left.search.in_folder(tmp_path), ALLOWED)
    assert {hit[:2] + hit[3:] for hit in found} == {(kind, label, "keys/trustee.key")}
