"""Checks of `charlm`, the character-level LSTM language model."""
