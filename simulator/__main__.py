"""`python -m simulator` is the nanoBragg command line."""

import sys

from simulator.cli import main

sys.exit(main())
