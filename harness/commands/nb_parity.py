"""The main job: the authoritative command through both programs, in both parity modes, each with a verdict.

`nb-parity [--data DIR] [--reports DIR]` runs on the built-in crystal, or on the
`A.mat` and `scaled.hkl` of DIR. It ends with the worst exit status of the comparisons.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from golden_suite_generator.cases import authoritative_args
from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.commands import nb_compare
from harness.commands.common import CommandParser, run_command
from harness.files import stamp
from harness.programs.programs import MODES
from harness.suite.crystal_data import require_data
from system_io.children import temporary_folder

NAME = "nb-parity"
EXAMPLES = (
    "nb-parity",
    "nb-parity --data DIR --reports reports",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the main job and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def compare_in_modes(data: Path, reports: Path) -> int:
    """Compare both programs on the authoritative command in each parity mode.

    Args:
        data: folder with A.mat and scaled.hkl.
        reports: the comparisons go to reports/<mode>.

    Returns:
        The largest exit status of nb-compare: 0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR.
    """
    reports.mkdir(parents=True, exist_ok=True)
    args = authoritative_args(data)
    statuses = []
    for mode in MODES:
        sys.stdout.write(f"\nparity mode {mode}\n")
        words = ["--parity-mode", mode, "--outdir", str(reports / mode), "--", *args]
        statuses.append(nb_compare.main(words))
    return max(statuses)


def make_parser() -> CommandParser:
    """Return the parser of nb-parity."""
    parser = CommandParser(
        NAME, "Run both programs on the authoritative command, in both parity modes.", None, EXAMPLES
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in"
    )
    parser.add_argument(
        "--outdir",
        "--reports",
        dest="reports",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="default reports",
    )
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    reports = options.reports / "parity" / stamp()
    if options.data is not None:
        require_data(options.data)
        return compare_in_modes(options.data, reports)
    with temporary_folder("nb-parity") as folder:
        sys.stdout.write("making the built-in crystal\n")
        write_lysozyme_like(Path(folder))
        return compare_in_modes(Path(folder), reports)


if __name__ == "__main__":
    sys.exit(main())
