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
        found.add(signature, nonce_of(signature.pk))
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
    assert shown.find_all(first) == {shown.find_first(first)} == {first.name}
    assert shown.find_all(sealed) == set()
    signatures.amend(first, 1, Mode.PUBLIC, None, _pk(5))
    shown.add(first.leaf, _pk(4))
    shown.add(first.leaf, _pk(5))
    assert shown.find_all(signatures.get(0)) == {first.name, _pk(4), _pk(5)}
    later = Signature(999, _pk(999), Mode.PUBLIC, None, _pk(7), number=HOW_MANY)
    assert shown.find_first(later) is None
    assert shown.find_all(later) == {_pk(7)}
