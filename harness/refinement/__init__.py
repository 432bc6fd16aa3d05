"""Refinement of a run against an image, and what its numbers are worth."""
