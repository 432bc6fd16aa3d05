"""Evidence bundles of every kind: verified, replayed, tabulated and shown."""
