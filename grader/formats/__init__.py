"""Verdicts in the formats of the places where courses keep them.

Each module holds pure functions of result files (docs/result-file.md): they read nothing, write
nothing, and can be tested against the format's own description.
"""
