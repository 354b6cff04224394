"""Which addresses may be called: names by their writing, machines by their numbers."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.errors import FormatError
from undersigned.webhook.target import LONGEST_URL, PORTS, Target, is_public, parse_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example", Target("hooks.example", 443, "/")),
        ("https://Hooks.Example:443/A?b=%20#"[:-1], Target("hooks.example", 443, "/A?b=%20")),
        ("HTTPS://xn--bcher-kva.example:8443?t=1", Target("xn--bcher-kva.example", 8443, "/?t=1")),
        ("https://a.b/@user:pw", Target("a.b", 443, "/@user:pw")),
    ],
)
def test_an_address_has_one_writing(url: str, target: Target) -> None:
    """It is read once, and its one writing reads as the same."""
    assert parse_target(url) == target
    assert parse_target(target.url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "http://hooks.example/",
        "https:hooks.example",
        "https:///hooks.example",
        "https://hooks.example#part",
        "https://user@hooks.example/",
        "https://user:pw@hooks.example/",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y",
        "https://hooks.example/\n",
        "https://hooks.example:80/",
        "https://hooks.example:22/",
        "https://hooks.example:/",
        "https://hooks.example:99999/",
        "https://hooks.example:443:443/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.0x1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://localhost./",
        "https://hooks.example./",
        "https://.example/",
        "https://a..example/",
        "https://-a.example/",
        "https://a_b.example/",
        "https://bücher.example/",
        "https://ⓗooks.example/",
        "https://１２７.0.0.1/",
        "httpſ://hooks.example/",
        "https://hoo\u212as.example/",
        "https://hooks.example/ſecret",
        "https://hooks.example/?\u0131\u0130",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 127}example/",
        f"https://hooks.example/{'a' * LONGEST_URL}",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Other schemes and ports, numbers in every writing, users, fragments, what is no name; not repeated."""
    with pytest.raises(FormatError) as caught:
        parse_target(url)
    assert len(url) < 8 or url not in str(caught.value)


@given(
    st.sampled_from("\u0130\u0131\u017f\u212a") | st.characters(min_codepoint=0x80),
    st.integers(0, 31),
)
def test_no_letter_of_another_alphabet_passes(letter: str, place: int) -> None:
    """Nor one whose other case is a letter of ours (RFC 3986 knows ASCII alone)."""
    url = "https://hooks.example:443/a?b=1"
    for changed in (url[:place] + letter + url[place:], url[:place] + letter + url[place + 1 :]):
        with pytest.raises(FormatError):
            parse_target(changed)


@given(st.text(max_size=40) | st.from_regex(r"https://[a-z0-9.:@/\\#?%-]{0,30}", fullmatch=True))
def test_whatever_is_read_is_a_name_at_a_port(url: str) -> None:
    """Anything else is refused as such."""
    try:
        target = parse_target(url)
    except FormatError:
        return
    assert target.port in PORTS
    assert target.url.isascii()
    assert target.path.startswith("/")
    assert target.host.rpartition(".")[2][0].isalpha()
    with pytest.raises(ValueError, match="does not appear"):
        ipaddress.ip_address(target.host)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_what_everyone_can_reach_is_public(address: str) -> None:
    """Also where an IPv4 address is written as one of IPv6."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::a00:1",
        "::808:808",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:0:53aa:64c::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "4000::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_near_is_not(address: str) -> None:
    """This machine, private networks, the network's own, documentation, many at once, tunnels to it."""
    assert not is_public(ipaddress.ip_address(address))


@given(st.integers(0, 2**32 - 1))
def test_another_writing_changes_nothing(number: int) -> None:
    """An IPv4 address within one of IPv6 is as public as it is itself, or less."""
    plain = is_public(ipaddress.IPv4Address(number))
    for head in (0xFFFF << 32, 0x64FF9B << 96):
        assert is_public(ipaddress.IPv6Address(head | number)) is plain
    assert not is_public(ipaddress.IPv6Address(number))
    assert not is_public(ipaddress.IPv6Address(0x2002 << 112 | number << 80))
