"""The formats of the transparency log: Merkle tree, tiles, notes, checkpoints, proofs, promises.

Rules of this package: entries are opaque bytes; nothing here reads a file, a clock or a socket, and
whatever must be fetched is asked of a callable that the caller hands in. Every format is the one of
the C2SP specifications (c2sp.org/tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature,
tlog-proof), byte for byte; a parser accepts exactly what its formatter writes.
"""
