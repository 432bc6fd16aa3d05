"""Evidence bundles: written, found, verified, replayed and tabulated."""
