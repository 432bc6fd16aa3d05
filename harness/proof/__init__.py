"""Proofs about the taps of a traced pixel: which program is right, and which tap holds the difference."""
