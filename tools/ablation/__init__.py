"""The table of an ablation: one training for each row, each stored when it is done."""
