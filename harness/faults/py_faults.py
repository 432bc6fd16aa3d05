"""What is wrong in the simulator: each function takes a sound one, or a value, and returns the faulty one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

Function = Callable[..., Any]
FIVE_PER_CENT_MORE = 1.05
PER_ANGSTROM_OF_PER_M = 1e-10
SLIGHTLY_MORE = 1.0 + 1e-5


def without_polarization(sound: Function) -> Function:
    """Return `kahn_factor` that is 1."""
    return lambda *given: sound(*given) * 0.0 + 1.0


def turned_back(sound: Function) -> Function:
    """Return `Scene.orientations` that turns the other way round."""

    def orientations(scene: Any, first_block: bool) -> Any:
        lattice = replace(scene.lattice, spindle=-scene.lattice.spindle)
        return sound(replace(scene, lattice=lattice), first_block)

    return orientations


def without_obliquity(sound: Function) -> Function:
    """Return `solid_angle_sr` without the factor for oblique rays."""

    def solid_angle(R_m: Any, pixel_m: Any, close_m: Any, *others: Any) -> Any:
        return sound(R_m, pixel_m, close_m, *others) / (close_m / R_m)

    return solid_angle


def at_corner(sound: Function) -> Function:
    """Return `_position` of the corner of a sub-pixel."""

    def position(ins: Any, spot: Any, tap: Any) -> Any:
        moved = replace(spot, sub_slow=spot.sub_slow - 0.5, sub_fast=spot.sub_fast - 0.5)
        return sound(ins, moved, SimpleNamespace(at=lambda level, _moved: tap.at(level, spot)))

    return position


def without_second_step(sound: Function) -> Function:
    """Return `chunks` without those of the second phi step."""

    def chunks(ins: Any, block: Any, _elements: int) -> Iterator[Any]:
        return (chunk for chunk in sound(ins, block, 1) if chunk.p.start != 1)

    return chunks


def next_along_l(sound: Function) -> Function:
    """Return `nearest_F` of the next reflection along l."""
    return lambda table, h, k, l: sound(table, h, k, (l + 1.0).clamp(max=table.upper[2].to(l.dtype)))


def transposed(sound: Function) -> Function:
    """Return `turn` by the transposed rotation."""
    return lambda matrix, v: sound(matrix.transpose(-2, -1), v)


def from_wrong_side(sound: Function) -> Function:
    """Return `set_up` with the beam from the wrong side."""

    def instrument(scene: Any) -> Any:
        made = sound(scene)
        return replace(made, incident=tuple(-part for part in made.incident))

    return instrument


def in_per_angstrom(sound: Function) -> Function:
    """Return `_scattering` in 1/Angstrom in place of 1/m."""
    return lambda ins, direction: tuple(part * PER_ANGSTROM_OF_PER_M for part in sound(ins, direction))


class KeptOmega:
    """The solid angle of the first sub-pixel of a pixel, for all that follow."""

    def __init__(self) -> None:
        self.kept: Any = None

    def rays(self, sound: Function) -> Function:
        """Return `trace_rays` that keeps what the sub-pixel before has."""

        def trace_rays(ins: Any, spot: Any, cached: Any, *others: Any) -> Any:
            self.kept = None if cached is None else cached.omega
            return sound(ins, spot, cached, *others)

        return trace_rays

    def omega(self, sound: Function) -> Function:
        """Return `solid_angle_sr` that gives what is kept."""
        return lambda *given: sound(*given) if self.kept is None else self.kept


def halves_up(_sound: Function) -> Function:
    """Return `nearest_whole` that rounds halves up."""
    return lambda index: (index.detach() + 0.5).floor()


def five_per_cent_more(sound: float) -> float:
    """Return a constant five per cent larger."""
    return sound * FIVE_PER_CENT_MORE


def of_first_source(sound: Function) -> Function:
    """Return `kahn_factor` of the first source, for all sources."""

    def factor(kahn: Any, incident: Any, diffracted: Any, axis: Any) -> Any:
        first = tuple(part[:1].expand(part.shape) for part in incident)
        return sound(kahn, first, diffracted, axis)

    return factor


def first_entry(values: Any) -> Any:
    """Return a tensor [1, N, 1, 1] whose entries are all the first one."""
    return values[:, :1].expand(values.shape)


def last_entry_more(values: Any) -> Any:
    """Return a tensor [N] whose last entry is 1e-5 larger."""
    more = values.clone()
    more[-1:] *= SLIGHTLY_MORE
    return more


def last_pixel_more(hkl: Any) -> Any:
    """Return indices [K, N, P, M] of which those of the last pixel are 1e-5 larger."""
    more = tuple(index.clone() for index in hkl)
    for index in more:
        index[:, -1:] *= SLIGHTLY_MORE
    return more


def tophat_for_gauss(sound: Function) -> Function:
    """Return `shape_class` that takes TOPHAT for GAUSS."""
    return lambda name: sound("TOPHAT" if name == "GAUSS" else name)


def no_default(sound: Function) -> Function:
    """Return `scalar` of the table, whose only number is the default factor, that is 0."""
    return lambda value: sound(0.0 * value)


def third_node_more(basis: Any) -> Any:
    """Return the Lagrange polynomials with the third one 1e-5 larger."""
    return [(top * SLIGHTLY_MORE if n == 2 else top, bottom) for n, (top, bottom) in enumerate(basis)]


def last_factor_more(sound: Function) -> Function:
    """Return `each_factor` of which the last factor is 1e-6 larger."""

    def factors(*given: Any) -> Iterator[Any]:
        for name, applied, factor in sound(*given):
            yield name, applied, factor * (1.0 + 1e-6) if name.startswith("omega") else factor

    return factors


def omega_at_end_too(sound: Function) -> Function:
    """Return `each_factor` that never says of the solid angle that it is applied inside."""

    def factors(*given: Any) -> Iterator[Any]:
        for name, applied, factor in sound(*given):
            outside = replace(applied, inside=False) if name.startswith("omega") else applied
            yield name, outside, factor

    return factors


def last_as_before(steps: Any) -> Any:
    """Return phi steps of which the last one shows the one before."""
    return [*steps[:-1], steps[-2]] if len(steps) > 1 else steps


def without_last_domain(sound: Function) -> Function:
    """Return `chunks` without the last of several domains."""

    def chunks(ins: Any, block: Any, _elements: int) -> Iterator[Any]:
        last = ins.counts[2] - 1
        return (chunk for chunk in sound(ins, block, 1) if last == 0 or chunk.m.start != last)

    return chunks


def without_second_of_two(sound: Function) -> Function:
    """Return `chunks` without the second source where there are two."""

    def chunks(ins: Any, block: Any, _elements: int) -> Iterator[Any]:
        two = ins.counts[0] == 2
        return (chunk for chunk in sound(ins, block, 1) if not two or chunk.k.start != 1)

    return chunks


def spots_backwards(sound: Function) -> Function:
    """Return `spots` of which the first and the last stand in each other's place."""

    def spots(ins: Any, block: Any) -> Iterator[Any]:
        listed = list(sound(ins, block))
        last = len(listed) - 1
        for n, spot in enumerate(listed):
            yield listed[last] if n == 0 else listed[0] if n == last else spot

    return spots


def even_sub_pixels_off(sound: Function) -> Function:
    """Return `_position` that is off along fast where the number of sub-pixels is even."""

    def position(ins: Any, spot: Any, tap: Any) -> Any:
        off = 1e-5 if int(ins.numbers.sub_pixels) % 2 == 0 else 0.0
        moved = replace(spot, sub_fast=spot.sub_fast + off)
        return sound(ins, moved, SimpleNamespace(at=lambda level, _moved: tap.at(level, spot)))

    return position


def dmin_wide(sound: Function) -> Function:
    """Return `_alive` with a resolution limit two per cent wider."""
    return lambda ins, q: sound(ins, tuple(part / 1.02 for part in q))


def of_first_wavelength(sound: Function) -> Function:
    """Return `_scattering` of all sources with the wavelength of the first one."""

    def scattering(ins: Any, direction: Any) -> Any:
        wavelengths = ins.wavelength_m
        return tuple(part * wavelengths / wavelengths[:1] for part in sound(ins, direction))

    return scattering


def behind_layers(sound: Function) -> Function:
    """Return `_position` in layers that begin where they end."""

    def position(ins: Any, spot: Any, tap: Any) -> Any:
        moved = replace(spot, layer=spot.layer + 1)
        return sound(ins, moved, SimpleNamespace(at=lambda level, _moved: tap.at(level, spot)))

    return position


def swing_axis_longer(sound: Function) -> Function:
    """Return `_unit_axes` with a two-theta axis 1e-5 too long."""

    def axes(*given: Any) -> Any:
        made = sound(*given)
        return replace(made, twotheta=tuple(part * SLIGHTLY_MORE for part in made.twotheta))

    return axes


def first_as_second(matrices: Any) -> Any:
    """Return rotations of which the first is the second."""
    moved = matrices.clone()
    moved[:1] = matrices[1:2] if len(matrices) > 1 else matrices[:1]
    return moved


def other_powers(sound: Any) -> Any:
    """Return the powers of another multiplier of the generator."""
    powers, modulus = [48271], 2147483647
    for _ in range(len(sound) - 1):
        powers.append(powers[-1] * 48271 % modulus)
    return sound * 0 + powers


def without_last_orientation(sound: Function) -> Function:
    """Return `_on_cpu` whose last phi step shows the first orientation."""

    def instrument(scene: Any) -> Any:
        made = sound(scene)
        shown = tuple(tuple(_last_step_first(part) for part in v) for v in made.usual.rotated)
        final = tuple(tuple(_last_step_first(part) for part in v) for v in made.usual.final)
        return replace(made, usual=replace(made.usual, rotated=shown, final=final))

    return instrument


def _last_step_first(part: Any) -> Any:
    moved = part.clone()
    moved[:, :, -1] = part[:, :, 0]
    return moved


def steps_by_gaps(sound: Function) -> Function:
    """Return `phi_steps` whose step is the range over the gaps between them."""

    def steps(*given: Any) -> Any:
        made = sound(*given)
        return replace(made, step=made.range / max(1, made.count - 1))

    return steps


def three_layers_thinner(sound: Function) -> Function:
    """Return `sensor_layers` that are a quarter thinner where there are three."""

    def layers(*given: Any) -> Any:
        made = sound(*given)
        return replace(made, step=made.step * (0.75 if made.count == 3 else 1.0))

    return layers


def half_a_pixel_off(sound: Function) -> Function:
    """Return `centred` with the direct beam half a pixel off along slow."""

    def centre(given: Any, size_m: Any, pixel_m: float, *others: Any) -> Any:
        made = sound(given, size_m, pixel_m, *others)
        return replace(made, Sbeam_m=made.Sbeam_m + 0.5 * pixel_m)

    return centre


def phi_as_it_is(sound: Any) -> Any:
    """Return the table of header keys with PHI in radians."""
    return tuple((key, field, float if key == "PHI" else convert) for key, field, convert in sound)


def last_column_single(rows: Any) -> Any:
    """Return rows whose last column is rounded to 4-byte floats."""
    if rows is None:
        return rows
    rounded = rows.copy()
    rounded[:, 3] = rounded[:, 3].astype("f4")
    return rounded


def dump_entries_lost(sound: Function) -> Function:
    """Return `read_dump` of which every other plane of h is 0."""

    def read(*given: Any) -> Any:
        made = sound(*given)
        made.table[::2] = 0.0
        return made

    return read


def last_two_exchanged(image: Any) -> Any:
    """Return an image whose last two pixels stand in each other's place."""
    moved = image.copy()
    moved[-1, -2:] = image[-1, -2:][::-1]
    return moved


def wider_pixel(sound: Function) -> Function:
    """Return `Numbers` whose pixel, of which solid angles are formed, is 1e-6 wider."""
    return lambda **given: sound(**{**given, "pixel_m": given["pixel_m"] * (1.0 + 1e-6)})


def deviation_from_zero(sound: Function) -> Function:
    """Return `_square_deviations` from 0 in place of the mean."""
    return lambda values, mean: sound(values, 0.0 * mean)


def one_entry_more(sound: Function) -> Function:
    """Return `nearest_F` of which one entry is 1e-5 larger."""
    return lambda table, h, k, l: sound(table, h, k, l) * (1.0 + 1e-5 * ((h == 2) & (k == 1) & (l == 0)))


def one_pixel_turned(executed: Any) -> Any:
    """Return which pixels are computed, of which one is the other way round."""
    turned = executed.clone()
    turned[20:21, 20:21] ^= True
    return turned


def even_steps_more(sound: Function) -> Function:
    """Return `Steps.values` 1e-6 larger where their number is even."""
    return lambda steps: [value * (1.0 + 1e-6 * (steps.count % 2 == 0)) for value in sound(steps)]


def volume_told_larger(sound: Function) -> Function:
    """Return `_run_taps` that tells a volume 1e-6 larger."""

    def taps(scene: Any) -> Iterator[Any]:
        for name, values, context in sound(scene):
            told = tuple(value * (1.0 + 1e-6) for value in values) if name == "V_cell_A3" else values
            yield name, told, context

    return taps
