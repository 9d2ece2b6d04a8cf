"""What checks judge with: criteria, comparisons that explain themselves, oracles, strategies."""
