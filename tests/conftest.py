"""For all tests: no way out of this machine. For those who ask: a live site."""

import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpcore2
import pytest
import sqlalchemy as sa
from hypothesis import settings
from tests.databases import QuicklyMade
from tests.demo_run import DemoRun, run_demo_once
from tests.live import LiveSite, live_site_in
from tests.postgresql import emptied, new_postgresql, running_postgresql

from undersigned.app import folder
from undersigned.web.serving import MANY_OBJECTS

# How long one example takes depends on what else the machine does: no test asserts it.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_sessionstart() -> None:
    """Do not look for objects that only hold each other while tests are imported: all of it stays."""
    gc.disable()


LONG: Final = (
    "tests/cli/test_demo.py",
    "tests/e2e_browser/test_story.py",
    "tests/e2e/test_schemathesis.py",
    "tests/e2e/test_enumeration.py",
    "tests/e2e_browser/test_desk_story.py",
    "tests/e2e_browser/test_desk_life.py",
    "tests/e2e/test_kill.py",
    "tests/cli/test_story.py",
)
"""Files that take a minute and more: first, so that the workers end together."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files before the others, where all are run; each keeps its own order."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONG)))


def pytest_collection_finish() -> None:
    """Look for them from now on, among those that tests make."""
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS)
    gc.enable()


def _check_loopback(address: Any) -> None:
    """Raise for an address of another machine; those of local sockets are paths."""
    if not isinstance(address, tuple):
        return
    host = str(address[0])
    if host == "localhost":
        return
    try:
        is_here = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise RuntimeError(f"a test tried to reach {host}")


@pytest.fixture(autouse=True, scope="session")
def quickly_made_databases() -> Iterator[None]:
    """Make the databases of sites by the statements with which the first of their kind was migrated."""
    patch = pytest.MonkeyPatch()
    patch.setattr(folder, "Database", QuicklyMade)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let sockets connect to this machine only, and names of others not be looked up."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None:
            _check_loopback((host.decode() if isinstance(host, bytes) else host,))
        return look_up(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", look_up_here)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def trust_read_once() -> Iterator[None]:
    """Read once whom this machine trusts: every client would, which takes longer than its requests."""
    patch = pytest.MonkeyPatch()
    patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
    yield
    patch.undo()


def _guarded(connect: Any) -> Any:
    def connect_here(self: socket.socket, address: Any) -> Any:
        _check_loopback(address)
        return connect(self, address)

    return connect_here


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module on each engine that it names in `ENGINES`, if they have a database."""
    engines = getattr(metafunc.module, "ENGINES", None)
    if engines is not None and "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", engines, indirect=True, scope="module")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.URL]:
    """Run PostgreSQL; return the address of its first database."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def sites_database(postgresql: sa.URL) -> sa.URL:
    """Make the database that one site after the other is in."""
    return new_postgresql(postgresql)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    """Name the kind of database of a test: SQLite, unless its module names others."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest) -> str | None:
    """Return the address of an empty database of PostgreSQL, or None for files."""
    if engine == "sqlite":
        return None
    return emptied(request.getfixturevalue("sites_database"))


@pytest.fixture(scope="module")
def module_database(engine: str, request: pytest.FixtureRequest) -> str | None:
    """Return the address of a database for the tests of a module together, or None for files."""
    if engine == "sqlite":
        return None
    # Another one than `database` empties for each test.
    return emptied(new_postgresql(request.getfixturevalue("postgresql")))


@pytest.fixture(scope="module")
def live_site(
    tmp_path_factory: pytest.TempPathFactory, module_database: str | None
) -> Iterator[LiveSite]:
    """Serve a new site with one small letter: epochs of one second, floor 1, all modes, 12 members."""
    folder = tmp_path_factory.mktemp("live") / "data"
    with live_site_in(folder, address=module_database) as live:
        yield live


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """Run the demo once for all who ask, whichever worker they are on."""
    base = tmp_path_factory.getbasetemp()
    return run_demo_once(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="session")
def demo_mirror(demo_run: DemoRun) -> Path:
    """Return the mirror that the demo made of its finished site."""
    return demo_run.mirror


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes and huge numbers by their argument: random ones would differ between workers."""
    if isinstance(val, bytes) or (isinstance(val, int) and abs(val) >= 2**64):
        return argname
    return None
