"""The command nb-report: verify, replay, list, compare, plot, summarise and show evidence bundles."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands.ci_files import HEADING, CiFiles, add_ci_options
from harness.errors import BundleError, HarnessError, UsageError
from harness.store.ci import require_free
from harness.store.find import find_bundles, reports_root, require_bundle
from system_io.command import Command
from system_io.parser import CommandParser
from system_io.shown import json_text, printable
from system_io.verdict_words import EXIT_STATUS, Word

if TYPE_CHECKING:
    from harness.evidence.hashes import Verification

if TYPE_CHECKING:
    from harness.evidence.made import MadePage

NAME = "nb-report"
EPILOG = """\
A bundle is a folder below the reports folder (nb-gates), or the result folder of one run of nb-compare,
nb-gradients or trace-harness. It is not trusted: verify, replay, summary and diff check all of it first; list
and history check its hashes, and show what does not hold as NOT VERIFIED.

replay runs programs: this installation's own C reference and simulator on the recorded command line, in an
empty folder, with input files found by their content. A program that the bundle names runs only with
--run-recorded, and only if it has the recorded sha256 and lies outside the bundle; nothing in a bundle runs.

verify proves that a bundle is consistent, not where it comes from: its images may be anyone's. Only replay
shows that programs give them. The reflections are predicted again from the command line and the files it
names; where one is gone, verify says that their figures are as stated.

exit status: 0 PASS, 1 FAIL (tampered with, differs), 2 NOT COMPARABLE (incomplete), 3 ERROR
"""

EXAMPLES = (
    "nb-report verify proof",
    "nb-report html proof -o proof.html",
    "nb-report html --index --reports reports",
    "nb-report replay proof --data DIR",
    "nb-report summary proof --junit parity.xml",
    "nb-report list --reports reports",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-report and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of nb-report with one sub-command for each action."""
    parser = CommandParser(
        NAME, "Verify, replay, tabulate, compare and show evidence bundles.", EPILOG, EXAMPLES
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str, *bundles: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        for bundle in bundles:
            made.add_argument(bundle.lower(), type=Path, metavar=bundle)
        made.add_argument("--json", action="store_true", help="write JSON to standard output")
        return made

    action("verify", "check hashes, schemas and every derived number", "BUNDLE")
    again = action("replay", "verify, run the programs again, and compare", "BUNDLE")
    again.add_argument("--data", type=Path, metavar="DIR", help="look here for input files, by content")
    again.add_argument("--c-bin", metavar="P", help="first program, in place of the recorded one")
    again.add_argument("--py-bin", metavar="P", help="second program, in place of the recorded one")
    again.add_argument(
        "--run-recorded", action="store_true", help="run other programs that the bundle names, if unchanged"
    )
    action("diff", "compare environments and metrics of two bundles", "A", "B")
    for name, text in (("list", "tabulate the bundles"), ("history", "plot a figure over the bundles")):
        made = action(name, text)
        made.add_argument("--reports", type=Path, metavar="DIR", help="default NB_REPORTS, else reports")
        if name == "history":
            made.add_argument("figure", help="name of the figure, for example '1 - correlation'")
            made.add_argument("-o", "--output", type=Path, default=Path("history.png"), metavar="FILE")
    page = action("html", "make one self-contained HTML page")
    page.add_argument("bundle", type=Path, metavar="BUNDLE", nargs="?")
    page.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="default BUNDLE.html beside the bundle, index.html in the reports folder",
    )  # fmt: skip
    page.add_argument("--index", action="store_true", help="make the index of the reports folder, no BUNDLE")
    page.add_argument(
        "--reports", type=Path, metavar="DIR", help="for --index; default NB_REPORTS, else reports"
    )
    page.add_argument(
        "--part", metavar="MODE", help="which compared pair has its images shown; default the first"
    )
    brief = action("summary", "verdict and figures, for people and for CI", "BUNDLE")
    add_ci_options(brief)
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    return ACTIONS[options.action](options)


def _verify(options: argparse.Namespace) -> int:
    from harness.evidence.verify import verify_bundle

    return _tell(verify_bundle(options.bundle, pictures=True), options.json)


def _tell(check: Verification, as_json: bool, more: str = "") -> int:
    """Write the outcome of a verification and return its exit status."""
    from harness.evidence.verified import verified_facts, verified_word

    if as_json:
        sys.stdout.write(json_text(verified_facts(check)))
        return EXIT_STATUS[check.word]
    _say(f"{verified_word(check)}: {check.path}, {check.checked} files listed{more}")
    _say(*(f"  - {fault}" for fault in check.faults))
    _say(*(f"  - note: {text}" for text in check.underived))
    return EXIT_STATUS[check.word]


def _say(*lines: str) -> None:
    """Write lines whose texts may come from a bundle."""
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def _replay(options: argparse.Namespace) -> int:
    from harness.evidence.verify import verify_bundle

    check = verify_bundle(options.bundle)
    if check.word is not Word.PASS:
        return _tell(check, options.json, "; not replayed")
    from harness.evidence.replay import replay, replay_word
    from harness.recorded.rerun import Chosen

    chosen = Chosen(
        options.bundle, options.c_bin, options.py_bin, options.run_recorded,
        lambda text: sys.stderr.write(f"{NAME}: {text}\n"),
    )  # fmt: skip
    done = replay(options.bundle, options.data, chosen)
    word = replay_word(done)
    if options.json:
        parts = [{"part": one.part, "verdict": one.word.value, "lines": list(one.lines)} for one in done]
        data = {"verdict": word.value, "exit_status": EXIT_STATUS[word], "parts": parts}
        sys.stdout.write(json_text(data))
        return EXIT_STATUS[word]
    for one in done:
        _say(f"{one.word.value}: {one.part}", *(f"  - {line}" for line in one.lines))
    return EXIT_STATUS[word]


def _diff(options: argparse.Namespace) -> int:
    bundles = [require_bundle(path) for path in (options.a, options.b)]
    from harness.evidence.bundle_tables import bundle_differences
    from harness.evidence.verified import TAMPERED
    from harness.evidence.verify import verify_bundle

    checks = zip("AB", map(verify_bundle, bundles), strict=True)
    wrong = [f"{side}: {TAMPERED}: {fault}" for side, check in checks for fault in check.faults]
    found = {"verification": wrong, **bundle_differences(*bundles)}
    differs = any(found.values())
    if options.json:
        sys.stdout.write(json_text({"differs": differs, **found}))
        return int(differs)
    for section, lines in found.items():
        _say(f"{section}: {len(lines)} differences", *(f"  - {line}" for line in lines))
    return int(differs)


def _list(options: argparse.Namespace) -> int:
    root = _existing(reports_root(options.reports))
    from harness.evidence import bundle_tables

    frame = bundle_tables.bundle_list(root, find_bundles(root))
    if options.json:
        sys.stdout.write(json_text({"bundles": bundle_tables.as_records(frame)}))
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*frame.columns)
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(printable(str(cell)), overflow="fold") for cell in row))
    Console().print(table)
    return 0


def _history(options: argparse.Namespace) -> int:
    root = _existing(reports_root(options.reports))
    require_free({"--output": None if options.json else options.output})
    from harness.evidence import bundle_tables

    frame, left_out = bundle_tables.metrics_frame(root, find_bundles(root))
    for name in left_out:
        sys.stderr.write(f"{NAME}: left out, NOT VERIFIED: {printable(name)}\n")
    if options.json:
        chosen = frame[frame["name"] == options.figure] if not frame.empty else frame
        sys.stdout.write(json_text({"figures": bundle_tables.as_records(chosen)}))
        return 0
    _publish_file(options.output, lambda path: bundle_tables.draw_history(path, frame, options.figure))
    _say(str(options.output))
    return 0


def _summary(options: argparse.Namespace) -> int:
    bundle = require_bundle(options.bundle)
    files = CiFiles.of(options)
    from harness.evidence.verified import verified_metrics
    from harness.store.ci import results_markdown

    metrics = verified_metrics(bundle)
    files.publish(metrics, bundle)
    sys.stdout.write(json_text(metrics) if options.json else results_markdown([metrics], HEADING))
    return int(metrics["exit_status"])


def _html(options: argparse.Namespace) -> int:
    if options.index == (options.bundle is not None):
        raise UsageError("html: give a BUNDLE, or --index and no BUNDLE")
    made, target = _made_index(options) if options.index else _made_page(options)
    _publish_file(target, lambda path: path.write_bytes(made.text.encode("utf-8", "backslashreplace")))
    facts = {"page": str(target), "bytes": target.stat().st_size, **made.facts}
    sys.stderr.writelines(f"{NAME}: {printable(line)}\n" for line in made.warnings)
    sys.stdout.write(json_text(facts) if options.json else f"{printable(str(target))}\n")
    return 0


def _made_page(options: argparse.Namespace) -> tuple[MadePage, Path]:
    bundle = require_bundle(options.bundle).absolute()
    target = _new(options.output or bundle.with_name(f"{bundle.name}.html"))
    from harness.evidence.made import made_page

    return made_page(bundle, options.part), target


def _made_index(options: argparse.Namespace) -> tuple[MadePage, Path]:
    root = _existing(reports_root(options.reports))
    target = _new(options.output or root / "index.html")
    from harness.evidence.made import made_index

    return made_index(root, target.absolute().parent), target


def _existing(root: Path) -> Path:
    if not root.is_dir():
        raise BundleError(f"no reports folder '{root}'; give --reports DIR or set NB_REPORTS")
    return root


def _new(target: Path) -> Path:
    """Return the path of a new file.

    Raises:
        HarnessError: if it exists or lies in a finished bundle.
    """
    require_free({"--output": target})
    return target


def _publish_file(target: Path, write: Callable[[Path], object]) -> None:
    """Write a new file under a temporary name and rename it.

    Raises:
        HarnessError: it exists, or cannot be written.
    """
    _new(target)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            partial = Path(scratch) / target.name
            write(partial)
            partial.rename(target)
    except OSError as error:
        raise HarnessError(f"cannot write '{target}': {error.strerror}; name another file") from error


ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "verify": _verify,
    "replay": _replay,
    "diff": _diff,
    "list": _list,
    "history": _history,
    "summary": _summary,
    "html": _html,
}

if __name__ == "__main__":
    sys.exit(main())
