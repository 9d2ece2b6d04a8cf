"""Checks of `wordlm`, the word-level LSTM with truncated backpropagation through time."""
