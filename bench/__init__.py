"""Measurements: `make bench`. Each states its work, its reference and its goal; every figure is a ratio.

A new one is a module with `measure()`, which gives `Result`s, and a line in `__main__.py`.
"""
