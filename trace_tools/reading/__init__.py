"""Logs of two programs read as records, in the contract's format and in older ones."""
