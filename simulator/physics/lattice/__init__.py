"""The lattice factor of the crystal shapes: value, slope and bound."""
