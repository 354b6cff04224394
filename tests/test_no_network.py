"""No test leaves this machine."""

import socket

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "site.example"])
def test_other_machines_cannot_be_reached(host: str) -> None:
    """Neither by address nor by name."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as lone, pytest.raises(RuntimeError, match="tried to reach"):
        lone.connect((host, 80))
    with pytest.raises(RuntimeError, match="tried to reach"):
        socket.getaddrinfo(host, 80)


def test_this_machine_can_be_reached() -> None:
    """Loopback stays open, for the servers that tests start."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
