"""The page docs/trust.md, made from the results and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.mutants.sorted_changes import SORTED
from harness.sides import SIDES
from harness.trials.checks import BEHIND, CHECKS, IMAGE, INVARIANTS, PROGRAM_CHECKS, RECORDED, TRACE
from harness.trials.price import BOUNDS, score_by_bound
from harness.trials.score import Score, drawn, score_of, shared, single_faults, trace_fails, trial_name
from harness.trials.summary import TrialRow
from harness.trials.trace_findings import EXTRA, RIGHT, WRONG

TITLES = {SIDES[0]: "C reference", SIDES[1]: "simulator"}
TOOLS: Mapping[str, str] = {
    IMAGE: "`nb-compare`: strict image verdict FAIL",
    TRACE: "`trace-harness`: trace verdict FAIL",
    BEHIND: "`trace-harness`: image file against the last tap",
    **dict.fromkeys(CHECKS, "test suite: both programs side by side"),
}
HEAD = """\
# What a green verdict is worth

Faults were seeded in copies of either program, one at a time, and the faulty program was run against the
sound other one on {lines} command lines, most of them cases of the golden suite. This page says which of
them the tools found, and by what. It is made by

    nbp faults run --json docs/trust.json --markdown docs/trust.md

from the tables in `harness/faults`; `nox -s faults` tries all of them anew, `nbp faults list` names them.

Measured at commit `{commit}` on {date}: {trials} faults of one program, {shared} of both at once. The sound
programs raise {alarms} on the same command lines.

"""
DRAWN_HEAD = """\
## Faults that nobody chose

Small changes of the sources, drawn by a seed from all that there are: an operator turned, a number 1e-5
larger, a value through a 4-byte float, a condition turned round (`--drawn COUNT`, `--seed S`). At which tap
they strike is not known, so that causes are not judged. {broken} more do not compile.

"""
UNCHANGED = """\
The others change no image on any of the command lines: {idle} of them are found by nothing, be it that they
change nothing at all, or that no command line comes there:

"""
SHARED = """\
## Faults that both programs have

No comparison of the two programs can find them. Recorded figures of images (`nb-golden verify`) can, as long
as they were recorded without the fault; so can exact relations that one program must keep by itself
(`nb-invariants`){invariants}.

"""


def trust_page(results: Mapping[str, Any]) -> str:
    """Return the text of the page.

    Args:
        results: the content of trust.json.
    """
    rows = single_faults(results["rows"])
    both = shared(results["rows"])
    score = score_of(rows)
    alarms = len(results["alarms"])
    parts = [
        HEAD.format(
            lines=results["lines"], commit=results["commit"], date=results["date"], trials=len(rows),
            shared=len(both), alarms=f"{alarms} false alarms" if alarms else "no false alarm",
        ),
        *_scores(score, rows),
        *_checks(score),
        *_causes(score, rows),
        *_named(score, rows),
        *_price(rows, results["cases"]),
        *_drawn(drawn(results["rows"]), results["broken"]),
        *_shared(both),
    ]  # fmt: skip
    return "".join(parts)


def _percent(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100.0 * part / whole:.1f} %)" if whole else "")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts as Markdown."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (head, *rows)]
    lines = [cells[0], ["---"] * len(head), *cells[1:]]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def _scores(score: Score, rows: Sequence[TrialRow]) -> Iterator[str]:
    yield "## Scores\n\n"
    sides = {side: score_of([row for row in rows if row["side"] == side]) for side in SIDES}
    yield from _score_table([sides[SIDES[0]], sides[SIDES[1]], score])
    yield (
        "PASS (ROUNDING) is what the images alone say where every pixel is within four steps of a 4-byte\n"
        "float of its own value, but more than one in a thousand is another number. `nb-compare` then\n"
        "traces the worst pixel itself where both programs know our traces; a tap outside its bound makes\n"
        "it FAIL.\n\n"
    )


def _score_table(columns: Sequence[Score]) -> Iterator[str]:
    lines = [
        ["found by any check", *(_percent(one.killed, one.trials) for one in columns)],
        ["change the image", *(_percent(one.changed, one.trials) for one in columns)],
        ["of these: image verdict FAIL", *(_percent(one.failed, one.changed) for one in columns)],
        [
            "of these: FAIL, or PASS (ROUNDING)",
            *(_percent(one.failed + one.rounded, one.changed) for one in columns),
        ],
        ["of PASS (ROUNDING): trace verdict FAIL", *(_percent(one.traced, one.rounded) for one in columns)],
        [
            "of these: FAIL within the published bounds",
            *(_percent(one.published, one.changed) for one in columns),
        ],
    ]
    yield markdown_table(["", *TITLES.values(), "all"], lines)


def _checks(score: Score) -> Iterator[str]:
    yield "## Which check found them\n\n"
    names = [IMAGE, TRACE, BEHIND, *CHECKS]
    yield markdown_table(
        ["check", "faults", "tool"], [[name, str(score.checks.get(name, 0)), TOOLS[name]] for name in names]
    )
    yield "Criteria of the image verdict that failed, and for how many faults:\n\n"
    found = sorted(score.criteria.items(), key=lambda pair: -pair[1])
    yield markdown_table(["criterion", "faults"], [[name, str(count)] for name, count in found])


def _causes(score: Score, rows: Sequence[TrialRow]) -> Iterator[str]:
    yield "## Causes\n\n"
    total = sum(score.causes.values())
    yield (
        "Of the faults whose traces fail: is the tap that is blamed the one at which the fault strikes,\n"
        "and is nothing else blamed?\n\n"
    )
    yield markdown_table(
        ["causal tap", "faults"],
        [[name, _percent(score.causes.get(name, 0), total)] for name in (RIGHT, EXTRA, WRONG)],
    )
    for row in rows:
        if trace_fails(row) and row["trace"]["cause"] != RIGHT:
            yield f"- {trial_name(row)}: {row['what']}; blamed: {', '.join(row['trace']['causes'])}\n"
    yield "\n"


def _named(score: Score, rows: Sequence[TrialRow]) -> Iterator[str]:
    yield "## Survivors\n\n"
    whats = {trial_name(row): row for row in rows}
    for title, names in (
        ("Found by no check", score.survivors),
        ("Image changed, and the image verdict is a plain PASS", score.passed),
    ):
        real = [name for name in names if not whats[name]["unseen"]]
        yield f"{title}: {len(real) or 'none'}.\n\n"
        yield from (f"- {name}: {whats[name]['what']}\n" for name in real)
        yield "\n" if real else ""
    yield "Equivalent, or of no consequence for these command lines:\n\n"
    yield from (f"- {trial_name(row)}: {row['what']}; {row['unseen']}\n" for row in rows if row["unseen"])
    yield "\n"


def _price(rows: Sequence[TrialRow], cases: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield "## The price of a bound\n\n"
    yield (
        "Share of the faults that change an image which one criterion alone would find, by its bound (the\n"
        "largest difference over all command lines is beyond it).\n\n"
        "![Share of faults found, by bound and by number of cases](trust.svg)\n\n"
    )
    scores = score_by_bound(rows)
    head = ["bound", *scores]
    yield markdown_table(
        head,
        [
            [f"{bound:.0e}", *(f"{100.0 * scores[name][n]:.1f} %" for name in scores)]
            for n, bound in enumerate(BOUNDS)
        ],
    )
    yield "By the number of cases, the one that finds most more always next (strict image verdict FAIL):\n\n"
    chosen = [(n, *pair) for n, pair in enumerate(cases, 1)]
    yield markdown_table(
        ["cases", "the last of them", "found"],
        [[str(n), f"`{name}`", f"{100.0 * found:.1f} %"] for n, name, found in chosen],
    )


def _drawn(rows: Sequence[TrialRow], broken: int) -> Iterator[str]:
    if not rows:
        return
    yield DRAWN_HEAD.format(broken=broken)
    score = score_of(rows)
    yield from _score_table(
        [score_of([row for row in rows if row["side"] == side]) for side in SIDES] + [score]
    )
    idle = [row for row in rows if not row["killed_by"] and not row["changed"]]
    passed = [row for row in rows if trial_name(row) in score.passed]
    yield f"Image changed, and the image verdict is a plain PASS: {len(passed) or 'none'}.\n\n"
    yield from _whats(passed)
    yield UNCHANGED.format(idle=len(idle))
    yield from (f"- {row['what']}: {SORTED.get(row['what'], 'not sorted yet')}\n" for row in idle)
    yield "\n" if idle else ""


def _whats(rows: Sequence[TrialRow]) -> Iterator[str]:
    yield from (f"- {row['what']}\n" for row in rows)
    yield "\n" if rows else ""


def _shared(rows: Sequence[TrialRow]) -> Iterator[str]:
    looked = INVARIANTS in PROGRAM_CHECKS or any(INVARIANTS in row["killed_by"] for row in rows)
    yield SHARED.format(invariants="" if looked else ", which are not part of this run yet")
    moved = [row for row in rows if row["changed"]]
    by_figures = sum(RECORDED in row["killed_by"] for row in moved)
    by_relations = sum(INVARIANTS in row["killed_by"] for row in moved)
    yield f"Recorded figures find {_percent(by_figures, len(moved))}"
    yield f", invariants {_percent(by_relations, len(moved))}.\n\n" if looked else ".\n\n"
    yield markdown_table(
        ["fault", "what", "cases whose recorded figures find it", "relations of one program"],
        [
            [f"`{row['fault']}`", row["what"], str(row["killed_by"].get(RECORDED, 0)),
             "found" if INVARIANTS in row["killed_by"] else "not found"]
            for row in rows
        ],
    )  # fmt: skip
