"""A run of a program, or what the same run gave before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.kept.entry import KeptResult
from harness.kept.key import run_key
from harness.kept.options import NO_CACHE
from harness.kept.shelf import Shelf
from harness.programs.arguments import PreparedArguments
from harness.programs.programs import Program
from harness.programs.run import ProgramRun, command_of, run_program
from harness.programs.watching import Watch, nobody


def kept_or_run(
    program: Program,
    settings: Sequence[str],
    arguments: PreparedArguments,
    scratch: Path,
    timeout_s: float,
    threads: int = 1,
    watch: Watch = nobody,
    shelf: Shelf | None = None,
) -> ProgramRun:
    """Return what a run gave before, else run the program and keep what it gives (`run_program`).

    A result is kept only if program and inputs are after the run what they were before.

    Args:
        program: what to run.
        settings: words for parity mode, dtype, device.
        arguments: the prepared command line.
        scratch: directory for the run; must not exist.
        timeout_s: longest wall time, s.
        threads: how many an external program may start.
        watch: shows how far the program is.
        shelf: where results are kept; None to run anew.
    """
    key = None if shelf is None else run_key(program, settings, arguments, threads)
    found = None if shelf is None or key is None else shelf.take(key)
    if shelf is not None:
        shelf.answers.append(None if found is None else found.made)
    if found is not None:
        return _run_of(found, program, settings, arguments)
    run = run_program(program, settings, arguments, scratch, timeout_s, threads, watch)
    result = KeptResult.of(run)
    if shelf is None or key is None or result is None:
        return run
    if run_key(program, settings, arguments, threads) == key:
        shelf.put(key, result)
    return run


def _run_of(
    found: KeptResult, program: Program, settings: Sequence[str], arguments: PreparedArguments
) -> ProgramRun:
    """Return a kept result as a run of today's command."""
    return ProgramRun(
        program=program,
        command=command_of(program, settings, arguments),
        outcome=found.outcome,
        stdout=found.stdout,
        stderr=found.stderr,
        image=found.image,
        shape_source=found.shape_source,
        failure=None,
        trace=found.trace,
        files=found.files,
        kept=found.made,
    )


def kept_note(title: str, made: Sequence[str], kept: int = 1, runs: int = 1) -> str:
    """Return in words that results of a program are kept ones.

    Args:
        title: of the program.
        made: when they were computed: the first and the last time.
        kept: how many results are kept ones.
        runs: how many results were asked for, the kept ones included.
    """
    when = min(made) if min(made) == max(made) else f"{min(made)} to {max(made)}"
    how_many = "kept result" if runs == 1 else f"{kept} of {runs} results are kept ones"
    return f"{title}: {how_many}, computed {when}; {NO_CACHE} runs it anew"
