"""Simulated shots integrated and merged, held to the intensities that they were made of."""
