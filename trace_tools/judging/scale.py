"""The scale on which rounding acts on a tap: the size of its operands, not of what cancellation left."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Floats, Index
from trace_tools.judging.align import Alignment
from trace_tools.judging.lookup import DEFAULT_GRAPH, NONE, input_entries
from trace_tools.reading.field_names import states_several
from trace_tools.reading.trace_file import TraceLog

ScaleRules = Mapping[str, "Callable[[Scales, Index], Floats]"]


class Scales:
    """Operand scales of the entries of an alignment, from the values of trace A.

    A difference of size delta in a tap is judged by delta/scale. The scale is the largest magnitude of the
    record's values unless its formula cancels or amplifies; then it is the sum of the magnitudes of the
    terms that meet in the formula, with the scales of the inputs in place of their values.
    Where an operand is not in the trace the record's own magnitude stands alone. Numbers of different things
    in one line of an older log are each judged by their own size.
    """

    def __init__(self, alignment: Alignment, trace: TraceLog, rules: ScaleRules | None = None) -> None:
        self._alignment = alignment
        self._trace = trace
        self._rules = OPERAND_RULES if rules is None else rules
        self._kept: dict[str, tuple[Index, Floats]] = {}

    def values(self, entries: Index, size: int) -> Floats:
        """Values of trace A, shape (entries, size); NaN where A has no such record."""
        result = np.full((len(entries), size), np.nan)
        records = np.where(entries == NONE, NONE, self._alignment.a[entries])
        there = records != NONE
        columns = self._trace.columns
        there[there] = columns.start[records[there] + 1] - columns.start[records[there]] == size
        result[there] = columns.matrix(records[there], size)
        return result

    def input_values(self, entries: Index, name: str) -> Floats:
        """Values of an input tap for each entry, shape (entries, size of the input)."""
        return self.values(self.source(entries, name), DEFAULT_GRAPH[name].size)

    def source(self, entries: Index, name: str) -> Index:
        """Entries of the input tap for each entry, -1 where there is none."""
        return input_entries(self._alignment, DEFAULT_GRAPH, entries, name)

    def of(self, name: str, entries: Index, size: int) -> Floats:
        """Operand scale of entries of one tap, shape (entries, size)."""
        if name not in _KEPT:
            return self._form(name, entries, size)
        if name not in self._kept:
            every = self._alignment.entries(name)
            self._kept[name] = every, self._form(name, every, size)
        every, scale = self._kept[name]
        return np.asarray(scale[np.searchsorted(every, entries)])

    def _form(self, name: str, entries: Index, size: int) -> Floats:
        rule = self._rules.get(name)
        if rule is None and states_several(name):
            return np.asarray(np.nan_to_num(np.abs(self.values(entries, size)), posinf=0.0))
        own = _largest(self.values(entries, size))
        if rule is None:
            return np.broadcast_to(own, (len(entries), size))
        with np.errstate(all="ignore"):
            extra = np.array(rule(self, entries))
        extra[~np.isfinite(extra)] = 0.0
        return np.broadcast_to(np.fmax(own, extra), (len(entries), size))

    def pixels(self, entries: Index) -> NDArray[np.int32]:
        """Slow and fast pixel of each entry, shape (entries, 2)."""
        return self._alignment.contexts[self._alignment.context[entries]][:, :2]

    def of_input(self, entries: Index, tap: str) -> Floats:
        """Operand scale of an input tap for each entry, 0 where it is not in the trace."""
        found = self.source(entries, tap)
        size = DEFAULT_GRAPH[tap].size
        result = np.zeros((len(entries), size))
        there = found != NONE
        result[there] = self.of(tap, found[there], size)
        return result


def _largest(values: Floats) -> Floats:
    size = np.abs(values)
    size[~np.isfinite(size)] = 0.0
    largest = np.zeros(len(values))
    for column in size.T:
        np.maximum(largest, column, out=largest)
    return largest[:, None]


def _norm(values: Floats) -> Floats:
    return np.asarray(np.sqrt((values * values).sum(axis=1)))[:, None]


def _ratio(scales: Scales, entries: Index, name: str) -> Floats:
    """How much larger the scale of an input is than the input itself."""
    size = np.abs(scales.input_values(entries, name))
    ratio = scales.of_input(entries, name) / size
    return np.asarray(np.nan_to_num(ratio, nan=1.0, posinf=0.0))


def _one(_: Scales, entries: Index) -> Floats:
    return np.ones((len(entries), 1))


def _position(scales: Scales, entries: Index) -> Floats:
    return _norm(scales.input_values(entries, "pix0_vector_meters"))


def _scattering(scales: Scales, entries: Index) -> Floats:
    return 1.0 / np.abs(scales.input_values(entries, "lambda_meters"))


def _stol(scales: Scales, entries: Index) -> Floats:
    return 0.5 * scales.of_input(entries, "scattering_vec_m_inv")[:, :1]


def _indices(scales: Scales, entries: Index) -> Floats:
    q = scales.of_input(entries, "scattering_vec_m_inv")[:, :1]
    lengths = [_norm(scales.input_values(entries, f"rot_{axis}_angstroms")) for axis in "abc"]
    return np.hstack(lengths) * 1e-10 * q


def _grating(axis: int) -> Callable[[Scales, Index], Floats]:
    def scale(scales: Scales, entries: Index) -> Floats:
        """The derivative of a quotient of sines, numerator and denominator rounded on their own."""
        index = scales.input_values(entries, "hkl_frac")[:, axis : axis + 1]
        count = np.abs(scales.input_values(entries, "N_cells")[:, axis : axis + 1])
        width = scales.of_input(entries, "hkl_frac")[:, axis : axis + 1]
        slope = 2.0 * np.pi * count * width / np.abs(np.sin(np.pi * index))
        return np.where(count > 1, count + np.nan_to_num(slope, posinf=0.0), 1.0)

    return scale


def _cells(scales: Scales, entries: Index) -> Floats:
    return np.asarray(np.prod(scales.input_values(entries, "N_cells"), axis=1))[:, None]


def _lattice(scales: Scales, entries: Index) -> Floats:
    names = ("F_latt_a", "F_latt_b", "F_latt_c")
    square = [np.abs(scales.input_values(entries, name)) for name in names]
    widths = [scales.of_input(entries, name) for name in names]
    terms = [widths[axis] * square[axis - 1] * square[axis - 2] for axis in range(3)]
    product = sum(terms, np.zeros((len(entries), 1)))
    return np.where(np.isfinite(product), product, _cells(scales, entries))


def _radius(scales: Scales, entries: Index, length: Floats) -> Floats:
    root = np.sqrt(np.abs(scales.values(entries, 1)))
    width = scales.of_input(entries, "hkl_frac").max(axis=1, keepdims=True)
    return np.asarray(2.0 * root * length * width)


def _hrad(scales: Scales, entries: Index) -> Floats:
    return _radius(scales, entries, _largest(scales.input_values(entries, "N_cells")))


def _rad_star(scales: Scales, entries: Index) -> Floats:
    axes = [_norm(scales.input_values(entries, f"{axis}_star_A_inv")) for axis in "abc"]
    return _radius(scales, entries, np.hstack(axes).max(axis=1, keepdims=True) * _cells(scales, entries))


def _structure_factor(scales: Scales, entries: Index) -> Floats:
    return _largest(scales.input_values(entries, "tricubic_F"))


def _contribution(scales: Scales, entries: Index) -> Floats:
    cell, lattice = (np.abs(scales.input_values(entries, name)) for name in ("F_cell", "F_latt"))
    cell_scale, lattice_scale = (scales.of_input(entries, name) for name in ("F_cell", "F_latt"))
    return 2.0 * cell * lattice * (cell * lattice_scale + lattice * cell_scale)


def _running_sum(scales: Scales, every: Index) -> Floats:
    """The scales of all contributions so far in the pixel, summed and multiplied as the sum itself is."""
    terms = scales.of_input(every, "I_contribution")[:, 0]
    pixel = scales.pixels(every)
    first = np.ones(len(every), bool)
    first[1:] = np.any(pixel[1:] != pixel[:-1], axis=1)
    terms = terms * np.nan_to_num(np.abs(scales.input_values(every, "term_factor")[:, 0]), nan=1.0)
    weight = np.abs(scales.input_values(every, "sum_factor")[:, 0])
    weight = np.asarray(np.where(np.isnan(weight), _flagged_factors(scales, every), weight), np.float64)
    own = _largest(scales.values(every, 1))[:, 0]
    if np.all(weight == 1.0):
        total = np.cumsum(terms)
        before = np.where(first, total - terms, 0.0)
        return np.asarray(own + np.maximum(total - np.maximum.accumulate(before), terms))[:, None]
    return (own + _weighted_sums(terms, weight, first))[:, None]


def _flagged_factors(scales: Scales, every: Index) -> Floats:
    """What the sum is multiplied by in a trace that does not say so itself."""
    weight = np.ones(len(every))
    for flag, factor in (("thick", "capture_fraction"), ("polar", "polar"), ("omega", "omega_pixel_sr")):
        on = scales.input_values(every, f"oversample_{flag}")[:, 0] == 1
        weight[on] *= np.nan_to_num(np.abs(scales.input_values(every[on], factor)[:, 0]), nan=1.0)
    return weight


def _weighted_sums(terms: Floats, weight: Floats, first: NDArray[np.bool_]) -> Floats:
    result, total = np.zeros(len(terms)), 0.0
    for number, (term, factor, new) in enumerate(
        zip(terms.tolist(), weight.tolist(), first.tolist(), strict=True)
    ):
        total = ((0.0 if new else total) + term) * factor
        result[number] = total
    return result


def _product(*factors: str) -> Callable[[Scales, Index], Floats]:
    def scale(scales: Scales, entries: Index) -> Floats:
        """The size of a product, as much larger as the scales of its factors are than they."""
        ratio = sum((_ratio(scales, entries, name) for name in factors), np.zeros((len(entries), 1)))
        return np.asarray(np.abs(scales.values(entries, 1)) * ratio)

    return scale


_pixel = _product("I_before_scaling", "capture_fraction_applied", "polar_applied")
_factor = _product("capture_fraction_inside", "polar_inside")


def _last_sum(scales: Scales, entries: Index) -> Floats:
    return scales.of_input(entries, "I_running")


def _image(scales: Scales, entries: Index) -> Floats:
    return scales.of_input(entries, "I_pixel_final")


OPERAND_RULES: ScaleRules = {
    "Fbeam_meters": _position,
    "Sbeam_meters": _position,
    "Fclose_meters": _position,
    "Sclose_meters": _position,
    "close_distance_meters": _position,
    "pixel_pos_meters": _position,
    "diffracted_vec": _one,
    "obliquity_factor": _one,
    "capture_fraction": _one,
    "cos_2theta": _one,
    "polar": _one,
    "capture_fraction_applied": _one,
    "polar_applied": _one,
    "capture_fraction_inside": _one,
    "polar_inside": _one,
    "term_factor": _factor,
    "sum_factor": _factor,
    "water_factor": _factor,
    "water_sum": _product("water_factor"),
    "water_photons": _product("water_sum", "capture_fraction_applied", "polar_applied"),
    "scattering_vec_m_inv": _scattering,
    "stol_m_inv": _stol,
    "hkl_frac": _indices,
    "F_latt_a": _grating(0),
    "F_latt_b": _grating(1),
    "F_latt_c": _grating(2),
    "F_latt": _lattice,
    "hrad_sqr": _hrad,
    "rad_star_sqr": _rad_star,
    "F_cell": _structure_factor,
    "I_contribution": _contribution,
    "I_running": _running_sum,
    "I_before_scaling": _last_sum,
    "I_pixel_final": _pixel,
    "floatimage_accumulated": _image,
}

# where single precision rounds: the lattice factor relative to itself, since its angles are reduced in double
# precision, and all that is formed of it
SINGLE_RULES: ScaleRules = {
    name: OPERAND_RULES[name]
    for name in (
        "F_cell", "I_contribution", "I_running",
        "I_before_scaling", "I_pixel_final", "floatimage_accumulated",
    )
}  # fmt: skip

# needed by other taps or as a whole: formed once for all records
_KEPT = frozenset(
    {
        "scattering_vec_m_inv",
        "hkl_frac",
        "F_latt_a",
        "F_latt_b",
        "F_latt_c",
        "F_latt",
        "F_cell",
        "I_contribution",
        "I_running",
        "I_before_scaling",
    }
)
