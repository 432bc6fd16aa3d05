"""The option of the commands that use kept results, and the shelf that it chooses."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from harness.kept.shelf import Shelf
from system_io.errors import UserError
from system_io.shown import printable

NO_CACHE = "--no-cache"


def add_no_cache(parser: argparse.ArgumentParser) -> None:
    """Add the option that runs C programs anew."""
    parser.add_argument(
        NO_CACHE, action="store_true", help="run C programs anew, and keep nothing of what they give"
    )


def chosen_shelf(no_cache: bool, environ: Mapping[str, str]) -> Shelf | None:
    """Return where results are kept, None where nothing is to be, or there is no place for it.

    A line on standard error says that there is none.
    """
    if no_cache:
        return None
    try:
        shelf = Shelf.of(environ)
        obstacle = shelf.obstacle
    except UserError as error:
        obstacle = printable(str(error))
    if not obstacle:
        return shelf
    sys.stderr.write(f"note: results of C programs are not kept: {obstacle}; {NO_CACHE} asks for that\n")
    return None
