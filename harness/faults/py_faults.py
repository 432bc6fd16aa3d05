"""What is wrong in the simulator: each function takes a sound one, or a value, and returns the faulty one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

Function = Callable[..., Any]
FIVE_PER_CENT_MORE = 1.05
PER_ANGSTROM_OF_PER_M = 1e-10


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
