"""Undersigned: the open letter that nobody has to sign first."""

__version__ = "0.1.0"
