"""Drawn command lines: made from the option table, run by both programs, and what they disagree about."""
