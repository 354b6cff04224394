"""The Merkle tree against RFC 6962: its definition, its proofs, and what must not pass."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from hashlib import sha256
from typing import ParamSpec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.errors import VerificationError
from undersigned.tlog.merkle import (
    EMPTY_ROOT,
    MAX_PROOF_HASHES,
    MAX_TREE_SIZE,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    subtree_root,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

P = ParamSpec("P")
LARGEST = 600
LEAVES = [leaf_hash(b"entry %d" % index) for index in range(LARGEST)]

# The eight leaves and the roots of the tests that Certificate Transparency implementations share.
KNOWN_ENTRIES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@cache
def defined_root(start: int, end: int) -> bytes:
    """MTH(D[start:end]) as RFC 6962 section 2.1 defines it, recursion and all."""
    if end == start:
        return sha256().digest()
    if end - start == 1:
        return LEAVES[start]
    k = split(end - start)
    both = defined_root(start, start + k) + defined_root(start + k, end)
    return sha256(b"\x01" + both).digest()


def defined_path(m: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[start:end]) as RFC 6962 section 2.1.1 defines it."""
    if end - start == 1:
        return []
    k = split(end - start)
    if m < k:
        return [*defined_path(m, start, start + k), defined_root(start + k, end)]
    return [*defined_path(m - k, start + k, end), defined_root(start, start + k)]


def defined_subproof(m: int, start: int, end: int, *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[start:end], known) as RFC 6962 section 2.1.2 defines it."""
    if m == end - start:
        return [] if known else [defined_root(start, end)]
    k = split(end - start)
    if m <= k:
        left = defined_subproof(m, start, start + k, known=known)
        return [*left, defined_root(start + k, end)]
    right = defined_subproof(m - k, start + k, end, known=False)
    return [*right, defined_root(start, start + k)]


def split(n: int) -> int:
    """Return the largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def grow() -> tuple[dict[tuple[int, int], bytes], list[bytes]]:
    """Append every leaf to a frontier; return the nodes it completed and the root at each size."""
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier.empty()
    roots = [frontier.root()]
    for leaf in LEAVES:
        for level, index, digest in frontier.append(leaf):
            assert (level, index) not in nodes
            nodes[level, index] = digest
        roots.append(frontier.root())
    return nodes, roots


NODES, ROOTS = grow()


def read_from(nodes: dict[tuple[int, int], bytes], level: int, index: int) -> bytes:
    return nodes[level, index]


read = partial(read_from, NODES)


def flips(data: bytes) -> Iterator[bytes]:
    """Yield the data with each of its bits flipped in turn."""
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def refused(verify: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> bool:
    try:
        verify(*args, **kwargs)
    except VerificationError:
        return True
    return False


def test_known_hashes() -> None:
    """The empty root, an empty leaf and a node are the hashes that RFC 6962 gives them."""
    assert EMPTY_ROOT.hex() == KNOWN_ROOTS[0]
    assert leaf_hash(b"").hex() == KNOWN_ROOTS[1]
    assert leaf_hash(b"L123456").hex() == (
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    )
    assert node_hash(b"N123", b"N456").hex() == (
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


def test_known_roots_and_proofs() -> None:
    """The trees of 0 to 8 known leaves have the known roots, and two known proofs come out."""
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier.empty()
    roots = [frontier.root().hex()]
    for entry in KNOWN_ENTRIES:
        for level, index, digest in frontier.append(leaf_hash(bytes.fromhex(entry))):
            nodes[level, index] = digest
        roots.append(frontier.root().hex())
    assert roots == KNOWN_ROOTS
    path = inclusion_proof(0, 8, partial(read_from, nodes))
    assert [digest.hex() for digest in path] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    path = consistency_proof(6, 8, partial(read_from, nodes))
    assert [digest.hex() for digest in path] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_root_is_the_defined_one() -> None:
    """At every size from 0 to 600 the frontier, grown or read back, has the defined root."""
    for size in range(LARGEST + 1):
        expected = defined_root(0, size)
        assert ROOTS[size] == expected
        assert tree_root(size, read) == expected


def test_every_leaf_of_every_size_is_proved() -> None:
    """In every tree of 1 to 600 leaves, every leaf has an inclusion proof that holds."""
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = inclusion_proof(index, size, read)
            verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_pair_of_sizes_is_consistent() -> None:
    """For every new size from 0 to 600 and every old size up to it, a consistency proof holds."""
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, read)
            verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


def test_proofs_are_the_defined_ones() -> None:
    """Up to 70 leaves and around 300, proofs are hash for hash those of RFC 6962's recursion."""
    for size in [*range(1, 71), 255, 256, 257, 300]:
        for index in range(size):
            assert inclusion_proof(index, size, read) == tuple(defined_path(index, 0, size))
        for old in range(1, size + 1):
            expected = tuple(defined_subproof(old, 0, size, known=True))
            assert consistency_proof(old, size, read) == expected


def test_a_leaf_is_proved_at_no_other_index() -> None:
    """No proof holds for another index or leaf of the same tree, nor shortened or extended."""
    for size in range(1, 34):
        for index in range(size):
            leaf, root = LEAVES[index], ROOTS[size]
            proof = inclusion_proof(index, size, read)
            for other in range(-1, size + 2):
                if other != index:
                    assert refused(verify_inclusion, leaf, other, size, proof, root)
                    assert refused(verify_inclusion, LEAVES[other], index, size, proof, root)
            for changed in (
                (*proof, leaf),
                (leaf, *proof),
                *([proof[1:], proof[:-1]] * bool(proof)),
            ):
                assert refused(verify_inclusion, leaf, index, size, changed, root)


def test_flipped_bits_in_an_inclusion_proof() -> None:
    """Every flipped bit of leaf, root or any hash of an inclusion proof is caught."""
    index, size = 77, 300
    leaf, root, proof = LEAVES[index], ROOTS[size], inclusion_proof(index, size, read)
    for changed in flips(leaf):
        assert refused(verify_inclusion, changed, index, size, proof, root)
    for changed in flips(root):
        assert refused(verify_inclusion, leaf, index, size, proof, changed)
    for position, digest in enumerate(proof):
        for changed in flips(digest):
            wrong = (*proof[:position], changed, *proof[position + 1 :])
            assert refused(verify_inclusion, leaf, index, size, wrong, root)


@pytest.mark.parametrize(("old", "new"), [(77, 300), (256, 300), (299, 300), (1, 2), (6, 8)])
def test_flipped_bits_in_a_consistency_proof(old: int, new: int) -> None:
    """Every flipped bit of either root or any hash of a consistency proof is caught."""
    old_root, new_root, proof = ROOTS[old], ROOTS[new], consistency_proof(old, new, read)
    for changed in flips(old_root):
        assert refused(verify_consistency, old, changed, new, new_root, proof)
    for changed in flips(new_root):
        assert refused(verify_consistency, old, old_root, new, changed, proof)
    for position, digest in enumerate(proof):
        for changed in flips(digest):
            wrong = (*proof[:position], changed, *proof[position + 1 :])
            assert refused(verify_consistency, old, old_root, new, new_root, wrong)


def test_a_forked_tree_is_not_consistent() -> None:
    """The proof that a forked log makes does not join the root seen before to its own."""
    for changed_leaf in (0, 3, 40, 76):
        fork = Frontier.empty()
        nodes: dict[tuple[int, int], bytes] = {}
        for index in range(200):
            leaf = leaf_hash(b"forged") if index == changed_leaf else LEAVES[index]
            nodes.update({(level, at): digest for level, at, digest in fork.append(leaf)})
        proof = consistency_proof(77, 200, partial(read_from, nodes))
        with pytest.raises(VerificationError):
            verify_consistency(77, ROOTS[77], 200, fork.root(), proof)


def test_consistency_proofs_have_their_length() -> None:
    """A consistency proof shortened, extended, or not empty where it should be, is refused."""
    for old, new in [(1, 2), (3, 7), (4, 7), (7, 8), (128, 600), (333, 600)]:
        proof = consistency_proof(old, new, read)
        for changed in (proof[1:], proof[:-1], (*proof, ROOTS[1]), (ROOTS[1], *proof), ()):
            with pytest.raises(VerificationError):
                verify_consistency(old, ROOTS[old], new, ROOTS[new], changed)
    for old, new in [(0, 0), (0, 5), (5, 5)]:
        with pytest.raises(VerificationError):
            verify_consistency(old, ROOTS[old], new, ROOTS[new], (ROOTS[1],))


def test_trees_that_cannot_be() -> None:
    """Shrunk, negative and enormous trees, two roots of one size, false empty roots: refused."""
    root = ROOTS[5]
    for old_size, old_root, new_size, new_root in [
        (6, ROOTS[6], 5, root),
        (-1, root, 5, root),
        (5, root, MAX_TREE_SIZE + 1, root),
        (MAX_TREE_SIZE + 1, root, MAX_TREE_SIZE + 1, root),
        (-1, root, -1, root),
        (5, root, 5, ROOTS[6]),
        (0, root, 5, root),
        (0, root, 0, root),
        (0, EMPTY_ROOT[:-1], 5, root),
    ]:
        with pytest.raises(VerificationError):
            verify_consistency(old_size, old_root, new_size, new_root, ())
    for index, size in [(0, 0), (1, 1), (-1, 1), (0, MAX_TREE_SIZE + 1)]:
        with pytest.raises(VerificationError):
            verify_inclusion(LEAVES[0], index, size, (), LEAVES[0])


def test_sizes_that_are_lies() -> None:
    """True proofs of larger trees do not hold for a checkpoint that states smaller ones."""
    with pytest.raises(VerificationError, match="too long"):
        verify_inclusion(LEAVES[1], 0, 1, inclusion_proof(1, 2, read), ROOTS[2])
    with pytest.raises(VerificationError, match="too long"):
        verify_consistency(3, ROOTS[7], 4, ROOTS[8], consistency_proof(7, 8, read))


def test_hashes_of_another_length() -> None:
    """Two hashes cannot be passed as one: each in a proof must have 32 bytes."""
    path = inclusion_proof(0, 4, read)
    for wrong in [(path[0] + path[1],), (path[0], path[1] + b"\0"), (path[0], b"")]:
        with pytest.raises(VerificationError):
            verify_inclusion(LEAVES[0], 0, 4, wrong, ROOTS[4])
        with pytest.raises(VerificationError):
            verify_consistency(3, ROOTS[3], 4, ROOTS[4], wrong)
    with pytest.raises(VerificationError):
        verify_inclusion(LEAVES[0][:31], 0, 1, (), LEAVES[0][:31])


def test_the_caller_asks_for_what_exists() -> None:
    """Proofs about leaves and trees that are not there are the caller's mistake."""
    for index, size in [(0, 0), (5, 5), (-1, 5), (0, MAX_TREE_SIZE + 1)]:
        with pytest.raises(ValueError, match="leaf"):
            inclusion_proof(index, size, read)
    for old, new in [(6, 5), (-1, 5), (1, MAX_TREE_SIZE + 1)]:
        with pytest.raises(ValueError, match="old tree"):
            consistency_proof(old, new, read)
    with pytest.raises(ValueError, match="frontier"):
        Frontier(3, [LEAVES[0]])


def test_a_frontier_goes_on_where_it_was_stored() -> None:
    """A frontier read back at any size grows like the one that never stopped; a copy is apart."""
    for size in range(0, LARGEST, 7):
        frontier = Frontier.read(size, read)
        kept = frontier.copy()
        for leaf in LEAVES[size : size + 20]:
            frontier.append(leaf)
        assert frontier.size == min(size + 20, LARGEST)
        assert frontier.root() == ROOTS[frontier.size]
        assert (kept.size, kept.root()) == (size, ROOTS[size])
        assert Frontier(kept.size, kept.peaks).root() == ROOTS[size]


def test_a_frontier_grows_by_whole_subtrees() -> None:
    """What they complete is what their leaves would have; one out of its place is refused."""
    by_leaves, by_subtrees = Frontier.empty(), Frontier.empty()
    for start in range(0, 64, 8):
        leaves = LEAVES[start : start + 8]
        one_by_one = [node for leaf in leaves for node in by_leaves.append(leaf) if node[0] >= 3]
        assert by_subtrees.append_subtree(3, subtree_root(leaves)) == one_by_one
    assert by_subtrees.peaks == by_leaves.peaks
    by_subtrees.append(LEAVES[64])
    with pytest.raises(ValueError, match="begins"):
        by_subtrees.append_subtree(3, bytes(32))
    with pytest.raises(ValueError, match="power"):
        subtree_root(LEAVES[:6])


@settings(max_examples=200, deadline=None)
@given(size=st.integers(1, MAX_TREE_SIZE), data=st.data())
def test_proofs_in_enormous_trees(size: int, data: st.DataObject) -> None:
    """In a tree of equal leaves of any size below 2^63, proofs hold and keep to their length."""
    rows = [leaf_hash(b"")]
    while len(rows) < 64:
        rows.append(node_hash(rows[-1], rows[-1]))

    def read_row(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size
        return rows[level]

    index = data.draw(st.integers(0, size - 1))
    root = tree_root(size, read_row)
    path = inclusion_proof(index, size, read_row)
    assert len(path) <= MAX_PROOF_HASHES
    verify_inclusion(rows[0], index, size, path, root)
    old = data.draw(st.integers(0, size))
    path = consistency_proof(old, size, read_row)
    assert len(path) <= MAX_PROOF_HASHES + (size > 2**62)
    verify_consistency(old, tree_root(old, read_row), size, root, path)


@settings(max_examples=300, deadline=None)
@given(
    index=st.integers(-1, 700),
    size=st.integers(-1, 700),
    proof=st.lists(st.sampled_from(LEAVES) | st.binary(max_size=33), max_size=70),
)
def test_invented_proofs(index: int, size: int, proof: list[bytes]) -> None:
    """Invented proofs raise VerificationError and nothing else."""
    with pytest.raises(VerificationError):
        verify_inclusion(leaf_hash(b"never logged"), index, size, proof, ROOTS[600])
    with pytest.raises(VerificationError):
        verify_consistency(index, leaf_hash(b"never seen"), size, ROOTS[600], proof)
