"""The stranger's reader of docs/formats.md agrees with everything that is made, and refuses lies."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import spec_reader
from tests.simulator import TRUSTEES, Draft, Member, SimulatedLetter, SimulatedSite, make_opening
from tests.spec_reader import (
    Blob,
    Figures,
    canonical,
    check_stamp,
    raw,
    read_mirror,
    sha256,
    tree_root,
)
from tests.stamping import Stamper, make_root, the_clock
from tests.verify import stories
from tests.verify.lies import LIES, LieCase

from undersigned.crypto.seal import parse_blob
from undersigned.crypto.timestamp import make_request, read_response
from undersigned.domain.letter import Basis, Mode, State
from undersigned.domain.opening import BadLeaf, OpeningFile, format_opening
from undersigned.domain.record import format_record

UNSAID = {"overdue_by_the_clock", "overdue_by_epochs"}
"""Lies about lateness: the page says at which time a move is made, not by when it has to be logged."""

UNSAID |= {"stamp_by_a_false_root", "stamp_by_an_expired_authority", "stamp_of_the_future"}
"""Lies about time that only roots, or a clock, can find; a reader of the page has neither."""

TOLD = [case for case in LIES if 5 <= case.check <= 11 and case.name not in UNSAID]
"""Lies in the log and the documents; the pages that a site shows are not in docs/formats.md."""

DAY = 86_400


def write(site: SimulatedSite, folder: Path) -> Path:
    """Write the mirror of a site."""
    return site.draft().write(folder / "mirror")


def check_figures(found: dict[str, Figures], letters: list[SimulatedLetter]) -> None:
    """Check that what was read is what was made: figures, states and names."""
    assert list(found) == [letter.letter.letter_id.hex() for letter in letters]
    for letter in letters:
        figures = found[letter.letter.letter_id.hex()]
        assert figures.state == letter.stage.state
        assert figures.headcount == letter.headcount
        expected = letter.figures()
        assert {name: getattr(figures, name) for name in expected} == expected


def names_page(mirror: Path, letter_id: str) -> list[str]:
    """Return the names that a site showed for a letter."""
    page = json.loads((mirror / "site" / "letters" / letter_id / "names.json").read_bytes())
    return sorted(row["name"] for row in page["names"])


# --- independence


def test_reader_imports_only_the_standard_library_and_cryptography() -> None:
    """The second witness shares no code with the first."""
    tree = ast.parse(Path(spec_reader.__file__).read_text("utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or "." * node.level]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    roots = {name.partition(".")[0] for name in imported}
    assert roots <= sys.stdlib_module_names | {"cryptography"}
    assert not roots & {"importlib", "runpy", "subprocess"}
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not named & {"__import__", "exec", "eval", "compile"}


# --- honest mirrors


@pytest.mark.parametrize("name", stories.HONEST)
def test_honest_mirror_comes_to_the_same(name: str, tmp_path: Path) -> None:
    """Figures, state and names of every honest story are found again from the page alone."""
    site = stories.HONEST[name]()
    mirror = write(site, tmp_path)
    found = read_mirror(mirror)
    check_figures(found, site.letters)
    for letter_id, figures in found.items():
        assert sorted(figures.names) == names_page(mirror, letter_id)


class Walk:
    """A letter that takes steps at random, each of which an honest site could take."""

    def __init__(self, draw: st.DataObject) -> None:
        self.draw = draw
        self.site = SimulatedSite()
        basis = draw.draw(st.sampled_from(Basis))
        quorum, trustees = draw.draw(st.sampled_from([(1, 1), (1, 3), (2, 3), (3, 3), (2, 2)]))
        self.letter = self.site.open(basis=basis, trustees=trustees, quorum=quorum, rule=3)

    def choose(self) -> tuple[Mode, int | None]:
        """Draw a mode and a condition."""
        mode = self.draw.draw(st.sampled_from(Mode))
        conditions = [None, *self.letter.letter.conditions]
        return mode, None if mode is Mode.PUBLIC else self.draw.draw(st.sampled_from(conditions))

    def member(self) -> Member | None:
        """Draw one of the live signatures in the log, if there is one."""
        live = [m for m in self.letter.members if m.status == "live" and m.leaf >= 0]
        return self.draw.draw(st.sampled_from(live)) if live else None

    def step(self) -> None:
        """Take one step."""
        steps = [self.sign, self.sign, self.change, self.speak, self.wait, self.open, self.regrow]
        self.draw.draw(st.sampled_from(steps))()

    def sign(self) -> None:
        """Let up to four sign, one of them perhaps with a seal that holds no name."""
        is_full = len(self.letter.members) + 5 > self.letter.roll_n
        if is_full or self.letter.stage.state in (State.CLOSED, State.LAPSED):
            return
        for _ in range(self.draw.draw(st.integers(1, 4))):
            self.letter.sign(*self.choose())
        if self.draw.draw(st.integers(0, 4)) == 0:
            self.letter.sign_garbage()
        self.letter.epoch()

    def change(self) -> None:
        """Let somebody amend, or withdraw."""
        member, stage = self.member(), self.letter.stage
        if member is None or stage.state is State.LAPSED:
            return
        is_free = not (member.is_opened or member.is_garbage or stage.opening_due)
        if is_free and stage.state is not State.CLOSED and self.draw.draw(st.booleans()):
            if member.seq < 8:
                self.letter.amend(member, *self.choose())
        else:
            self.letter.withdraw(member)
        self.letter.epoch()

    def speak(self) -> None:
        """Let the organiser invalidate, erase, or tell news."""
        member = self.member()
        in_the_open = member and (member.is_opened or member.mode is Mode.PUBLIC)
        if member and in_the_open and not member.is_erased and self.draw.draw(st.booleans()):
            self.draw.draw(st.sampled_from([self.letter.invalidate, self.letter.erase]))(member)
        else:
            tell = [self.letter.notice, self.letter.stamp, self.letter.stamp_tree]
            self.draw.draw(st.sampled_from(tell))()

    def regrow(self) -> None:
        """Let members come onto the roll, or be blocked who have no token."""
        if self.letter.stage.state not in (State.CLOSED, State.LAPSED):
            least = max(len(self.letter.members) - self.letter.roll_n, -3)
            more = self.draw.draw(st.integers(least, 3))
            if more:
                self.letter.change_roll(more)

    def wait(self) -> None:
        """Let time pass, as long as no wave waits."""
        if not self.letter.stage.opening_due:
            self.letter.advance(self.draw.draw(st.sampled_from([60, 3_600, DAY, 4 * DAY])))

    def open(self) -> None:
        """Let trustees open a wave that waits."""
        if self.letter.stage.opening_due:
            self.letter.open_wave()


@settings(max_examples=40, deadline=None)
@given(draw=st.data())
def test_random_history_comes_to_the_same(
    draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever honest history a letter has, the reader's figures are the site's."""
    walk = Walk(draw)
    for _ in range(draw.draw(st.integers(1, 20))):
        walk.step()
    found = read_mirror(write(walk.site, tmp_path_factory.mktemp("walk")))
    check_figures(found, walk.site.letters)


def test_demo_mirror_comes_to_738_of_770(demo_mirror: Path) -> None:
    """The finished demo: 738 of 770 stand, and everybody who is not anonymous is named."""
    [(letter_id, figures)] = read_mirror(demo_mirror).items()
    assert (figures.state, figures.standing, figures.headcount) == ("released", 738, 770)
    assert figures.m == figures.standing - figures.anonymous == len(figures.names)
    assert (figures.waiting, figures.withdrawn) == (0, 3)
    assert min(figures.names) in names_page(demo_mirror, letter_id)


# --- lies


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case.name)
def test_lie_is_refused(case: LieCase, tmp_path: Path) -> None:
    """A lie in the log or the documents is refused though the log's real key signed it."""
    site = case.story()
    draft = site.draft()
    case.tell(draft, site)
    with pytest.raises((ValueError, AssertionError)):
        read_mirror(draft.write(tmp_path / "mirror"))


def test_gravest_lies_are_told() -> None:
    """A forged token, a wrong m and a name opened with a wrong key are among the lies above."""
    assert {"forged_token", "wrong_m", "wrong_hash", "wrong_key"} <= {case.name for case in TOLD}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror with every kind of name in it; a test that changes a file puts it back."""
    return write(stories.sealed(), tmp_path_factory.mktemp("sealed"))


@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_flipped_bit_is_refused(mirror: Path, draw: st.DataObject) -> None:
    """No bit of an entry, a document, the checkpoint or the key can be another."""
    files = [mirror / "log.vkey", *(mirror / "documents").iterdir()]
    files += [mirror / "log" / "checkpoint", *(mirror / "log" / "tile" / "entries").rglob("*")]
    path = draw.draw(st.sampled_from(sorted(path for path in files if path.is_file())))
    content = path.read_bytes()
    bit = draw.draw(st.integers(0, 8 * len(content) - 1))
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)
    try:
        with pytest.raises(ValueError, match=r"\w"):
            read_mirror(mirror)
    finally:
        path.write_bytes(content)


def test_counts_that_were_shown_differently_are_refused(tmp_path: Path) -> None:
    """The site cannot show one number more than the log has."""
    mirror = write(stories.sealed(), tmp_path)
    [path] = (mirror / "site" / "letters").glob("*/counts.json")
    counts = json.loads(path.read_bytes())
    path.write_text(json.dumps(counts | {"standing": counts["standing"] + 1}))
    with pytest.raises(ValueError, match="standing"):
        read_mirror(mirror)


def test_good_seal_cannot_be_called_bad(tmp_path: Path) -> None:
    """An opening that strikes a name although a quorum of shares opens it is refused."""
    site = stories.frozen()
    draft = site.draft()
    letter = site.letters[0].letter
    member = site.letters[0].members[0]
    shares = shares_of(site, member)
    assert member.digest is not None
    content = site.blobs[member.digest]
    draft.documents[sha256(content)] = content
    add_opening(
        draft, OpeningFile(letter.letter_id, 1, len(draft.entries), (BadLeaf(member.leaf, shares),))
    )
    with pytest.raises(AssertionError, match="called bad"):
        read_mirror(draft.write(tmp_path / "mirror"))


def add_opening(draft: Draft, file: OpeningFile) -> None:
    """Append an opening."""
    content = format_opening(file)
    draft.documents[sha256(content)] = content
    draft.entries.append(format_record(make_opening(sha256(content), file)))


def shares_of(site: SimulatedSite, member: Member) -> tuple[bytes | None, ...]:
    """Let every trustee open its slot of a member's seal."""
    letter = site.letters[0].letter
    assert member.digest is not None
    blob = parse_blob(site.blobs[member.digest])
    return tuple(
        key.open_share(blob, i, letter.letter_id, member.key.public_key)
        for i, key in enumerate(TRUSTEES[: len(letter.trustees)], 1)
    )


@pytest.mark.parametrize("chain", [False, True])
def test_real_authority_is_understood(tmp_path: Path, chain: bool) -> None:
    """What `openssl ts` answers says the same to the stranger: imprint, time and name."""
    root = make_root()
    stamper = Stamper(tmp_path, root, "A real clock", chain=(root,) if chain else ())
    request = make_request(b"We write.")
    token, stamp = read_response(stamper.reply(request.content), request)
    assert check_stamp(token, sha256(b"We write.")) == (stamp.at, "A real clock")
    with pytest.raises(ValueError, match="stamped"):
        check_stamp(token, sha256(b"We praise."))


@pytest.fixture(scope="module")
def token() -> bytes:
    """A timestamp, to be changed."""
    return the_clock()[0].make_token(b"We write.", 1_700_000_000)


@settings(max_examples=100, deadline=None)
@given(draw=st.data())
def test_changed_timestamp_says_the_same_or_is_refused(token: bytes, draw: st.DataObject) -> None:
    """No bit that matters can be another; what is not signed may be."""
    changed = bytearray(token)
    changed[draw.draw(st.integers(0, len(token) - 1))] ^= draw.draw(st.integers(1, 255))
    try:
        time, _ = check_stamp(bytes(changed), sha256(b"We write."))
    except ValueError:
        return
    assert time == 1_700_000_000


# --- parts


def test_any_quorum_of_shares_makes_the_same_key() -> None:
    """Two of three shares, whichever, open the name; one alone, or a changed one, does not."""
    site = stories.frozen()
    member = site.letters[0].members[0]
    assert member.digest is not None
    blob = Blob.parse(site.blobs[member.digest], 3)
    one, two, three = shares_of(site, member)
    key = blob.combine(blob.matching([one, two, three]), 2)
    for some in ([one, two, None], [None, two, three], [one, None, three]):
        assert blob.combine(blob.matching(some), 2) == key
    plain = blob.open(key, site.letters[0].letter.letter_id, member.key.public_key)
    assert b'"t":"name"' in plain
    assert one is not None
    too_few: list[list[bytes | None]] = [[one, None, None], [one[::-1], two, None], [None] * 3]
    for few in too_few:
        with pytest.raises(ValueError, match="a quorum of shares"):
            blob.combine(blob.matching(few), 2)


@given(st.lists(st.binary(max_size=3), max_size=40))
def test_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    """Growing subtrees hash to the recursive MTH of RFC 6962 §2.1."""

    def mth(part: list[bytes]) -> bytes:
        if len(part) < 2:
            return sha256(b"\x00" + part[0]) if part else sha256(b"")
        k = 1 << (len(part) - 1).bit_length() - 1
        return sha256(b"\x01" + mth(part[:k]) + mth(part[k:]))

    assert tree_root(leaves) == mth(leaves)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("az_09", min_size=1), inner),
    max_leaves=8,
)


@given(VALUES)
def test_canonical_is_rfc_8785(value: Any) -> None:
    """What the reader writes is what the library of RFC 8785 writes."""
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q+", "Q Q", "QQ\n", "Qé"])
def test_lax_base64url_is_refused(text: str) -> None:
    """Padding, set unused bits, other alphabets and white space are none of it."""
    with pytest.raises(ValueError, match=r"\w"):
        raw(text)
