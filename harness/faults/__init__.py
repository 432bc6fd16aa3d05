"""Faults seeded in copies of either program, to prove that the tools find them."""
