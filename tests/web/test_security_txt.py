"""`/.well-known/security.txt`: as RFC 9116 has it, where the settings name a contact, and else not at all."""

import datetime as dt
import re

import httpx2
import pytest
from tests.live import LiveSite

from undersigned.web.asgi import make_app
from undersigned.web.imprint import Imprint
from undersigned.web.security_txt import GOOD_FOR_DAYS, PATH, format_security_txt

CONTACTS = ("mailto:security@letters.example", "https://letters.example/report")
NOW = 1_800_000_000


def test_absent_without_a_contact(client: httpx2.Client) -> None:
    """No address is made up."""
    assert client.get(PATH).status_code == 404


def test_every_line_is_of_the_grammar() -> None:
    """Section 4: fields that the RFC has, `Expires` once and within a year, the contacts in their order."""
    text = format_security_txt(Imprint(security_contacts=CONTACTS), "https://letters.example", NOW)
    fields = [line.split(": ", 1) for line in text.removesuffix("\n").split("\n")]
    assert [name for name, _ in fields] == [
        "Contact", "Contact", "Expires", "Preferred-Languages", "Canonical",
    ]  # fmt: skip
    values = dict(fields[2:])
    assert [value for name, value in fields if name == "Contact"] == list(CONTACTS)
    expires = dt.datetime.fromisoformat(values["Expires"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", values["Expires"])
    left = expires - dt.datetime.fromtimestamp(NOW, dt.UTC)
    assert dt.timedelta(days=GOOD_FOR_DAYS - 1) < left <= dt.timedelta(days=GOOD_FOR_DAYS)
    assert values["Preferred-Languages"] == "en, id"
    assert values["Canonical"] == f"https://letters.example{PATH}"


@pytest.mark.anyio
async def test_served_as_text_with_what_the_settings_say(live_site: LiveSite) -> None:
    """Plain text in UTF-8 (section 3); the page about the site names who runs it."""
    imprint = Imprint("The <village> & its mill", ("mailto:miller@letters.example",), CONTACTS)
    app = make_app(live_site.running, imprint)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=live_site.url) as client:
        answer = await client.get(PATH)
        about = (await client.get("/about?lang=en")).text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith(f"Contact: {CONTACTS[0]}\nContact: {CONTACTS[1]}\nExpires: ")
    assert "The &lt;village&gt; &amp; its mill" in about
    assert '<a href="mailto:miller@letters.example" rel="nofollow noreferrer">' in about
    assert f'href="{PATH}"' in about
