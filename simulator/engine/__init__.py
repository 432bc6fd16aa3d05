"""How a stage runs: operation by operation, recorded, or compiled."""
