"""Loads the engine, as the repository's own `conftest.py` does."""

pytest_plugins = ["grader.plugin"]
