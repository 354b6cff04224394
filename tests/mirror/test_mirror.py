"""Mirroring a site: what is written can be verified, a second run fetches what is new."""

import copy
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulator import VKEY, Draft, SimulatedSite
from tests.verify import stories

from undersigned.domain.letter import Mode
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.mirror import MirrorSummary, mirror_site
from undersigned.tlog.tile import format_tile_path, tiles_of
from undersigned.verify import verify_mirror

BASE = "https://letters.example"


@dataclass
class Served:
    """A site behind a transport: it serves what a draft of the story has, and counts the requests."""

    site: SimulatedSite
    folder: Path
    requests: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[httpx2.Response]] = field(default_factory=dict)
    drops_partial_tiles: bool = False

    def __post_init__(self) -> None:
        self.refresh("0")

    def refresh(self, name: str) -> None:
        """Serve the story as it is now."""
        self.draft = self.site.draft()
        self.tree = self.draft.write(self.folder / name)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        path = request.url.path
        self.requests[path] += 1
        if self.answers.get(path):
            return self.answers[path].pop(0)
        content = self.find(path, dict(request.url.params))
        return httpx2.Response(404) if content is None else httpx2.Response(200, content=content)

    def find(self, path: str, query: dict[str, str]) -> bytes | None:
        """Return what lies under a path."""
        if path == "/api/v1/site":
            return json.dumps(self.draft.pages["site/site.json"]).encode()
        if path == "/api/v1/letters":
            return json.dumps(
                {"letters": [self.line(i) for i in range(len(self.site.letters))]}
            ).encode()
        if path.startswith("/api/v1/letters/"):
            return self.letter(path.removeprefix("/api/v1/letters/"), query)
        if self.drops_partial_tiles and ".p/" in path:
            return None
        file = self.tree / path.removeprefix("/")
        return file.read_bytes() if file.is_file() else None

    def line(self, number: int) -> dict[str, object]:
        """Return one letter of the list."""
        page = self.draft.page("letter", number)
        return {name: page[name] for name in ("letter_id", "slug", "edition")}

    def letter(self, rest: str, query: dict[str, str]) -> bytes | None:
        """Return a page of a letter; names come two at a time."""
        name, _, page = rest.partition("/")
        for number, letter in enumerate(self.site.letters):
            if name == f"{letter.letter.slug}@{letter.letter.edition}":
                shown = self.draft.page(page or "letter", number)
                if page == "names":
                    names = [each for each in shown["names"] if each["leaf"] > int(query["after"])]
                    more = names[1]["leaf"] if len(names) > 2 else None
                    shown = {"names": names[: 2 if more is not None else None], "next": more}
                return json.dumps(shown).encode()
        return None

    def mirror(self, folder: Path, url: str = BASE) -> MirrorSummary:
        """Mirror this site."""
        with httpx2.Client(transport=httpx2.MockTransport(self.answer)) as client:
            return mirror_site(url, folder, client=client)


@pytest.mark.parametrize("name", stories.HONEST)
def test_a_mirror_of_an_honest_site_verifies(name: str, tmp_path: Path) -> None:
    """Everything that the verifier needs is fetched."""
    site = stories.HONEST[name]()
    summary = Served(site, tmp_path).mirror(tmp_path / "mirror")
    report = verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY, now=site.now)
    assert report.exit_code == 0, report.to_json()
    assert (summary.size, summary.letters) == (len(site.entries), len(site.letters))
    assert summary.warnings == ()


def test_a_second_run_fetches_what_is_new(tmp_path: Path) -> None:
    """Full tiles and documents are not asked for again; the mirror grows with the log."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign_many(2, Mode.PUBLIC)
    letter.epoch()
    for _ in range(300):
        letter.notice()
    served = Served(site, tmp_path)
    served.mirror(tmp_path / "mirror")
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    served.refresh("1")
    served.requests.clear()
    served.mirror(tmp_path / "mirror")
    assert served.requests["/log/tile/0/000"] == 0
    assert served.requests["/log/tile/entries/000"] == 0
    assert sum(path.startswith("/documents/") for path in served.requests) == 1
    report = verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY)
    assert (report.exit_code, report.size) == (0, len(site.entries))


def log_of(mirror: Path) -> dict[str, bytes]:
    """Return the files of a mirrored log."""
    files = (path for path in (mirror / "log").rglob("*") if path.is_file())
    return {str(path.relative_to(mirror)): path.read_bytes() for path in files}


def test_a_third_run_of_a_site_at_rest_fetches_pages_alone(tmp_path: Path) -> None:
    """Nothing of the log but its checkpoint, and no document; no partial tile of before is left behind."""
    served = Served(copy.deepcopy(stories.long()), tmp_path)
    served.site.letters[0].notice()
    served.mirror(tmp_path / "mirror")
    served.refresh("1")
    served.mirror(tmp_path / "mirror")
    served.requests.clear()
    served.mirror(tmp_path / "mirror")
    asked = {path for path in served.requests if not path.startswith("/api/")}
    assert asked == {"/log/checkpoint"}
    expected = {f"log/{format_tile_path(path)}" for path in tiles_of(len(served.site.entries))}
    assert log_of(tmp_path / "mirror").keys() == expected | {"log/checkpoint"}


def test_a_tile_that_was_cut_is_fetched_again(tmp_path: Path) -> None:
    """After a power failure a file may be short, or empty."""
    served = Served(stories.long(), tmp_path)
    served.mirror(tmp_path / "mirror")
    log = tmp_path / "mirror" / "log"
    for name, size in (("tile/0/000", 0), ("tile/entries/001", 100)):
        (log / name).write_bytes((log / name).read_bytes()[:size])
    served.requests.clear()
    served.mirror(tmp_path / "mirror")
    tiles = {path for path in served.requests if path.startswith("/log/tile/")}
    assert tiles == {"/log/tile/0/000", "/log/tile/entries/001"}
    assert verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY).exit_code == 0


@pytest.mark.parametrize("count", [-5, 0, 5, 300])
def test_a_log_that_took_something_back_leaves_the_mirror_as_it_was(
    tmp_path: Path, count: int
) -> None:
    """Shorter, as long, or longer: the older checkpoint is evidence, and still verifies."""
    site = stories.long()
    served = Served(site, tmp_path)
    served.mirror(tmp_path / "mirror")
    before = log_of(tmp_path / "mirror")
    changed = Draft(list(site.entries), dict(served.draft.documents), served.draft.pages)
    del changed.entries[-max(1, -count) :]
    changed.entries += changed.entries[3:4] * (1 + count if count >= 0 else 0)
    served.tree = changed.write(tmp_path / "changed")
    with pytest.raises(VerificationError) as caught:
        served.mirror(tmp_path / "mirror")
    assert "evidence" in caught.value.__notes__[0]
    after = log_of(tmp_path / "mirror")
    assert before.items() <= after.items()
    report = verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY)
    assert (report.exit_code, report.size) == (0, len(site.entries))


def test_a_dropped_partial_tile_is_cut_from_the_full_one(tmp_path: Path) -> None:
    """A log may serve only the full tile once it has filled up."""
    served = Served(stories.sealed(), tmp_path)
    whole = served.tree
    served.draft.entries += served.draft.entries[-1:] * 300
    full = served.draft.write(tmp_path / "full")
    checkpoint = (whole / "log" / "checkpoint").read_bytes()
    (full / "log" / "checkpoint").write_bytes(checkpoint)
    served.tree, served.drops_partial_tiles = full, True
    served.mirror(tmp_path / "mirror")
    assert verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY).exit_code == 0


def test_a_busy_site_is_asked_again(tmp_path: Path) -> None:
    """A site that restarts in between is not given up."""
    served = Served(stories.reached(), tmp_path)
    busy = httpx2.Response(503, headers={"Retry-After": "0"})
    served.answers = {"/log/checkpoint": [busy], "/api/v1/site": [busy, busy]}
    served.mirror(tmp_path / "mirror")
    assert verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY).exit_code == 0


@pytest.mark.parametrize(
    ("status", "said"),
    [(503, "too busy"), (404, "not the address"), (302, "sends elsewhere"), (500, "ask who runs")],
)
def test_a_refusal_says_what_to_do(status: int, said: str, tmp_path: Path) -> None:
    """An answer that is none becomes a sentence."""
    served = Served(stories.reached(), tmp_path)
    answer = httpx2.Response(status, headers={"Retry-After": "0"})
    served.answers = {"/api/v1/letters": [answer] * 5}
    with pytest.raises(StoreError, match=said):
        served.mirror(tmp_path / "mirror")


def test_a_site_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    """No connection is a sentence with what to try, not a traceback."""

    def fail(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route", request=request)

    with (
        httpx2.Client(transport=httpx2.MockTransport(fail)) as client,
        pytest.raises(StoreError, match="cannot be reached"),
    ):
        mirror_site(BASE, tmp_path, client=client)


def test_an_interrupted_mirror_is_still_the_older_one(tmp_path: Path) -> None:
    """When the site goes away in the middle, what was mirrored before still verifies."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    served = Served(site, tmp_path)
    served.mirror(tmp_path / "mirror")
    size = len(site.entries)
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    served.refresh("1")
    document = next(iter(reversed(served.draft.documents)))
    served.answers = {f"/documents/{document.hex()}": [httpx2.Response(500)] * 5}
    with pytest.raises(StoreError):
        served.mirror(tmp_path / "mirror")
    report = verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY)
    assert (report.exit_code, report.size) == (0, size)


def test_a_checkpoint_behind_the_pages_is_asked_for_again(tmp_path: Path) -> None:
    """A page may be read between the commit of an epoch and its publication."""
    site = stories.sealed()
    served = Served(site, tmp_path)
    older = stories.reached().draft().write(tmp_path / "older")
    behind = (older / "log" / "checkpoint").read_bytes()
    served.answers = {"/log/checkpoint": [httpx2.Response(200, content=behind)]}
    assert served.mirror(tmp_path / "mirror").size == len(site.entries)


def test_the_mirror_of_another_log_is_left_alone(tmp_path: Path) -> None:
    """Two logs are not mixed in one folder."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "log.vkey").write_text("another+00000000+AAAA\n")
    with pytest.raises(FormatError, match="another log"):
        Served(stories.reached(), tmp_path).mirror(folder)


def test_a_document_that_is_gone_is_counted(tmp_path: Path) -> None:
    """What the site does not serve any more is missing, and the verifier says what it means."""
    served = Served(stories.unsealed(), tmp_path)
    digest = next(iter(served.draft.documents))
    (served.tree / "documents" / digest.hex()).unlink()
    assert served.mirror(tmp_path / "mirror").missing == 1


def test_plain_http_is_warned_about(tmp_path: Path) -> None:
    """Without encryption somebody on the way may change what is fetched."""
    served = Served(stories.reached(), tmp_path)
    assert served.mirror(tmp_path / "a", "http://letters.example").warnings
    assert not served.mirror(tmp_path / "b", "http://localhost:8000/").warnings


@pytest.mark.parametrize(
    "url", ["", "letters.example", "ftp://letters.example", "https://", "https://["]
)
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    """An address begins with https:// and a host."""
    with pytest.raises(FormatError):
        mirror_site(url, tmp_path)


def test_the_address_of_a_page_will_do(tmp_path: Path) -> None:
    """People copy the address of the letter."""
    served = Served(stories.reached(), tmp_path)
    served.mirror(tmp_path / "mirror", f"{BASE}/letters/the-letter")
    assert verify_mirror(tmp_path / "mirror", pinned_vkey=VKEY).exit_code == 0


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["/api/v1/site", "/api/v1/letters", "/log/checkpoint"]), st.binary(max_size=99)
)
def test_garbage_answers_are_format_errors(
    tmp_path_factory: pytest.TempPathFactory, path: str, content: bytes
) -> None:
    """A site may answer anything; it is never more than a FormatError."""
    served = Served(stories.reached(), tmp_path_factory.mktemp("served"))
    served.answers = {path: [httpx2.Response(200, content=content)] * 9}
    with pytest.raises(FormatError):
        served.mirror(tmp_path_factory.mktemp("mirror"))
