"""The report a person reads: one self-contained HTML page made from a bundle."""
