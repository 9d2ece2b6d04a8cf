"""The specification: one package a lab, and `support`, what the checks judge with."""
