"""Witnesses (c2sp.org/tlog-witness, July 2026): the server of one, and how a log asks others.

A witness remembers for each log that it knows the largest checkpoint that it has cosigned, and cosigns
another one only if it continues that. `memory` is what it must not forget, `judging` the rules, `serving`
the HTTP door; `asking` is the other side.
"""
