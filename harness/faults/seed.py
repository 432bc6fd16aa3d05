"""Seeded faults: single wrong lines put into a copy of either program, to prove that the tools find them.

A fault is a table of text substitutions for the sources of the C reference and of the simulator, the tap at
which it strikes, and a command line that shows it. `python -m harness.faults.seed make ID
--side SIDE --outdir DIR` makes the faulty program, for nb-compare and trace-harness (`--c-bin`, `--py-bin`).
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness.commands.common import CommandParser, run_command
from harness.errors import HarnessError, ProgramError, UsageError
from harness.faults.table import FAULTS, Fault, Substitution
from harness.programs.build import build_reference, reference_sources

NAME = "harness.faults.seed"
SIDES = ("c", "py")
BY_ID: Mapping[str, Fault] = {fault.id: fault for fault in FAULTS}


@dataclass(frozen=True)
class FaultyProgram:
    """A program with one fault: the words that call it, and the file to give as --c-bin or --py-bin."""

    words: tuple[str, ...]
    path: Path


def substitute(folder: Path, substitutions: Sequence[Substitution]) -> None:
    """Change sources in a folder.

    Raises:
        HarnessError: a text to replace does not stand in its file exactly once.
    """
    for name, old, new in substitutions:
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        count = text.count(old)
        if count != 1:
            raise HarnessError(
                f"fault table: '{old}' stands {count} times in {name}, must be once; correct the table"
            )
        path.write_text(text.replace(old, new), encoding="utf-8")


def make_faulty(fault: Fault, side: str, folder: Path) -> FaultyProgram:
    """Make a program with one fault.

    Args:
        fault: which one.
        side: c for the C reference, py for the simulator.
        folder: where its sources go; a new directory in it.

    Raises:
        BuildError: the C sources with the fault do not compile.
        HarnessError: the table does not fit the sources.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return _faulty_reference(fault, folder) if side == SIDES[0] else _faulty_simulator(fault, folder)


def _faulty_reference(fault: Fault, folder: Path) -> FaultyProgram:
    sources = folder / "reference"
    shutil.copytree(reference_sources(), sources)
    substitute(sources, fault.c)
    path = build_reference("O0", sources=sources).path
    return FaultyProgram((str(path),), path)


def _faulty_simulator(fault: Fault, folder: Path) -> FaultyProgram:
    spec = find_spec("simulator")
    if spec is None or spec.origin is None:
        raise ProgramError(f"PyTorch simulator not found by '{sys.executable}'; install nanobragg-parity")
    package = Path(spec.origin).parent
    shutil.copytree(package, folder / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    substitute(folder / "simulator", fault.py)
    path = folder / f"faulty-{fault.id}"
    line = f"import sys; sys.path.insert(0, {str(folder.absolute())!r})\nfrom simulator.cli import main\n"
    starter = folder / "start.py"
    starter.write_text(f"{line}sys.exit(main())\n", encoding="utf-8")
    words = (sys.executable, str(starter.absolute()))
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return FaultyProgram(words, path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def _command(argv: Sequence[str]) -> int:
    parser = CommandParser(f"python -m {NAME}", "List the seeded faults, or make a program with one of them.")
    parser.add_argument("what", choices=("list", "make"))
    parser.add_argument("id", nargs="?", help="which fault to make")
    parser.add_argument("--side", choices=SIDES, default=SIDES[0], help="c reference or simulator; default c")
    parser.add_argument("--outdir", type=Path, metavar="DIR", help="new directory for its sources")
    options = parser.parse_args(argv)
    if options.what == "list":
        sys.stdout.write("".join(f"{fault.id:24s} {fault.what} ({fault.taps[0]})\n" for fault in FAULTS))
        return 0
    if options.id not in BY_ID or options.outdir is None:
        raise UsageError(f"make needs the id of a fault ({', '.join(BY_ID)}) and --outdir DIR")
    if options.outdir.exists():
        raise UsageError(f"directory '{options.outdir}' exists; name one that does not")
    sys.stdout.write(f"{make_faulty(BY_ID[options.id], options.side, options.outdir).path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
