"""Whether the files of a run can be written, asked before anything is computed or torch is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.config import RunConfig
from simulator.errors import InputError
from system_io.files import require_free_targets, unwritable
from system_io.owner import sweep

NO_FILE = Path()


class Target(NamedTuple):
    """An output: the option that names it, its path, and what it is in messages."""

    option: str
    path: Path
    what: str


def targets_of(config: RunConfig) -> list[Target]:
    """Return the outputs of a run in the order of writing."""
    output, trace = config.output, config.trace
    wanted = (
        (output.dump_file != NO_FILE, Target("-dump", output.dump_file, "dump file")),
        (trace.wanted and trace.file != NO_FILE, Target("-trace_file", trace.file, "trace")),
        (True, Target("-floatfile", output.float_file, "float image")),
        (True, Target("-intfile", output.int_file, "SMV image")),
        (output.write_pgm, Target("-pgmfile", output.pgm_file, "PGM image")),
        (output.write_noise, Target("-noisefile", output.noise_file, "noise image")),
    )
    return [target for needed, target in wanted if needed]


def check_outputs(config: RunConfig, inputs: Sequence[tuple[str, Path]] = ()) -> None:
    """Check the outputs before anything is computed, and remove what dead processes left beside them.

    The dump file need not be written (05 section 3).

    Args: inputs, the files that are read, by option. Raises: InputError if an output names an input or
    another output, or cannot be written.
    """
    targets = targets_of(config)
    named = [(target.option, target.path) for target in targets]
    if config.output.stolout_file != NO_FILE:
        named.append(("-stolout", config.output.stolout_file))
    require_free_targets(named, inputs, InputError)
    for option, path, what in targets:
        trouble = unwritable(path)
        if trouble and option != "-dump":
            raise InputError(f"cannot write {what} '{path}': {trouble}; name another file")
    for folder in {Path(os.path.realpath(target.path)).parent for target in targets}:
        sweep(folder)
