"""The pages of a site that a test holds in its hands: its clock stands still until it is told.

A module takes the fixtures that it needs by their names: `village = inside.village`.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from tests.app.village import Village, village_in
from tests.desk import DeskClient, signed_in
from tests.live import listen, serve_on

from undersigned.app.running import RunningSite
from undersigned.crypto.keys import TokenKey
from undersigned.mail import OutboxMailer
from undersigned.web.asgi import make_app


@contextmanager
def one_token_key() -> Iterator[None]:
    """Give every letter the same token key; making one takes longer than most tests."""
    key = TokenKey.generate()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TokenKey, "generate", classmethod(lambda _: key))
        yield


@contextmanager
def serving(village: Village) -> Iterator[RunningSite]:
    """Serve a site whose loops do not run, at the address of its desk."""
    mailer = OutboxMailer(village.site.folder / "outbox", "no-reply@letters.example")
    with listen() as listener:
        url = f"http://localhost:{listener.getsockname()[1]}"
        running = RunningSite(village.site, mailer, url=url)
        with serve_on(listener, make_app(running)):
            yield running
        running.desk.close()


@contextmanager
def client_of(village: Village) -> Iterator[httpx2.Client]:
    """Give a client of the pages of a site."""
    with (
        serving(village) as running,
        httpx2.Client(base_url=running.desk.url, timeout=60) as http,
    ):
        yield http


_slugs = (f"mill-{number}" for number in itertools.count())


def new_slug() -> str:
    """Return a slug that no letter has yet."""
    return next(_slugs)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A site whose clock stands still, and whose loops do not run."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("site") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def client(village: Village) -> Iterator[httpx2.Client]:
    """A client of its pages."""
    with client_of(village) as http:
        yield http


@pytest.fixture(scope="module")
def organiser(village: Village) -> Iterator[DeskClient]:
    """An organiser at its desk."""
    with serving(village) as running, signed_in(running.desk, "organiser") as http:
        yield http
