"""Whether the files of a run can be written, asked before anything is computed or torch is loaded."""

from __future__ import annotations

from pathlib import Path

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.io.files import unwritable

NO_FILE = Path()


def check_outputs(config: RunConfig) -> None:
    """Raise InputError if an output file cannot be written, before anything is computed."""
    output = config.output
    wanted = [(output.float_file, "float image"), (output.int_file, "SMV image")]
    wanted += [(output.pgm_file, "PGM image")] if output.write_pgm else []
    wanted += [(output.noise_file, "noise image")] if output.write_noise else []
    wanted += [(config.trace.file, "trace")] if config.trace.wanted and config.trace.file != NO_FILE else []
    for path, what in wanted:
        trouble = unwritable(path)
        if trouble:
            raise InputError(f"cannot write {what} '{path}': {trouble}; name another file")
