"""Transplants proven on seeded faults (`python -m harness.proof.campaign`), each in a process of its own.

A program with a fault and the sound other one run a command line; the pixel that differs most is traced, and
the values of each side are put into the program of the other. A fault is told where the taps at which it
strikes are named, and at least 99 % of the difference vanish, in both directions.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.errors import HarnessError, UsageError
from harness.faults.fault import BOTH, SeededFault
from harness.faults.lines import TrialLine, trial_lines
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID, FAULTS
from harness.programs.build import build_reference
from harness.sides import SIDES
from harness.suite.generate import case_inputs
from harness.suite.runner import lay_out
from system_io.children import execute, temporary_folder
from system_io.command import Command
from system_io.parser import CommandParser
from system_io.shown import json_text
from system_io.verdict_words import EXIT_STATUS, Word

NAME = "python -m harness.proof.campaign"
TOLD, NOT_TOLD, NOTHING = "told", "not told", "no pixel differs"
DRAWN, SEED = 10, 18
RUN_S, FAULT_S = 60.0, 600.0
IMAGE, LOG = "campaign.bin", "campaign.log"
ENOUGH = 0.99
MAP = "reference"
DEBUGGED = ("-w", "-g")
START = """\
import sys
sys.path.insert(0, {packages!r})
from harness.faults.python_seams import put
from harness.faults.table import BY_ID
put(BY_ID[{fault!r}].py if {side!r} == "py" else ())
from harness.proof.campaign import say_trial
say_trial({fault!r}, {side!r})
"""
"""The process of a fault: it is put in before anything of the simulator is imported."""
EPILOG = """\
exit status: 0 every fault that changes a pixel is told, 1 one is not, 2 none changes a pixel, 3 ERROR
"""
EXAMPLES = (NAME, f"{NAME} --count 40 --seed 3 --json proof.json", f"{NAME} --ids c-polar-sign spindle-sign")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        NAME, "Prove transplants on seeded faults, drawn from all of them.", EPILOG, EXAMPLES
    )
    parser.add_argument(
        "--ids", nargs="+", default=[], metavar="ID", help="these faults; default: drawn ones"
    )
    parser.add_argument("--count", type=int, default=DRAWN, help=f"how many are drawn; default {DRAWN}")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draw")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    unknown = [name for name in options.ids if name not in BY_ID]
    if unknown:
        raise UsageError(f"no fault '{unknown[0]}'; nbp faults list names them")
    if options.count < 1:
        raise UsageError(f"--count {options.count}: must be 1 or more")
    rows = []
    for fault, side in units(options.ids, options.count, options.seed):
        rows.append(in_own_process(fault, side))
        sys.stdout.write(f"{row_text(rows[-1])}\n")
        sys.stdout.flush()
        if options.json is not None:
            options.json.write_text(json_text(campaign_figures(rows, options.seed)), encoding="utf-8")
    figures = counted(rows)
    sys.stdout.write(f"told: {figures['told']} of {figures['differ']} faults that change a pixel\n")
    return EXIT_STATUS[_word(figures)]


def units(ids: Sequence[str], count: int, seed: int) -> list[tuple[SeededFault, str]]:
    """Return faults and sides: the named ones, or so many drawn, of both programs in turn."""
    if ids:
        return [(BY_ID[name], side) for name in ids for side in BY_ID[name].sides if side != BOTH]
    drawn = random.Random(seed)
    pools = []
    for side in SIDES:
        pool = [(f, side) for f in FAULTS if side in f.sides and f.taps and not trial_lines()[f.line].refused]
        drawn.shuffle(pool)
        pools.append(pool)
    return [unit for pair in zip(*pools, strict=False) for unit in pair][:count]


def in_own_process(fault: SeededFault, side: str) -> dict[str, Any]:
    """Try one fault in a process that has it, and return what `trial` does.

    Raises:
        HarnessError: the process failed.
    """
    with temporary_folder("nb-campaign") as name:
        environ = {**os.environ, "TMPDIR": name, "OMP_NUM_THREADS": "1"}
        program = START.format(packages=str(Path(__file__).parents[2]), fault=fault.id, side=side)
        words = [sys.executable, "-c", program]
        outcome, said, erred = execute(words, Path.cwd(), environ, FAULT_S)
    if outcome.failure is not None:
        last = (erred or said).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise HarnessError(f"fault '{fault.id}' ({side}): the process {outcome.failure}: {last}")
    found: dict[str, Any] = json.loads(said)
    return found


def say_trial(fault_id: str, side: str) -> None:
    """Write what transplants tell of a fault to standard output, as JSON."""
    with redirect_stdout(sys.stderr):
        found = trial(BY_ID[fault_id], side)
    sys.stdout.write(json.dumps(found) + "\n")


def trial(fault: SeededFault, side: str) -> dict[str, Any]:
    """Return what transplants tell of a fault; one of the simulator is in this process already.

    Args:
        fault: which one.
        side: c or py.
    """
    from harness.proof.process_site import DebuggedProgram
    from harness.proof.transplant import transplant_data, transplants
    from trace_tools.debugger.tap_map import load_map
    from trace_tools.judging.judge import judge
    from trace_tools.reading.trace_file import read_stream, read_trace

    line = trial_lines()[fault.line]
    with case_inputs() as inputs, temporary_folder("nb-trial") as name:
        folder = Path(name)
        work = folder / "work"
        work.mkdir()
        lay_out(line.case, inputs, work)
        binary = (
            make_faulty(fault, side, folder / "made").path
            if side == SIDES[0]
            else build_reference("O0", extra_flags=DEBUGGED).path
        )
        words = tuple(line.case.words(inputs))
        told = ("-parity_mode", line.mode, "-noprogress", *words)
        files = {inputs / source: name for name, source in line.case.files.items()}
        row = {"fault": fault.id, "side": side, "what": fault.what, "line": line.id, "taps": list(fault.taps)}
        image = simulated(line, words, work, None)[0]
        pixel = farthest_pixel(reference_image(binary, told, work).reshape(image.shape), image)
        if pixel is None:
            return {**row, "outcome": NOTHING, "pixel_slow_fast": None, "transplant": []}
        traced = (*told, "-trace_pixel", *map(str, pixel), "-trace_schema", "2", "-trace_file", LOG)
        _run(binary, traced, work)
        log = simulated(line, words, work, pixel)[1]
        report = judge(read_trace(work / LOG), read_stream(io.BytesIO(log.encode()), "py"))
        program = DebuggedProgram(binary, load_map(MAP), told, files, RUN_S)
        here = ("--parity-mode", line.mode, *words)
        found = transplant_data(transplants(report.comparison, here, work, (), (program.at, None)))
        outcome = (
            TOLD if len(found) == len(SIDES) and all(is_told(one, fault.taps) for one in found) else NOT_TOLD
        )
        return {**row, "outcome": outcome, "pixel_slow_fast": list(pixel), "transplant": found}


def is_told(stated: Mapping[str, Any], taps: Sequence[str]) -> bool:
    """Tell whether a direction names a tap at which a fault strikes, and takes the difference away."""
    if not {*stated["named"], *stated["roots"]} & set(taps):
        return False
    last = next(row["together"] for row in stated["taps"] if row["tap"] == stated["named"][-1])
    return bool(abs(1.0 - last) <= 1.0 - ENOUGH)


def farthest_pixel(one: FloatImage, other: FloatImage) -> tuple[int, int] | None:
    """Return the pixel (slow, fast) of the largest difference of two images, None where they are equal."""
    apart = np.nan_to_num(np.abs(one.astype(float) - other.astype(float)), nan=0.0, posinf=0.0)
    if not apart.any():
        return None
    slow, fast = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return int(slow), int(fast)


def reference_image(binary: Path, words: Sequence[str], work: Path) -> FloatImage:
    """Return the float image of a C program, as one row."""
    _run(binary, (*words, "-floatfile", IMAGE), work)
    return np.fromfile(work / IMAGE, np.float32)


def _run(binary: Path, words: Sequence[str], work: Path) -> None:
    outcome, said, erred = execute([str(binary), *words], work, dict(os.environ), RUN_S)
    if outcome.failure is not None:
        last = (erred or said).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise HarnessError(f"program '{binary}' {outcome.failure}: {last}")


def simulated(
    line: TrialLine, words: Sequence[str], work: Path, pixel: tuple[int, int] | None
) -> tuple[FloatImage, str]:
    """Return the image [slow, fast] of the simulator of this process, and the trace of a pixel."""
    from simulator import RunConfig
    from simulator.image import render
    from simulator.output.trace import recorder_of, trace_text
    from simulator.scene.scene import prepare

    looking = () if pixel is None else ("-trace_schema", "2", "-trace_pixel", *map(str, pixel))
    with chdir(work):
        told = ["--parity-mode", line.mode, "-dtype", "float64", "-compile", "off", *words, *looking]
        config = RunConfig.from_args(told)
        scene = prepare(config)
        if pixel is None:
            return render(scene).image.numpy().astype(np.float32), ""
        recorder = recorder_of(config)
        image = render(scene, recorder).image.numpy().astype(np.float32)
        return image, trace_text(scene, recorder)


def counted(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many faults were tried, change a pixel, and are told."""
    differ = [row for row in rows if row["outcome"] != NOTHING]
    told = [row for row in differ if row["outcome"] == TOLD]
    return {"tried": len(rows), "differ": len(differ), "told": len(told)}


def campaign_figures(rows: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Return the figures of a campaign so far, of each fault what the directions name."""
    kept = ("direction", "into", "named", "roots")
    short = [
        {**row, "transplant": [{key: one[key] for key in kept} for one in row["transplant"]]} for row in rows
    ]
    return {**counted(rows), "seed": seed, "rows": short}


def _word(figures: Mapping[str, int]) -> Word:
    if not figures["differ"]:
        return Word.NOT_COMPARABLE
    return Word.PASS if figures["told"] == figures["differ"] else Word.FAIL


def row_text(row: Mapping[str, Any]) -> str:
    """Return one fault in a line: its taps, and what each direction names."""
    told = "; ".join(
        f"{one['direction']}: {', '.join([*one['named'], *one['roots']]) or one['remark'] or 'no tap'}"
        for one in row["transplant"]
    )
    return f"{row['fault']} ({row['side']}) {row['outcome']}: {', '.join(row['taps'])}: {told}"


if __name__ == "__main__":
    sys.exit(main())
