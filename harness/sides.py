"""The two sides of a comparison: the first program, usually in C, and the second, usually the simulator."""

SIDES = ("c", "py")
