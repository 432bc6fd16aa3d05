"""Taps read by a debugger: the map of a program, its places in the source, the run, and the trace."""
