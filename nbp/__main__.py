"""`python -m nbp`."""

import sys

from nbp.entry import main

sys.exit(main())
