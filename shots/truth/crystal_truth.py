"""What is known of a crystal of a shot: cell, orientation, size, and its structure factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.config import RunConfig, StructureFactors
from simulator.units import deg_of_rad


@dataclass(frozen=True, eq=False)
class CrystalTruth:
    """A crystal as the kernel has it, before the rotation about the spindle, in the frame of the run.

    Attributes:
        cell: a, b, c in Angstrom, alpha, beta, gamma in degrees.
        A_per_A: reciprocal vectors a*, b*, c* as columns, 1/Angstrom [3, 3].
        U: rotation with A = U B, B upper triangular: a* along x, b* in the x-y plane [3, 3].
        cells: numbers of cells along a, b, c.
        mosaic_spread_deg: half width.
        mosaic_domains: how many.
        fluence_photons_per_m2: in the beam, the scale of its intensities.
    """

    cell: tuple[float, ...]
    A_per_A: NDArray[np.float64]
    U: NDArray[np.float64]
    cells: tuple[int, int, int]
    mosaic_spread_deg: float
    mosaic_domains: int
    fluence_photons_per_m2: float


def crystal_truth(config: RunConfig) -> CrystalTruth:
    """Return the crystal of a run.

    Args:
        config: of the run.

    Raises:
        InputError: for a cell that spans no volume.

    Source: spec 03.
    """
    from simulator.physics.crystal import cell_angles_rad, lengths_A, orient

    crystal = config.crystal
    lattice = orient(crystal, config.beam.wavelength_m, config.quirks)
    A = lattice.reciprocal_A_inv.numpy().T.copy()
    lengths = [float(value) for value in lengths_A(lattice)]
    angles = [deg_of_rad(float(value)) for value in cell_angles_rad(lattice)]
    return CrystalTruth(
        cell=(*lengths, *angles),
        A_per_A=A,
        U=_rotation_of(A),
        cells=lattice.cells,
        mosaic_spread_deg=deg_of_rad(float(crystal.mosaic_spread_rad)),
        mosaic_domains=crystal.mosaic_domains,
        fluence_photons_per_m2=float(config.beam.fluence_photons_per_m2),
    )


def _rotation_of(A: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return U of A = U B, B upper triangular with a positive diagonal; a left-handed A has det U = -1."""
    U, B = np.linalg.qr(A)
    return np.asarray(U * np.sign(np.diag(B)), np.float64)


def kernel_F(hkl: NDArray[np.integer], factors: StructureFactors) -> NDArray[np.float64]:
    """Return the structure factors that the kernel looks up, in electrons [n].

    Args:
        hkl: Miller indices [n, 3].
        factors: of the run.

    Source: spec 05.
    """
    import torch

    from simulator.physics.structure_factors import make_table, nearest_F

    h, k, l = (torch.from_numpy(hkl[:, n].astype(np.float64)) for n in range(3))
    found: NDArray[np.float64] = nearest_F(make_table(factors), h, k, l).double().numpy()
    return found


def listed_reflections(factors: StructureFactors) -> NDArray[np.int32]:
    """Return the Miller indices of all reflections in the table of a run [n, 3], none without a table."""
    if factors.reflections == 0:
        return np.zeros((0, 3), np.int32)
    there = np.ones(factors.table.shape, bool)
    if factors.missing.size:
        there = ~factors.missing
    hkl: NDArray[np.int32] = (np.argwhere(there) + np.array(factors.hkl_min)).astype(np.int32)
    return hkl
