"""What mails say: in the languages of the catalogues, as text and HTML, and with nothing from elsewhere."""

import json
import re

import pytest
from tests.app.village import Village

from undersigned.app.mailing import MOST_TRIES, WIDTH, MailKind, add_mail, compose
from undersigned.store import outbox

CODE = """\
Your code: ABCD-2345

Type it into the page where you asked for it. It is good for 15 minutes.
If you did not ask for a code, do nothing.

---

Kode Anda: ABCD-2345

Ketikkan di halaman tempat Anda memintanya. Kode ini berlaku 15 menit.
Jika Anda tidak meminta kode, abaikan pesan ini.
"""


def test_a_code_is_told_in_every_language_at_once() -> None:
    """The mail is neutral: who reads it over a shoulder learns of no letter."""
    composed = compose(MailKind.CODE, "id", code="ABCD-2345", minutes=15)
    assert (composed.subject, composed.lang) == ("Your code", None)
    assert composed.text == CODE
    assert re.findall(r'<div lang="(\w+)">', composed.html) == ["en", "id"]
    assert "Kode Anda: ABCD-2345" in composed.html


def test_values_are_text_in_both_parts() -> None:
    """Markup of HTML is escaped in the one and left alone in the other."""
    composed = compose(MailKind.TURN, reference="<b>&")
    assert "Reference: <b>&" in composed.text
    assert "Reference: &lt;b&gt;&amp;" in composed.html
    assert "<b>" not in composed.html


def test_lines_are_short_and_words_are_whole() -> None:
    """An address is not broken, however long it is."""
    address = "https://letters.example/" + "x-" * 100
    text = compose(MailKind.TURN, reference=address).text
    assert address in text
    assert all(len(line) <= WIDTH or address in line for line in text.splitlines())


@pytest.mark.parametrize("kind", list(MailKind))
def test_every_kind_is_tried_for_some_time(kind: MailKind) -> None:
    """How often is said for each."""
    assert 1 < MOST_TRIES[kind] < 30


def test_a_composed_mail_waits_in_the_outbox(village: Village) -> None:
    """With all that belongs to it."""
    composed = compose(MailKind.TURN, reference="1234")
    with village.site.collector.write() as connection:
        mail = add_mail(
            connection, "collector", "a@a.example", composed,
            at=7, ref=b"r", headers={"List-Unsubscribe": "<https://a.example/>"}, attachment=b"h",
        )  # fmt: skip
        (row,) = outbox.list_due_mails(connection, 7, 9, "collector")
    assert (row.mail, row.recipient, row.kind, row.ref) == (mail, "a@a.example", "turn", b"r")
    assert (row.subject, row.body, row.html) == (composed.subject, composed.text, composed.html)
    assert json.loads(row.headers) == {"List-Unsubscribe": "<https://a.example/>"}
    assert (row.attachment, row.tries, row.next_at, row.lang) == (b"h", 0, 7, None)
