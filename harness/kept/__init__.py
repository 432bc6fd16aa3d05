"""Results of programs, kept from run to run: what they depend on, how they lie on disk, when they serve."""
