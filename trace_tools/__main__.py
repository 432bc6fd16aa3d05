"""``python -m trace_tools`` is ``trace-diff``."""

import sys

from trace_tools.cli import main

if __name__ == "__main__":
    sys.exit(main())
