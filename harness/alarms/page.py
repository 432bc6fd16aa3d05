"""The page docs/false_alarms.md, made from the counts and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.alarms.tally import AlarmOutcome
from harness.trials.page import markdown_table

HEAD = """\
# False alarms

A verdict FAIL is worth something only if sound programs do not get it. The plain build of the C reference
was compared with other builds of the same sources and with the simulator, in each arithmetic and with
several threads, on every case of the golden suite, by the rules that `nb-compare` and `trace-harness` judge
by. This page is made by

    nbp floor --check --images --json docs/false_alarms.json --markdown docs/false_alarms.md
    nbp floor --check --json docs/false_alarms.json --markdown docs/false_alarms.md

Compilers other than the usual one are taken where they are on the path: `clang`, `musl-gcc`, and for 32 bits
`i686-linux-gnu-gcc` where the usual one has no `-m32`. Scripts of these names that call
`zig cc -target TRIPLE "$@"` (PyPI: ziglang) do as well; here they did. Not among the builds is what computes
something else: -Ofast reorders sums, and the sources refuse registers that keep more digits (x87).

"""
TEXTS: Mapping[str, str] = {
    "images": """\
Equal: bit for bit. Within bounds: PASS. Rounding: PASS (ROUNDING), and the trace of the worst pixel agrees,
as `nb-compare` asks. Known branch: a build takes another branch, for the reason below. Refused: both report
the same exit status and leave no file. Nothing to compare: an image that is constant or has too few pixels.
""",
    "traces": """\
All taps of the pixels that the cases name, and of two pixels of the built-in crystal. Rounding: a tie fell
the other way, and nothing but what follows from it differs.
""",
}
COLUMNS = tuple(outcome for outcome in AlarmOutcome if outcome is not AlarmOutcome.ALARM)


def alarms_page(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of the page.

    Args:
        sections: images, traces: the content of false_alarms.json.
    """
    return HEAD + "".join(part for name in TEXTS if name in sections for part in _section(name, sections))


def _section(name: str, sections: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    found = sections[name]
    rows = found["rows"]
    builds = [row for row in rows if row["maker"] in found["builds"]]
    compared = sum(row["compared"] for row in rows)
    alarms = [alarm for row in rows for alarm in row["alarms"]]
    yield f"## {name.capitalize()}\n\n"
    yield (
        f"Measured at commit `{found['commit']}` on {found['date']} ({found['machine']}): "
        f"{len(builds)} builds, {found['cases']} cases, {compared} comparisons, {len(alarms) or 'no'} false "
        f"alarm{'s' if len(alarms) > 1 else ''}.\n\n"
    )
    yield TEXTS[name] + "\n"
    used = [outcome.value for outcome in COLUMNS if any(row[outcome.value] for row in rows)]
    yield markdown_table(
        ["program", "arithmetic", "threads", "compared", *used, "false alarms"],
        [_line(row, used) for row in rows],
    )
    yield from (f"- false alarm: {alarm}\n" for alarm in alarms)
    yield "\n" if alarms else ""
    if found["branches"]:
        yield "".join(f"- known branch: `{case}`, {why}\n" for case, why in found["branches"].items()) + "\n"
    yield markdown_table(
        ["build", "compiler", "flags"], [[key, *words] for key, words in found["builds"].items()]
    )
    yield from (f"- not made on this machine: {key}\n" for key in found["missing"])
    yield "\n" if found["missing"] else ""


def _line(row: Mapping[str, Any], used: Sequence[str]) -> list[str]:
    counts = [str(row[name]) for name in used]
    threads = str(row["threads"])
    return [row["maker"], row["arithmetic"], threads, str(row["compared"]), *counts, str(len(row["alarms"]))]
