"""Faults seeded in either program, to prove that the tools find them."""
