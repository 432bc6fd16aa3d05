"""Whether the files of a run can be written, asked before anything is computed or torch is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.output.outputs import DUMP, NO_FILE, OUTPUTS, OutputFile
from system_io.files import require_free_targets, unwritable
from system_io.owner import sweep


def targets_of(config: RunConfig) -> list[tuple[OutputFile, Path]]:
    """Return the files of a run and where they go, in the order of writing."""
    return [(row, row.path(config)) for row in OUTPUTS if row.wanted(config)]


def check_outputs(config: RunConfig, inputs: Sequence[tuple[str, Path]] = ()) -> None:
    """Check the outputs before anything is computed, and remove what dead processes left beside them.

    The dump file need not be written (05 section 3).

    Args:
        inputs: the files that are read, by option.

    Raises:
        InputError: if an output names an input or another output, or cannot be written.
    """
    targets = targets_of(config)
    named = [(row.option, path) for row, path in targets]
    if config.output.stolout_file != NO_FILE:
        named.append(("-stolout", config.output.stolout_file))
    require_free_targets(named, inputs, InputError)
    for row, path in targets:
        trouble = unwritable(path)
        if trouble and row is not DUMP:
            raise InputError(f"cannot write {row.what} '{path}': {trouble}; name another file")
    for folder in {Path(os.path.realpath(path)).parent for _, path in targets}:
        sweep(folder)
