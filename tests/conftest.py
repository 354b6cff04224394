"""For all tests: no way out of this machine. For those who ask: a live site."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from tests.demo_run import DemoRun, run_demo_once
from tests.live import LiveSite, live_site_in

# How long one example takes depends on what else the machine does: no test asserts it.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


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


def _guarded(connect: Any) -> Any:
    def connect_here(self: socket.socket, address: Any) -> Any:
        _check_loopback(address)
        return connect(self, address)

    return connect_here


@pytest.fixture(scope="module")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Serve a new site with one small letter: epochs of one second, floor 1, all modes, 12 members."""
    with live_site_in(tmp_path_factory.mktemp("live") / "data") as live:
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
