"""Ways to prove membership, one module each. Every proof proves one entry of the roll.

A way is a kind of `proof.Proof`: what a member shows, and how the entry that it proves is found. What each
shows to whom is told on the page of a letter's methods (`web/pages/methods.py`).
"""
