"""Checks of `gradients`, backpropagation by hand."""
