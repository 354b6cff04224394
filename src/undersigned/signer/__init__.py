"""The member's side: read a letter, get a token, sign, keep the receipt, change one's mind.

Rules of this package: what the site says is believed only when a key or a hash bears it out; every
request can be sent again and is then the same bytes; no error and no `repr` holds a secret. Nothing
of it runs on the server.
"""
