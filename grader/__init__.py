"""The engine: pytest asks, an isolated process that holds the submission answers.

It knows nothing about language models: what is asked is written in `checks/`.
"""
