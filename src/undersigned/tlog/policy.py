"""Trust policies: which logs and witnesses count, and how many (c2sp.org/tlog-policy, July 2026).

A policy is a file of lines `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name>
all|any|<k> <name>...` and one `quorum <name>|none`. Names are opaque octets; here they are text in
which an octet that is no UTF-8 is a lone surrogate, so that two names are equal when their octets are.

Keys are those of `crypto.note_key`: Ed25519 logs (0x01) and Ed25519 witnesses (0x04).
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from undersigned.crypto.note_key import COSIGNATURE, ED25519, NoteKey, format_vkey, parse_vkey
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.cosignature import verify_cosignature
from undersigned.tlog.note import SignedNote

MAX_POLICY_SIZE: Final = 256 * 1024
"""Largest policy in bytes: every line that may be there, with long names and addresses."""
MAX_LOGS: Final = 64
MAX_WITNESSES: Final = 64
MAX_GROUPS: Final = 64
"""Twice what every implementation should take ("Implementation limits"), and fewer witnesses than a note
may have signatures."""

NONE: Final = "none"
"""The predefined name of the quorum that asks for nobody."""

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is accepted, and perhaps where it is."""

    key: NoteKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness under the name that the policy gives it; `url` is its submission prefix."""

    name: str
    key: NoteKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group that has witnessed when `threshold` of its members, witnesses or groups, have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it was read: `quorum` is the name of a witness or group, None if nobody is asked for.

    Every group names only witnesses and groups before it, and no name is a member twice.
    """

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str | None

    def is_met(self, cosigned: Collection[str]) -> bool:
        """Say whether these witnesses, by the policy's names, are a quorum."""
        if self.quorum is None:
            return True
        known = {witness.name for witness in self.witnesses}
        met = {name for name in cosigned if name in known}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met

    def members_of(self, name: str) -> tuple[PolicyWitness, ...]:
        """Return the witnesses that count towards a witness or group, in the policy's order."""
        groups = {group.name: group for group in self.groups}
        names, rest = set(), [name]
        while rest:
            group = groups.get(found := rest.pop())
            if group is None:
                names.add(found)
            else:
                rest += group.members
        return tuple(witness for witness in self.witnesses if witness.name in names)


def find_cosignatures(policy: Policy, note: SignedNote) -> dict[str, int]:
    """Return the policy's witnesses that cosigned a note, each with the time of its newest cosignature.

    Cosignatures of others are ignored. Raises VerificationError if one of a known witness does not
    hold: such a note is malformed (signed-note, "Signatures").
    """
    known = {(witness.key.name, witness.key.key_id): witness for witness in policy.witnesses}
    found: dict[str, int] = {}
    for signature in note.signatures:
        witness = known.get((signature.name, signature.key_id))
        if witness is None:
            continue
        try:
            time = verify_cosignature(witness.key, note.text, signature.signature)
        except FormatError as error:
            raise VerificationError(error.detail) from None
        found[witness.name] = max(time, found.get(witness.name, 0))
    return found


# --- reading


def parse_policy(data: bytes) -> Policy:
    """Read a policy. Raises FormatError, naming the line (from 1) that is wrong."""
    if len(data) > MAX_POLICY_SIZE:
        raise FormatError("The policy is too large.")
    if data and not data.endswith(b"\n"):
        raise FormatError("The last line of the policy does not end in a newline.")
    reader = _Reader()
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            reader.read(line)
        except FormatError as error:
            raise FormatError(f"Line {number} of the policy: {error.detail}") from None
    return reader.close()


def _items_of(line: bytes) -> list[str]:
    """Cut a line at its spaces and tabs, and at nothing else."""
    if _FORBIDDEN.search(line):
        raise FormatError("There is a control character other than tab and newline.")
    text = line.decode("utf-8", "surrogateescape")
    items = [item for item in re.split(r"[ \t]+", text) if item]
    return [] if items and items[0].startswith("#") else items


class _Reader:
    """Takes the lines of one policy in their order."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[PolicyGroup] = []
        self._names: set[str] = set()
        self._members: set[str] = set()
        self._keys: set[tuple[str, bytes]] = set()
        self._quorum: str | None = None
        self._has_quorum = False

    def read(self, line: bytes) -> None:
        """Take a line. Raises FormatError."""
        items = _items_of(line)
        if not items:
            return
        readers: dict[str, Callable[[list[str]], None]] = {
            "log": self._read_log,
            "witness": self._read_witness,
            "group": self._read_group,
            "quorum": self._read_quorum,
        }
        keyword, *rest = items
        if keyword not in readers:
            raise FormatError("A line begins with log, witness, group, quorum or #.")
        readers[keyword](rest)

    def close(self) -> Policy:
        """Return the policy. Raises FormatError if it has no quorum."""
        if not self._has_quorum:
            raise FormatError(
                "The policy has no quorum line; `quorum none` asks for no witness at all."
            )
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)

    def _read_log(self, items: list[str]) -> None:
        if not 1 <= len(items) <= 2:
            raise FormatError("A log is written `log <vkey> [<url>]`.")
        key = self._new_key(items[0], ED25519, [log.key for log in self._logs])
        _check_number(self._logs, MAX_LOGS, "logs")
        self._logs.append(PolicyLog(key, *items[1:]))

    def _read_witness(self, items: list[str]) -> None:
        if not 2 <= len(items) <= 3:
            raise FormatError("A witness is written `witness <name> <vkey> [<url>]`.")
        name, vkey, *url = items
        keys = [witness.key for witness in self._witnesses]
        key = self._new_key(vkey, COSIGNATURE, keys)
        _check_number(self._witnesses, MAX_WITNESSES, "witnesses")
        self._define(name)
        self._witnesses.append(PolicyWitness(name, key, *url))

    def _new_key(self, vkey: str, kind: int, others: list[NoteKey]) -> NoteKey:
        key = parse_vkey(vkey)
        if key.kind != kind:
            wanted = "a log's (type 0x01)" if kind == ED25519 else "a witness's (type 0x04)"
            raise FormatError(f"The key is not {wanted}.")
        if any(other.public_key == key.public_key for other in others):
            raise FormatError("The same public key stands in a line before this one.")
        if (identity := (key.name, key.key_id)) in self._keys:
            # In a note nobody could tell the two apart.
            raise FormatError("A key before this one has the same name and key ID.")
        self._keys.add(identity)
        return key

    def _read_group(self, items: list[str]) -> None:
        if len(items) < 3:
            raise FormatError("A group is written `group <name> all|any|<k> <name>...`.")
        name, number, *members = items
        for member in members:
            if member not in self._names:
                raise FormatError("A member of the group is not defined in a line before this one.")
            if member in self._members:
                raise FormatError("A name is a member of a group only once.")
            self._members.add(member)
        _check_number(self._groups, MAX_GROUPS, "groups")
        self._define(name)
        self._groups.append(PolicyGroup(name, _threshold(number, len(members)), tuple(members)))

    def _read_quorum(self, items: list[str]) -> None:
        if len(items) != 1:
            raise FormatError("The quorum is written `quorum <name>` or `quorum none`.")
        if self._has_quorum:
            raise FormatError("There is a quorum line before this one.")
        if items[0] != NONE and items[0] not in self._names:
            raise FormatError("The quorum is not defined in a line before this one.")
        self._has_quorum = True
        self._quorum = None if items[0] == NONE else items[0]

    def _define(self, name: str) -> None:
        if name == NONE or name in self._names:
            raise FormatError("The name is used already; witnesses and groups have different ones.")
        self._names.add(name)


def _check_number(
    found: list[PolicyLog] | list[PolicyWitness] | list[PolicyGroup], most: int, what: str
) -> None:
    if len(found) >= most:
        raise FormatError(f"There are more than {most} {what}.")


def _threshold(text: str, members: int) -> int:
    match text:
        case "any":
            return 1
        case "all":
            return members
        case _ if _NUMBER.fullmatch(text) and int(text) <= members:
            return int(text)
        case _:
            raise FormatError("A group asks for all, any, or 1 to as many as it has members.")


# --- writing


def format_policy(policy: Policy) -> bytes:
    """Write a policy, as bytes that `parse_policy` takes.

    Raises FormatError if it cannot be written, such as a name with a space.
    """
    data = "".join(f"{line}\n" for line in _lines(policy)).encode("utf-8", "surrogateescape")
    if parse_policy(data) != policy:
        raise FormatError("The policy cannot be written as it is.")
    return data


def _lines(policy: Policy) -> Iterator[str]:
    for log in policy.logs:
        yield " ".join(["log", format_vkey(log.key), *([log.url] if log.url else [])])
    for witness in policy.witnesses:
        url = [witness.url] if witness.url else []
        yield " ".join(["witness", witness.name, format_vkey(witness.key), *url])
    for group in policy.groups:
        yield " ".join(["group", group.name, str(group.threshold), *group.members])
    yield f"quorum {NONE if policy.quorum is None else policy.quorum}"


def printable(name: str) -> str:
    """Return a name of a policy as it may be printed: octets that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
