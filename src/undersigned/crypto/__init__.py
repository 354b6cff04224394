"""Keys, signatures, tokens and seals: every cryptographic act of the project, and nothing else.

No clock, no network, no database. Private keys live in `undersigned.crypto.keys` alone.
"""
