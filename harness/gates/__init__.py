"""The acceptance gates: quantities, bounds, runs and checks."""
