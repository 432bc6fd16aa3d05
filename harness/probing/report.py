"""What is known of a program, as a verdict and as a table for a person."""

from __future__ import annotations

from typing import Any

from harness.probing.judge import KNOWN
from harness.probing.option_rows import INDIRECT, WITHOUT_EFFECT
from harness.probing.probe import Profile
from harness.programs.programs import Program
from harness.shown import Shown, ShownRow
from system_io.verdict_words import EXIT_STATUS, Word

NAME = "nb-probe"
MOST_NAMED = 6


def profile_word(probe: Profile) -> Word:
    """Return the verdict: FAIL for anything but nanoBragg with some quirks."""
    return Word.FAIL if probe.faults else Word.PASS


def report_data(program: Program, probe: Profile) -> dict[str, Any]:
    """Return all that is known as plain data, ready for JSON."""
    word = profile_word(probe)
    return {
        **probe.facts(),
        "verdict": word.value,
        "exit_status": EXIT_STATUS[word],
        "program": dict(program.provenance),
        "options_without_effect": list(WITHOUT_EFFECT),
        "options_not_asked": list(INDIRECT),
    }


def shown_probe(program: Program, probe: Profile) -> Shown:
    """Return what is printed about a program."""
    off = _quirks(probe, "off")
    untold = _quirks(probe, None)
    others = sorted(f"{option} {state}" for option, state in probe.options.items() if state != KNOWN)
    known = sum(state == KNOWN for state in probe.options.values())
    rows = [
        ShownRow("kind", f"{program.title}, version {program.provenance['version']}"),
        ShownRow("plain image", probe.identity.plain),
        ShownRow("quirks on", str(len(_quirks(probe, "on")))),
        ShownRow("quirks off", _some(off)),
        ShownRow("not told apart", _some(untold)),
        ShownRow(
            "options", f"{known} of {len(probe.options)} act" + (f"; {_some(others)}" if others else "")
        ),
        ShownRow("threads", _threads(probe)),
        ShownRow("repeats, traces", f"{_yes(probe.identity.repeats)}, {_yes(probe.identity.traces)}"),
    ]
    details = [
        *(
            ShownRow(quirk, told.state or f"not told apart: {told.reason}")
            for quirk, told in probe.quirks.items()
        ),
        *(ShownRow(option, state) for option, state in probe.options.items()),
    ]
    lines = [f"reason: {fault}" for fault in probe.faults]
    if not probe.complete:
        lines.append("note: the time was over before all runs; give a longer --timeout")
    counted = f"{len(off)} quirks off, {len(untold)} not told apart, {probe.wall_s:.1f} s of tiny runs"
    return Shown(NAME, profile_word(probe).value, counted, rows, lines, details=details)


def _quirks(probe: Profile, state: str | None) -> list[str]:
    return [quirk for quirk, told in probe.quirks.items() if told.state == state]


def _some(names: list[str]) -> str:
    """Return some names, and how many more there are."""
    if not names:
        return "none"
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _threads(probe: Profile) -> str:
    identity = probe.identity
    seen = "not seen" if identity.threads is None else f"{identity.threads} where 4 were asked for"
    found = [
        f"the image of a {what} changes with {', '.join(counts)}"
        for what, counts in (("plain run", identity.varies), ("rotation", identity.sweep_varies))
        if counts
    ]
    return "; ".join([seen, *(found or ["images do not change with them"])])


def _yes(what: bool) -> str:
    return "yes" if what else "no"
