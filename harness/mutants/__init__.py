"""Small changes of sources, drawn by a seed: faults that nobody thought of."""
