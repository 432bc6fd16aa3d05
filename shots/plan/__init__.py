"""A plan of shots: a nanoBragg command line and distributions, and the command line of each shot."""
