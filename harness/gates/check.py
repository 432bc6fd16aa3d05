"""Checks of the bundles of gates: metrics, settings and texts against their compared pairs and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.gates.facts import around_brightest, gate_commands, gate_facts
from harness.gates.figures import Setting
from harness.gates.statement import STATEMENT_SCHEMA, closing_judgement, closing_metrics, gates_page
from harness.gates.table import BY_ID, GRADIENTS_GATE, GRADIENTS_NOTE, Check, gate_verdict, judged_gate
from harness.images.compare import Region
from harness.images.judgement import STRICT, Rules
from harness.pairs.part import PairPart
from harness.programs.programs import MODES
from harness.store.names import COMMANDS, ENVIRONMENT, METRICS, STATEMENT, STATEMENT_PAGE, SUMMARY
from harness.store.schema import check_metrics
from harness.store.stated import differing, environment_of, text_faults
from harness.store.untrusted import BROKEN, BundleFault, read_json, read_plain
from harness.verdict import State
from system_io.shell import shell_text
from system_io.verdict_words import EXIT_STATUS, Word

SAME = ("arguments", "caller", "inputs", "settings")
PLAIN_PAIR: Mapping[str, Any] = {"asked_region": None, "resampled": False}
STATEMENT_KEYS = frozenset({
    "schema", "created", "data", "verdict", "exit_status", "first_red_gate", "first_divergence",
    "causal_taps", "git", "command", "gates",
})  # fmt: skip


def gate_faults(folder: Path, metrics: Mapping[str, Any], parts: list[PairPart]) -> Iterator[BundleFault]:
    """Derive the metrics of a gate again from its two pairs."""
    name = metrics["settings"].get("gate")
    gate = BY_ID.get(str(name))
    if gate is None:
        yield BundleFault(METRICS, f"settings.gate is {name!r:.60}, no gate of this program")
        return
    if [part.mode for part in parts] != list(MODES):
        yield BundleFault(METRICS, f"parts are {[part.mode for part in parts]}, must be {list(MODES)}")
        return
    try:
        setting = Setting(Region(*metrics["settings"]["roi"]), around_brightest(parts[0]))
        facts = gate_facts(gate, parts, setting, frame_notes(folder))
        facts["settings"]["data"] = metrics["settings"].get("data")
        fresh = {**judged_gate(gate, parts, setting), **facts}
        text = gate_commands(metrics["command"], gate, parts)
        yield from (BundleFault(COMMANDS, what) for what in text_faults(folder / COMMANDS, text))
    except BROKEN as error:
        yield BundleFault(METRICS, f"the figures cannot be derived again: {error}")
        return
    yield from _differing(METRICS, fresh, metrics)
    for part in parts:
        yield from _pair_faults(part, parts[0])


def _differing(name: str, fresh: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[BundleFault]:
    for key, value in fresh.items():
        yield from (BundleFault(name, text) for text in differing(value, stated[key], key))


def _pair_faults(part: PairPart, first: PairPart) -> Iterator[BundleFault]:
    """Return where a pair is not as gates make it, or not of the same programs as the first."""
    name = f"{part.folder.name}/{SUMMARY}"
    wanted = {**PLAIN_PAIR, **{key: first.summary[key] for key in SAME}}
    yield from _differing(name, wanted, part.summary)
    if part.summary["bounds"]["name"] != STRICT.name:
        yield BundleFault(name, f"bounds: a gate is judged by the {STRICT.name} ones")
    for side, run in part.summary["runs"].items():
        program = first.summary["runs"].get(side, run)["provenance"]
        texts = differing(program, run["provenance"], f"runs.{side}.provenance")
        yield from (BundleFault(name, text) for text in texts)


def frame_notes(folder: Path) -> list[str]:
    """Return the notes that all bundles of one call have: how both sides differ."""
    return list(environment_of(folder).get("sides", {}).get("differences", []))


def frame_faults(folder: Path, metrics: Mapping[str, Any]) -> Iterator[BundleFault]:
    """Return where time, commit or name of the call are not those of the environment."""
    environment = environment_of(folder)
    stated = {"created": environment.get("created"), "commit": (environment.get("git") or {}).get("commit")}
    for key, value in stated.items():
        yield from (BundleFault(ENVIRONMENT, text) for text in differing(metrics[key], value, key))
    if metrics["command"][:1] not in ([], ["nb-gates"]):
        yield BundleFault(METRICS, f"command: {metrics['command'][0]!r:.60} makes no gate")


def gradient_gate_faults(
    metrics: Mapping[str, Any], modes: Sequence[str], folder: Path
) -> Iterator[BundleFault]:
    """Return where the gate of the gradients lacks a part, or says what its parts do not."""
    settings = {"gate": GRADIENTS_GATE, "data": metrics["settings"].get("data")}
    fresh = {
        "settings": settings,
        "title": f"{GRADIENTS_GATE} autograd against differences",
        "notes": [*frame_notes(folder), GRADIENTS_NOTE],
    }
    yield from _differing(METRICS, fresh, metrics)
    if list(modes) == list(MODES):
        texts = [read_plain(folder / mode / COMMANDS).decode("utf-8", "surrogateescape") for mode in modes]
        yield from (BundleFault(COMMANDS, what) for what in text_faults(folder / COMMANDS, "".join(texts)))
        return
    if modes:
        yield BundleFault(METRICS, f"parts are {list(modes)}, must be {list(MODES)}")
    failed = {
        "verdict": Word.ERROR.value,
        "exit_status": EXIT_STATUS[Word.ERROR],
        "figures": [],
    }
    yield from _differing(METRICS, failed, metrics)
    if not metrics["reasons"]:
        yield BundleFault(METRICS, "reasons: none, though nothing was compared")


def closing_faults(folder: Path, metrics: Mapping[str, Any]) -> Iterator[BundleFault]:
    """Return where the closing statement is not what its gates give, or the metrics not what it says."""
    try:
        statement = _statement(folder / STATEMENT)
        rows = statement["gates"]
        yield from (BundleFault(STATEMENT, text) for row in rows for text in _row_faults(row, statement))
        yield from _differing(STATEMENT, closing_judgement(rows), statement)
        yield from _twice(rows)
        fresh = {
            **closing_metrics(statement),
            **{key: statement[key] for key in ("created", "command", "exit_status", "verdict")},
            "commit": (statement["git"] or {}).get("commit"),
            "notes": frame_notes(folder),
        }
        yield from (
            BundleFault(STATEMENT, text)
            for key, value in fresh.items()
            for text in differing(value, metrics[key], key)
        )
        for name, text in (
            (STATEMENT_PAGE, gates_page(statement)),
            (COMMANDS, shell_text(statement["command"]) + "\n"),
        ):
            yield from (BundleFault(name, what) for what in text_faults(folder / name, text))
        yield from (fault for row in rows for fault in _bundle_faults(folder, row))
    except BROKEN as error:
        yield BundleFault(STATEMENT, f"cannot be read: {error}")


def _statement(path: Path) -> dict[str, Any]:
    statement = read_json(path)
    if not isinstance(statement, dict) or statement.keys() != STATEMENT_KEYS:
        raise BundleError(f"'{path.name}' has not the keys of a statement")
    if statement["schema"] != STATEMENT_SCHEMA or not statement["gates"]:
        raise BundleError(f"'{path.name}' is no '{STATEMENT_SCHEMA}', or of no gate")
    for row in statement["gates"]:
        if not isinstance(row.get("bundle"), str):
            raise BundleError("a gate names no bundle")
        check_metrics({key: value for key, value in row.items() if key != "bundle"}, path.name)
    return statement


def _row_faults(row: Mapping[str, Any], statement: Mapping[str, Any]) -> list[str]:
    """Return where the verdict of a gate is not what its figures give."""
    name = row["settings"].get("gate")
    found = differing(statement["command"], row["command"], "command")
    found += differing((statement["git"] or {}).get("commit"), row["commit"], "commit")
    found += differing(statement["data"], row["settings"].get("data"), "settings.data")
    if name == GRADIENTS_GATE:
        return [*found, *_gradient_row_faults(row)]
    gate = BY_ID.get(str(name))
    if gate is None:
        return [*found, f"gates: {name!r:.60} is no gate of this program"]
    checks = {check.name: check for check in gate.checks}
    figures = row["figures"]
    known = [[(mode, check.name) for mode in MODES for check in gate.checks_by(rules)] for rules in Rules]
    names = [(figure["part"], figure["name"]) for figure in figures]
    if row["verdict"] != Word.ERROR.value and names not in known:
        return [*found, f"{name}: the figures are not those of the gate"]
    found += [text for figure in figures for text in _figure_faults(figure, checks.get(figure["name"]))]
    if row["verdict"] == Word.ERROR.value:
        fresh: dict[str, Any] = {"exit_status": EXIT_STATUS[Word.ERROR]}
    else:
        word, reasons = gate_verdict([], figures)
        fresh = {"verdict": word.value, "exit_status": EXIT_STATUS[word], "reasons": reasons}
    return [*found, *(text for key in fresh for text in differing(fresh[key], row[key], f"{name}.{key}"))]


def _figure_faults(figure: Mapping[str, Any], check: Check | None) -> list[str]:
    """Return where bounds and state of a figure are not those of the gate."""
    if check is None:
        return [f"{figure['name']!r:.60} is no figure of its gate"]
    measured, strict = figure["measured"], check.strict
    state = State.NOT_COMPARED if measured is None else State.HELD if measured <= strict else State.FAILED
    if measured is None and figure["note"]:
        state = State.FAILED
    fresh = {"strict": strict, "published": check.published_in(figure["part"]), "state": state.value}
    return [text for key in fresh for text in differing(fresh[key], figure[key], f"{check.name}.{key}")]


def _gradient_row_faults(row: Mapping[str, Any]) -> list[str]:
    failed = any(figure["state"] == State.FAILED.value for figure in row["figures"])
    held = any(figure["state"] == State.HELD.value for figure in row["figures"])
    word = row["verdict"]
    wrong = (failed != (word == Word.FAIL.value)) or (word == Word.PASS.value and not held)
    loose = [f["name"] for f in row["figures"] if _outside(f) and f["state"] == State.HELD.value]
    found = [f"{GRADIENTS_GATE}.verdict: {word} is not what its figures give"] if wrong else []
    found += [f"{GRADIENTS_GATE}: {name} is held, though outside its bound" for name in loose]
    return [
        *found,
        *differing(EXIT_STATUS[Word(word)], row["exit_status"], f"{GRADIENTS_GATE}.exit_status"),
    ]


def _outside(figure: Mapping[str, Any]) -> bool:
    numbers = figure["measured"], figure["strict"]
    return None in numbers or numbers[0] > numbers[1]


def _twice(rows: Sequence[Mapping[str, Any]]) -> Iterator[BundleFault]:
    names = [str(row["settings"].get("gate")) for row in rows]
    yield from (
        BundleFault(STATEMENT, f"gate {name} is there twice") for name in {*names} if names.count(name) > 1
    )


def _bundle_faults(folder: Path, row: Mapping[str, Any]) -> Iterator[BundleFault]:
    """Compare a gate with its own bundle, where that lies beside the closing one."""
    name = row["bundle"]
    words = Path(name).parts
    if Path(name).is_absolute() or ".." in words or len(words) != 3:
        yield BundleFault(STATEMENT, f"bundle {name!r:.60} points outside the reports")
        return
    path = folder.absolute().joinpath("..", "..", "..", *words, METRICS)
    if not path.is_file() or path.is_symlink():
        return
    found = read_json(path)
    stated = {key: value for key, value in row.items() if key != "bundle"}
    yield from (BundleFault(STATEMENT, f"{name}: {text}") for text in differing(found, stated, METRICS))
