"""How long a body may be: at each address of the table, and everywhere else."""

import pytest

from undersigned.domain.opening import LONGEST_OPENING
from undersigned.domain.roll_file import LONGEST_ROLL
from undersigned.domain.shares import LONGEST_SHARES
from undersigned.web.body_limits import (
    KIB,
    LONGEST,
    MOST_BODY,
    OF_ISSUER,
    OF_SITE,
    LongBody,
    limit_finder,
)


@pytest.mark.parametrize("body", OF_SITE, ids=lambda body: body.path)
def test_an_address_has_its_limit(body: LongBody) -> None:
    """It and no other; and proxies can say it."""
    find = limit_finder(OF_SITE)
    path = body.path.replace("*", "small-letter@1")
    assert MOST_BODY < find(path) == body.most <= LONGEST
    for other in (f"{path}/more", f"/else{path}", path.rpartition("/")[0]):
        assert find(other) == MOST_BODY
    assert body.most % KIB == 0


def test_the_longest_files_fit() -> None:
    """With room for what a form or a record puts around them."""
    find = limit_finder(OF_SITE)
    assert find("/desk/rolls/a-letter/imports") > LONGEST_ROLL
    assert find("/api/v1/letters/a-letter/waves/1/opening") > LONGEST_OPENING
    assert find("/api/v1/letters/a-letter/waves/1/shares") >= LONGEST_SHARES


def test_an_issuer_takes_rolls_only() -> None:
    """The other rows are a site's."""
    find = limit_finder(OF_ISSUER)
    assert find("/desk/rolls/a-letter/imports") > LONGEST_ROLL
    assert find("/answer/a-link") == MOST_BODY
