"""One formula a file, on tensors: geometry, crystal, sources, random numbers, factors of a pixel."""
