"""Checks of `textmetrics`, the measures of generated text."""
