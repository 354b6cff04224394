"""A stranger's reader of a mirrored folder: docs/formats.md (US-1), read a second time.

It is written from that page and the standards it names (C2SP signed-note, tlog-checkpoint and
tlog-tiles, RFC 4648, 6962, 8032, 8785, 9474, 9578) with the standard library and pyca/cryptography
alone, and imports nothing of Undersigned. `read_mirror` believes no file of the folder: it raises
ValueError at the first thing that does not hold, and returns its own figures for every letter.
Paragraph signs in this file point into docs/formats.md, unless a standard is named.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding


def need(holds: object, sentence: str) -> None:
    """Raise ValueError with the sentence unless what it says is so."""
    if not holds:
        raise ValueError(f"it does not hold that {sentence}")


# Conventions ---------------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    """Hash: H of the conventions."""
    return hashlib.sha256(data).digest()


def canonical(value: Any) -> bytes:
    """Write JCS (RFC 8785) of values without floats whose member names are ASCII.

    Python escapes exactly what RFC 8785 §3.2.2.2 wants escaped, and ASCII names sort alike as
    code points and as UTF-16.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def parse(data: bytes) -> Any:
    """Read JSON that is equal to the JCS of what it parses to (§3)."""
    try:
        value = json.loads(data.decode())
        need(canonical(value) == data, "the JSON is canonical")
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    return value


def raw(text: str) -> bytes:
    """Decode base64url without padding, unused bits zero (conventions; RFC 4648 §5)."""
    need(re.fullmatch(r"[A-Za-z0-9_-]*", text), "bytes are base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text, "base64url is canonical")
    return data


Shape = Callable[[Any], bool]


def integer(low: int = 0, high: int = 2**53 - 1) -> Shape:
    """Shape of an integer; `true` is none."""
    return lambda v: type(v) is int and low <= v <= high


def octets(size: int) -> Shape:
    """Shape of so many bytes."""
    return lambda v: isinstance(v, str) and len(raw(v)) == size


def string(low: int, high: int, pattern: str = "(?s:.*)", several_lines: bool = False) -> Shape:
    """Shape of a string of low to high code points, NFC, without control characters."""

    def fits(v: Any) -> bool:
        if not isinstance(v, str) or not low <= len(v) <= high or not re.fullmatch(pattern, v):
            return False
        shown = v.replace("\n", "") if several_lines else v
        return unicodedata.is_normalized("NFC", v) and all(
            unicodedata.category(c) != "Cc" for c in shown
        )

    return fits


def word(words: str) -> Shape:
    """Shape of one of the words, written with `|` between them."""
    return lambda v: isinstance(v, str) and v in words.split("|")


def maybe(inner: Shape) -> Shape:
    """Shape of what may be missing, which is `null`."""
    return lambda v: v is None or inner(v)


def array(inner: Shape, low: int = 0, high: int = 2**53) -> Shape:
    """Shape of an array of low to high values."""
    return lambda v: isinstance(v, list) and low <= len(v) <= high and all(map(inner, v))


def shape(text: str) -> Shape:
    """Read a shape as the tables below write it: `32B`, `1..8`, `0..`, `a|b`, and `?` for or null."""
    if text.endswith("?"):
        return maybe(shape(text[:-1]))
    if text.endswith("B"):
        return octets(int(text[:-1]))
    low, dots, high = text.partition("..")
    return integer(int(low), int(high or 2**53 - 1)) if dots else word(text)


def members(table: str, **shapes: Shape) -> Shape:
    """Shape of an object with exactly these members: `name:shape`s, and shapes by name."""
    every = {**{n: shape(text) for n, text in (m.split(":") for m in table.split())}, **shapes}
    return lambda v: (
        isinstance(v, dict) and v.keys() == every.keys() and all(every[n](v[n]) for n in every)
    )


def boolean(v: Any) -> bool:
    """Shape of `true` and `false`."""
    return isinstance(v, bool)


def some_in_order(words: str) -> Shape:
    """Shape of an array of some of the words, each once, in this order."""
    return lambda v: (
        isinstance(v, list) and v != [] and v == [w for w in words.split("|") if w in v]
    )


# §2 The log ----------------------------------------------------------------------------------


def check_ed25519(key: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise ValueError("an Ed25519 signature does not hold") from None


def parse_vkey(text: str) -> tuple[str, bytes, bytes]:
    """Read a verifier key as name, key id and Ed25519 key (C2SP signed-note; §1)."""
    name, key_id, encoded = text.split("+", 2)
    key = base64.b64decode(encoded, validate=True)
    need(len(key) == 33 and key[0] == 1, "a vkey holds an Ed25519 key of type 0x01")
    need(sha256(name.encode() + b"\n" + key)[:4].hex() == key_id, "a vkey's id is its key's")
    return name, bytes.fromhex(key_id), key[1:]


def read_checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """Check the log's signature; return origin, size and root (C2SP tlog-checkpoint; §2)."""
    name, key_id, key = parse_vkey(vkey)
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    mine = []
    for line in signatures.removesuffix("\n").split("\n"):
        dash, signer, encoded = line.split(" ")
        signature = base64.b64decode(encoded, validate=True)
        need(dash == "—", "a signature line begins with a dash")
        if (signer, signature[:4]) == (name, key_id):
            mine.append(signature[4:])
    need(len(mine) == 1, "the log has signed its checkpoint, once")
    check_ed25519(key, mine[0], text.encode())
    origin, size, root, end = text.split("\n")  # no extension lines
    need(origin == name and end == "", "the checkpoint is of the log that signs it")
    need(re.fullmatch(r"0|[1-9][0-9]*", size), "the size is a decimal number")
    return origin, int(size), base64.b64decode(root, validate=True)


def entries(log: Path, size: int) -> Iterator[bytes]:
    """Read every entry out of the entry bundles (C2SP tlog-tiles)."""
    for n in range((size + 255) // 256):
        width = min(256, size - 256 * n)
        digits = f"{n:03d}".zfill((len(str(n)) + 2) // 3 * 3)
        parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        path = "/".join(["x" + part for part in parts[:-1]] + parts[-1:])
        path += "" if width == 256 else f".p/{width}"
        bundle = (log / "tile" / "entries" / path).read_bytes()
        for _ in range(width):
            length = int.from_bytes(bundle[:2], "big")
            need(len(bundle) >= 2 + length, "a bundle holds all its entries")
            yield bundle[2 : 2 + length]
            bundle = bundle[2 + length :]
        need(bundle == b"", "nothing follows the last entry of a bundle")


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Hash entries to the root: MTH of RFC 6962 §2.1, growing perfect subtrees from the left."""
    subtrees: list[tuple[int, bytes]] = []  # (height, hash)
    for leaf in leaves:
        subtrees.append((0, sha256(b"\x00" + leaf)))
        while len(subtrees) > 1 and subtrees[-1][0] == subtrees[-2][0]:
            (height, left), (_, right) = subtrees[-2:]
            subtrees[-2:] = [(height + 1, sha256(b"\x01" + left + right))]
    if not subtrees:
        return sha256(b"")
    _, root = subtrees.pop()
    while subtrees:
        root = sha256(b"\x01" + subtrees.pop()[1] + root)
    return root


# §3 Records ----------------------------------------------------------------------------------

LANGUAGE = string(1, 35, r"[a-z]{2,8}(-[A-Za-z0-9]{1,8})*")
DEMAND = string(1, 32, r"[a-z0-9-]{1,32}")
BODY = members(
    "edition:1.. supersedes:32B? deadline:0..? closes:0.. rule:1.. cooling_off_s:0..2592000"
    " basis:named|all quorum:0..16 roll:list|domain|invites organiser_key:32B bundle:32B?"
    " retention_days:0..3650",
    slug=string(1, 64, r"[a-z0-9][a-z0-9-]{0,63}"),
    texts=array(members("hash:32B", lang=LANGUAGE), 1, 40),
    demands=array(members("", id=DEMAND), 1, 20),
    headcount=members("n:1..10000000", as_of=string(10, 10, r"[0-9]{4}-[0-9]{2}-[0-9]{2}")),
    modes=some_in_order("public|sealed|anonymous"),
    conditions=array(integer(2), 0, 16),
    epoch=members("period_s:1..3600 floor:1..1000 max_wait_s:1..86400"),
    trustees=array(
        members("seal_key:1216B sign_key:32B", name=string(0, 8_192), operator=boolean), 0, 16
    ),
    issuer=members("token_key:342B attestation_key:32B", url=maybe(string(1, 8_192))),
    methods=some_in_order("email|invite|openid"),
    promise_vkey=string(1, 8_192),
)
DOMAIN = string(
    3, 253, r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+"
)


def body(v: Any) -> bool:
    """Shape of a letter's body: with `domains`, ascending, exactly when its roll is one."""
    if not isinstance(v, dict) or ("domains" in v) != (v.get("roll") == "domain"):
        return False
    domains = v.get("domains", ["a.b"])
    return (
        BODY({name: v[name] for name in v if name != "domains"})
        and array(DOMAIN, 1, 20)(domains)
        and domains == sorted(set(domains))
    )


ACK = members("sig:64B", by=lambda v: v == "issuer" or integer(1, 16)(v))
ANSWER = members("state:met|partly|refused", id=DEMAND)

# The table of §3: every kind of record, who signs it, and its members besides `v`, `t` and `sig`.
STATES = "open|reached|frozen|released|closed|lapsed|superseded"
NOTICES = "headcount|news|correction|bundle|pdf|timestamp"
CHOICE = "mode:public|sealed|anonymous condition:0..? name:32B?"
KINDS: dict[str, tuple[str | None, str, dict[str, Shape]]] = {
    "letter": ("organiser", "", {"body": body, "acks": array(ACK)}),
    "roll": ("attestation", "letter:32B n:0.. hash:32B? reason:opened|added|blocked", {}),
    "issued": ("attestation", "letter:32B blinded:32B member:32B", {}),
    "epoch": (None, "letter:32B n:1.. at:0..", {}),
    "sign": ("pk", f"letter:32B token:354B pk:32B {CHOICE}", {}),
    "amend": ("pk", f"letter:32B pk:32B seq:1..8 {CHOICE}", {}),
    "withdraw": ("pk", "letter:32B pk:32B", {}),
    "invalidate": (
        "organiser",
        "letter:32B leaf:0.. reason:not-a-member|impersonation|duplicate|other text:32B",
        {},
    ),
    "erase": ("organiser", "letter:32B leaf:0.. reason:asked|court|retention|other", {}),
    "outcome": (
        None,
        f"letter:32B state:{STATES} wave:0.. at:0.. m:0.. standing:0.. waiting:0.. hash:32B",
        {},
    ),
    "opening": ("trustee", "letter:32B wave:1.. file:32B opened:0.. bad:0.. by:1..16", {}),
    "response": (
        "organiser",
        "letter:32B at:0.. document:32B source:addressee|organiser",
        {"demands": array(ANSWER, 1)},
    ),
    "guarantee": (
        "organiser",
        "letter:32B state:given|withdrawn at:0.. cap:1..? expires:0..? document:32B",
        {},
    ),
    "notice": (
        "organiser",
        f"letter:32B kind:{NOTICES} at:0.. n:1..10000000? document:32B",
        {},
    ),
}
SHAPES = {
    kind: members(f"v:1..1 t:{kind} {table}" + (" sig:64B" if signer else ""), **more)
    for kind, (signer, table, more) in KINDS.items()
}
LATER_ROLL = members(f"v:1..1 t:roll {KINDS['roll'][1]} sig:64B seq:1..")


def parse_record(entry: bytes) -> dict[str, Any]:
    """Read an entry: canonical, of a known kind, exactly its members, within its size (§2, §3)."""
    record = parse(entry)
    need(isinstance(record, dict) and record.get("t") in list(KINDS), "an entry's kind is known")
    is_later = record["t"] == "roll" and record.get("reason") != "opened"
    fits = LATER_ROLL if is_later else SHAPES[record["t"]]
    need(fits(record), f"a record is of the kind {record['t']}")
    need(len(entry) <= (49_152 if record["t"] == "letter" else 8_192), "an entry is short enough")
    return dict(record)


def unsigned(value: dict[str, Any]) -> bytes:
    """Write JCS of an object without its own `sig`."""
    return canonical({name: v for name, v in value.items() if name != "sig"})


def check_signature(record: dict[str, Any], key: bytes) -> None:
    """Check the signature of a record (§3, Signatures)."""
    domain = f"undersigned/v1/{record['t']}\n".encode()
    check_ed25519(key, raw(record["sig"]), domain + unsigned(record))


# §3.1 The letter -----------------------------------------------------------------------------


def check_body(body: dict[str, Any], origin: str) -> None:
    """Check the rules that the members of a body keep with one another."""
    langs = [text["lang"] for text in body["texts"]]
    demands = [demand["id"] for demand in body["demands"]]
    most = body["headcount"]["n"]
    conditions, epoch = body["conditions"], body["epoch"]
    need((body["edition"] == 1) == (body["supersedes"] is None), "only edition 1 supersedes none")
    need(len(set(langs)) == len(langs), "each language stands once")
    need(len(set(demands)) == len(demands), "demands are unique")
    need(body["rule"] <= most, "the rule is at most the headcount")
    need(conditions == sorted(set(conditions)), "conditions ascend")
    need(all(c <= most for c in conditions), "conditions are at most the headcount")
    need(body["modes"] != ["public"] or not conditions, "who is public has no condition")
    need(epoch["max_wait_s"] >= epoch["period_s"], "the window is a period at least")
    need(("sealed" in body["modes"]) == bool(body["trustees"]), "trustees are for sealed names")
    low = 1 if body["trustees"] else 0
    need(low <= body["quorum"] <= len(body["trustees"]), "the quorum is of the trustees")
    need(parse_vkey(body["promise_vkey"])[0] == origin + "/promise", "promises are this log's")


def check_letter(record: dict[str, Any], origin: str) -> bytes:
    """Check a letter record; return its letter_id."""
    body = record["body"]
    check_body(body, origin)
    check_signature(record, raw(body["organiser_key"]))
    letter_id = sha256(canonical(body))
    keys = [body["issuer"]["attestation_key"], *(t["sign_key"] for t in body["trustees"])]
    signers = ["issuer", *range(1, len(keys))]
    need([ack["by"] for ack in record["acks"]] == signers, "issuer and trustees acknowledge")
    for key, ack in zip(keys, record["acks"], strict=True):
        check_ed25519(raw(key), raw(ack["sig"]), b"undersigned/v1/ack\n" + letter_id)
    return letter_id


TEXT_DOCUMENT = members(
    "",
    lang=LANGUAGE,
    title=string(0, 200),
    text=string(0, 100_000, several_lines=True),
    addressees=array(string(0, 262_144), 1, 50),
    demands=array(members("", id=DEMAND, text=string(0, 2_000, several_lines=True))),
    consequence=string(0, 5_000, several_lines=True),
    headcount_source=string(0, 500, several_lines=True),
)


def check_text(data: bytes, lang: str, demands: list[dict[str, str]]) -> None:
    """Check a text document against the body that names it."""
    text = parse(data)
    need(TEXT_DOCUMENT(text) and text["lang"] == lang, "a text is in the language of its place")
    need([{"id": d["id"]} for d in text["demands"]] == demands, "a text has the letter's demands")


# §3.3 Timestamps -----------------------------------------------------------------------------


def words(high: int, several_lines: bool = True) -> Shape:
    """Shape of plain text that says something (§3.4)."""
    plain = string(1, high, several_lines=several_lines)
    return lambda v: plain(v) and v.strip() != ""


DOMAIN = string(3, 252, r"[^\s@.]+(\.[^\s@.]+)+")
RESPONSE = members(
    "v:1..1 t:response",
    lang=LANGUAGE,
    answers=array(members("", id=DEMAND, text=maybe(words(2_000))), 1, 20),
    source=maybe(words(1_000)),
    **{"from": maybe(members("addressee:1..50", domain=DOMAIN))},
)
GUARANTEE = members(
    "v:1..1 t:guarantee",
    lang=LANGUAGE,
    guarantor=words(200, several_lines=False),
    terms=words(5_000),
    domain=DOMAIN,
)
TIMESTAMP = members(
    "v:1..1 t:timestamp record:32B? algorithm:sha256",
    note=maybe(string(1, 1_024, several_lines=True)),
    authority=string(1, 200),
    token=string(2, 43_691),
)
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
DIGESTS = {"01": SHA256(), "02": SHA384(), "03": SHA512()}  # of 2.16.840.1.101.3.4.2
SIGNED_WITH = {
    "2a864886f70d010101": None,  # RSA with the signer's digest
    **{f"2a864886f70d01010{c}": h for c, h in zip("bcd", DIGESTS.values(), strict=True)},
    **{f"2a8648ce3d04030{c}": h for c, h in zip("234", DIGESTS.values(), strict=True)},
}
Der = tuple[int, bytes, bytes]  # the tag, the value, the whole


def read_der(data: bytes) -> list[Der]:
    """Read DER elements one after another (X.690 §10.1)."""
    found = []
    while data:
        need(len(data) > 1, "DER is whole")
        size, head = data[1], 2
        if size > 0x80:
            head += size - 0x80
            size = int.from_bytes(data[2:head], "big")
            need(size >= 1 << (8 * (head - 3) if head > 3 else 7), "lengths are short")
        need(len(data) >= head + size, "DER is whole")
        found.append((data[0], data[head : head + size], data[: head + size]))
        data = data[head + size :]
    return found


def inside(element: Der, tag: int = 0x30) -> list[Der]:
    """Read what is in an element of this tag."""
    need(element[0] == tag, "an element has its tag")
    return read_der(element[1])


def digest_of(algorithm: Der) -> Any:
    """Return the hash that an AlgorithmIdentifier names."""
    oid = inside(algorithm)[0][1].hex()
    need(oid[:-2] == "6086480165030402" and oid[-2:] in DIGESTS, "the digest is one of SHA-2")
    return DIGESTS[oid[-2:]]


def hash_with(algorithm: Any, data: bytes) -> bytes:
    """Hash data."""
    return hashlib.new(algorithm.name, data).digest()


def check_stamp(token: bytes, imprint: bytes) -> tuple[int, str]:
    """Check a TimeStampToken over this hash; return genTime and the authority's name."""
    try:
        return read_stamp(token, imprint)
    except ValueError:
        raise
    except Exception:  # noqa: BLE001 - parts that are not there, certificates of any kind
        raise ValueError("a token cannot be read") from None


def read_stamp(token: bytes, imprint: bytes) -> tuple[int, str]:
    """Do what `check_stamp` says."""
    need(len(token) <= 32_768, "a token is at most 32 KiB")
    [(_, whole, _)] = read_der(token)
    kind, content = read_der(whole)
    need(kind[1].hex() == "2a864886f70d010702", "a token is signed data")
    parts = inside(inside(content, 0xA0)[0])
    info_kind, info_content = inside(parts[2])
    need(info_kind[1] == TST_INFO, "what is signed is a TSTInfo")
    [(_, info, _)] = inside(info_content, 0xA0)
    version, _, message, _, time = inside(read_der(info)[0])[:5]
    need(version[1] == b"\x01", "the version is 1")
    algorithm, hashed = inside(message)
    need(digest_of(algorithm).name == "sha256" and hashed[1] == imprint, "it is stamped")
    found = re.fullmatch(rb"([0-9]{14})(\.[0-9]+)?Z", time[1])
    need(time[0] == 0x18 and found, "there is a time")
    moment = datetime.strptime(time[1][:14].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    certificates = [c[2] for part in parts[3:] if part[0] == 0xA0 for c in inside(part, 0xA0)]
    [signer] = inside(parts[-1], 0x31)
    return int(moment.timestamp()), check_signer(signer, info, certificates)


def check_signer(signer: Der, info: bytes, certificates: list[bytes]) -> str:
    """Check that one of the certificates is the signer's and has signed; return its name."""
    fields = inside(signer)
    issuer, serial = inside(fields[1])
    digest = digest_of(fields[2])
    need(fields[3][0] == 0xA0, "attributes are signed")
    certificate = next(
        (
            c
            for c in map(x509.load_der_x509_certificate, certificates)
            if c.issuer.public_bytes() == issuer[2]
            and c.serial_number == int.from_bytes(serial[1], "big")
        ),
        None,
    )
    if certificate is None:
        raise ValueError("the signer's certificate is not in the token")
    attributes = {}
    for attribute in read_der(fields[3][1]):
        oid, values = inside(attribute)
        attributes[oid[1].hex()] = inside(values, 0x31)[0]
    need(attributes["2a864886f70d010903"][1] == TST_INFO, "content-type is that of a TSTInfo")
    need(attributes["2a864886f70d010904"][1] == hash_with(digest, info), "the digest is the info's")
    check_named(attributes, certificate)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    need(
        usage.critical and [u.dotted_string for u in usage.value] == ["1.3.6.1.5.5.7.3.8"], "it may"
    )
    signed = b"\x31" + fields[3][2][1:]  # as SET OF
    kind = inside(fields[4])[0][1].hex()
    need(kind in SIGNED_WITH, "the signature is of a known kind")
    algorithm = SIGNED_WITH[kind] or digest
    key = certificate.public_key()
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(fields[5][1], signed, PKCS1v15(), algorithm)
        else:
            need(isinstance(key, EllipticCurvePublicKey), "the key is of a known kind")
            cast("EllipticCurvePublicKey", key).verify(fields[5][1], signed, ECDSA(algorithm))
    except InvalidSignature:
        raise ValueError("a timestamp's signature does not hold") from None
    return name_of(certificate)


def check_named(attributes: dict[str, Der], certificate: x509.Certificate) -> None:
    """Check that the signed attributes have the certificate's hash first (RFC 5035)."""
    content = certificate.public_bytes(Encoding.DER)
    if (named := attributes.get("2a864886f70d010910022f")) is not None:
        first = inside(inside(inside(named)[0])[0])
        algorithm = digest_of(first.pop(0)) if first[0][0] == 0x30 else SHA256()
        need(first[0][1] == hash_with(algorithm, content), "the certificate is the named one")
        return
    need("2a864886f70d010910020c" in attributes, "the certificate is named")
    first = inside(inside(inside(attributes["2a864886f70d010910020c"])[0])[0])
    need(first[0][1] == hashlib.sha1(content).digest(), "the certificate is the named one")  # noqa: S324


def name_of(certificate: x509.Certificate) -> str:
    """Return how an authority is called."""
    names = [a.value for a in certificate.subject if a.oid.dotted_string == "2.5.4.3"]
    name = str(names[0]) if names else certificate.subject.rfc4514_string()
    shown = unicodedata.normalize("NFC", name)
    return "".join(c for c in shown if unicodedata.category(c) != "Cc")[:200]


# §5 The token --------------------------------------------------------------------------------

# SubjectPublicKeyInfo of RFC 9578 §8.2.2 for 2048 bits and e = 65537: all but the modulus is fixed.
SPKI_HEAD = bytes.fromhex(
    "30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d0101"
    "08300b0609608648016503040202a2030201300382010f003082010a0282010100"
)
SPKI_TAIL = bytes.fromhex("0203010001")


def check_token(token: bytes, pk: bytes, letter_id: bytes, token_key: bytes, origin: str) -> None:
    """Check a token: its nonce, challenge, key and PSS signature (RFC 9577 §2.1; RFC 9578 §6)."""
    name = origin.partition("/")[0].encode()
    named = len(name).to_bytes(2, "big") + name
    challenge = b"\x00\x02" + named + b"\x20" + letter_id + named
    nonce = sha256(b"undersigned/v1/nonce\n" + pk)
    token_input = b"\x00\x02" + nonce + sha256(challenge) + sha256(token_key)
    need(token[:98] == token_input, "a token belongs to its key, letter and issuer")
    modulus = token_key[len(SPKI_HEAD) : -len(SPKI_TAIL)]
    need(SPKI_HEAD + modulus + SPKI_TAIL == token_key, "the token key is written as RFC 9578 says")
    need(modulus[0] >= 0x80, "the token key has 2048 bits")
    key = RSAPublicNumbers(65537, int.from_bytes(modulus, "big")).public_key()
    try:
        key.verify(token[98:], token_input, PSS(MGF1(SHA384()), salt_length=48), SHA384())
    except InvalidSignature:
        raise ValueError("a token's signature does not hold") from None


# §6 Names ------------------------------------------------------------------------------------

ATTESTATION = members(
    "v:1..1 t:attestation letter:32B verified:email|invite|openid|self-declared c:32B sig:64B",
    name=string(1, 100),
    role=maybe(string(1, 100)),
)
NAME_DOCUMENT = members(
    "v:1..1 t:name r:32B",
    attestation=ATTESTATION,
    statement=maybe(string(1, 1_000, several_lines=True)),
)


def read_name(data: bytes, letter_id: bytes, attestation_key: bytes, pk: bytes) -> str:
    """Check that a name document belongs to a signature; return the name."""
    document = parse(data)
    need(NAME_DOCUMENT(document), "a name document has its members")
    attestation = document["attestation"]
    domain = b"undersigned/v1/attestation\n"
    check_ed25519(attestation_key, raw(attestation["sig"]), domain + unsigned(attestation))
    need(raw(attestation["letter"]) == letter_id, "an attestation is the letter's")
    need(raw(attestation["c"]) == sha256(pk + raw(document["r"])), "an attestation is the key's")
    return str(attestation["name"])


@dataclass
class Blob:
    """A sealed name taken apart: x and H(share ‖ i) of every slot, and the AES-GCM message."""

    slots: list[tuple[int, bytes]]
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def parse(cls, data: bytes, trustees: int) -> "Blob":
        """Take a blob apart: n[1] ‖ n × slot[1202] ‖ nonce[12] ‖ ciphertext."""
        need(len(data) <= 65_536 and data[:1] == bytes([trustees]), "a blob has n slots")
        end = 1 + 1_202 * trustees
        slots = [(data[at], data[at + 1 : at + 33]) for at in range(1, min(end, len(data)), 1_202)]
        padded = len(data) - end - 12 - 16
        need(padded > 0 and padded % 1_024 == 0, "a blob is padded")
        points = {x for x, _ in slots}
        need(len(points) == trustees and 0 not in points, "the points x are different, none is 0")
        return cls(slots, data[end : end + 12], data[end + 12 :])

    def open(self, key: bytes, letter_id: bytes, pk: bytes) -> bytes:
        """Decrypt the name document with K."""
        try:
            plain = AESGCM(key).decrypt(self.nonce, self.ciphertext, letter_id + pk)
        except InvalidTag:
            raise ValueError("K does not decrypt a blob") from None
        end = 4 + int.from_bytes(plain[:4], "big")
        need(-(-end // 1_024) * 1_024 == len(plain), "the padding ends at the next 1,024 bytes")
        need(not any(plain[end:]), "the padding is zeros")
        return plain[4:end]

    def matching(self, shares: list[bytes | None]) -> list[bytes]:
        """Return the shares that match their commitments (Opening, §7)."""
        need(len(shares) == len(self.slots), "there is a share or null for each trustee")
        return [
            share
            for i, (share, slot) in enumerate(zip(shares, self.slots, strict=True), start=1)
            if share is not None and sha256(share + bytes([i])) == slot[1]
        ]

    def combine(self, good: list[bytes], quorum: int) -> bytes:
        """Join matching shares to K, or raise (§6)."""
        points = [(share[32], share[:32]) for share in good]
        need(len({x for x, _ in points}) == len(points) >= quorum, "a quorum of shares matches")
        first = points[:quorum]
        need(all(interpolate(first, x) == y for x, y in points), "all lie on one polynomial")
        return interpolate(first, 0)


def multiply(a: int, b: int) -> int:
    """Multiply in GF(2^8) with polynomial 0x11b."""
    product = 0
    while b:
        product ^= a * (b & 1)
        a, b = (a << 1) ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def interpolate(points: list[tuple[int, bytes]], at: int) -> bytes:
    """Evaluate, byte by byte, the polynomial of lowest degree through the points."""
    value = bytes(32)
    for x, y in points:
        factor = 1
        for other, _ in points:
            if other != x:
                inverse = 1
                for _ in range(254):  # a^254 = 1/a
                    inverse = multiply(inverse, x ^ other)
                factor = multiply(factor, multiply(at ^ other, inverse))
        value = bytes(v ^ multiply(b, factor) for v, b in zip(value, y, strict=True))
    return value


# §7 Counting ---------------------------------------------------------------------------------


@dataclass
class Signature:
    """A `sign` record, its changes, and what became of it; ends and erasure by their index."""

    leaf: int
    pk: bytes
    mode: str
    condition: int | None
    name: bytes | None
    seq: int = 0
    ended: int | None = None
    erased: int | None = None
    fixed: bool = False
    key: bytes | None = None  # K, once opened

    @property
    def is_closed(self) -> bool:
        """Whether it is sealed and not opened, and can still be: what is erased cannot."""
        return self.mode == "sealed" and self.key is None and self.erased is None


def outcome(live: Iterable[Signature], basis: str) -> tuple[int, list[Signature]]:
    """Return m and who stands, dropping round by round whose condition is not met (§7, Outcome)."""
    left = list(live)
    while True:
        m = sum(basis == "all" or s.mode != "anonymous" for s in left)
        kept = [s for s in left if s.fixed or s.condition is None or s.condition <= m]
        if len(kept) == len(left):
            return m, left
        left = kept


@dataclass
class Figures:
    """What a letter comes to: its counts (§7, Counts), its state and the names that can be read."""

    state: str
    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int
    headcount: int
    at: int
    names: list[str]


SHOWN = [
    "m",
    "standing",
    "waiting",
    "anonymous",
    "withdrawn",
    "invalidated",
    "erased",
    "headcount",
    "at",
]
Find = Callable[[bytes], bytes | None]  # a document by its hash, if the mirror has it


MOVES = {
    *[("", "open"), ("open", "reached"), ("reached", "open"), ("reached", "frozen")],
    *[("frozen", "released"), ("frozen", "open"), ("released", "released")],
    *[("released", "closed"), ("open", "lapsed"), ("open", "superseded")],
}
IN_EPOCH = {"issued": 1, "sign": 2, "amend": 3, "withdraw": 3}  # their order (§8)
OPENED, BAD = members("index:0.. key:32B"), members("index:0..", bad=array(shape("33B?")))
OPENING_FILE = members(
    "v:1..1 t:opening letter:32B wave:1.. size:0..",
    leaves=array(lambda v: OPENED(v) or BAD(v)),
    refusals=array(members("by:1..16 sig:64B", leaves=array(shape("0..")))),
)


@dataclass
class Letter:
    """One letter, replayed record by record (§7)."""

    index: int
    letter_id: bytes
    body: dict[str, Any]
    origin: str
    find: Find
    state: str = ""
    wave: int = 0
    opened_at: int = 0
    at: int = 0  # the latest of an epoch or outcome
    outcome_at: int = 0
    epoch_at: int = 0
    reached_at: int = 0
    froze_at: int = 0  # when the last wave was frozen
    epoch: int = 0
    phase: int = 0  # where in an epoch we are, 0 outside
    owed: bool = False  # the epoch asks for an outcome
    next_state: str | None = None  # what must follow `frozen`
    failed: bool = False  # the last outcome follows a failed opening
    frozen_index: int = 0
    frozen: list[Signature] | None = None  # F, while it waits for its opening
    in_wave: set[int] = field(default_factory=set)  # who stands in F, as long
    held: set[int] = field(default_factory=set)  # S, until the `released` that makes it fixed
    signatures: dict[bytes, Signature] = field(default_factory=dict)
    issued: set[bytes] = field(default_factory=set)
    roll_n: int = 0
    records: int = 1
    tally: dict[str, int] = field(default_factory=dict)
    struck: list[tuple[Signature, list[bytes | None], int]] = field(default_factory=list)
    headcount: int = 0
    given: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)  # guarantees
    entry_hash: bytes = b""
    stamped: list[tuple[int, bytes, int]] = field(default_factory=list)  # size, root, genTime

    def __post_init__(self) -> None:
        self.headcount = self.body["headcount"]["n"]

    def document(self, name: str | bytes) -> bytes:
        """Return a document that has to be in the mirror; at most 256 KiB (§3)."""
        data = self.find(name if isinstance(name, bytes) else raw(name))
        if data is None or len(data) > 262_144:
            raise ValueError("a document is missing or too large")
        return data

    def live(self) -> list[Signature]:
        """List the signatures that have not ended."""
        return [s for s in self.signatures.values() if s.ended is None]

    def outcome(self) -> tuple[int, list[Signature]]:
        """Compute the outcome of everything read so far."""
        if self.state in {"lapsed", "superseded"}:
            return 0, []
        return outcome(self.live(), self.body["basis"])

    def key_of(self, record: dict[str, Any]) -> bytes | None:
        """Return the public key that signs this record."""
        match KINDS[record["t"]][0]:
            case "organiser":
                return raw(self.body["organiser_key"])
            case "attestation":
                return raw(self.body["issuer"]["attestation_key"])
            case "trustee":
                need(record["by"] <= len(self.body["trustees"]), "there is such a trustee")
                return raw(self.body["trustees"][record["by"] - 1]["sign_key"])
            case "pk":
                return raw(record["pk"])
        return None

    def take(self, index: int, record: dict[str, Any]) -> None:
        """Check and replay one record after the letter record itself."""
        kind = record["t"]
        if key := self.key_of(record):
            check_signature(record, key)
        if self.records < 3:
            need(kind == ("", "roll", "outcome")[self.records], "three records open a letter")
            need(index == self.index + self.records, "they stand next to one another")
        self.records += 1
        self.tally[kind] = self.tally.get(kind, 0) + 1
        self.keep_epoch(kind)
        getattr(self, f"take_{kind}")(index, record)

    def keep_epoch(self, kind: str) -> None:
        """Check the order within an epoch, and what is owed after it (§7, States; §8)."""
        if kind in IN_EPOCH:
            need(0 < self.phase <= IN_EPOCH[kind], f"a {kind} stands in its place in an epoch")
            self.phase = IN_EPOCH[kind]
            return
        if self.phase:
            need(len(self.signatures) <= len(self.issued), "every token was issued")
            m, _ = self.outcome()
            self.owed = (self.state, m >= self.body["rule"]) in {("open", True), ("reached", False)}
        self.phase = 0
        need(not (self.owed and kind == "epoch"), "an epoch that moves the state has its outcome")

    def take_roll(self, _: int, record: dict[str, Any]) -> None:
        """Keep n; the hash is null exactly for a roll that is a domain (§4)."""
        need((record["reason"] == "opened") == (self.records == 2), "the roll is opened once")
        need((record["hash"] is None) == (self.body["roll"] == "domain"), "a list has a hash")
        if self.records > 2:
            need(self.body["roll"] != "domain", "a domain's roll does not change")
            need(
                self.state in {"open", "reached", "frozen", "released"},
                "a roll changes while the letter takes signatures",
            )
            need(record["seq"] == self.tally["roll"] - 1, "changes of a roll are numbered")
            grows = record["n"] - self.roll_n
            need(grows > 0 if record["reason"] == "added" else grows < 0, "a change says how")
            need(record["n"] >= len(self.issued), "who has a token stays on the roll")
        if self.body["roll"] == "domain":
            need(record["n"] == self.body["headcount"]["n"], "a domain's roll is its headcount")
        self.roll_n = record["n"]

    def take_issued(self, _: int, record: dict[str, Any]) -> None:
        """Count a token: at most one for each member (§5)."""
        need(record["member"] not in self.issued, "a member has one token")
        self.issued.add(record["member"])
        if self.body["roll"] != "domain":
            need(len(self.issued) <= self.roll_n, "tokens are issued to the roll")

    def take_epoch(self, _: int, record: dict[str, Any]) -> None:
        """Begin an epoch, numbered 1, 2, 3 …, each in turn."""
        need(record["n"] == self.epoch + 1, "epochs are numbered in turn")
        need(record["at"] >= self.epoch_at, "an epoch is not before the one before it")
        self.epoch, self.phase = record["n"], 1
        self.epoch_at, self.at = record["at"], max(record["at"], self.at)

    def choice(self, record: dict[str, Any]) -> dict[str, Any]:
        """Check mode, condition and name against the letter and one another (§7, Replay)."""
        mode, condition, name = record["mode"], record["condition"], record["name"]
        need(mode in self.body["modes"], "the letter offers the mode")
        need(condition is None or condition in self.body["conditions"], "the letter offers it")
        need(condition is None or mode != "public", "who is public has no condition")
        need((name is None) == (mode == "anonymous"), "everyone but the anonymous has a name")
        return {"mode": mode, "condition": condition, "name": raw(name) if name else None}

    def take_sign(self, index: int, record: dict[str, Any]) -> None:
        """Add a live signature whose token holds and was not used before."""
        need(self.state in {"open", "reached", "frozen", "released"}, "a letter takes signatures")
        pk = raw(record["pk"])
        need(pk not in self.signatures, "a nonce, so a key, signs once")
        token_key = raw(self.body["issuer"]["token_key"])
        check_token(raw(record["token"]), pk, self.letter_id, token_key, self.origin)
        self.signatures[pk] = Signature(index, pk, **self.choice(record))

    def own(self, record: dict[str, Any]) -> Signature:
        """Return the live signature of the key that changes it."""
        signature = self.signatures.get(raw(record["pk"]))
        if signature is None or signature.ended is not None:
            raise ValueError("nobody changes a signature that is not live")
        return signature

    def take_amend(self, _: int, record: dict[str, Any]) -> None:
        """Replace mode, condition and name of a signature that is not opened or in a wave."""
        need(self.state in {"open", "reached", "frozen", "released"}, "a letter takes changes")
        signature = self.own(record)
        need(signature.key is None, "an opened signature does not change")
        need(signature.leaf not in self.in_wave, "who waits for an opening does not change")
        need(record["seq"] == signature.seq + 1, "changes are numbered in turn")
        changed = replace(signature, seq=record["seq"], **self.choice(record))
        self.signatures[signature.pk] = changed

    def take_withdraw(self, index: int, record: dict[str, Any]) -> None:
        """End a signature."""
        states = {"open", "reached", "frozen", "released", "closed"}
        need(self.state in states, "a letter takes withdrawals")
        self.own(record).ended = index

    def at_leaf(self, leaf: int) -> Signature:
        """Return the signature whose `sign` record is that leaf."""
        found = [s for s in self.signatures.values() if s.leaf == leaf]
        need(found, "the leaf is a signature of this letter")
        return found[0]

    def take_invalidate(self, index: int, record: dict[str, Any]) -> None:
        """End a live signature whose name is in the open."""
        signature = self.at_leaf(record["leaf"])
        need(signature.ended is None, "what is invalidated is live")
        need(signature.mode == "public" or signature.key, "what is invalidated is in the open")
        if (explanation := self.find(raw(record["text"]))) is not None:
            text = explanation.decode("utf-8")
            plain = string(1, 2_000, several_lines=True)
            need(plain(text) and text.strip(), "an explanation is plain text that says something")
        signature.ended = index

    def take_erase(self, index: int, record: dict[str, Any]) -> None:
        """Take a name away; the signature counts on."""
        signature = self.at_leaf(record["leaf"])
        need(signature.erased is None, "a name is erased once")
        signature.erased = index

    def take_response(self, _: int, record: dict[str, Any]) -> None:
        """Check that an answer is to demands of the letter."""
        asked = [demand["id"] for demand in self.body["demands"]]
        need(all(d["id"] in asked for d in record["demands"]), "what is answered was demanded")
        if (data := self.find(raw(record["document"]))) is None:
            return  # it may have been taken down
        need(len(data) <= 262_144, "a response document is at most 256 KiB")
        document = parse(data)
        need(RESPONSE(document), "a response document has its members")
        answered = [answer["id"] for answer in document["answers"]]
        need(answered == [d["id"] for d in record["demands"]], "it answers what its record does")
        is_told = record["source"] == "organiser"
        need((document["source"] is not None) == is_told, "the organiser names a source")
        need((document["from"] is None) == is_told, "an addressee has a number and a domain")

    def take_guarantee(self, _: int, record: dict[str, Any]) -> None:
        """Take a guarantee: given, or withdrawn as it was given; it changes no count (§3.4)."""
        if (data := self.find(raw(record["document"]))) is not None:
            need(len(data) <= 65_536, "a guarantee document is at most 64 KiB")
            need(GUARANTEE(parse(data)), "a guarantee document has its members")
        terms = (record["cap"], record["expires"])
        if record["state"] == "withdrawn":
            given = self.given.pop(record["document"], None)
            need(given == terms, "what is withdrawn was given like that")
            return
        need(record["document"] not in self.given, "a guarantee is given once")
        need(record["expires"] is None or record["expires"] > record["at"], "it expires later")
        self.given[record["document"]] = terms

    def take_notice(self, index: int, record: dict[str, Any]) -> None:
        """Take a notice; one of kind `headcount` has the new headcount."""
        need((record["kind"] == "headcount") == (record["n"] is not None), "n is a headcount")
        self.headcount = record["n"] or self.headcount
        data = self.find(raw(record["document"])) if record["kind"] == "timestamp" else None
        if data is not None:  # it may have been taken down
            self.take_timestamp(index, record["at"], data)

    def take_timestamp(self, index: int, at: int, data: bytes) -> None:
        """Check what was stamped, the token, and its time (§3.3); a tree waits for the whole log."""
        need(len(data) <= 65_536, "a timestamp is at most 64 KiB")
        stamp = parse(data)
        need(TIMESTAMP(stamp), "a timestamp has its members")
        need((stamp["record"] is None) != (stamp["note"] is None), "a record or a note is stamped")
        if stamp["note"] is None:
            need(raw(stamp["record"]) == self.entry_hash, "the letter's own record is stamped")
            imprint = self.entry_hash
        else:
            need(len(stamp["note"].encode()) <= 1_024, "a note is at most 1,024 bytes")
            imprint = sha256(stamp["note"].encode())
            origin, size, root, end = stamp["note"].split("\n")
            need(origin == self.origin and end == "", "the note is of this log")
            need(re.fullmatch(r"0|[1-9][0-9]*", size), "the size is a decimal number")
            need(int(size) <= index, "the tree ends before the notice")
            self.stamped.append((int(size), base64.b64decode(root, validate=True), at))
        time, authority = check_stamp(raw(stamp["token"]), imprint)
        need((time, authority) == (at, stamp["authority"]), "the notice says what the token says")

    def take_opening(self, index: int, record: dict[str, Any]) -> None:
        """Check an opening and its file; find S again; open and strike its leaves (§7, Opening)."""
        if self.frozen is None:
            raise ValueError("no wave waits for an opening")
        data = self.find(raw(record["file"])) or b""
        need(0 < len(data) <= 64 * 2**20, "an opening file is there, and at most 64 MiB")
        file = parse(data)
        need(OPENING_FILE(file), "the opening file has its members")
        need(raw(file["letter"]) == self.letter_id, "the opening file is the letter's")
        need(file["wave"] == record["wave"] == self.wave, "the opening is of the frozen wave")
        need(self.frozen_index < file["size"] <= index, "its size is after the wave, before it")
        leaves = [leaf["index"] for leaf in file["leaves"]]
        need(leaves == sorted(set(leaves)), "leaves ascend")
        bad = {leaf["index"]: leaf["bad"] for leaf in file["leaves"] if "bad" in leaf}
        keys = {leaf["index"]: raw(leaf["key"]) for leaf in file["leaves"] if "key" in leaf}
        need((record["opened"], record["bad"]) == (len(keys), len(bad)), "its leaves are counted")
        sealed = {s.leaf for s in self.frozen if s.is_closed}
        need(bad.keys() <= sealed, "bad ones were live and sealed when the wave was frozen")
        is_left = self.before(file["size"])
        m, held = outcome(
            [s for s in self.frozen if s.leaf not in bad and is_left(s)], self.body["basis"]
        )
        holds = self.state == "released" or m >= self.body["rule"]
        due = {s.leaf for s in held if s.leaf in sealed} if holds else set()
        need(keys.keys() == due, "exactly the sealed signatures that stand are opened")
        for leaf, key in keys.items():
            self.at_leaf(leaf).key = key
        refused = self.refusals_in(file)
        for leaf, shares in bad.items():
            then = next(s for s in self.frozen if s.leaf == leaf)
            shown = [raw(share) if share else None for share in shares]
            self.struck.append((then, shown, refused.get(leaf, 0)))
            signature = self.at_leaf(leaf)
            if signature.ended is None:
                signature.ended = index
                self.tally["bad"] = self.tally.get("bad", 0) + 1
        self.frozen, self.in_wave = None, set()
        self.held = {s.leaf for s in held} if holds else set()
        if self.state == "released":
            self.fix()
        else:
            self.next_state = "released" if holds else "open"

    def refusals_in(self, file: dict[str, Any]) -> dict[int, int]:
        """Check who refused which leaves (§7, Opening); return how many did, by leaf."""
        by = [refusal["by"] for refusal in file["refusals"]]
        need(by == sorted(set(by)), "refusals ascend, each trustee's once")
        found: dict[int, int] = {}
        for refusal in file["refusals"]:
            key = raw(self.body["trustees"][refusal["by"] - 1]["sign_key"])
            said = b"undersigned/v1/refusal\n" + self.letter_id + file["wave"].to_bytes(4, "big")
            said += bytes([refusal["by"]]) + canonical(refusal["leaves"])
            check_ed25519(key, raw(refusal["sig"]), said)
            need(refusal["leaves"] == sorted(set(refusal["leaves"])), "refused leaves ascend")
            for leaf in refusal["leaves"]:
                found[leaf] = found.get(leaf, 0) + 1
        return found

    def before(self, size: int) -> Callable[[Signature], bool]:
        """Return whether a signature of F is neither ended nor erased by records before size."""
        gone = {
            s.leaf
            for s in self.signatures.values()
            if any(end is not None and end < size for end in (s.ended, s.erased))
        }
        return lambda s: s.leaf not in gone

    def fix(self) -> None:
        """Let S have no conditions any more."""
        for signature in self.signatures.values():
            signature.fixed = signature.fixed or signature.leaf in self.held
        self.held = set()

    def name_in(self, document: bytes, signature: Signature) -> str:
        """Read the name that belongs to a signature."""
        key = raw(self.body["issuer"]["attestation_key"])
        return read_name(document, self.letter_id, key, signature.pk)

    def blob(self, signature: Signature) -> Blob:
        """Take apart the blob of an opened or bad leaf."""
        return Blob.parse(self.document(signature.name or b""), len(self.body["trustees"]))

    def opened_name(self, signature: Signature) -> str:
        """Decrypt the name of an opened signature and check that it belongs to it."""
        plain = self.blob(signature).open(signature.key or b"", self.letter_id, signature.pk)
        return self.name_in(plain, signature)

    def check_leaves(self) -> None:
        """Check that opened leaves open and bad ones do not, where they were not erased (§7)."""
        for signature in self.signatures.values():
            if signature.key is not None and signature.erased is None:
                self.opened_name(signature)
        k, n = self.body["quorum"], len(self.body["trustees"])
        for signature, shares, refused in self.struck:
            if self.at_leaf(signature.leaf).erased is None:
                self.document(signature.name or b"")
                shown = self.shows_bad(signature, shares)
                need(shown or refused >= min(k, n - k + 1), "a bad leaf is shown, or refused")

    def shows_bad(self, signature: Signature, shares: list[bytes | None]) -> bool:
        """Say whether a blob, or a quorum of shares that match, show that there is no name in it."""
        try:
            blob = self.blob(signature)
            good = blob.matching(shares)
            if len(good) < self.body["quorum"]:
                return False
            key = blob.combine(good, self.body["quorum"])
            self.name_in(blob.open(key, self.letter_id, signature.pk), signature)
        except ValueError:
            return True
        raise AssertionError("a leaf called bad can be opened")

    def take_outcome(self, index: int, record: dict[str, Any]) -> None:
        """Check a move, its time and wave, and compute the outcome again (§7)."""
        before, state, at = self.state, record["state"], record["at"]
        need((before, state) in MOVES, f"{before or 'nothing'} becomes {state}")
        freezes = state == "frozen" or (before, state) == ("released", "released")
        need(record["wave"] == self.wave + freezes, "waves are numbered in turn")
        if before == "frozen":
            need(self.frozen is None and state == self.next_state, "a frozen letter is opened")
        if before == "released":
            need(self.frozen is None, "a wave waits for the opening of the last")
        if before == "frozen" and state == "released":
            self.fix()
        self.state = state
        m, standing = self.outcome()
        self.check_move(before, state, at, m)
        closed = state != "closed" or not any(s.is_closed for s in standing)
        need(closed, "the last wave opens every sealed signature that stands")
        leaves = sorted(s.leaf for s in standing)
        live = [] if state in {"lapsed", "superseded"} else self.live()
        counted = (m, len(standing), len(live) - len(standing), sha256(canonical(leaves)))
        said = (record["m"], record["standing"], record["waiting"], raw(record["hash"]))
        need(said == counted, "an outcome says what the log comes to")
        if freezes:
            self.freeze(index, record, standing)
        self.owed, self.next_state = False, self.next_state if freezes else None
        self.failed = (before, state) == ("frozen", "open")
        self.wave, self.at, self.outcome_at = record["wave"], max(at, self.at), at
        self.opened_at = self.opened_at if before else at
        self.reached_at = at if state == "reached" else self.reached_at

    def freeze(self, index: int, record: dict[str, Any], standing: list[Signature]) -> None:
        """Keep F as it is now; without closed seals in it there is no opening (§7, Opening)."""
        self.frozen_index, self.froze_at = index, record["at"]
        if any(s.is_closed for s in standing):
            self.frozen = [replace(s) for s in self.live()]
            self.in_wave = {s.leaf for s in standing}
            return
        need(record["state"] == "frozen", "a later wave has a sealed signature to open")
        self.held, self.next_state = {s.leaf for s in standing}, "released"

    def check_move(self, before: str, state: str, at: int, m: int) -> None:
        """Check when, and with which m, a move is made (the table of §7)."""
        rule, closes = self.body["rule"], self.body["closes"]
        cool = self.reached_at + self.body["cooling_off_s"]
        at_close = max(closes, self.outcome_at)
        reached_again = self.failed and at == self.outcome_at
        holds = {
            ("", "open"): m == 0,
            ("open", "reached"): m >= rule and (at == self.epoch_at or reached_again),
            ("reached", "open"): m < rule and at in {self.epoch_at, cool},
            ("reached", "frozen"): m >= rule and at == cool,
            ("frozen", "released"): at >= self.froze_at,
            ("frozen", "open"): at >= self.froze_at,
            ("released", "released"): at >= self.froze_at + 86_400 or at == at_close,
            ("released", "closed"): at >= closes,
            ("open", "lapsed"): at == at_close and not self.owed,
            ("open", "superseded"): not self.owed,
        }
        need(holds[before, state], f"{before or 'nothing'} becomes {state} then and so")

    def names(self) -> list[str]:
        """Read the names of the live signatures, where their documents are in the mirror."""
        names = []
        for signature in self.live():
            if signature.erased is not None or signature.name is None:
                continue
            if signature.key is not None:
                names.append(self.opened_name(signature))
            elif signature.mode == "public" and (document := self.find(signature.name)):
                names.append(self.name_in(document, signature))
        return names

    def figures(self) -> Figures:
        """Return what the letter comes to at the end of the log (§7, Counts)."""
        self.check_leaves()
        m, standing = self.outcome()
        live = len(standing) if self.state in {"lapsed", "superseded"} else len(self.live())
        return Figures(
            state=self.state,
            m=m,
            standing=len(standing),
            waiting=live - len(standing),
            anonymous=sum(s.mode == "anonymous" for s in standing),
            withdrawn=self.tally.get("withdraw", 0),
            invalidated=self.tally.get("invalidate", 0) + self.tally.get("bad", 0),
            erased=self.tally.get("erase", 0),
            headcount=self.headcount,
            at=self.at,
            names=self.names(),
        )


# §11 The mirror ------------------------------------------------------------------------------


def check_editions(letters: dict[str, Letter]) -> None:
    """Check that an edition follows one, and that a superseded one ends as the next opens (§7)."""
    editions = {(letter.body["slug"], letter.body["edition"]) for letter in letters.values()}
    need(len(editions) == len(letters), "an edition of a letter is opened once")
    for letter_id, letter in letters.items():
        need(letter.state, "a letter in the log is open")
        if before := letter.body["supersedes"]:
            need(before in letters, "the edition before is in the log")
            need(letters[before].body["edition"] + 1 == letter.body["edition"], "editions count up")
            need(letters[before].state != "open", "an edition that has a next is not open")
        if letter.state == "superseded":
            ends = {x.opened_at for x in letters.values() if x.body["supersedes"] == letter_id}
            need(letter.outcome_at in ends, "a letter is superseded when the next edition opens")


def check_shown(folder: Path, figures: Figures, size: int) -> None:
    """Check the counts that the site showed, if it showed them at the size of this checkpoint."""
    shown = json.loads((folder / "counts.json").read_bytes())
    need(isinstance(shown, dict) and {"size", *SHOWN} <= shown.keys(), "the site shows its counts")
    if shown["size"] == size:
        for name in SHOWN:
            need(shown[name] == getattr(figures, name), f"the site shows what the log has: {name}")


def replay(records: Iterable[dict[str, Any]], origin: str, find: Find) -> dict[str, Letter]:
    """Replay the log, each record in its letter."""
    letters: dict[str, Letter] = {}
    for index, record in enumerate(records):
        if record["t"] != "letter":
            need(record["letter"] in letters, "a record's letter stands before it")
            letters[record["letter"]].take(index, record)
            continue
        letter_id = check_letter(record, origin)
        name = base64.urlsafe_b64encode(letter_id).rstrip(b"=").decode()
        need(name not in letters, "a letter is opened once")
        letters[name] = letter = Letter(index, letter_id, record["body"], origin, find)
        letter.entry_hash = sha256(canonical(record))
        for text in letter.body["texts"]:
            check_text(letter.document(text["hash"]), text["lang"], letter.body["demands"])
    return letters


def read_mirror(folder: Path) -> dict[str, Figures]:
    """Check a mirror from the checkpoint's signature to the last name; return figures by letter_id.

    The keys are letter_ids in hex. Raises ValueError, or OSError if the folder lacks a file.
    """

    def find(name: bytes) -> bytes | None:
        path = folder / "documents" / name.hex()
        return path.read_bytes() if path.is_file() else None

    note = (folder / "log" / "checkpoint").read_text("utf-8")
    vkey = (folder / "log.vkey").read_text("ascii").removesuffix("\n")
    origin, size, root = read_checkpoint(note, vkey)
    log = list(entries(folder / "log", size))
    need(tree_root(log) == root, "the entries hash to the root that the log signed")
    for path in (folder / "documents").iterdir():
        need(sha256(path.read_bytes()).hex() == path.name, "documents are what their names say")
    records = list(map(parse_record, log))
    letters = replay(records, origin, find)
    for stamped, root, time in (stamp for letter in letters.values() for stamp in letter.stamped):
        need(tree_root(log[:stamped]) == root, "the tree that was stamped is the log's")
        times = [r["at"] for r in records[:stamped] if r["t"] in {"epoch", "outcome"}]
        need(max(times, default=0) <= time + 300, "nothing stamped is later than its stamp")
    check_editions(letters)
    figures = {letter.letter_id.hex(): letter.figures() for letter in letters.values()}
    for letter_id, result in figures.items():
        check_shown(folder / "site" / "letters" / letter_id, result, size)
    return figures
