"""Which outputs are compared, by the simulator's table, and which of them a command line has a run write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import UsageError
from harness.programs.arguments import DUMP_OPTIONS, PreparedArguments, spelled, values_of
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.options import Given, RawOptions
from simulator.command_line.resolve import writes_noise, writes_pgm
from simulator.output.outputs import DUMP, FLOAT, INT, NOISE, OUTPUTS, PGM, TRACE, OutputFile

ALL = "all"
EXACT, STATISTICS = "exact", "statistics"
NOISE_WAYS = (EXACT, STATISTICS)
"""How noise images are compared: pixel by pixel, or as samples of what the float images expect."""
SEED_OPTIONS = spelled("-seed")
COMMON_SEED = ("-seed", "1")
"""Told to both programs where noise images are compared and the command line leaves the seed to the clock."""


def output_word(row: OutputFile) -> str:
    """Return the name by which an output is asked for: `smv` of the SMV image."""
    return row.what.split()[0].lower()


ROWS: Mapping[str, OutputFile] = {output_word(row): row for row in OUTPUTS if row is not TRACE}
"""By name; traces have a judge of their own wherever a command line asks for them."""
FLOAT_NAME, SMV_NAME, PGM_NAME, NOISE_NAME, DUMP_NAME = (
    output_word(row) for row in (FLOAT, INT, PGM, NOISE, DUMP)
)


@dataclass(frozen=True)
class OutputRequest:
    """The outputs that are compared, in the order of the table, and how noise images are.

    every: whether all were asked for, so that those which a command line switches off are left out.
    """

    names: tuple[str, ...] = ()
    noise: str = EXACT
    every: bool = False

    @property
    def more(self) -> tuple[str, ...]:
        """Return the outputs beside the float image, which is always compared."""
        return tuple(name for name in self.names if name != FLOAT_NAME)

    def facts(self) -> dict[str, object]:
        """Return the request as plain data, nothing where only the float image is compared."""
        return {"outputs": list(self.names), "noise": self.noise} if self.more else {}


NO_MORE = OutputRequest()
"""Nothing but the float image."""


def output_names(text: str) -> tuple[str, ...]:
    """Return the outputs that a list with commas names.

    Raises:
        UsageError: a name of no output.
    """
    names = [part.strip() for part in text.split(",")]
    for name in names:
        if name != ALL and name not in ROWS:
            known = ", ".join([*ROWS, ALL])
            raise UsageError(f"--outputs '{name}': no output has this name; give some of {known}")
    return tuple(name for name in ROWS if ALL in names or name in names)


def output_request(text: str | None, noise: str | None) -> OutputRequest:
    """Return what --outputs and --noise ask for; without --outputs nothing but the float image.

    Raises:
        UsageError: a name of no output, or --noise without noise images.
    """
    names = () if text is None else output_names(text)
    if noise is not None and NOISE_NAME not in names:
        raise UsageError(
            f"--noise {noise} is about noise images; add --outputs {NOISE_NAME}, or leave it out"
        )
    return OutputRequest(names, noise or EXACT, names == tuple(ROWS))


def stated_request(settings: Mapping[str, Any]) -> OutputRequest:
    """Return the request that the settings of a result state.

    Raises:
        UsageError: they state what no command line can ask for.
    """
    if not settings.get("outputs"):
        return NO_MORE
    return output_request(
        ",".join(settings["outputs"]), settings.get("noise") if NOISE_NAME in settings["outputs"] else None
    )


def switched_off(args: Sequence[str]) -> dict[str, str]:
    """Return the outputs that a command line has no run write, each with the reason; a dump needs -hkl."""
    raw = RawOptions(tuple(Given(BY_SPELLING[word].name, ()) for word in args if word in BY_SPELLING))
    return {name: why for name, (written, why) in SWITCHES.items() if not written(raw)}


SWITCHES: Mapping[str, tuple[Callable[[RawOptions], bool], str]] = {
    DUMP_NAME: (lambda raw: raw.has("-hkl"), "no -hkl"),
    FLOAT_NAME: (lambda _: True, ""),
    SMV_NAME: (lambda _: True, ""),
    PGM_NAME: (writes_pgm, "-nopgm"),
    NOISE_NAME: (writes_noise, "-nonoise"),
}
"""When a run writes an output, and what keeps it from doing so."""


def file_name(name: str, words: Sequence[str]) -> str:
    """Return the name of an output in the directory of a run.

    Args:
        name: of the output.
        words: of a prepared command line, which names no output but a dump.
    """
    given = values_of(words, DUMP_OPTIONS, 1) if name == DUMP_NAME else []
    return given[-1][0] if given else BY_SPELLING[ROWS[name].option].default


def with_outputs(
    prepared: PreparedArguments, args: Sequence[str], request: OutputRequest
) -> PreparedArguments:
    """Return a prepared command line that has both programs write the outputs which are compared.

    Args:
        prepared: the command line without its output options.
        args: the command line as it was given.
        request: the outputs.

    Raises:
        UsageError: an output asked for by name is switched off on the command line.
    """
    if not request.more:
        return prepared
    off = switched_off(args)
    for name in request.more:
        if name in off and not request.every:
            raise UsageError(
                f"--outputs {name}: a run writes no {ROWS[name].what} with {off[name]}; leave one of them out"
            )
    on = [name for name in request.more if name not in off]
    asked = [name for name in on if name in (PGM_NAME, NOISE_NAME)]
    words = [word for name in asked for word in (ROWS[name].option, file_name(name, prepared.words))]
    kept = tuple(file_name(name, prepared.words) for name in request.more)
    seeded = NOISE_NAME not in on or any(word in SEED_OPTIONS for word in prepared.words)
    note = (
        f"{' '.join(COMMON_SEED)} was added: noise is compared, and the clock would seed each side otherwise"
    )
    return replace(
        prepared,
        words=(*prepared.words, *(() if seeded else COMMON_SEED)),
        notes=(*prepared.notes, *(() if seeded else (note,))),
        output_words=tuple(words),
        kept=kept,
    )
