"""Checks of `seq2seq`, the encoder-decoder."""
