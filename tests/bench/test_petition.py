"""The petition that accepting is compared with stores who signs, each address once, and says how many did."""

from itertools import repeat
from pathlib import Path

import pytest
from bench.petition import served_petition


def test_a_petition(tmp_path: Path) -> None:
    """What was acknowledged is read back; an address that signed before is refused, and nobody added."""
    with served_petition(tmp_path / "petition", "FULL") as petition:
        assert petition.sign(3, 6) > 0
        petition.check()
        petition.signers = repeat(1)
        with pytest.raises(AssertionError, match="already exists"):
            petition.sign(1, 1)
        petition.check()
        petition.signed += 1
        with pytest.raises(AssertionError):
            petition.check()
