"""Entry points of all commands, and `nbp` itself.

The packages have names that others may use as well (`simulator`, `harness`). Each entry point first looks
where they would come from, so that a foreign package of that name is one clear line and not a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from nbp.commands import BY_NAME, BY_WORD, COMMANDS, CommandRow

NAME = "nbp"
PACKAGES = ("system_io", "simulator", "shots", "trace_tools", "harness", "golden_suite_generator")
EXAMPLES = (
    "nbp compare -- -cell 79 79 38 90 90 90 -default_F 100 -N 10 -lambda 1 -distance 100 -detpixels 512",
    "nbp trace --pixel 100 120 -- ARGS",
    "nbp help gates",
    "nbp completion bash > ~/.local/share/bash-completion/completions/nbp",
    "nbp man compare | man -l -",
)
HELP = """\
usage: nbp COMMAND [words of the command]

nanoBragg, and the proof that two programs are one.

commands:
{listed}
`nbp COMMAND` and the name in brackets are the same; `nbp --version` prints the version.
exit status: 0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR (nanoBragg: 9), 130 interrupted

examples:
{examples}"""
EXTRA: tuple[tuple[str, str], ...] = (
    ("help", "show the help of a command"),
    ("completion", "print the completion script of a shell: bash, zsh or tcsh"),
    ("man", "print the man page of a command"),
)


def foreign_package(packages: Sequence[str] = PACKAGES) -> str | None:
    """Return in words which package would not come from beside this one, None if all do."""
    home = Path(__file__).resolve().parents[1]
    for name in packages:
        found = _place(name)
        if found != home / name:
            return (
                f"package '{name}' is taken from '{found}', not from '{home / name}': something else of that "
                "name stands first on the path; leave PYTHONPATH out or rename it"
            )
    return None


def _place(name: str) -> Path | None:
    """Return the folder of a package, the file of a module, None where there is neither."""
    spec = find_spec(name)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or [])
    place = folders[0] if folders else spec.origin
    return Path(place).resolve() if place else None


def run_row(row: CommandRow, argv: Sequence[str] | None = None) -> int:
    """Run a command on words, those of the process by default, and return its exit status."""
    why = foreign_package()
    if why is not None:
        sys.stderr.write(f"{row.name}: error: {why}\n")
        return row.error_status
    from system_io.command import CLOSED_PIPE, Command
    from system_io.room import NUMPY_BYTES, TORCH_BYTES, check_room

    def loaded(words: Sequence[str]) -> int:
        check_room(TORCH_BYTES if row.needs_torch else NUMPY_BYTES)
        return row.main()(words)

    return Command(row.name, loaded, row.error_status, CLOSED_PIPE)(argv)


def _script(name: str) -> Callable[[], int]:
    def script() -> int:
        return run_row(BY_NAME[name])

    return script


nb_compare = _script("nb-compare")
trace_harness = _script("trace-harness")
trace_diff = _script("trace-diff")
nb_trace_map = _script("nb-trace-map")
nb_gates = _script("nb-gates")
nb_probe = _script("nb-probe")
nb_gradients = _script("nb-gradients")
nb_refine = _script("nb-refine")
nb_report = _script("nb-report")
nb_golden = _script("nb-golden")
nb_parity = _script("nb-parity")
nb_fuzz = _script("nb-fuzz")
nb_shrink = _script("nb-shrink")
nb_invariants = _script("nb-invariants")


def nanobragg() -> None:
    """Run nanoBragg and end the process; taking down what torch holds would take a third of a second."""
    status = run_row(BY_NAME["nanoBragg"])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbp WORD ...` and return the exit status of the command."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in BY_WORD:
        return run_row(BY_WORD[words[0]], words[1:])
    why = foreign_package()
    if why is not None:
        sys.stderr.write(f"{NAME}: error: {why}\n")
        return 3
    from system_io.command import Command

    return Command(NAME, _own)(words)


def _own(words: Sequence[str]) -> int:
    from system_io.parser import UsageError
    from system_io.version import VERSION

    if not words or words[0] in ("-h", "--help") or list(words) == ["help"]:
        sys.stdout.write(umbrella_help())
        return 0
    if words[0] == "--version":
        sys.stdout.write(f"{NAME} {VERSION}\n")
        return 0
    actions = {"help": _help, "completion": _completion, "man": _man}
    if words[0] in actions and len(words) == 2:
        return actions[words[0]](words[1])
    if words[0] in actions:
        raise UsageError(f"{words[0]} takes one word, not {len(words) - 1}; see {NAME} --help")
    raise UsageError(f"no command '{words[0]}'; there are {', '.join(BY_WORD)}; see {NAME} --help")


def umbrella_help() -> str:
    """Return the help of `nbp`."""
    rows = [(row.word, f"{row.summary} ({row.name})" if row.is_script else row.summary) for row in COMMANDS]
    width = max(len(word) for word, _ in rows)
    listed = "".join(f"  {word:<{width}s} {text}\n" for word, text in (*rows, *EXTRA))
    examples = "".join(f"  {line}\n" for line in EXAMPLES)
    return HELP.format(listed=listed, examples=examples)


def _row(word: str) -> CommandRow:
    from system_io.parser import UsageError

    row = BY_WORD.get(word) or BY_NAME.get(word)
    if row is None:
        raise UsageError(f"no command '{word}'; there are {', '.join(BY_WORD)}")
    return row


def _help(word: str) -> int:
    return _row(word).main()(["--help"])


def _completion(shell: str) -> int:
    from nbp.pages import completion

    sys.stdout.write(completion(shell))
    return 0


def _man(word: str) -> int:
    from nbp.pages import man_page

    sys.stdout.write(man_page(_row(word).page if word != NAME else NAME))
    return 0


if __name__ == "__main__":
    sys.exit(main())
