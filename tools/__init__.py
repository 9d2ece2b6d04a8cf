"""Commands that call a submission's code, or the reference's: none of them judges it."""
