"""The end of the process of the command line."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from system_io.command import CLOSED_PIPE


def end_process(status: int) -> NoReturn:
    """End the process with an exit status, after what was printed is out.

    What torch holds is not taken down piece by piece: that takes a third of a second. The files are whole.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or CLOSED_PIPE
    os._exit(status)
