"""The terminal door: one module for each command, and `output`, the only printer.

Command modules are light; what they need is imported when a command runs.
"""
