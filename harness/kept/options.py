"""The option of the commands that use kept results, and the shelf that it chooses."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from harness.kept.shelf import Shelf
from system_io.errors import UserError

NO_CACHE = "--no-cache"


def add_no_cache(parser: argparse.ArgumentParser) -> None:
    """Add the option that runs C programs anew."""
    parser.add_argument(
        NO_CACHE, action="store_true", help="run C programs anew, and keep nothing of what they give"
    )


def chosen_shelf(no_cache: bool, environ: Mapping[str, str]) -> Shelf | None:
    """Return where results are kept, None where nothing is to be, or there is no place for it."""
    if no_cache:
        return None
    try:
        return Shelf.of(environ)
    except UserError:
        return None
