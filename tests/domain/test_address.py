"""Addresses: one canonical form, and one mailbox where the provider says so."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from undersigned.domain.address import (
    canonical_address,
    domain_of,
    mailbox_of,
    parse_address,
)
from undersigned.errors import FormatError


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("a@b.example", "a@b.example"),
        ("  Ada.Byron+x@Mail.EXAMPLE \r\n", "ada.byron+x@mail.example"),
        ("e\u0301@B\u00dcCHER.example", "\u00e9@b\u00fccher.example"),
        ("o'dd/x=y@x-1.y.z", "o'dd/x=y@x-1.y.z"),
    ],
)
def test_addresses_become_canonical(written: str, canonical: str) -> None:
    """Lower case, NFC, without white space around."""
    assert canonical_address(written) == canonical
    assert parse_address(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "a@b",
        "a@b.",
        "a@.b",
        "a@b..c",
        "a@b@c.example",
        "a b@c.example",
        "a@b c.example",
        "a@b_c.example",
        "a\u0000@b.example",
        "a@" + "b" * 245 + ".example",
        "alice(1)@corp.example",
        "x<alice@corp.example",
        "<alice>@corp.example",
        '"alice"@corp.example',
        "mallory%evil.example@corp.example",
        "mallory,x@corp.example",
        "mallory;x@corp.example",
        "mallory:x@corp.example",
        "evil.example!mallory@corp.example",
        "a\\b@corp.example",
        ".alice@corp.example",
        "alice.@corp.example",
        "al..ice@corp.example",
        "alice.\u017fmith@corp.example",
        "\ufb01nn@corp.example",
        "a" * 10_000 + "@b.example",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """Refused, without quoting it."""
    with pytest.raises(FormatError) as caught:
        canonical_address(text)
    assert "b.example" not in str(caught.value)


@given(st.text(max_size=30))
def test_a_canonical_address_stays_as_it_is(text: str) -> None:
    """Bringing an address into canonical form twice changes nothing more."""
    try:
        address = canonical_address(text + "@B.Example")
    except FormatError:
        return
    assert canonical_address(address) == parse_address(address) == address


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ada.byron+l@gmail.com", "adabyron@gmail.com"),
        ("a.d.a@googlemail.com", "ada@gmail.com"),
        ("ada.byron+l+m@outlook.com", "ada.byron@outlook.com"),
        ("ada+l@proton.me", "ada@proton.me"),
        ("ada@pm.me", "ada@pm.me"),
        ("ada+l@fastmail.fm", "ada@fastmail.fm"),
        ("+l@gmail.com", "+l@gmail.com"),
        ("a.+l@live.com", "a.+l@live.com"),
        ("ada.byron+l@mill.example", "ada.byron+l@mill.example"),
        ("ada+l@x.gmail.com", "ada+l@x.gmail.com"),
    ],
)
def test_the_mailbox_of_an_address(address: str, mailbox: str) -> None:
    """Only what the provider itself says: dots, tags and a second domain of some; of others nothing."""
    assert mailbox_of(address) == mailbox


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ada.byron+l@mill.example", "ada.byron@mill.example"),
        ("+l@mill.example", "+l@mill.example"),
        ("a.d.a+l@gmail.com", "ada@gmail.com"),
    ],
)
def test_a_domain_roll_cuts_every_tag(address: str, mailbox: str) -> None:
    """Nobody has listed its members: one mailbox with many tags would be many."""
    assert mailbox_of(address, cuts_tags=True) == mailbox


locals_ = st.text("ab.+-\u00e9", min_size=1, max_size=12)
domains = st.sampled_from(["gmail.com", "googlemail.com", "live.com", "pm.me", "mill.example"])


@given(locals_, domains, st.booleans())
def test_a_mailbox_is_an_address_and_its_own_mailbox(
    local: str, domain: str, cuts_tags: bool
) -> None:
    """It is canonical, and what a member types of it leads to it again."""
    assume(all(local.split(".")))
    mailbox = mailbox_of(f"{local}@{domain}", cuts_tags=cuts_tags)
    assert canonical_address(mailbox) == mailbox
    assert mailbox_of(mailbox, cuts_tags=cuts_tags) == mailbox
    assert domain_of(mailbox) == domain.replace("googlemail", "gmail")
