"""Loads the engine; everything else is in `grader/plugin.py`."""

pytest_plugins = ["grader.plugin"]
