"""Trust policies: the specification's example, its whole grammar, quorums, limits."""

from collections.abc import Callable, Iterator
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from undersigned.crypto.note_key import COSIGNATURE, ED25519, NoteKey, format_vkey
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.note import parse_note
from undersigned.tlog.policy import (
    MAX_GROUPS,
    MAX_LOGS,
    MAX_POLICY_SIZE,
    MAX_WITNESSES,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    find_cosignatures,
    format_policy,
    parse_policy,
    printable,
)


def key_of(number: int, kind: int = COSIGNATURE) -> NoteKey:
    """Return the key with this number, of a witness or a log."""
    return NoteKey(f"example.com/{number}", kind, number.to_bytes(32, "big"))


def vkey_of(number: int, kind: int = COSIGNATURE) -> str:
    """Return the same as text."""
    return format_vkey(key_of(number, kind))


LOG = f"log {vkey_of(99, ED25519)}"
# c2sp.org/tlog-policy, "Example policy", with keys and two addresses.
EXAMPLE = f"""\
{LOG} https://log.example/

witness X1 {vkey_of(1)}
witness X2 {vkey_of(2)} https://x2.example/submit
witness X3 {vkey_of(3)}
group X-witnesses 2 X1 X2 X3

witness Y1 {vkey_of(4)}
witness Y2 {vkey_of(5)}
witness Y3 {vkey_of(6)}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def parse(*lines: str) -> Policy:
    """Read a policy of these lines."""
    return parse_policy("".join(f"{line}\n" for line in lines).encode())


def test_the_example_of_the_specification() -> None:
    """Two of the X and one of the Y have to cosign, and no other set will do."""
    policy = parse_policy(EXAMPLE.encode())
    assert policy.logs == (PolicyLog(key_of(99, ED25519), "https://log.example/"),)
    assert policy.witnesses[1] == PolicyWitness("X2", key_of(2), "https://x2.example/submit")
    assert policy.groups[0] == PolicyGroup("X-witnesses", 2, ("X1", "X2", "X3"))
    names = [witness.name for witness in policy.witnesses]
    for count in range(len(names) + 1):
        for cosigned in combinations(names, count):
            xs = sum(name.startswith("X") for name in cosigned)
            assert policy.is_met(cosigned) == (xs >= 2 and len(cosigned) > xs)
    assert [each.name for each in policy.members_of("Y-witnesses")] == ["Y1", "Y2", "Y3"]
    assert policy.members_of("X-and-Y") == policy.witnesses
    assert [each.name for each in policy.members_of("X2")] == ["X2"]


def test_nobody_is_asked_for() -> None:
    """`quorum none` is met by nobody, and is the only thing that a policy must have."""
    policy = parse("quorum none")
    assert policy == Policy((), (), (), None)
    assert policy.is_met(())


def test_a_quorum_may_be_one_witness() -> None:
    """Then that one has to cosign; names that the policy does not have count nothing."""
    policy = parse(f"witness A {vkey_of(1)}", f"witness B {vkey_of(2)}", "quorum A")
    assert policy.is_met(["A"])
    assert not policy.is_met(["B", "a", "quorum"])


def test_a_group_name_is_no_witness() -> None:
    """Whoever says that a whole group has cosigned is not believed."""
    policy = parse(f"witness A {vkey_of(1)}", "group G all A", "quorum G")
    assert not policy.is_met(["G"])


def test_space_comments_and_empty_lines() -> None:
    """Spaces and tabs separate, lead and trail; a comment may be indented."""
    policy = parse(
        "", " \t ", "# log nobody", "\t# \xe9\xe8", f"  witness\tA  {vkey_of(1)}\t", "quorum  A "
    )
    assert [witness.name for witness in policy.witnesses] == ["A"]


def test_only_space_and_tab_separate() -> None:
    """Other white space of Unicode is part of a name, as are octets that are no UTF-8."""
    name = b"a\xc2\xa0b\xff\xe2\x84\xaa"
    data = b"witness " + name + b" " + vkey_of(1).encode() + b"\nquorum " + name + b"\n"
    policy = parse_policy(data)
    assert policy.quorum is not None
    assert policy.quorum.encode("utf-8", "surrogateescape") == name
    assert format_policy(policy) == data
    assert printable(policy.quorum) == "a\xa0b\ufffd\u212a"
    with pytest.raises(FormatError):
        parse_policy(data.replace(b"quorum a\xc2\xa0b\xff\xe2\x84\xaa", b"quorum a\xc2\xa0b\xffK"))


W1, W2 = f"witness A {vkey_of(1)}", f"witness B {vkey_of(2)}"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "no quorum"),
        ([W1], "no quorum"),
        ([W1, "quorum A", "quorum A"], "before this one"),
        (["quorum none", "quorum none"], "before this one"),
        (["quorum A", W1], "not defined"),
        (["quorum"], "is written"),
        ([W1, W2, "quorum A B"], "is written"),
        (["witness A", "quorum none"], "is written"),
        ([f"{W1} https://a.example extra", "quorum A"], "is written"),
        (["log", "quorum none"], "is written"),
        ([f"{LOG} a b", "quorum none"], "is written"),
        ([W1, "group G all", "quorum G"], "is written"),
        ([W1, "group G", "quorum G"], "is written"),
        ([W1, "group G all A B", W2, "quorum G"], "not defined"),
        ([W1, "group G all G", "quorum G"], "not defined"),
        ([W1, "group G all none", "quorum G"], "not defined"),
        ([W1, "group G any A A", "quorum G"], "only once"),
        ([W1, W2, "group G any A", "group H all A B", "quorum H"], "only once"),
        ([W1, "group G 0 A", "quorum G"], "as many"),
        ([W1, "group G 2 A", "quorum G"], "as many"),
        ([W1, "group G 01 A", "quorum G"], "as many"),
        ([W1, "group G +1 A", "quorum G"], "as many"),
        ([W1, "group G \u0661 A", "quorum G"], "as many"),
        ([W1, "group G ALL A", "quorum G"], "as many"),
        ([W1, f"witness A {vkey_of(2)}", "quorum A"], "used already"),
        ([W1, "group A all A", "quorum A"], "used already"),
        ([f"witness none {vkey_of(1)}", "quorum none"], "used already"),
        ([W1, "group none all A", "quorum none"], "used already"),
        ([f"witness A {vkey_of(1, ED25519)}", "quorum A"], "not a witness's"),
        ([f"log {vkey_of(1)}", "quorum none"], "not a log's"),
        ([W1, f"witness C {vkey_of(1)}", "quorum A"], "same public key"),
        ([LOG, LOG, "quorum none"], "same public key"),
        (["witness A nothing", "quorum none"], "form name"),
        (["Quorum none"], "begins with"),
        (["logs x", "quorum none"], "begins with"),
        (["quorum none\r"], "control character"),
        (["# a\x00b", "quorum none"], "control character"),
        (["# a\x7fb", "quorum none"], "control character"),
    ],
)
def test_what_is_refused(lines: list[str], sentence: str) -> None:
    """Each is refused with a sentence, and with its line where one is to blame."""
    with pytest.raises(FormatError, match=sentence) as caught:
        parse(*lines)
    assert sentence == "no quorum" or "Line " in caught.value.detail


def test_one_key_under_two_names_is_one_witness() -> None:
    """Otherwise one witness could be a quorum of two."""
    twice = format_vkey(NoteKey("another.example/name", COSIGNATURE, key_of(1).public_key))
    with pytest.raises(FormatError, match="same public key"):
        parse(W1, f"witness C {twice}", "group G all A C", "quorum G")


def test_a_line_without_its_end() -> None:
    """Every line ends in a newline, the last one too: a file that was cut off is noticed."""
    with pytest.raises(FormatError, match="newline"):
        parse_policy(b"quorum none")


def limits() -> Iterator[tuple[list[str], int, str]]:
    """Give each limit: lines of which so many may stand in a policy, and what they are."""
    logs = [f"log {vkey_of(n, ED25519)}" for n in range(MAX_LOGS + 1)]
    witnesses = [f"witness w{n} {vkey_of(n)}" for n in range(MAX_WITNESSES + 1)]
    chain = [W1, *(f"group g{n} all {f'g{n - 1}' if n else 'A'}" for n in range(MAX_GROUPS + 1))]
    yield logs, MAX_LOGS, "logs"
    yield witnesses, MAX_WITNESSES, "witnesses"
    yield chain, MAX_GROUPS + 1, "groups"


@pytest.mark.parametrize(("lines", "most", "what"), [*limits()], ids=lambda value: str(value)[:9])
def test_limits(lines: list[str], most: int, what: str) -> None:
    """As many as there may be are read, one more is not."""
    assert len(getattr(parse(*lines[:most], "quorum none"), what)) >= MAX_GROUPS
    with pytest.raises(FormatError, match=f"more than 64 {what}"):
        parse(*lines, "quorum none")
    with pytest.raises(FormatError, match="too large"):
        parse_policy(b"quorum none\n" + b"#" * MAX_POLICY_SIZE)


# --- properties

words = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters=" "),
    min_size=1,
    max_size=12,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Make any policy."""
    names = draw(
        st.lists(words.filter(lambda word: word != "none"), min_size=1, max_size=9, unique=True)
    )
    cut = draw(st.integers(0, len(names)))
    url = st.none() | words
    witnesses = tuple(
        PolicyWitness(name, key_of(n), draw(url)) for n, name in enumerate(names[:cut])
    )
    free = names[:cut]
    groups = []
    for name in names[cut:]:
        if not free:
            break
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        free = [each for each in free if each not in members] + [name]
        groups.append(PolicyGroup(name, draw(st.integers(1, len(members))), tuple(members)))
    logs = tuple(
        PolicyLog(key_of(n, ED25519), draw(url)) for n in range(100, 100 + draw(st.integers(0, 3)))
    )
    defined = [*names[:cut], *(group.name for group in groups)]
    quorum = draw(st.none() | st.sampled_from(defined)) if defined else None
    return Policy(logs, witnesses, tuple(groups), quorum)


@given(policies())
def test_what_is_written_is_read(policy: Policy) -> None:
    """Format and parse are inverse."""
    assert parse_policy(format_policy(policy)) == policy


def brute_force(policy: Policy, name: str, cosigned: set[str]) -> bool:
    """Judge a name by the words of the specification, by recursion."""
    for group in policy.groups:
        if group.name == name:
            met = [brute_force(policy, member, cosigned) for member in group.members]
            return met.count(True) >= group.threshold
    return name in cosigned


@given(policies(), st.data())
def test_quorums_are_those_of_the_specification(policy: Policy, data: st.DataObject) -> None:
    """Equal to the recursion; one more cosignature never takes a quorum away; all is enough."""
    names = [witness.name for witness in policy.witnesses]
    cosigned = data.draw(st.sets(st.sampled_from(names))) if names else set()
    met = policy.is_met(cosigned)
    assert met == (policy.quorum is None or brute_force(policy, policy.quorum, cosigned))
    assert policy.is_met(names)
    for name in names:
        assert policy.is_met(cosigned | {name}) or not met
    if policy.quorum is not None:
        counted = {witness.name for witness in policy.members_of(policy.quorum)}
        assert policy.is_met(cosigned & counted) == met


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda rest: EXAMPLE.encode() + rest))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but FormatError comes of bytes from outside; what is read can be written."""
    try:
        policy = parse_policy(data)
    except FormatError:
        return
    assert parse_policy(format_policy(policy)) == policy


@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 7))
def test_a_flipped_bit_brings_in_no_key(at: int, bit: int) -> None:
    """A changed octet is refused, or leaves every witness a witness of the original."""
    data = bytearray(EXAMPLE.encode())
    data[at] ^= 1 << bit
    try:
        policy = parse_policy(bytes(data))
    except FormatError:
        return
    original = parse_policy(EXAMPLE.encode())
    assert {each.key for each in policy.witnesses} <= {each.key for each in original.witnesses}


# --- cosignatures


def test_who_cosigned(
    log_line: Callable[[str], bytes],
    witness_line: Callable[[str, int], bytes],
    witness_key: NoteKey,
) -> None:
    """The witness is found with its newest time; others are ignored, and without it nobody is."""
    text = "log.example/log\n1\nAAAA\n"
    other = NoteKey("other.example/w", COSIGNATURE, bytes(SigningKey(bytes(32)).verify_key))
    policy = parse(
        f"witness mine {format_vkey(witness_key)}",
        f"witness other {format_vkey(other)}",
        "group two all mine other",
        "quorum two",
    )
    note = text.encode() + b"\n" + log_line(text)
    assert find_cosignatures(policy, parse_note(note)) == {}
    twice = note + witness_line(text, 7) + witness_line(text, 5)
    assert find_cosignatures(policy, parse_note(twice)) == {"mine": 7}
    assert not policy.is_met(find_cosignatures(policy, parse_note(twice)))
    assert find_cosignatures(parse("quorum none"), parse_note(twice)) == {}


def test_a_cosignature_that_does_not_hold(
    log_line: Callable[[str], bytes],
    witness_line: Callable[[str, int], bytes],
    witness_key: NoteKey,
) -> None:
    """One of a known witness over another text makes the note malformed, also beside a good one."""
    text = "log.example/log\n1\nAAAA\n"
    policy = parse(f"witness mine {format_vkey(witness_key)}", "quorum mine")
    note = text.encode() + b"\n" + log_line(text) + witness_line(text, 7)
    bad = note + witness_line(text.replace("1", "2"), 7)
    with pytest.raises(VerificationError):
        find_cosignatures(policy, parse_note(bad))
