"""The table of signatures: what is changed in it is counted, and found by key, nonce and leaf."""

import hashlib
from collections import Counter

import pytest
from tests.simulator import make_letter

from undersigned.crypto.token import nonce_of
from undersigned.domain.letter import Mode
from undersigned.verify import scratch
from undersigned.verify.scratch import Scratch
from undersigned.verify.shown import Shown
from undersigned.verify.signatures import End, Signature, Signatures

MODES = (Mode.PUBLIC, Mode.SEALED, Mode.ANONYMOUS)
HOW_MANY = 60


def _pk(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


@pytest.fixture(params=[150, 16_384])
def signatures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Signatures:
    """Sixty signatures at every third leaf, every fourth with a condition; on disk, or all in memory."""
    monkeypatch.setattr(scratch, "BLOCK_SIZE", request.param)
    found = Signatures(make_letter(headcount=100), Scratch())
    for number in range(HOW_MANY):
        mode = MODES[number % 3]
        condition = 4 if number % 4 == 0 and mode is not Mode.PUBLIC else None
        name = None if mode is Mode.ANONYMOUS else _pk(1_000 + number)
        signature = Signature(3 * number, _pk(number), mode, condition, name, is_vouched=True)
        assert found.add(signature, nonce_of(signature.pk)) == []
    return found


def test_each_is_found(signatures: Signatures) -> None:
    """By its key, by the nonce of its key, by its leaf; near a place and far from it. No other is."""
    everyone = list(signatures)
    assert (
        [each.number for each in everyone] == list(range(HOW_MANY)) == list(range(len(signatures)))
    )
    for each in everyone:
        assert signatures.get(each.number) == each
        assert signatures.find_by_pk(each.pk) == each
        assert signatures.find_by_nonce(nonce_of(each.pk)) == [each]
        assert signatures.find_by_leaf(each.leaf) == each
        assert signatures.find_by_leaf(each.leaf + 1) is None
        for near in (0, each.number, HOW_MANY):
            assert signatures.find_near(each.leaf, near) == each
            assert signatures.find_near(each.leaf + 1, near) is None
    assert signatures.find_by_pk(bytes(32)) is None
    leaves = range(-1, 3 * HOW_MANY, 2)
    assert [each.leaf for each in signatures.find_all(leaves)] == [
        leaf for leaf in leaves if leaf % 3 == 0
    ]


def test_a_key_that_signs_again_is_known(signatures: Signatures) -> None:
    """All its signatures are found, the first one first; the first is the key's."""
    again = signatures.get(7)._replace(leaf=1_000)
    assert signatures.add(again, nonce_of(again.pk)) == [signatures.get(7)]
    assert signatures.add(again, nonce_of(again.pk)) == [signatures.get(7), signatures.get(60)]
    assert [each.number for each in signatures.find_by_nonce(nonce_of(again.pk))] == [7, 60, 61]
    assert signatures.find_by_pk(again.pk) == signatures.get(7)


def test_what_is_listed_is_what_each_says(signatures: Signatures) -> None:
    """The hashes of public names, and of sealed ones that were opened; in every mode there are some."""
    signatures.open(signatures.get(4), _pk(9))
    signatures.end(signatures.get(3), End.WITHDRAWN, 500)
    signatures.erase(signatures.get(6), 501)
    listed = [each.listed for each in signatures]
    assert list(signatures.listed()) == listed
    assert listed[:7] == [_pk(1_000), None, None, None, _pk(9), None, None]
    for mode in MODES:
        wanted = [each for each in signatures if each.mode is mode]
        assert list(signatures.of_mode(mode)) == wanted


def test_what_changes_is_counted(signatures: Signatures) -> None:
    """The counts that are kept are those of the rows, whatever was done to them, and in which order."""
    for number in range(0, HOW_MANY, 5):
        signatures.end(signatures.get(number), list(End)[number % 3], 500)
    for number in range(0, HOW_MANY, 7):
        each = signatures.get(number)
        if each.end is None:
            signatures.amend(each, each.seq + 1, Mode.SEALED, 7, bytes(32))
    for number in range(0, HOW_MANY, 4):
        signatures.erase(signatures.get(number), 501)
        signatures.erase(signatures.get(number), 502)
    for number in range(1, HOW_MANY, 6):
        signatures.open(signatures.get(number), _pk(2_000 + number))
    signatures.fix(each.leaf for each in list(signatures)[::3])
    live = [each for each in signatures if each.end is None]
    kinds = Counter(
        (each.mode, each.asks, each.is_opened, each.erased_at is not None) for each in live
    )
    assert dict(signatures.tally) == dict(kinds)
    assert signatures.erased == HOW_MANY / 4
    assert {each.erased_at for each in signatures} == {None, 501}
    standing = [each for each in live if each.asks <= signatures.m]
    assert list(signatures.standing()) == [each.leaf for each in standing]
    sealed = [each for each in standing if each.mode is Mode.SEALED and not each.is_opened]
    assert signatures.unopened() == len(sealed)
    assert signatures.unopened(with_erased=False) == sum(each.erased_at is None for each in sealed)
    figures = signatures.figures(is_void=False)
    assert (figures.standing, figures.waiting) == (len(standing), len(live) - len(standing))
    assert figures.withdrawn + figures.invalidated == HOW_MANY - len(live)


def test_names_that_were_shown_are_remembered(signatures: Signatures) -> None:
    """Those of the beginning, those that came after, and the last one."""
    shown = Shown(signatures, Scratch())
    first, sealed = signatures.get(0), signatures.get(1)
    assert shown.find_all(first) == {shown.find_first(0)} == {first.name}
    assert shown.find_all(sealed) == set()
    signatures.amend(first, 1, Mode.PUBLIC, None, _pk(5))
    shown.add(first.leaf, _pk(4))
    shown.add(first.leaf, _pk(5))
    assert shown.find_all(signatures.get(0)) == {first.name, _pk(4), _pk(5)}
    later = Signature(999, _pk(999), Mode.PUBLIC, None, _pk(7), number=HOW_MANY)
    assert shown.find_first(later.number) is None
    assert shown.find_all(later) == {_pk(7)}
