"""Training a submission's character model in pieces that can be stopped, saved and continued."""
