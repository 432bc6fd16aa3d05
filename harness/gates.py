"""The command nb-gates: the five gates of the acceptance plan, a bundle for each, and a closing statement."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from harness.bundle import BundleWriter
from harness.bundle_find import CLOSING_KIND, GATE_KIND, STATEMENT, reports_root
from harness.ci import markdown, publish_summary
from harness.cli import CommandParser, positive_seconds, run_command
from harness.compare import Roi
from harness.environment import describe_environment
from harness.errors import HarnessError, UsageError
from harness.files import json_text
from harness.gate_figures import Setting
from harness.gate_table import BY_ID, GATES, Gate, closing_figures, judged_gate
from harness.pair import PairJob, run_pair
from harness.part import Part
from harness.programs import DEVICES, DTYPES, MODES, Program, first_program, second_program
from harness.schema import BUNDLE_SCHEMA
from harness.sides import check_sides
from harness.verdict import State

NAME = "nb-gates"
INITIATIVE = "gates"
CLOSING = "summary"
CRYSTAL_FILES = ("A.mat", "scaled.hkl")
PLAN_ROI = Roi(100, 156, 100, 156)
BUILT_IN_ROI = Roi(900, 956, 900, 956)
AROUND_PX = 30
TRACE_BLOCKS = ((684, 686, 1039, 1040), (1039, 1040, 684, 686))
DEFAULT_TIMEOUT_S = 1800.0
PASS_STATUS = 0
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
takes about as long as all of them, so it does not run unless asked for.
exit status: 0 all gates PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR (the worst of all gates)
"""


@dataclass(frozen=True)
class Plan:
    """What the gates run on: programs, command line, where to look, and the words that call it again."""

    first: Program
    second: Program
    args: tuple[str, ...]
    command: tuple[str, ...]
    label: str
    roi: Roi = PLAN_ROI
    blocks: tuple[tuple[int, int, int, int], ...] = TRACE_BLOCKS
    timeout_s: float = DEFAULT_TIMEOUT_S
    dtype: str | None = None
    device: str | None = None

    def job(self, mode: str) -> PairJob:
        """Return the comparison in one parity mode, with the pixels to trace."""
        words = [word for block in self.blocks for word in ("-trace_roi", *map(str, block))]
        return PairJob(
            self.first, self.second, (*self.args, *words), Path.cwd(), mode, self.dtype, self.device,
            timeout_s=self.timeout_s,
        )  # fmt: skip

    def compare_words(self, mode: str, args: Sequence[str]) -> list[str]:
        """Return the command that makes one of the comparisons."""
        chosen = (("--dtype", self.dtype), ("--device", self.device))
        settings = [word for option, value in chosen if value is not None for word in (option, value)]
        return ["nb-compare", "--parity-mode", mode, *settings, "--", *args]


def authoritative_words() -> list[str]:
    """Return the authoritative command line, its files as lysozyme/NAME; the table is read, not imported.

    Raises:
        HarnessError: the package that carries it is not installed.
    """
    spec = find_spec("golden_suite_generator")
    for location in (spec.submodule_search_locations or []) if spec else []:
        table = Path(location) / "cases.toml"
        if table.is_file():
            return str(tomllib.loads(table.read_text(encoding="utf-8"))["main"]["authoritative"]).split()
    raise HarnessError(
        "authoritative command line not found; reinstall nanobragg-parity with its package data"
    )


def words_for(data: Path) -> tuple[str, ...]:
    """Return the authoritative command line on the files of a folder."""
    files = {f"lysozyme/{name}": str(data.absolute() / name) for name in CRYSTAL_FILES}
    return tuple(files.get(word, word) for word in authoritative_words())


def write_built_in(folder: Path) -> Path:
    """Write the built-in crystal with the generator's own command and return the folder of its two files.

    Raises:
        HarnessError: the generator fails.
    """
    paths = [entry for entry in sys.path if entry] + [str(Path(__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-m", "golden_suite_generator.inputs", str(folder)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    if done.returncode != 0:
        why = " ".join(done.stderr.split())[-300:]
        raise HarnessError(f"the built-in crystal cannot be made: {why}; give --data DIR")
    return folder / "lysozyme"


def run_gates(
    plan: Plan, gates: Sequence[Gate], reports: Path, *, gradients: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Run gates in order, write a bundle for each and the closing one.

    Args:
        plan: what to run on.
        gates: which gates.
        reports: the root of all bundles.
        gradients: whether to compare the gradients, too.

    Returns:
        The closing bundle and its statement (the content of gates.json).
    """
    made: dict[str, Path] = {}
    environment = describe_environment(os.environ) | {
        "sides": check_sides(plan.job(MODES[0])),
        "programs": {"c": dict(plan.first.provenance), "py": dict(plan.second.provenance)},
    }
    rows = [run_gate(plan, gate, reports, made, environment) for gate in gates]
    if gradients:
        from harness.gate_gradients import run_gradient_gate

        rows.append(run_gradient_gate(plan, reports, environment))
    writer = BundleWriter.start(reports, INITIATIVE, CLOSING)
    statement = closing_statement(rows, plan, environment, writer.created)
    writer.add_text(STATEMENT, json_text(statement))
    writer.add_text("gates.md", gates_page(statement))
    writer.add_text("env.json", json_text(environment | {"created": writer.created}))
    writer.add_text("commands.txt", shlex.join(plan.command) + "\n")
    worst = max(rows, key=lambda row: row["exit_status"])
    metrics = frame(plan, environment, writer.created) | {
        "kind": CLOSING_KIND,
        "title": f"{len(rows)} gates on {plan.label}",
        **{key: worst[key] for key in ("verdict", "exit_status", "first_divergence", "causal_taps")},
        "reasons": [f"{row['settings']['gate']}: {reason}" for row in rows for reason in row["reasons"]],
        "parts": [],
        "figures": closing_figures(rows),
        "settings": {"bundles": [row["bundle"] for row in rows]},
    }
    return writer.finish(metrics), statement


def frame(plan: Plan, environment: Mapping[str, Any], created: str) -> dict[str, Any]:
    """Return what the metrics of all bundles of one call have in common."""
    return {
        "schema": BUNDLE_SCHEMA,
        "created": created,
        "command": list(plan.command),
        "commit": (environment["git"] or {}).get("commit"),
        "notes": list(environment["sides"]["differences"]),
    }


def run_gate(
    plan: Plan, gate: Gate, reports: Path, made: dict[str, Path], environment: Mapping[str, Any]
) -> dict[str, Any]:
    """Run one gate into a bundle; pairs that an earlier gate made are taken over.

    Returns:
        The metrics of the bundle, and its path relative to `reports` as 'bundle'.
    """
    from rich.console import Console

    writer = BundleWriter.start(reports, INITIATIVE, gate.id)
    with Console(stderr=True).status(f"{gate.id}: {gate.title}"):
        for mode in MODES:
            if mode in made:
                writer.link_folder(mode, made[mode])
                continue
            with writer.folder(mode) as folder:
                write_pair(plan, mode, folder, environment)
            made[mode] = writer.path / mode
        parts = [Part.load(writer.path / mode) for mode in MODES]
        setting = Setting(plan.roi, around_brightest(parts[0]))
        judged = judged_gate(gate, parts, setting)
    writer.add_text("env.json", json_text({**environment, "created": writer.created}))
    writer.add_text("commands.txt", gate_commands(plan, gate, parts))
    settings = {"gate": gate.id, "data": plan.label, **setting.data()}
    metrics = frame(plan, environment, writer.created) | judged | {
        "kind": GATE_KIND, "title": f"{gate.id} {gate.title}", "parts": list(MODES), "settings": settings,
    }  # fmt: skip
    path = writer.finish(metrics)
    return {**metrics, "bundle": path.relative_to(reports.absolute()).as_posix()}


def write_pair(plan: Plan, mode: str, folder: Path, environment: Mapping[str, Any]) -> None:
    """Run both programs in one parity mode and write the result folder."""
    from harness.summary import write_results

    job = plan.job(mode)
    write_results(folder, run_pair(job), environment, plan.compare_words(mode, job.args))


def around_brightest(part: Part) -> Roi:
    """Return the region of `AROUND_PX` pixels on each side of the first image's maximum."""
    if part.failed:
        return Roi(0, 0, 0, 0)
    image = part.first
    slow, fast = (int(place) for place in np.unravel_index(int(np.nanargmax(image)), image.shape))
    square = Roi(fast - AROUND_PX, fast + AROUND_PX, slow - AROUND_PX, slow + AROUND_PX)
    return square.clipped(image.shape)


def gate_commands(plan: Plan, gate: Gate, parts: Sequence[Part]) -> str:
    """Return the commands of a gate for copying, and its inputs by content hash."""
    lines = ["# the gate", shlex.join([*plan.command, "--only", gate.id] if plan.command else [])]
    for part in parts:
        compare = plan.compare_words(part.mode, part.summary["arguments"])
        lines += [f"# its comparison in parity mode {part.mode}", shlex.join(compare)]
    inputs = {(item["sha256"], item["path"]) for part in parts for item in part.summary["inputs"]}
    return "\n".join([*lines, *(f"# input {digest}  {path}" for digest, path in sorted(inputs))]) + "\n"


def closing_statement(
    rows: Sequence[Mapping[str, Any]], plan: Plan, environment: Mapping[str, Any], created: str
) -> dict[str, Any]:
    """Return the content of gates.json: verdict, first red gate, figures, bounds, bundles, commit."""
    red = [row for row in rows if row["exit_status"] != PASS_STATUS]
    return {
        "schema": "nb-gates 1",
        "created": created,
        "data": plan.label,
        "verdict": max(rows, key=lambda row: row["exit_status"])["verdict"],
        "exit_status": max(row["exit_status"] for row in rows),
        "first_red_gate": red[0]["settings"]["gate"] if red else None,
        "first_divergence": next((r["first_divergence"] for r in rows if r["first_divergence"]), None),
        "causal_taps": list(dict.fromkeys(tap for row in rows for tap in row["causal_taps"])),
        "git": environment["git"],
        "command": list(plan.command),
        "gates": list(rows),
    }


def gates_page(statement: Mapping[str, Any]) -> str:
    """Return the content of gates.md."""
    git = statement["git"] or {"commit": "not a checkout", "dirty": False}
    red = statement["first_red_gate"]
    lines = [
        "",
        f"Verdict: **{statement['verdict']}**, data: {statement['data']}, {statement['created']}",
        "",
        f"Commit: {git['commit']}{' with changes' if git['dirty'] else ''}",
        "",
        f"First red gate: {red or 'none'}; first divergence: {statement['first_divergence'] or 'null'}; "
        f"causal taps: {', '.join(statement['causal_taps']) or 'none'}",
        "",
        *(f"- {row['settings']['gate']}: bundle {row['bundle']}" for row in statement["gates"]),
    ]
    return markdown(statement["gates"], "Gates") + "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-gates and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of nb-gates."""
    parser = CommandParser(NAME, "Run the gates of the acceptance plan.", EPILOG)
    parser.add_argument("action", choices=["run"], help="run the gates in order")
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--only", action="append", choices=list(BY_ID), metavar="GATE", help="only this gate; repeatable")
    add("--gradients", action="store_true", help="compare autograd with differences, too (minutes)")
    add("--reports", type=Path, metavar="DIR", help="root of the bundles; default NB_REPORTS, else reports")
    add("--c-bin", metavar="P", help="first program")
    add("--py-bin", metavar="P", help="second program")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--device", choices=DEVICES, help="of the simulator")
    add("--timeout", type=positive_seconds, default=DEFAULT_TIMEOUT_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write gates.json to standard output, no table")
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--markdown", type=Path, metavar="FILE", help="write a Markdown summary")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    for path in (options.junit, options.markdown):
        if path is not None and path.exists():
            raise UsageError(f"'{path}' exists; results are never overwritten, name a new file")
    if options.gradients and options.py_bin is not None:
        raise UsageError("--gradients are taken in this Python's simulator; leave --py-bin out")
    gates = [gate for gate in GATES if not options.only or gate.id in options.only]
    reports = reports_root(options.reports)
    with data_folder(options.data) as (folder, label):
        plan = Plan(
            first_program(options.c_bin, os.environ), second_program(options.py_bin),
            words_for(folder), (NAME, *argv), label,
            BUILT_IN_ROI if options.data is None else PLAN_ROI, timeout_s=options.timeout,
            dtype=options.dtype, device=options.device,
        )  # fmt: skip
        path, statement = run_gates(plan, gates, reports, gradients=options.gradients)
    publish_summary(statement["gates"], "Gates", os.environ, options.junit, options.markdown)
    _show(statement, path, options)
    return int(statement["exit_status"])


@contextmanager
def data_folder(data: Path | None) -> Iterator[tuple[Path, str]]:
    """Yield the folder with A.mat and scaled.hkl and its name; the built-in crystal lasts as long as this.

    Raises:
        UsageError: a file is missing.
    """
    if data is None:
        with tempfile.TemporaryDirectory(prefix="nb-gates-") as scratch:
            yield write_built_in(Path(scratch)), "built-in crystal"
        return
    missing = [name for name in CRYSTAL_FILES if not (data / name).is_file()]
    if missing:
        raise UsageError(f"--data '{data}': holds no {' and no '.join(missing)}; name the folder that does")
    yield data, data.absolute().name


def _show(statement: Mapping[str, Any], path: Path, options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(json_text(statement))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from harness.summary import STATE_STYLE

    table = Table(title=f"{NAME}: {statement['verdict']}")
    for heading in ("gate", "mode", "quantity", "measured", "published", "strict", "state"):
        table.add_column(heading, overflow="fold")
    for row in statement["gates"]:
        for figure in row["figures"]:
            cells = (figure[key] for key in ("measured", "published", "strict"))
            shown = ["-" if value is None else f"{value:.4g}" for value in cells]
            state = Text(figure["state"], style=STATE_STYLE[State(figure["state"])])
            name = row["settings"]["gate"]
            table.add_row(name, figure["part"], Text(figure["name"]), *shown, state)
        table.add_section()
    console = Console()
    console.print(table)
    for row in statement["gates"]:
        for reason in row["reasons"]:
            console.print(Text(f"{row['settings']['gate']}: {reason}"), soft_wrap=True)
    if statement["first_red_gate"]:
        taps = ", ".join(statement["causal_taps"]) or "none found"
        words = f"first red gate {statement['first_red_gate']}, first divergence "
        console.print(Text(f"{words}{statement['first_divergence']}, causal taps: {taps}"), soft_wrap=True)
    console.print(Text(f"statement in {path}"), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
