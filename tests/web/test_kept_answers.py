"""Answers that are kept: made once for everybody, until something changes, and never for the wrong ones."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Hashable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from tests.live import LiveSite

from undersigned.app.changes import Changes
from undersigned.app.site import WholeSite, make_site
from undersigned.web.headers import PAGE
from undersigned.web.keeping import Keeping
from undersigned.web.kept_answers import LONGEST_ADDRESS, KeptAnswers
from undersigned.web.watching import Watcher

PATH = "/letters/a"
LONG = 2_000


@dataclass
class Maker:
    """The app behind: it takes its time, and counts what it has made."""

    cache_control: str = PAGE
    status: int = 200
    fails: bool = False
    made: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the number of the answer."""
        self.made += 1
        number = self.made
        await asyncio.sleep(0.01)
        if self.fails:
            raise ValueError
        content = f"{number} " + "x" * LONG
        headers = {"Cache-Control": self.cache_control, "Content-Security-Policy": "own"}
        response = Response(content, self.status, headers, "text/html")
        if scope["path"].endswith("/endless"):
            response = StreamingResponse(self._endless(), headers=headers)
        await response(scope, receive, send)

    async def _endless(self) -> AsyncIterator[bytes]:
        yield b"begun"
        await self.go_on.wait()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSite]:
    """A site without letters."""
    made = make_site(tmp_path_factory.mktemp("kept") / "data", "letters.example", own_clock=1)
    yield made
    made.close()


class ByLanguage:
    """A site whose answers depend on the language that is asked for."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def is_unsure(self, _path: str) -> bool:
        """Say whether it is time to look."""
        return self._watcher.is_unsure

    async def look(self) -> None:
        """Look."""
        await self._watcher.look()

    def stamp_of(self, _path: str) -> Hashable:
        """Return the stamp of all that is shown."""
        return self._watcher.last_stamp

    def find_variant(self, scope: Scope) -> Hashable:
        """Return the language."""
        return dict(scope["headers"]).get(b"accept-language")


@asynccontextmanager
async def asking(
    site: WholeSite, maker: Maker, most_bytes: int = 100_000
) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of what is kept of a maker's answers."""
    # No time passes: what changes on the disk alone is looked for now and then.
    changes = Changes(site, lambda: 0.0)
    app = Keeping(maker, KeptAnswers(ByLanguage(Watcher(changes)), most_bytes))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test's work in a loop of its own."""
    asyncio.run(work)


def write(site: WholeSite, *, shown: bool) -> None:
    """Commit something."""
    with site.collector.write(shown=shown) as connection:
        connection.exec_driver_sql("INSERT INTO site SELECT 'x' || count(*), '' FROM site")


def test_a_crowd_costs_one_answer(site: WholeSite) -> None:
    """Whoever comes while it is made waits for it; signatures change nothing, what is shown does."""

    async def work() -> None:
        maker = Maker()
        async with asking(site, maker) as client:
            answers = await asyncio.gather(*(client.get(PATH) for _ in range(50)))
            assert maker.made == 1
            assert len({answer.text for answer in answers}) == 1
            tag = answers[0].headers["etag"]
            write(site, shown=False)
            again = await client.get(PATH, headers={"If-None-Match": tag})
            assert (again.status_code, again.content, maker.made) == (304, b"", 1)
            assert again.headers["content-security-policy"] == "own"
            assert again.headers["vary"] == "Accept-Encoding"
            assert "content-length" not in again.headers
            write(site, shown=True)
            other = await client.get(PATH, headers={"If-None-Match": tag})
            assert (other.status_code, maker.made) == (200, 2)

    run(work())


def test_each_gets_their_own(site: WholeSite) -> None:
    """By address, query and what else an answer depends on; packed for who takes it so."""

    async def work() -> None:
        maker = Maker()
        async with asking(site, maker) as client:
            addresses = [(PATH, "en"), (PATH, "id"), (f"{PATH}?page=2", "en"), ("/", "en")]
            texts = [
                (await client.get(path, headers={"Accept-Language": lang})).text
                for path, lang in addresses * 2
            ]
            assert maker.made == 4
            assert texts[:4] == texts[4:]
            for coding, sent in (("gzip", "gzip"), ("identity", None)):
                headers = {"Accept-Language": "en", "Accept-Encoding": coding}
                answer = await client.get(PATH, headers=headers)
                assert answer.headers.get("content-encoding") == sent
                assert answer.text == texts[0]

    run(work())


def test_what_is_kept_is_at_hand_until_it_may_have_changed(
    site: WholeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes as the long way sends; when it is time to look again, or something changed: nothing."""

    async def work() -> None:
        kept = KeptAnswers(ByLanguage(Watcher(Changes(site))))
        transport = httpx2.ASGITransport(app=Keeping(Maker(), kept))
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": PATH,
            "query_string": b"",
            "headers": [(b"accept-language", b"en")],
        }
        monkeypatch.setattr(Changes, "is_unsure", property(lambda _: False))
        assert kept.find_unread(scope) is None
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.get(
                PATH, headers={"Accept-Language": "en", "Accept-Encoding": ""}
            )
        unread = kept.find_unread(scope)
        assert unread is not None
        assert (unread.start, unread.body) == (b"HTTP/1.1 200 OK\r\n", answer.content)
        lines = b"".join(b"%s: %s\r\n" % pair for pair in answer.headers.raw)
        assert unread.headers == lines + b"\r\n"
        scope["headers"].append((b"if-none-match", answer.headers["etag"].encode()))
        known = kept.find_unread(scope)
        assert known is not None
        assert (known.start, known.body) == (b"HTTP/1.1 304 Not Modified\r\n", b"")
        assert kept.find_unread({**scope, "method": "HEAD"}) is None
        assert kept.find_unread({**scope, "headers": []}) is None
        with monkeypatch.context() as patch:
            patch.setattr(Changes, "is_unsure", property(lambda _: True))
            assert kept.find_unread(scope) is None
        write(site, shown=True)
        assert kept.find_unread(scope) is None

    run(work())


@pytest.mark.parametrize(
    "maker",
    [Maker(cache_control="no-cache"), Maker(cache_control="no-store"), Maker(status=404)],
    ids=["no-cache", "no-store", "404"],
)
def test_what_is_not_for_everybody_is_not_kept(site: WholeSite, maker: Maker) -> None:
    """It goes to who asked for it as it is, condition and all."""

    async def work() -> None:
        async with asking(site, maker) as client:
            answers = await asyncio.gather(*(client.get(PATH) for _ in range(5)))
            assert len({answer.text for answer in answers}) == maker.made == 5
            assert all("etag" not in answer.headers for answer in answers)

    run(work())


def test_other_requests_pass(site: WholeSite) -> None:
    """What is sent, and addresses of other kinds."""

    async def work() -> None:
        maker = Maker()
        async with asking(site, maker) as client:
            for _ in range(2):
                await client.post(PATH)
                await client.get("/desk/letters")
            assert maker.made == 4

    run(work())


def test_an_answer_without_end_holds_up_nobody(site: WholeSite) -> None:
    """Who asks for the same gets their own."""

    async def work() -> None:
        maker = Maker(cache_control="no-store")
        async with asking(site, maker) as client:
            asked = [asyncio.create_task(client.get(f"{PATH}/endless")) for _ in range(3)]
            async with asyncio.timeout(60):
                while maker.made < 3:
                    await asyncio.sleep(0.01)
                maker.go_on.set()
                await asyncio.gather(*asked)

    run(work())


def test_who_waits_for_a_failure_tries_for_themselves(site: WholeSite) -> None:
    """A maker that fails takes nobody with it, and leaves nothing behind."""

    async def work() -> None:
        maker = Maker(fails=True)
        async with asking(site, maker) as client:
            found = await asyncio.gather(
                *(client.get(PATH) for _ in range(3)), return_exceptions=True
            )
            assert all(isinstance(each, ValueError) for each in found)
            assert maker.made == 3
            maker.fails = False
            assert (await client.get(PATH)).status_code == 200

    run(work())


def test_so_much_is_kept_and_no_more(site: WholeSite) -> None:
    """What nobody has asked for the longest is made anew; the rest is there."""

    async def work() -> None:
        maker = Maker()
        async with asking(site, maker, most_bytes=3 * (LONG + 5_500)) as client:
            for query in ("1", "2", "3", "1", "4", "1", "2"):
                await client.get(PATH, params={"page": query})
            assert maker.made == 5

    run(work())


def test_what_is_asked_for_counts(site: WholeSite) -> None:
    """An address takes room, too."""

    async def work() -> None:
        maker = Maker()
        async with asking(site, maker, most_bytes=10 * (LONG + 5_100)) as client:
            for number in (*range(10), 0):
                await client.get(PATH, params={"a": f"{number:0{LONGEST_ADDRESS - 20}}"})
            assert maker.made == 11

    run(work())


@pytest.mark.parametrize(("length", "made"), [(LONGEST_ADDRESS, 1), (LONGEST_ADDRESS + 1, 2)])
@pytest.mark.parametrize("address", [f"{PATH}?", f"{PATH}/"])
def test_what_has_a_long_address_is_not_kept(
    site: WholeSite, address: str, length: int, made: int
) -> None:
    """Whoever asks chooses it: it is answered and forgotten."""

    async def work() -> None:
        maker = Maker()
        async with asking(site, maker) as client:
            # The question mark is not sent on.
            asked = address + "a" * (length - len(address.replace("?", "")))
            for _ in range(2):
                assert (await client.get(asked)).status_code == 200
            assert maker.made == made

    run(work())


def test_a_page_of_the_site(client: httpx2.Client, live_site: LiveSite) -> None:
    """The letter's page: packed it is small, its headers are those of HEAD, and asked for again not sent."""
    path = f"/letters/{live_site.slug}"
    page = client.get(path, headers={"Accept-Encoding": "identity"})
    assert page.headers["cache-control"] == PAGE
    assert page.headers["vary"] == "Accept-Language, Accept-Encoding"
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.text == page.text
    assert packed.num_bytes_downloaded < len(page.content) / 2
    head = client.head(path, headers={"Accept-Encoding": "identity"})
    assert {**head.headers, "date": ""} == {**page.headers, "date": ""}
    again = client.get(path, headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == page.headers["content-security-policy"]
    other = client.get(path, headers={"Accept-Language": "id", "Host": live_site.site.host})
    assert other.headers["content-language"] == "id"
    assert f"https://{live_site.site.host}/" in other.text


def test_what_somebody_looked_for_is_not_kept(client: httpx2.Client, live_site: LiveSite) -> None:
    """A search is nobody else's business."""
    path = f"/letters/{live_site.slug}/names"
    assert client.get(path).headers["cache-control"] == PAGE
    assert client.get(path, params={"q": "alva"}).headers["cache-control"] == "no-cache"
