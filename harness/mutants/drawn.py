"""Faults drawn by a seed from all small changes of either program (`nbp faults run --drawn COUNT`).

Nobody chose them, so that the share of them that is found tells more than that of the tables. What a drawn
fault does is not known: it may change nothing, and at which tap it strikes nobody says.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import resources
from pathlib import Path

from harness.faults.c_seams import CText, definitions
from harness.faults.fault import DRAWN, SeededFault
from harness.faults.python_seams import PyText
from harness.mutants.c_changes import changed_blocks
from harness.mutants.python_changes import ChangedText, changed_texts
from harness.programs.build import reference_sources
from harness.sides import SIDES

LINE = "two-sources-turning"
"""The command line on which a drawn fault is traced: one with several turns of each loop."""
C_FILES = (
    "block", "crystal", "geometry", "image", "option_store", "options", "orientations", "physics",
    "pixel_factors", "quirks", "random", "read_factors", "read_tables", "sampling", "setup", "shape_gauss",
    "shape_round", "shape_square", "shape_tophat", "shapes", "smv_header", "spot_distance",
    "structure_factor", "vec",
)  # fmt: skip
"""Files of the C reference, and their headers, that make an image; the others read, write, refuse and say."""
ROOMS = ("command_line", "io", "kernel", "physics", "physics/lattice", "scene")
"""Rooms of the simulator that make an image."""
OBSERVERS = re.compile(r"^(?:tap_|trace_|warn_)")
"""Functions that only watch."""
HEAD = re.compile(r"(\w+)\(")
MakesFault = Callable[[str], SeededFault]
"""Makes the fault of a name; most are never made."""


def drawn_faults(count: int, seed: int) -> list[SeededFault]:
    """Return faults of both programs in turn, the same for the same seed, whatever their number.

    Args:
        count: of both together; fewer where there are not so many changes.
        seed: of the draw.
    """
    drawn = []
    for side, every in zip(SIDES, (_of_reference(), _of_simulator()), strict=True):
        part = (count + (side == SIDES[0])) // 2
        random.Random(seed).shuffle(every)
        names = (f"{DRAWN}{side}-{seed}-{number}" for number in range(1, part + 1))
        drawn += [make(name) for name, make in zip(names, every, strict=False)]
    return drawn


def _of_reference() -> list[MakesFault]:
    return [
        made
        for path in sorted(reference_sources().glob("*.[ch]"))
        if path.stem in C_FILES
        for made in _of_file(path)
    ]


def _of_file(path: Path) -> Iterator[MakesFault]:
    text = path.read_text(encoding="utf-8")
    for found in definitions(r"\w+", text):
        named = HEAD.search(text, found.start)
        name = named[1] if named else ""
        if OBSERVERS.match(name) or len(definitions(name, text)) != 1:
            continue
        for change in changed_blocks(found):
            what = f"{path.name}, {name}, line {change.line}: {change.what}"
            seam = CText(name, found.block, change.block)
            yield partial(SeededFault, what=what, line=LINE, c=(seam,))


def _of_simulator() -> list[MakesFault]:
    home = Path(str(resources.files("simulator")))
    paths = [path for room in ROOMS for path in sorted((home / room).glob("*.py"))]
    return [made for path in paths for made in _of_module(path, home)]


def _of_module(path: Path, home: Path) -> Iterator[MakesFault]:
    module = ".".join(("simulator", *path.relative_to(home).with_suffix("").parts))
    for change in changed_texts(path.read_text(encoding="utf-8"), larger=True):
        yield partial(_in_simulator, module=module, change=change)


def _in_simulator(name: str, module: str, change: ChangedText) -> SeededFault:
    what = f"{module}, line {change.line}: {change.what}"
    return SeededFault(name, what, LINE, py=(PyText(module, change.text),))
