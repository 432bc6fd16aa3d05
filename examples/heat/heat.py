"""Heat on a ring, as heat.c has it. Usage: heat.py CELLS STEPS."""

import sys

import numpy as np

cells, steps = int(sys.argv[1]), int(sys.argv[2])
now = np.zeros(cells)
now[cells // 2] = 1.0
for _ in range(steps):
    right, left = np.roll(now, -1), np.roll(now, 1)
    now = now + 0.1 * (right - 2.0 * now + left)
np.save("field.npy", now)
