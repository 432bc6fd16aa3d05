"""The noise floor: how far rounding alone moves each tap in each arithmetic, and the bounds that follow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from system_io.files import read_regular
from system_io.shown import printable
from system_io.text import decoded
from trace_tools.errors import TraceError
from trace_tools.judging.align import align
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE, SIGNS_OPEN
from trace_tools.judging.diff import Bounds, TapDiff, compare
from trace_tools.reading.trace_file import TraceLog
from trace_tools.tap_points import TAP_ID
from trace_tools.tap_table import COPIES

FORMAT = "trace-tools-noise-floor"
VERSION = 1
DEFAULT_K, SINGLE_K = 8.0, 4.0
UNIT_ROUNDOFF = 2.0**-53
# used where nothing was measured: 256 roundings of the operands
FALLBACK_BOUND = 2.0**-45
PACKAGED = "data/noise_floor.json"
SHOWN_NAMES = 8


@dataclass(frozen=True)
class TapFloor:
    """What rounding did to one tap: largest difference over operand scale, largest ULP distance, records."""

    scaled: float
    ulp: float
    records: int


@dataclass(frozen=True)
class NoiseFloor:
    """Per-tap floors, the factor k of the bound, and how the floors were measured.

    ``arithmetics``: what single precision adds in arithmetics beside float64, on a scale of its own.
    """

    taps: Mapping[str, TapFloor]
    k: float = DEFAULT_K
    provenance: Mapping[str, Any] = field(default_factory=dict)
    arithmetics: Mapping[str, NoiseFloor] = field(default_factory=dict)

    def bound(self, tap: str, k: float | None = None) -> float | None:
        """Bound on difference/scale, ``k * max(floor, 2^-53)``; None for a tap that was not measured."""
        if tap not in self.taps:
            return None
        return (self.k if k is None else k) * max(self.taps[tap].scaled, UNIT_ROUNDOFF)


def measure_floor(
    pairs: Iterable[tuple[TraceLog, TraceLog]],
    k: float = DEFAULT_K,
    provenance: Mapping[str, Any] | None = None,
) -> NoiseFloor:
    """Measure the floor from pairs of traces that differ by rounding only.

        floor(tap) = max over pairs and records of |a - b| / operand scale

    A pixel in which an integer or word tap differs, or a tap is missing on one side, took another branch
    and is left out; the number of pixels left out is noted in the provenance.

    Args:
        pairs: traces of the same command from two builds, or from an input moved by one ULP.
        k: factor from the floor to the bound.
        provenance: what was run, kept in the file.

    Source: trace contract and the tolerance rule of the trace tools.
    """
    found: dict[str, TapFloor] = {}
    counted = {"pairs": 0, "records": 0, "pixels_left_out": 0}
    for a, b in pairs:
        result = compare(a, b, align(a, b), Bounds.exact(), without_branched_pixels=True)
        counted["pairs"] += 1
        counted["pixels_left_out"] += result.pixels_left_out
        for name, diff in result.taps.items():
            counted["records"] += diff.compared
            found[name] = _joined(found.get(name), diff)
    if counted["records"] == 0:
        raise TraceError("no record was compared; a noise floor needs at least one pair of traces")
    return NoiseFloor(found, k, {**(provenance or {}), **counted})


def measure_single(
    pairs: Iterable[tuple[TraceLog, TraceLog]],
    arithmetic: str,
    floor: NoiseFloor,
    provenance: Mapping[str, Any] | None = None,
    k: float = SINGLE_K,
) -> NoiseFloor:
    """Measure what single precision adds to a floor, from pairs of which one side computes in it.

        floor(tap) = max over pairs and records of (|a - b| - bound in float64) / scale of single precision

    Taps that stay within their bounds of float64 have no entry. Pixels on another branch are left out.

    Args:
        arithmetic: mixed or float32.
        floor: of float64.
        provenance: what was run, kept in the file.
        k: factor from the floor to what is added to the bound.
    """
    found: dict[str, TapFloor] = {}
    counted = {"pairs": 0, "records": 0, "pixels_left_out": 0}
    for a, b in pairs:
        alignment = align(a, b)
        bounds = replace(bounds_for(floor, alignment.names), arithmetic=arithmetic)
        result = compare(a, b, alignment, bounds, without_branched_pixels=True)
        counted["pairs"] += 1
        counted["pixels_left_out"] += result.pixels_left_out
        for name, diff in result.taps.items():
            counted["records"] += diff.compared
            before = found.get(name, TapFloor(0.0, 0.0, 0))
            scaled, records = max(before.scaled, diff.max_single), before.records + diff.compared
            found[name] = TapFloor(scaled, max(before.ulp, diff.max_ulp), records)
    taps = {name: tap for name, tap in found.items() if tap.scaled > 0.0}
    return NoiseFloor(taps, k, {**(provenance or {}), **counted})


def _joined(floor: TapFloor | None, diff: TapDiff) -> TapFloor:
    before = floor or TapFloor(0.0, 0.0, 0)
    return TapFloor(
        max(before.scaled, diff.max_scaled), max(before.ulp, diff.max_ulp), before.records + diff.compared
    )


def save_floor(floor: NoiseFloor, path: str | Path) -> None:
    """Write a floor as versioned JSON, under a temporary name that is then renamed."""
    content = {"format": FORMAT, "version": VERSION, **_content(floor)}
    if floor.arithmetics:
        content["arithmetics"] = {name: _content(part) for name, part in floor.arithmetics.items()}
    target = Path(path)
    part = target.with_name(target.name + ".part")
    part.write_text(json.dumps(content, indent=1) + "\n")
    part.replace(target)


def _content(floor: NoiseFloor) -> dict[str, Any]:
    taps = {
        name: {"scaled": tap.scaled, "ulp": tap.ulp, "records": tap.records}
        for name, tap in sorted(floor.taps.items())
    }
    return {"k": floor.k, "provenance": dict(floor.provenance), "taps": taps}


def load_floor(path: str | Path) -> NoiseFloor:
    """Read and validate a floor file.

    Raises:
        TraceError: that names the fault.
    """
    data = read_regular(Path(path), "noise floor", "give an existing file", TraceError)
    return parse_floor(decoded(data), printable(str(path)))


def parse_floor(text: str, source: str) -> NoiseFloor:
    """Parse the JSON text of a floor file.

    Raises:
        TraceError: that names the fault.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"noise floor '{source}' is not JSON: {error}; measure it again") from None
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise TraceError(f"noise floor '{source}' is not '{FORMAT}' version {VERSION}; measure it again")
    arithmetics = content.get("arithmetics", {})
    if not isinstance(arithmetics, dict) or not set(arithmetics) <= set(ARITHMETICS) - {DOUBLE}:
        raise TraceError(
            f"noise floor '{source}' has the arithmetics {arithmetics!r:.60}, must be of "
            f"{', '.join(ARITHMETICS[1:])}; measure it again"
        )
    others = {name: _parse_part(part, f"{source}', '{name}") for name, part in arithmetics.items()}
    return replace(_parse_part(content, source), arithmetics=others)


def _parse_part(content: Any, source: str) -> NoiseFloor:
    parts = [content.get(key) for key in ("taps", "provenance")] if isinstance(content, dict) else [None]
    if not all(isinstance(part, dict) for part in parts):
        raise TraceError(f"noise floor '{source}' lacks 'taps' or 'provenance'; measure it again")
    k = _positive(content.get("k"), source, "k")
    taps = {name: _parse_tap(name, entry, source) for name, entry in content["taps"].items()}
    return NoiseFloor(taps, k, content["provenance"])


def _parse_tap(name: str, entry: Any, source: str) -> TapFloor:
    if name not in TAP_ID or not isinstance(entry, dict):
        raise TraceError(
            f"noise floor '{source}' has the entry '{name}', which is not a tap; measure it again"
        )
    numbers = [
        _positive(entry.get(key), source, f"{name}.{key}", zero=True) for key in ("scaled", "ulp", "records")
    ]
    return TapFloor(numbers[0], numbers[1], int(numbers[2]))


def _positive(value: Any, source: str, what: str, *, zero: bool = False) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not (0 <= value < float("inf")) or (value == 0 and not zero):
        raise TraceError(
            f"noise floor '{source}' has {what} = {value}, which is not a "
            f"{'non-negative' if zero else 'positive'} finite number; measure it again"
        )
    return float(value)


def packaged_floor() -> NoiseFloor | None:
    """Return the floor that comes with the package, None if this build has none."""
    file = resources.files("trace_tools").joinpath(PACKAGED)
    return parse_floor(file.read_text(), f"packaged {PACKAGED}") if file.is_file() else None


def bounds_for(
    floor: NoiseFloor | None, taps: Sequence[str], k: float | None = None, arithmetic: str = DOUBLE
) -> Bounds:
    """Turn a floor into the bounds of taps; one not measured gets the fall-back, and a note names it.

    A bound that the file makes wider than the packaged floor does, or a k above that of the file, makes the
    bounds loosened.

    Args:
        arithmetic: that of the less precise side.
    """
    measured = {tap: _bound_of(floor, tap, k) if floor else None for tap in taps}
    relative = {tap: FALLBACK_BOUND if bound is None else bound for tap, bound in measured.items()}
    notes = _lacking_notes(floor, [tap for tap, bound in measured.items() if bound is None])
    added = None if arithmetic == DOUBLE else _added_floor(floor, arithmetic)
    single = {tap: bound for tap in taps if added and (bound := _single_bound(added, tap, k))}
    notes += _single_notes(arithmetic, single)
    factors = [one.k for one in (floor, added) if one is not None]
    larger_k = k is not None and any(k > factor for factor in factors)
    if larger_k:
        notes.append(f"k = {k:g} in place of the file's {min(factors):g}")
    wider = _wider_than_packaged({tap: bound for tap, bound in measured.items() if bound is not None})
    wider += [tap for tap in _wider_in_single(single, arithmetic) if tap not in wider]
    if wider:
        notes.append(f"bounds wider than those of the package for {len(wider)} taps: {_listed(wider)}")
    return replace(
        Bounds.exact(), relative=relative, default=FALLBACK_BOUND, notes=tuple(notes),
        loosened=larger_k or bool(wider), arithmetic=arithmetic, single=single,
    )  # fmt: skip


def _lacking_notes(floor: NoiseFloor | None, lacking: Sequence[str]) -> list[str]:
    fall_back = f"{FALLBACK_BOUND:.1e}"
    count = len(lacking)
    if floor is None and count:
        return [f"no measured noise floor: fall-back bound {fall_back} on the operand scale for {count} taps"]
    return [f"no measured floor for {count} taps, fall-back {fall_back}: {_listed(lacking)}"] * bool(lacking)


def _added_floor(floor: NoiseFloor | None, arithmetic: str) -> NoiseFloor:
    """What an arithmetic adds: that of the floor, else that of the package."""
    for one in (floor, packaged_floor()):
        if one is not None and arithmetic in one.arithmetics:
            return one.arithmetics[arithmetic]
    raise TraceError(f"no noise floor was measured in {arithmetic} arithmetic; measure one")


def _single_notes(arithmetic: str, single: Mapping[str, float]) -> list[str]:
    if arithmetic == DOUBLE:
        return []
    sign_open = sorted(SIGNS_OPEN[arithmetic])
    return [
        f"{arithmetic} arithmetic: rounding in single precision is added to the bounds of {len(single)} taps",
        f"compared as magnitudes, since {arithmetic} arithmetic leaves the sign open: {', '.join(sign_open)}",
    ]


def _bound_of(floor: NoiseFloor, tap: str, k: float | None = None) -> float | None:
    """Bound of a tap; a copy has at least that of its source."""
    bound = floor.bound(tap, k)
    if bound is None or tap not in COPIES:
        return bound
    return max(bound, _bound_of(floor, COPIES[tap], k) or 0.0)


def _single_bound(added: NoiseFloor, tap: str, k: float | None = None) -> float:
    """What single precision adds to the bound of a tap; to a copy no less than to its source."""
    bound = added.bound(tap, k) or 0.0
    return max(bound, _single_bound(added, COPIES[tap], k)) if tap in COPIES else bound


def _wider_than_packaged(bounds: Mapping[str, float]) -> list[str]:
    reference = packaged_floor()
    if reference is None:
        return []
    return [tap for tap, bound in bounds.items() if bound > (_bound_of(reference, tap) or FALLBACK_BOUND)]


def _wider_in_single(single: Mapping[str, float], arithmetic: str) -> list[str]:
    reference = packaged_floor()
    if reference is None or arithmetic not in reference.arithmetics:
        return []
    packaged = reference.arithmetics[arithmetic]
    return [tap for tap, bound in single.items() if bound > _single_bound(packaged, tap)]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more
