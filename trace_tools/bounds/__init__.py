"""Bounds that a parity.toml states: how they read, and the floor that measured ones rest on."""
