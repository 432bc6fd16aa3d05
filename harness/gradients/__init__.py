"""Gradients of the simulator against differences of another program."""
