"""Calling webhooks: which addresses may be called, how a call is signed, one call for a bounded time.

The signature is that of Standard Webhooks (https://www.standardwebhooks.com), version `v1`.
"""
