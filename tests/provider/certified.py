"""The certified provider (npm `oidc-provider`) on this machine, and a member who signs on with it by HTTP."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

import httpx2
from tests.node import FRONTEND, find_node

CLIENT, SECRET = "undersigned", "known to these two alone"


@contextmanager
def certified_provider(*redirects: str) -> Iterator[str]:
    """Serve the provider for a client with these return addresses; give its address."""
    command = [find_node(), "test/provider.mjs", CLIENT, SECRET, *redirects]
    with subprocess.Popen(
        command,
        cwd=FRONTEND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("listening "):
                    break
            else:
                raise AssertionError("the provider did not start")
            yield line.split()[1]
        finally:
            process.terminate()


def sign_on(address: str, login: str, stop_at: str) -> str:
    """Sign on as somebody does in a browser; return the address at which it ends, `stop_at` and more."""
    with httpx2.Client(timeout=60) as client:
        answer = client.get(address)
        for _ in range(12):
            if answer.is_redirect:
                there = urljoin(str(answer.url), answer.headers["location"])
                if there.startswith(stop_at):
                    return there
                answer = client.get(there)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action is not None
            assert prompt is not None
            form = {"prompt": prompt[1]}
            if prompt[1] == "login":
                form |= {"login": login, "password": "any"}
            answer = client.post(urljoin(str(answer.url), action[1]), data=form)
    raise AssertionError("the sign-on did not end")
