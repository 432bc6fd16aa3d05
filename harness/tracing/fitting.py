"""The tap map that fits a program, found among those that are shipped and those of the user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from system_io.cache import NAME, home_folder
from system_io.shown import printable
from trace_tools.debugger.check import MapCheck, check_map
from trace_tools.debugger.tap_map import SUFFIX, load_map, shipped_maps
from trace_tools.errors import DebuggerError, TraceError

VARIABLE = "NB_TAP_MAPS"
PUT = " (put)"
"""How the name of a value ends that is put in, not read."""


@dataclass(frozen=True)
class FittingMap:
    """The map that fits a program, by its name or path, None with the reason where there is none."""

    name: str | None
    why: str


def user_maps(environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the maps in the user's folder, by path.

    The folder is what NB_TAP_MAPS names, else nanobragg-parity/tap_maps in XDG_CONFIG_HOME or in .config of
    the home.
    """
    named, config, home = environ.get(VARIABLE), environ.get("XDG_CONFIG_HOME", ""), home_folder(environ)
    if named:
        folder = Path(named)
    elif Path(config).is_absolute():
        folder = Path(config) / NAME / "tap_maps"
    elif home is not None:
        folder = home / ".config" / NAME / "tap_maps"
    else:
        return {}
    return {str(path.absolute()): path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def map_that_fits(binary: Path, environ: Mapping[str, str] = os.environ) -> FittingMap:
    """Return the first map all of whose taps can be read in a program; the user's come first.

    Args:
        binary: the program; it is not run.
        environ: where the user's folder is looked for.
    """
    reasons = []
    for name in (*user_maps(environ), *shipped_maps()):
        try:
            found = check_map(load_map(name), binary, None)
        except (DebuggerError, TraceError) as error:
            reasons.append(f"'{printable(name)}': {error}")
            continue
        if _reads_all(found):
            return FittingMap(name, f"'{printable(name)}' fits: {_extent(found)}")
        reasons.append(f"'{printable(name)}': {_extent(found)}")
    return FittingMap(None, "; ".join(reasons))


def _reads_all(found: MapCheck) -> bool:
    """Tell whether each tap of a map can be read; places that only values put in need may be missing."""
    read = [row for row in found.rows if not row.name.endswith(PUT)]
    return bool(read) and not any(row.problem for row in read)


def _extent(found: MapCheck) -> str:
    there = sum(1 for place in found.places.values() if place.spot)
    taps = {tap.point.name for tap in found.tap_map.taps}
    bad = {row.name for row in found.rows if row.problem}
    return f"{there} of {len(found.places)} places match, {len(taps - bad)} of {len(taps)} taps can be read"
