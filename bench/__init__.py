"""Measurements: `make bench`. Each states its work, its reference and its goal; every figure is a ratio.

`make bench` takes minutes on a quiet machine; `make bench FULL=1` takes the sizes that the goals are about.

A new one is a module with `measure()`, which gives `Result`s, and a line in `__main__.py`.
"""
