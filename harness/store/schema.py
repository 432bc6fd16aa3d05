"""The shapes of the JSON files of a bundle as data, and the check of a value against them.

A shape is a type, a list with the shape of its items, a mapping with the shape of each key, `Maybe` (may be
None), or `Any`. A mapping may have no other keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import BundleError
from harness.verdict import State
from system_io.verdict_words import Word
from trace_tools.schema import TRACE_SCHEMA

BUNDLE_SCHEMA = "nb-bundle 1"
SUMMARY_SCHEMA = 2
GRADIENTS_SCHEMA = "nb-gradients 2"


@dataclass(frozen=True)
class Maybe:
    """A shape in whose place None may stand."""

    shape: Any


@dataclass(frozen=True)
class Perhaps:
    """A shape of a key that results of older versions do not have."""

    shape: Any


@dataclass(frozen=True)
class Each:
    """A mapping from any word to one shape."""

    shape: Any


@dataclass(frozen=True)
class Partial:
    """A mapping in which each of these keys may be missing, and others may stand."""

    shape: Mapping[str, Any]


@dataclass(frozen=True)
class OneOf:
    """One of these words."""

    words: frozenset[str]


STAMP = re.compile(r"(\d{8}T\d{6}Z)?", re.ASCII)
VERDICT = OneOf(frozenset(word.value for word in Word))
STATE = OneOf(frozenset(state.value for state in State))
FIGURE: Mapping[str, Any] = {
    "name": str, "part": str, "measured": Maybe(float), "published": Maybe(float), "strict": Maybe(float),
    "published_held": Maybe(bool), "state": STATE, "note": str,
}  # fmt: skip
METRICS: Mapping[str, Any] = {
    "schema": str, "kind": str, "title": str, "created": STAMP, "verdict": VERDICT, "exit_status": int,
    "reasons": [str], "notes": [str], "command": [str], "parts": [str], "figures": [FIGURE],
    "first_divergence": Maybe(str), "causal_taps": [str], "settings": Each(Any), "commit": Maybe(str),
    "coverage": Perhaps([str]),
}  # fmt: skip
TRACE_DIFF = Partial({
    "verdict": VERDICT, "exit_status": int, "first_divergence": Maybe(str), "causal_by_tap": Each(int),
    "counts": Partial({"only_a": int, "only_b": int}), "taps": Each(Partial({"outside": int})),
})  # fmt: skip
"""What trace-diff states, as far as others read it."""
ENVIRONMENT = Partial({
    "created": STAMP, "git": Maybe({"commit": str, "dirty": bool}), "programs": Each(Each(Any)),
    "sides": Partial({"c": Each(Any), "py": Each(Any), "differences": [str]}), "packages": Each(Maybe(str)),
    "variables": Each(str),
})  # fmt: skip
INPUT: Mapping[str, Any] = {"path": str, "sha256": str, "bytes": int}
REGION: Mapping[str, Any] = {"x_min": int, "x_max": int, "y_min": int, "y_max": int}
RUN: Mapping[str, Any] = {
    "title": str, "command": [str], "provenance": Each(Any), "exit_status": Maybe(int), "signal": Maybe(str),
    "timed_out": bool, "wall_s": float, "peak_bytes": Maybe(int), "shape_slow_fast": Maybe([int]),
    "shape_source": Maybe(str), "image_sha256": Maybe(str), "failure": Maybe(str), "kept": Perhaps(str),
}  # fmt: skip
CRITERION: Mapping[str, Any] = {
    "name": str, "measured": Maybe(float), "bound": str, "state": STATE, "strict_held": bool,
}  # fmt: skip
FINDING: Mapping[str, Any] = {"kind": str, "word": VERDICT, "reason": str}
COVERAGE: Mapping[str, Any] = {
    "images": Maybe({
        "pixels": int, "all_pixels": int, "photons": Maybe(float), "reflections": int, "all_reflections": int,
        "no_reflections": str, "not_computed": int, "small": bool,
    }),
    "options": {"given": int, "told": int}, "options_not_told": [str], "criteria_not_compared": [str],
    "limits": [str],
}  # fmt: skip
REFLECTION_FIGURES: Mapping[str, Any] = {
    "predicted": int, "compared": int, "bound": float, "outside": int, "outside_allowed": int, "worst": float,
    "worst_hkl": [int], "missing_first": int, "missing_second": int,
}  # fmt: skip
MATCHED: Mapping[str, Any] = {
    "side": str, "told": str, "quirks": [str], "untold": [str], "faults": [str], "notes": [str],
    "sha256": str, "table": str,
}  # fmt: skip
PAIR_SETTINGS = Partial({
    "dtype": Maybe(str), "device": Maybe(str), "timeout_s": float, "threads": int, "determinism": bool,
    "small_region": bool, "matched": Maybe(MATCHED), "outputs": [str], "noise": str,
    "allow": [str],
})  # fmt: skip
OUTPUT_ROW: Mapping[str, Any] = {
    "output": str, "part": str, "unequal": Maybe(int), "apart": Maybe(int), "state": STATE, "word": VERDICT,
    "text": str,
}  # fmt: skip
CONTRACT: Mapping[str, Any] = {
    "rules": [{"rule": str, "declared": Maybe(int), "used": int, "text": str}], "compared": int,
    "differ": int, "held": int, "undeclared": int, "traced": [[int]], "undeclared_taps": [str],
    "first_undeclared": Maybe(str), "troubles": [str],
}  # fmt: skip
SUMMARY: Mapping[str, Any] = {
    "schema": int, "verdict": VERDICT, "exit_status": int, "reasons": [str], "notes": [str],
    "parity_mode": str, "arguments": [str], "caller": str, "settings": PAIR_SETTINGS, "inputs": [INPUT],
    "resampled": bool, "asked_region": Maybe(REGION), "region": Maybe(REGION), "bounds": Each(Any),
    "rules": Perhaps(int), "strict_bounds": Each(Any), "criteria": [CRITERION], "metrics": Maybe(Each(Any)),
    "coverage": Perhaps(COVERAGE), "reflections": Perhaps(Maybe(REFLECTION_FIGURES)),
    "peaks": Maybe(Each(Any)), "runs": Each(RUN), "traces": Maybe(TRACE_DIFF), "findings": Perhaps([FINDING]),
    "outputs": Perhaps([OUTPUT_ROW]), "contract": Perhaps(CONTRACT),
}  # fmt: skip
KEPT: Mapping[str, Any] = {"runs": int, "kept": int, "first": Maybe(str), "last": Maybe(str)}
GRADIENTS_ABOUT: Mapping[str, Any] = {
    "parity_mode": str, "arguments": [str], "caller": str, "inputs": [INPUT], "asked": Maybe([str]),
    "settings": {
        "pixels": int, "seed": int, "timeout_s": float, "matched": Perhaps(Maybe(MATCHED)),
        "kept": Perhaps(Maybe(KEPT)),
    },
    "programs": Each(Each(Any)),
    "command": [str], "objective": {
        "pixels_slow_fast": [[int]], "weights": [float], "roi_fast_min_max_slow_min_max": [int],
    },
    "notes": [str],
}  # fmt: skip
"""What was asked of a comparison of gradients; all the rest is measured, or follows from it."""
GRADIENT: Mapping[str, Any] = {
    "parameter": str, "option": str, "index": int, "unit": str, "word": int, "value": float,
    "terms": Maybe(Each([Maybe(float)])), "ends": [[Maybe(float)]], "refusal": str, "autograd": Maybe(float),
    "chain_rule_error": Maybe(float), "estimate": Maybe(float), "uncertainty": Maybe(float),
    "narrowest_difference": Maybe(float), "relative_difference": Maybe(float), "relative_bound": Maybe(float),
    "verdict": VERDICT, "reason": str,
}  # fmt: skip
GRADIENTS: Mapping[str, Any] = {
    "schema": str, "verdict": VERDICT, "exit_status": int, "reasons": [str], "agree": int, "differ": int,
    "not_compared": int, **GRADIENTS_ABOUT, "objective_first": [float], "objective_simulator": Maybe(float),
    "parameters": [GRADIENT],
}  # fmt: skip
BUDGET: Mapping[str, Any] = {
    "pixel_slow_fast": [int], "photons_c": float, "photons_py": float, "difference": float,
    "taps": [{
        "tap": str, "records": int, "local": float, "sensitivity": Maybe(float), "contribution": Maybe(float),
        "share": Maybe(float),
    }],
    "one_side_only": [str], "residual": float, "residual_share": Maybe(float), "remark": str,
}  # fmt: skip
PROVEN: Mapping[str, Any] = {
    "word": str, "inside": int, "outside": int, "unknown": int, "first": Maybe(Each(Any)),
    "reasons": Each(int),
}  # fmt: skip
RIGHT: Mapping[str, Any] = {
    "verdict": str, "reason": str, "library": str,
    "taps": [{"tap": str, "differ": int, "c": PROVEN, "py": PROVEN}],
    "chain": Perhaps([{"side": str, "pixel_slow_fast": [int], "word": str, "text": str}]),
}  # fmt: skip
TRANSPLANT: Mapping[str, Any] = {
    "pixel_slow_fast": [int], "direction": str, "difference": float, "named": [str], "without_place": [str],
    "roots": Perhaps([str]), "into": Perhaps(str), "remark": Perhaps(str), "why_without": Perhaps(Each(str)),
    "taps": [{"tap": str, "alone": Maybe(float), "together": Maybe(float), "note": Perhaps(str)}],
}  # fmt: skip
TRACE: Mapping[str, Any] = {
    "verdict": VERDICT, "exit_status": int, "reasons": [str], "first_divergence": Maybe(str),
    "parity_mode": str, "phi_mode": Maybe(str), "arguments": [str], "caller": str, "inputs": [INPUT],
    "observer_check": {"c": str, "py": str}, "isolated": [Each(Any)], "budget": [BUDGET], "runs": Each(RUN),
    "who_is_right": Perhaps(Maybe(RIGHT)), "transplant": Perhaps([TRANSPLANT]),
    "settings": {
        "pixels": [[int]], "roi": Maybe([int]), "level": str, "dtype": Maybe(str), "device": Maybe(str),
        "observer_check": bool, "timeout_s": float, "threads": Perhaps(int), "determinism": Perhaps(bool),
        "schema": Perhaps(int), "matched": Perhaps(Maybe(MATCHED)),
        "tap_map": Perhaps(Maybe(str)), "map_chosen": Perhaps(bool),
        "rtol": Maybe(float), "atol": Maybe(float),
        "k": Maybe(float), "stars": bool, "budget": bool, "right": Perhaps(bool),
        "transplant": Perhaps([str]),
    },
}  # fmt: skip
"""What trace-harness adds to the metrics of trace-diff."""
TAP: Mapping[str, Any] = {
    "pairs": int, "differing": int, "outside": int, "undefined": int, "within_printed_digits": int,
    "max_absolute": Any, "max_relative": Any, "max_scaled": Any, "max_ulp": Any, "bound": Any,
}  # fmt: skip
"""What trace-diff measures on each tap; an infinity is a word."""
TYPE_WORDS: Mapping[type, str] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false",
}  # fmt: skip


def check_metrics(value: Any, where: str) -> None:
    """Check the content of metrics.json.

    Raises:
        BundleError: that names the place.
    """
    _check_version(value, BUNDLE_SCHEMA, where)
    check(value, METRICS, where)


def check_summary(value: Any, where: str) -> None:
    """Check the content of summary.json.

    Raises:
        BundleError: that names the place.
    """
    _check_version(value, SUMMARY_SCHEMA, where)
    check(value, SUMMARY, where)


def check_gradients(value: Any, where: str) -> None:
    """Check the content of gradients.json.

    Raises:
        BundleError: that names the place.
    """
    _check_version(value, GRADIENTS_SCHEMA, where)
    check(value, GRADIENTS, where)


def check_trace(value: Any, where: str) -> None:
    """Check the content of traces.json.

    Raises:
        BundleError: that names the place.
    """
    _check_version(value, TRACE_SCHEMA, where)
    check({key: item for key, item in value.items() if key in TRACE}, TRACE, where)
    check(value, TRACE_DIFF, where)
    check(value.get("taps", {}), Each(TAP), f"{where}.taps")
    check(value.get("causal_by_tap", {}), Each(int), f"{where}.causal_by_tap")


def check_environment(value: Any, where: str) -> None:
    """Check the content of env.json.

    Raises:
        BundleError: that names the place.
    """
    check(value, ENVIRONMENT, where)


def _check_version(value: Any, known: str | int, where: str) -> None:
    found = value.get("schema") if isinstance(value, Mapping) else None
    if found != known:
        raise BundleError(f"{where}: schema is {found!r}, this program reads {known!r}; use its own version")


def check(value: Any, shape: Any, where: str) -> None:
    """Check a value against a shape.

    Raises:
        BundleError: it does not fit; the message names the place and what must stand there.
    """
    if shape is Any or (isinstance(shape, Maybe) and value is None):
        return
    if isinstance(shape, Maybe | Perhaps):
        check(value, shape.shape, where)
    elif isinstance(shape, OneOf):
        fits = isinstance(value, str) and value in shape.words
        _demand(fits, value, f"one of {', '.join(sorted(shape.words))}", where)
    elif isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and shape.fullmatch(value) is not None
        _demand(fits, value, f"like {shape.pattern}", where)
    elif isinstance(shape, list):
        _demand(isinstance(value, list), value, "a list", where)
        for number, item in enumerate(value):
            check(item, shape[0], f"{where}[{number}]")
    elif isinstance(shape, Each | Mapping | Partial):
        _check_mapping(value, shape, where)
    else:
        _demand(_is_of(value, shape), value, TYPE_WORDS[shape], where)


def _check_mapping(value: Any, shape: Each | Partial | Mapping[str, Any], where: str) -> None:
    _demand(isinstance(value, dict), value, "an object", where)
    if isinstance(shape, Each):
        for key, item in value.items():
            check(item, shape.shape, f"{where}.{key}")
        return
    if isinstance(shape, Partial):
        for key in shape.shape.keys() & value.keys():
            check(value[key], shape.shape[key], f"{where}.{key}")
        return
    missing = {key for key in shape.keys() - value.keys() if not isinstance(shape[key], Perhaps)}
    wrong = sorted(missing | (value.keys() - shape.keys()))
    if wrong:
        fault = "is missing" if wrong[0] in shape else "is not known"
        raise BundleError(f"{where}: '{wrong[0]}' {fault}; the file does not follow its schema")
    for key, item in value.items():
        check(item, shape[key], f"{where}.{key}")


def _is_of(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _demand(fits: bool, value: Any, wanted: str, where: str) -> None:
    if not fits:
        raise BundleError(f"{where} is {value!r:.60}, must be {wanted}; the file does not follow its schema")
