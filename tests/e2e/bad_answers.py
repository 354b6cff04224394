"""What is no answer: to links of addressees and guarantors, and of signers who say what they did."""

from collections.abc import Callable
from typing import Any

from tests.e2e.bad_requests import Case
from tests.e2e.world import World

from undersigned.crypto.keys import SignerKey
from undersigned.domain.follow_through import FollowAnswer, FollowThrough, signed_answer
from undersigned.encoding import format_base64url

FORM = "application/x-www-form-urlencoded"
NOBODY = "A" * 43


def _answer(body: str, *, kind: str = FORM, token: str | None = None) -> Callable[[World], str]:
    """Send a form to the addressee's link, or to another."""
    return lambda world: world.send(
        "POST", f"/answer/{token or world.answer_link}", body, kind=kind
    )


def _guarantee(body: str, *, kind: str = FORM, token: str | None = None) -> Callable[[World], str]:
    """Send a form to the guarantor's link, or to another."""
    return lambda world: world.send(
        "POST", f"/guarantee/{token or world.guarantee_link}", body, kind=kind
    )


def _said(**changed: object) -> Callable[[World], str]:
    """Let a signer say yes; `changed` replaces members after it was signed."""

    def say(world: World) -> str:
        letter = world.letter
        key = SignerKey.from_words(world.receipt.words, letter.letter_id)
        sent = FollowThrough(letter.letter_id, key.public_key, FollowAnswer.YES, bytes(64))
        body: dict[str, Any] = {
            "v": 1,
            "t": "follow-through",
            "letter": format_base64url(letter.letter_id),
            "pk": format_base64url(key.public_key),
            "answer": "yes",
            "sig": format_base64url(key.sign(signed_answer(sent))),
        }
        return world.post(letter, "follow-through", body | changed)

    return say


ANSWERS = (
    Case("an answer by a link that nobody made", _answer("step=give", token=NOBODY)),
    Case("an answer by a link of one character", _answer("step=give", token="A")),
    Case("an answer by a link of 2,000 characters", _answer("step=give", token="A" * 2_000)),
    Case("an answer by a link with a zero byte", _answer("step=give", token="%00")),
    Case("an answer by a link that is not UTF-8", _answer("step=give", token="%ff%fe")),
    Case("an answer that is JSON", _answer("{}", kind="application/json")),
    Case("an answer in several parts", _answer("--x--", kind="multipart/form-data; boundary=x")),
    Case("an answer of 2,000 fields", _answer("&".join(f"f{i}=x" for i in range(2_000)))),
    Case("an answer of 600,000 bytes", _answer(f"text-kitchen={'x' * 600_000}&step=give")),
    Case("an answer to nothing", _answer("step=give")),
    Case("an answer to another demand alone", _answer("state-money=met&step=give")),
    Case("an answer of another kind", _answer("state-kitchen=perhaps&step=give")),
    Case("words without an answer", _answer("text-kitchen=So&step=give")),
    Case(
        "words of 2,001 characters",
        _answer(f"state-kitchen=met&text-kitchen={'x' * 2_001}&step=give"),
    ),
    Case("words with a zero byte", _answer("state-kitchen=met&text-kitchen=a%00b&step=give")),
    Case("a guarantee by a link that nobody made", _guarantee("act=give&sure=yes", token=NOBODY)),
    Case(
        "a guarantee by an addressee's link",
        lambda world: _guarantee("act=give&sure=yes", token=world.answer_link)(world),
    ),
    Case("a guarantee that is JSON", _guarantee("{}", kind="application/json")),
    Case("a guarantee without the box", _guarantee("act=give")),
    Case("a guarantee without an act", _guarantee("sure=yes")),
    Case("a withdrawal of what was not given", _guarantee("act=withdraw&sure=yes")),
    Case("an account of what was done, said before the deadline", _said()),
    Case("an account of what was done, changed", _said(answer="no")),
    Case(
        "an account of what was done, of another letter", _said(letter=format_base64url(bytes(32)))
    ),
    Case("an account of what was done, signed by nobody", _said(sig=format_base64url(bytes(64)))),
    Case(
        "an account of what was done, by a key of small order",
        _said(pk=format_base64url(bytes(32))),
    ),
    Case(
        "an account of what was done, by a key of 31 bytes", _said(pk=format_base64url(bytes(31)))
    ),
    Case("an account of what was done, in another word", _said(answer="perhaps")),
    Case("an account of what was done, as another kind", _said(t="sign")),
    Case("an account of what was done, with an unknown member", _said(name="Somebody")),
)
