"""The command nb-gates: the five gates of the acceptance plan, a bundle for each, and a closing statement."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from golden_suite_generator.cases import authoritative_args
from harness.errors import UsageError
from harness.gates.brought import NO_PROBE, require_modes
from harness.kept.options import add_no_cache, chosen_shelf
from harness.option_types import positive_seconds
from harness.programs.programs import DEVICES, DTYPES, first_program, second_program
from harness.shown import ShownRow
from harness.sides import SIDES
from harness.store.ci import require_free
from harness.store.find import reports_root
from harness.suite.crystal_data import data_folder, require_data
from harness.time_limits import RUN_S
from harness.verdict import State
from system_io.command import Command
from system_io.parser import CommandParser
from system_io.shown import json_text

NAME = "nb-gates"
GATE_IDS = ("VG-1", "VG-2", "VG-3", "VG-4", "VG-5")
EPILOG = """\
gates: VG-1 rotation at phi = 0; VG-2 F_cell, F_latt, I_before_scaling and first divergence at the traced
pixels; VG-3 correlation on fast and slow 100 to 156; VG-4 sums and peaks there and around the brightest
reflection; VG-5 the whole image. Each in both parity modes, with the published bound and the strict one; the
strict one decides.
Traced are slow 684-686 x fast 1039-1040 and the block with the axes exchanged, since the plan's pixels
(685,1039) and (684,1039) can be read either way.

--data DIR holds A.mat and scaled.hkl; without it the built-in crystal is used, whose reflections do not
reach fast and slow 100 to 156: VG-3 and VG-4 then look at 900 to 956.

--gradients adds what nb-gradients does, in both parity modes, as one more gate. It is no gate of the plan and
takes longer than all of them, so it does not run unless asked for.
A program given by path is probed first (nb-probe; kept by its hash). One that has not the quirks of c-parity
mode, does not know both modes, or does not repeat is NOT COMPARABLE, and the message names what is otherwise.
exit status: 0 all gates PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR (the worst of all gates)
"""

EXAMPLES = (
    "nb-gates",
    "nb-gates --data DIR --only VG-5 --junit gates.xml",
    "nb-gates --gradients --reports reports",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-gates and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> CommandParser:
    """Return the parser of nb-gates."""
    parser = CommandParser(NAME, "Run the gates of the acceptance plan.", EPILOG, EXAMPLES)
    parser.add_argument("action", choices=["run"], nargs="?", default="run", help="may be left out")
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--only", action="append", choices=GATE_IDS, metavar="GATE", help="only this gate; repeatable")
    add("--gradients", action="store_true", help="compare autograd with differences, too (minutes)")
    add(
        "--outdir",
        "--reports",
        dest="reports",
        type=Path,
        metavar="DIR",
        help="root of the bundles; default NB_REPORTS, else reports",
    )
    add("--c-bin", metavar="P", help="first program")
    add("--py-bin", metavar="P", help="second program")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--device", choices=DEVICES, help="of the simulator")
    add(NO_PROBE, action="store_true", help="judge a program given by path as it is, whatever its quirks are")
    add_no_cache(parser)
    add("--timeout", type=positive_seconds, default=RUN_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write gates.json to standard output, nothing else")
    parser.add_verbosity()
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--markdown", type=Path, metavar="FILE", help="write a Markdown summary")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    require_free({"--junit": options.junit, "--markdown": options.markdown})
    if options.gradients and options.py_bin is not None:
        raise UsageError("--gradients are taken in this Python's simulator; leave --py-bin out")
    require_data(options.data)
    programs = (
        first_program(options.c_bin, os.environ, limit_s=options.timeout),
        second_program(options.py_bin, options.timeout),
    )
    reports = reports_root(options.reports)
    with data_folder(options.data) as (folder, label):
        from harness.gates.plan import BUILT_IN_ROI, PLAN_ROI, GatePlan
        from harness.gates.run import run_gates
        from harness.gates.table import GATES
        from harness.store.ci import publish_summary

        args = tuple(authoritative_args(folder))
        if not options.no_probe:
            require_modes(dict(zip(SIDES, programs, strict=True)), args, options.timeout, os.environ)
        gates = [gate for gate in GATES if not options.only or gate.id in options.only]
        plan = GatePlan(
            *programs, args, (NAME, *argv), label,
            BUILT_IN_ROI if options.data is None else PLAN_ROI, timeout_s=options.timeout,
            dtype=options.dtype, device=options.device, shelf=chosen_shelf(options.no_cache, os.environ),
        )  # fmt: skip
        path, statement = run_gates(plan, gates, reports, gradients=options.gradients)
    publish_summary(statement["gates"], "Gates", os.environ, options.junit, options.markdown)
    _show(statement, path, options)
    return int(statement["exit_status"])


def _show(statement: Mapping[str, Any], path: Path, options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(json_text(statement))
        return
    from harness.shown import Shown, show

    gates = statement["gates"]
    lines = [f"{gate['settings']['gate']}: {reason}" for gate in gates for reason in gate["reasons"]]
    if statement["first_red_gate"]:
        taps = ", ".join(statement["causal_taps"]) or "none found"
        lines.append(f"first red gate: {statement['first_red_gate']}")
        lines.append(f"first divergence: {statement['first_divergence'] or 'none'}; causal taps: {taps}")
    passed = sum(gate["exit_status"] == 0 for gate in gates)
    counted = f"{passed} of {len(gates)} gates passed"
    details = [_figure_row(gate, figure) for gate in gates for figure in gate["figures"]]
    rows = [_gate_row(gate) for gate in gates]
    show(Shown(NAME, statement["verdict"], counted, rows, lines, str(path), details), options.verbosity)


def _gate_row(gate: Mapping[str, Any]) -> ShownRow:
    """Return one gate: its strict bounds, how many were held, and its verdict."""
    compared = [figure for figure in gate["figures"] if figure["state"] in (State.HELD, State.FAILED)]
    held = sum(figure["state"] == State.HELD for figure in compared)
    return ShownRow(gate["settings"]["gate"], f"{held} of {len(compared)} figures held", "", gate["verdict"])


def _figure_row(gate: Mapping[str, Any], figure: Mapping[str, Any]) -> ShownRow:
    """Return one figure of a gate with both bounds."""
    measured, published, strict = (
        "-" if figure[key] is None else f"{figure[key]:.4g}" for key in ("measured", "published", "strict")
    )
    name = f"{gate['settings']['gate']} {figure['part']} {figure['name']}"
    return ShownRow(name, measured, f"strict {strict}, published {published}", figure["state"])


if __name__ == "__main__":
    sys.exit(main())
