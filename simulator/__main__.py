"""`python -m simulator` is the nanoBragg command line."""

from simulator.cli import run

run()
