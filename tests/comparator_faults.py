"""Faults in the comparators as data: module, text, the text in its place, and where the tests are."""

from __future__ import annotations

from dataclasses import dataclass

JUDGING = "tests/trace_tools/judging"
DETAILS = f"{JUDGING}/test_details.py"
CAUSES = (f"{JUDGING}/test_causes.py", f"{JUDGING}/test_blame.py")


@dataclass(frozen=True)
class ComparatorFault:
    """What is wrong, and the texts that make it so; `tests` must find it without recorded data."""

    what: str
    module: str
    sound: str
    faulty: str
    tests: tuple[str, ...]


def _rows(module: str, tests: tuple[str, ...], *rows: tuple[str, str, str]) -> tuple[ComparatorFault, ...]:
    return tuple(ComparatorFault(what, module, sound, faulty, tests) for what, sound, faulty in rows)


IMAGES = tuple(
    f"tests/harness/images/test_{name}.py" for name in ("edges", "metrics", "own_scale", "judgement")
)
FAULTS: tuple[ComparatorFault, ...] = (
    *_rows(
        "harness.images.metrics", IMAGES,
        ("difference where brighter", "magnitude = np.abs(diff)", "magnitude = np.maximum(diff, 0.0)"),
        ("difference where darker", "magnitude = np.abs(diff)", "magnitude = np.fmax(-diff, 0)"),
        ("scale from the largest value", "scale = float(np.abs(a).max())", "scale = float(a.max())"),
        ("sums in single precision", "first.astype(np.float64), second", "first.astype(np.float32), second"),
        ("pixels outside only where brighter", "difference = np.abs(b - a)", "difference = b - a"),
        ("pixels outside of the brighter half", "seen = larger > FAINTEST_OF_MAX * largest",
         "seen = larger > 0.5 * largest"),
        ("difference in parts of the first image", "larger = np.maximum(np.abs(a), np.abs(b))\n    largest",
         "larger = np.abs(a)\n    largest"),
        ("what was left out is always allowed", "rounding + left_out)", "rounding + largest)"),
        ("sum difference without its sign", "float(diff.sum()) / total", "abs(float(diff.sum())) / total"),
        ("unequal pixels not counted", "float(np.mean(a != b))", "float(np.mean(a == b))"),
    ),
    *_rows(
        "harness.images.compare", IMAGES,
        ("last row left out", "self.y_max + 1, self", "self.y_max, self"),
        ("last column left out", "self.x_max + 1]", "self.x_max]"),
        ("constant negative image", "if low != high:", "if low != high or low < 0.0:"),
        ("NaN on one side", "else Word.FAIL, found)", "else Word.NOT_COMPARABLE, found)"),
        ("infinity is a number", "if nan or inf else None", "if nan else None"),
        ("small regions say something", "LEAST_PIXELS = 9", "LEAST_PIXELS = 8"),
        ("pixels never computed", "inside = region.within(executed)", "inside = region"),
    ),
    *_rows(
        "harness.images.peaks", ("tests/harness/images/test_edges.py", "tests/harness/images/test_peaks.py"),
        ("floor from the second image", "float(first.max())", "float(second.max())"),
        ("one more border row left out", "- 1 - RADIUS_PX", "- 2 - RADIUS_PX"),
        ("one more first row left out", "(middle >= RADIUS_PX)", "(middle > RADIUS_PX)"),
        ("partners below the floor", "counted[pairs[:, 0]] | theirs", "counted[pairs[:, 0]] & theirs"),
        ("unmatched ones of the second image", "unmatched_second=_unmatched(theirs, pairs[:, 1], origin)",
         "unmatched_second=()"),
        ("centroid of the whole window", "weight -= weight.min(axis=(1, 2), keepdims=True)", "weight += 0.0"),
    ),
    *_rows(
        "harness.images.judgement", IMAGES,
        ("loosened flag", "strict_held=holds[c.name]", "strict_held=True"),
        ("resampled is a plain pass", "if resampled:", "if False:"),
        ("upper bound of the sums", "<= 1.0 + sums <= bounds.sum_ratio_max", "<= 1.0 + sums"),
        ("unmatched ones of one side", "len(peaks.unmatched_first) + len(peaks.unmatched_second)",
         "len(peaks.unmatched_first)"),
        ("rounding never said", "own.unequal_fraction <= limit:", "own.unequal_fraction <= 1.0:"),
    ),
    *_rows(
        "trace_tools.judging.diff", (f"{JUDGING}/test_edges.py", f"{JUDGING}/test_diff.py"),
        ("integer within a bound", 'exact = comparison.kind(name) == "int"', "exact = False"),
        ("one component of a vector", "np.any(found.absolute > bound", "np.all(found.absolute > bound"),
        ("NaN on one side is equal", "(a == b) | (np.isnan(a) & np", "(a == b) | (np.isnan(a) | np"),
        ("bounds by hand are not loosened", "loosened=True, notes", "loosened=False, notes"),
    ),
    *_rows(
        "trace_tools.judging.tap_bounds", (f"{JUDGING}/test_tap_bounds.py",),
        ("a later row decides", "for n, row in enumerate(rows) if",
         "for n, row in reversed([*enumerate(rows)]) if"),
        ("a pattern lets whole numbers differ", '(kind == "float" and fnmatchcase(tap, self.pattern))',
         "fnmatchcase(tap, self.pattern)"),
    ),
    *_rows(
        "trace_tools.judging.diff", (f"{JUDGING}/test_tap_bounds.py",),
        ("one component of a vector in a table", "np.any(~own.within(", "np.all(~own.within("),
    ),
    *_rows(
        "trace_tools.judging.verdict", (f"{JUDGING}/test_edges.py", f"{JUDGING}/test_verdict.py"),
        ("one broken log of two", "for trace in (comparison.a, comparison.b) if trace.broken]",
         "for trace in (comparison.a,) if trace.broken]"),
        ("problems pass", "(Word.ERROR, breach)", '(Word.ERROR, "")'),
        ("records alone are not set aside", "yield from _alone(comparison)", "yield from ()"),
        ("no record compared passes", "if comparison.compared == 0:", "if False:"),
        ("loosened flag", "Word.LOOSENED if comparison.bounds.loosened or alone", "Word.LOOSENED if alone"),
    ),
    *_rows(
        "trace_tools.judging.blame", (f"{JUDGING}/test_edges.py", *CAUSES),
        ("carry off", "        self._carry(name, entries)\n", ""),
        ("missing ignored", "self.state[self.missing] = _OPEN", "pass"),
        ("whole lists off", "(*WHOLE_LISTS.get(name, ()), *", "(*(), *"),
        ("ties are causes", "outcome[clean[is_tie]] = RecordState.TIE", "pass"),
    ),
    *_rows(
        "trace_tools.judging.ties", (f"{JUDGING}/test_edges.py", f"{JUDGING}/test_blame.py"),
        ("flip against the rule", "return keeps.all(axis=1), np.where(flipped",
         "return np.ones(len(keeps), bool), np.where(flipped"),
    ),
    *_rows(
        "trace_tools.judging.scale", (f"{JUDGING}/test_edges.py", f"{JUDGING}/test_diff.py"),
        ("scale of N", "count = np.abs(scales.input_values", "count = 1e6 * np.abs(scales.input_values"),
        ("scale of the sum", "return (own + _weighted_sums", "return (1e9 * own + _weighted_sums"),
    ),
    *_rows(
        "trace_tools.judging.noise_floor", (f"{JUDGING}/test_edges.py", f"{JUDGING}/test_noise_floor.py"),
        ("wider than the package", "loosened=larger_k or bool(wider)", "loosened=larger_k"),
        ("larger k", "loosened=larger_k or bool(wider)", "loosened=bool(wider)"),
        ("smallest of all pairs", "max(before.scaled, diff.max_scaled)", "diff.max_scaled"),
    ),
    *_rows(
        "trace_tools.judging.lookup", (DETAILS,),
        ("inputs of a graph that are no taps", "if unknown:", "if False:"),
    ),
    *_rows(
        "trace_tools.judging.judge", (DETAILS, f"{JUDGING}/test_verdict.py"),
        ("a lone whole record is a broken log", "here[-1] < 0 <= there[-1]", "here[-1] <= 0 <= there[-1]"),
    ),
    *_rows(
        "trace_tools.judging.scale", (DETAILS,),
        ("sums go on over pixels", "np.any(pixel[1:] != pixel[:-1], axis=1)", "False"),
        ("a lone cell has a grating", "np.where(count > 1,", "np.where(count > 0,"),
        ("slope of the grating", "count * width / np.abs(np.sin", "count / width / np.abs(np.sin"),
        ("one factor of a contribution", "(cell * lattice_scale + lattice * cell_scale)",
         "(cell * lattice_scale)"),
        ("flags not looked at", "weight[on] *= np.nan_to_num", "weight[~on] *= np.nan_to_num"),
    ),
    *_rows(
        "trace_tools.judging.diff", (DETAILS,),
        ("digits that were not printed", "half = 0.5 * 10.0 **", "half = 0.5 / 10.0 **"),
    ),
    *_rows(
        "trace_tools.judging.verdict", (DETAILS,),
        ("layers are pixels", "[:, :2]\n", "[:, :3]\n"),
        ("domains are of a pixel", "level <= TapLevel.mosaic_setup", "level < TapLevel.mosaic_setup"),
    ),
    *_rows(
        "trace_tools.judging.align", (DETAILS,),
        ("side of a lone pixel", "(a, b) if one in pixels_a else (b, a)", "(b, a)"),
        ("partners behind a common head", "at_b[order] + head", "at_b[order] - head"),
    ),
    *_rows(
        "trace_tools.judging.align", (f"{JUDGING}/test_align.py", f"{JUDGING}/test_edges.py"),
        ("other pixels", "(whole and pixels_a != pixels_b) or", "False or"),
        ("contexts that contradict", "all(one in (other, ABSENT)", "any(one in (other, ABSENT)"),
    ),
    *_rows(
        "trace_tools.tap_table", (f"{JUDGING}/test_edges.py",),
        ("edge of the polarization", "steps capture_fraction_applied polar_applied",
         "steps capture_fraction_applied"),
    ),
    *_rows(
        "trace_tools.reading.lines", (f"{JUDGING}/test_edges.py",),
        ("more values than the tap has", "if len(words) != tap.size:", "if len(words) < tap.size:"),
    ),
)  # fmt: skip
