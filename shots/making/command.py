"""The command `nbp shots`: a data set from a plan, on one machine or on many."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from system_io.command import Command, say_warning
from system_io.parser import QUIET, USUAL, CommandParser
from system_io.shell import shell_text
from system_io.shown import json_text, printable
from system_io.tasks.choice import add_engine_options, chosen_engine, workers_count
from system_io.verdict_words import EXIT_STATUS, Word

if TYPE_CHECKING:
    from shots.plan.shot_plan import ShotPlan

NAME = "nbp shots"
MOST_LISTED = 20
EPILOG = """exit status: 0 done or PASS, 1 FAIL (verify alone), 3 ERROR, 130 interrupted

A plan is a nanoBragg command line, and what varies from shot to shot. Shot K is the same whatever the number
of shots, the shards, the workers and the order; a run that was killed goes on with --resume. docs/shots.md
says what stands in a plan, and how to run one on a cluster."""
EXAMPLES = (
    "nbp shots check PLAN.toml",
    "nbp shots run PLAN.toml --outdir set --workers 8",
    "nbp shots run PLAN.toml --outdir set --resume",
    "nbp shots run PLAN.toml --outdir set --shard 3/100",
    "nbp shots run PLAN.toml --outdir set --scheduler tcp://HOST:8786",
    "nbp shots show PLAN.toml 17",
    "nbp shots verify set",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return Command(NAME, _command)(sys.argv[1:] if argv is None else argv)


def shard_of_shots(text: str) -> tuple[int, int]:
    """Return the number and the count of `i/n`, 1/1 for all (an argparse type)."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"'{text}' is not a shard i/n with i from 1 to n")
    return int(found[1]), int(found[2])


def make_parser() -> CommandParser:
    """Return the parser with a sub-command for each action."""
    parser = CommandParser(NAME, "Make a data set of many shots from a plan.", EPILOG, EXAMPLES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_run(actions)
    for action, text in (
        ("check", "say what a plan asks for, and check all its shots; nothing is computed"),
        ("list", "list the values that are drawn for each shot"),
        ("show", "print the nanoBragg command line of each crystal and panel of a shot"),
    ):
        one = actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.add_argument("plan", type=Path, metavar="PLAN", help="a PLAN.toml")
        if action == "show":
            one.add_argument("number", type=int, metavar="K", help="number of the shot, from 0")
        if action == "list":
            one.add_argument(
                "--first", type=workers_count, metavar="N", help=f"the first N shots; default {MOST_LISTED}"
            )
        one.add_argument("--json", action="store_true", help="print as JSON")
    text = "read all files of a data set and hold them to its manifest"
    verify = actions.add_parser("verify", help=text, description=f"{text[0].upper()}{text[1:]}.")
    verify.add_argument("folder", type=Path, metavar="DIR", help="folder of a data set")
    verify.add_verbosity()
    return parser


def _add_run(actions: argparse._SubParsersAction[CommandParser]) -> None:
    text = "make the shots of a plan and write them"
    run = actions.add_parser("run", help=text, description=f"{text[0].upper()}{text[1:]}.")
    run.add_argument("plan", type=Path, metavar="PLAN", help="a PLAN.toml")
    run.add_argument(
        "--outdir", type=Path, metavar="DIR", help="folder of the data set; default that of the plan"
    )
    run.add_argument(
        "--shard",
        type=shard_of_shots,
        default=(1, 1),
        metavar="i/n",
        help="only each n-th shot, from the i-th",
    )
    add_engine_options(run, "one a core, one with -device cuda")
    run.add_argument("--resume", action="store_true", help="go on with what an earlier run left")
    run.add_verbosity()


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    return ACTIONS[options.action](options)


def _checked(path: Path) -> ShotPlan:
    """Return a plan whose shots are checked; what is odd about the first is said."""
    from shots.plan.check_plan import check_plan
    from shots.plan.read_plan import read_plan

    plan = read_plan(path)
    for warning in check_plan(plan):
        say_warning(NAME, warning)
    return plan


def _run(options: argparse.Namespace) -> int:
    from shots.making.run_shots import run_shots
    from system_io.tasks.progress_bar import tasks_shown

    plan = _checked(options.plan.absolute())
    target = (options.outdir or plan.output.outdir).absolute()
    usual = 1 if "cuda" in plan.command else None
    engine = chosen_engine(options, -(-plan.shots // options.shard[1]), usual)
    with ExitStack() as stack:

        def watch(total: int) -> Callable[[], None]:
            return stack.enter_context(tasks_shown("shots", total, quiet=options.verbosity == QUIET))

        done = run_shots(plan, target, engine, options.shard, options.resume, watch)
    rest = "" if done.there == 0 else f", {done.there} were there"
    state = "complete" if done.complete else "shots of other shards are missing"
    sys.stdout.write(f"{done.made} shots made{rest}; {state}; in {printable(str(done.folder.path))}\n")
    return 0


def _check(options: argparse.Namespace) -> int:
    from shots.plan.spectrum import SHIFT_EV, spectrum_shown

    plan = _checked(options.plan)
    variation = plan.variation
    varied = [option.key for option in variation.options]
    varied += [
        key
        for key, there in (
            ("orientation", variation.orientation), ("cell", variation.cell), ("scale", variation.scale),
            ("lattices", variation.lattices.varies), ("detector_shift_mm", variation.detector_shift_mm),
            (SHIFT_EV, plan.spectrum is not None and plan.spectrum.shift_eV is not None),
        )
        if there
    ]  # fmt: skip
    facts = {
        "title": plan.title, "shots": plan.shots, "seed": plan.seed, "varies": varied,
        "command": shell_text(plan.command), "panels": len(plan.panels) or 1,
        "spectrum": spectrum_shown(plan.spectrum), "formats": list(plan.output.formats),
        "outdir": str(plan.output.outdir), "digest": plan.digest,
    }  # fmt: skip
    _say_facts(facts, options.json)
    return 0


def _say_facts(facts: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(facts))
        return
    for key, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        sys.stdout.write(f"{key}: {printable(shown) or 'nothing'}\n")


def _list(options: argparse.Namespace) -> int:
    from shots.plan.planned_shot import planned_shot
    from shots.plan.read_plan import read_plan

    plan = read_plan(options.plan)
    shots = [planned_shot(plan, number) for number in range(min(plan.shots, options.first or MOST_LISTED))]
    if options.json:
        rows = [
            {"number": s.number, "drawn": s.drawn, "crystals": [c.drawn for c in s.crystals]} for s in shots
        ]
        sys.stdout.write(json_text({"shots": rows}))
        return 0
    for shot in shots:
        sys.stdout.write(f"shot {shot.number}: {_shown(shot.drawn)}\n")
        for place, crystal in enumerate(shot.crystals):
            sys.stdout.write(f"  crystal {place}: {_shown(crystal.drawn)}\n")
    if plan.shots > len(shots):
        sys.stdout.write(f"and {plan.shots - len(shots)} more; see --first\n")
    return 0


def _shown(drawn: Mapping[str, Sequence[float]]) -> str:
    return "; ".join(f"{key} {' '.join(f'{v:.6g}' for v in values)}" for key, values in drawn.items()) or "-"


def _show(options: argparse.Namespace) -> int:
    from shots.making.frames_of import crystal_lines, setup_of_shot
    from shots.plan.planned_shot import place_inputs, planned_shot
    from shots.plan.read_plan import read_plan

    plan = read_plan(options.plan)
    shot = planned_shot(plan, options.number)
    place_inputs(plan, shot)
    setup = setup_of_shot(plan, shot) if plan.panels else None
    lines = []
    for crystal in shot.crystals:
        panels = (crystal.runs,) if setup is None else crystal_lines(plan, crystal, setup)
        lines += [["nanoBragg", *words] for runs in panels for words in runs]
    if options.json:
        sys.stdout.write(json_text({"number": shot.number, "command_lines": lines}))
    else:
        sys.stdout.write("".join(f"{shell_text(line)}\n" for line in lines))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from shots.making.verify_data_set import verified_data_set

    state = verified_data_set(options.folder)
    word = Word.FAIL if state.faults else Word.PASS
    if options.verbosity >= USUAL:
        sys.stdout.write("".join(f"{printable(fault)}\n" for fault in state.faults))
    sys.stdout.write(
        f"{NAME}: {word.value}: {state.shots} shots, {state.files} files, {len(state.faults)} faults\n"
    )
    return EXIT_STATUS[word]


ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "check": _check,
    "list": _list,
    "show": _show,
    "verify": _verify,
}


if __name__ == "__main__":
    sys.exit(main())
