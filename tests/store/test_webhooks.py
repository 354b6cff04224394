"""Webhooks and their calls, on both kinds of database."""

from dataclasses import replace

from undersigned.store import webhooks as webhook_store
from undersigned.store.database import Connection
from undersigned.store.webhooks import CallRow, WebhookRow

HOOK = WebhookRow(b"h" * 16, bytes(32), "https://a.example/", 1, None, 5, "on", 7, 0, 5)
CALL = CallRow("msg_1", HOOK.webhook, "letter.open", 7, b"{}", 5, "waiting", 0, None, 5, 5)


def test_webhooks_are_kept_by_letter(collector: Connection) -> None:
    """The same address may be with two; one is changed and deleted without the other."""
    other = replace(HOOK, webhook=b"o" * 16, letter_id=b"o" * 32, made_at=4)
    for row in (HOOK, other):
        webhook_store.add_webhook(collector, row)
    assert webhook_store.list_webhooks(collector) == [other, HOOK]
    assert webhook_store.list_webhooks(collector, HOOK.letter_id) == [HOOK]
    changed = replace(HOOK, secret=2, overlap_until=9, state="gone", position=2**53 - 1)
    webhook_store.put_webhook(collector, changed)
    assert webhook_store.find_webhook(collector, HOOK.webhook) == changed
    webhook_store.delete_webhooks_of(collector, HOOK.letter_id)
    assert webhook_store.list_webhooks(collector) == [other]


def test_calls_go_in_their_order_and_are_trimmed(collector: Connection) -> None:
    """What is due, by time and leaf; what waits is counted, and never trimmed."""
    webhook_store.add_webhook(collector, HOOK)
    calls = [replace(CALL, call=f"msg_{leaf}", leaf=leaf) for leaf in (9, 8, 7)]
    assert all(webhook_store.add_call(collector, call) for call in calls)
    assert not webhook_store.add_call(collector, replace(calls[0], body=b"other"))
    assert webhook_store.list_due_calls(collector, 4) == []
    assert webhook_store.list_due_calls(collector, 5) == calls[::-1]
    taken = replace(calls[2], state="taken", tries=1, code="200", at=6, next_at=None)
    webhook_store.put_call(collector, taken)
    webhook_store.put_call(collector, replace(calls[1], next_at=99))
    assert [call.leaf for call in webhook_store.list_due_calls(collector, 5)] == [9]
    assert webhook_store.count_waiting(collector) == {(HOOK.webhook, "letter.open"): 2}
    assert [call.leaf for call in webhook_store.list_calls(collector, HOOK.webhook, 2)] == [7, 9]
    webhook_store.trim_calls(collector, HOOK.webhook, 0)
    assert len(webhook_store.list_calls(collector, HOOK.webhook, 9)) == 2
    webhook_store.give_up_calls(collector, HOOK.webhook, 8, "410")
    assert webhook_store.count_waiting(collector) == {}
    webhook_store.trim_calls(collector, HOOK.webhook, 1)
    (kept,) = webhook_store.list_calls(collector, HOOK.webhook, 9)
    assert (kept.state, kept.code, kept.leaf, kept.next_at) == ("given-up", "410", 9, None)
    webhook_store.delete_webhook(collector, HOOK.webhook)
    assert webhook_store.list_calls(collector, HOOK.webhook, 9) == []
