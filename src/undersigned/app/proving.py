"""Proofs: that a record is in the log, as a C2SP tlog-proof that anyone can check offline."""

from undersigned.app.log import find_published_note, hash_reader
from undersigned.app.site import Site
from undersigned.errors import UnknownLeaf
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.merkle import inclusion_proof
from undersigned.tlog.proof import TlogProof, format_proof


def find_proof(site: Site, leaf_hash: bytes) -> bytes | None:
    """Return the proof of a record against the published checkpoint; None while it waits.

    Raises UnknownLeaf if no such record was taken.
    """
    note = find_published_note(site)
    published = None if note is None else parse_checkpoint(note, site.keys.log.verifier)
    with site.collector.read() as connection:
        index = log_store.find_leaf_index(connection, leaf_hash)
        if index is None:
            if pending_store.find_record(connection, leaf_hash) is not None:
                return None
            raise UnknownLeaf
        if note is None or published is None or index >= published.size:
            return None
        read = hash_reader(connection, published.size)
        hashes = inclusion_proof(index, published.size, read)
    return format_proof(TlogProof(None, index, hashes, note))
