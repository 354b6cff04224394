"""The running site against its own description: Schemathesis makes requests from it and doubts each answer.

All of its checks run. Three out of four requests name things that there are, so that more is met
than the answer that there is nothing.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.apart import apart_in
from tests.live import LiveSite
from tests.web.members import chosen, signed

from undersigned.domain.letter import Mode
from undersigned.domain.record import IssuedRecord, format_record, signed_bytes
from undersigned.encoding import format_base64url
from undersigned.web.static_files import SIGN_SCRIPT

PROGRAM = Path(sys.executable).with_name("schemathesis")
SEED = 20231120
EXAMPLES = 20
TIMEOUT_S = 480
"""Far above what it takes: so much for a machine that does other things."""

OPTIONS = ("--checks", "all", "--continue-on-failure", "--exclude-path-regex", "^/desk|/events$")
"""Pages of the desk are for who is signed in; tests/web/test_permissions.py walks through them. Event
streams have no end to wait for; tests/web/test_events.py listens to them."""

OPERATIONS = 66
ISSUER_OPERATIONS = 11
"""So many are described at least: a description that shrinks would be tested by nothing."""

CONFIGURATION = """\
seed = {seed}
color = false

[generation]
max-examples = {examples}

[dictionaries]
{dictionaries}

[parameters]
{parameters}

[[operations]]
include-path = "/log/tile/{{path}}"
parameters."path.path" = "entries/000.p/1"

[[operations]]
include-path = "/static/{{path}}"
parameters."path.path" = "{script}"

# What lies in a record, an address or a token has rules that a schema cannot say.
[[operations]]
include-path = "/openid/return"
checks.positive_data_acceptance.expected-statuses = ["3xx", "400"]

[[operations]]
include-path = "/api/v1/letters/{{slug}}/openid"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "422"]

# A day that is no day is found out by reading it.
[[operations]]
include-path = "/api/v1/letters/{{slug}}/counts"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404"]

[[operations]]
include-method = "POST"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "403", "404", "409", "422"]
"""


def write_configuration(folder: Path, known: dict[str, list[str]], file: str) -> None:
    """Write the configuration with what there is, by parameter."""
    text = CONFIGURATION.format(
        seed=SEED,
        examples=EXAMPLES,
        script=file,
        dictionaries="\n".join(
            f"{json.dumps(name)} = {{ values = {json.dumps(values)} }}"
            for name, values in known.items()
        ),
        parameters="\n".join(
            f"{json.dumps(name)} = {{ dictionary = {json.dumps(name)}, probability = 0.75 }}"
            for name in known
        ),
    )
    (folder / "schemathesis.toml").write_text(text)


@pytest.fixture
def known(live_site: LiveSite) -> dict[str, list[str]]:
    """Let a member sign and another be about to; return what may be asked for, by parameter."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        leaf = signed(client, live_site.slug, live_site.invites[0], Mode.PUBLIC)
        _, posted = chosen(client, live_site.slug, live_site.invites[1], Mode.SEALED)
        (name,) = client.get(f"/api/v1/letters/{live_site.slug}/names").json()["names"]
    return {
        "path.slug": [live_site.slug, f"{live_site.slug}@1"],
        "path.leaf_hash": [leaf.hex()],
        "path.leaf": [name["leaf"]],
        "path.digest": [text.hash.hex() for text in live_site.letter.texts],
        "query.url": [f"{live_site.url}/letters/{live_site.slug}"],
        "body.record": [posted["record"], _issued(live_site)],
        "body.blob": [posted["blob"]],
        "body.proof.code": list(live_site.invites[2:]),
        "body.email": ["dorrin@staff.example", "nobody@staff.example"],
    }


def _issued(live: LiveSite) -> str:
    """Sign a record as an issuer hands it over."""
    record = IssuedRecord(live.letter.letter_id, bytes(32), bytes(32), bytes(64))
    key = live.site.issuer.keys(live.letter).attestation
    return format_base64url(format_record(replace(record, sig=key.sign(signed_bytes(record)))))


def test_every_answer_is_as_described(
    live_site: LiveSite, known: dict[str, list[str]], tmp_path: Path
) -> None:
    """No failure, no exception, and nothing accepted that the description forbids."""
    run(live_site.url, tmp_path, known, OPERATIONS)


def test_every_answer_of_an_issuer_apart_is_as_described(tmp_path: Path) -> None:
    """Its own description, its own routes; codes and tokens are given out for a letter elsewhere."""
    with apart_in(tmp_path / "both") as apart:
        known = {
            "path.slug": [apart.letter.slug, f"{apart.letter.slug}@1"],
            "body.proof.code": [member.invite for member in apart.members],
            "body.email": [apart.members[0].address, "nobody@staff.example"],
        }
        run(apart.issuer_url, tmp_path, known, ISSUER_OPERATIONS, "style.css")


def run(
    url: str, folder: Path, known: dict[str, list[str]], operations: int, file: str = SIGN_SCRIPT
) -> None:
    """Let Schemathesis doubt all that is described at an address."""
    assert shutil.which(PROGRAM) is not None
    write_configuration(folder, known, file)
    location = f"{url}/api/v1/openapi.json"
    done = subprocess.run(
        [PROGRAM, "run", location, *OPTIONS],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {operations}" in done.stdout, done.stdout
