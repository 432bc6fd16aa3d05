"""The change contract: what a patch may change, and whether all the rest is equal bit for bit."""
