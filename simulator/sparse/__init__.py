"""Evaluations that may be left out (--epsilon), with proven bounds of what they would add."""
