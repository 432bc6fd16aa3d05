"""The lines that the command line prints (spec 08 "Console output"), as text."""

from __future__ import annotations

import math
from collections.abc import Iterable

from simulator.computed import Computed, LeftOut
from simulator.config import RunConfig, Steps
from simulator.limits.value_table import GRAZING
from simulator.physics.lattice.shapes import shape_class
from simulator.scene.scene import Scene
from simulator.units import A_of_m, deg_of_rad

CELL_TOLERANCE = 0.001


def _vector(values: Iterable[float]) -> str:
    return " ".join(f"{float(value):g}" for value in values)


def setup_lines(scene: Scene) -> list[str]:
    """Return the description of a run that is about to start (spec 08, before the loop)."""
    config = scene.config
    factors = config.structure_factors
    cells = "x".join(f"{count:.0f}" for count in scene.lattice.cells)
    return [
        f"  {factors.reflections} initialized hkls (all others ={factors.default_F:g})",
        f"  {shape_class(config.crystal.shape).word} xtal: {cells} cells",
        *_beam_lines(scene),
        *_detector_lines(scene),
        *_sampling_lines(scene),
    ]


def _beam_lines(scene: Scene) -> list[str]:
    beam = scene.config.beam
    polarization = "none" if beam.nopolar else f"{beam.kahn_factor:g}"
    return [
        f"  wave: {beam.wavelength_m:g} m; kahn polarization factor: {polarization}",
        f"  fluence: {beam.fluence_photons_per_m2:g} photons/m^2",
        f"  beam: {_vector(scene.geometry.beam)}  polarization axis: {_vector(scene.geometry.polarization)}",
    ]


def _detector_lines(scene: Scene) -> list[str]:
    detector, geometry = scene.config.detector, scene.geometry
    layers = detector.thickness_m
    origin = ",".join(f"{float(value):g}" for value in geometry.dials_origin_mm)
    return [
        f"  detector: {detector.fpixels}x{detector.spixels} pixels of {detector.pixel_size_m:g} m,"
        f" {detector.convention} convention, pivot {detector.pivot}",
        f"  distance={float(geometry.distance_m):g} close_distance={float(geometry.close_distance_m):g} m",
        f"  sensor: {layers.range:g} m in {layers.count} layers, mu={detector.attenuation_per_m:g} per m",
        f"  Xbeam={detector.Xbeam_m:g} Ybeam={detector.Ybeam_m:g} m",
        f"  Fbeam={float(geometry.Fbeam_m):g} Sbeam={float(geometry.Sbeam_m):g} m",
        f"  Fclose={float(geometry.Fclose_m):g} Sclose={float(geometry.Sclose_m):g} m",
        f"  fast axis: {_vector(geometry.fast)}  slow axis: {_vector(geometry.slow)}",
        f"  normal: {_vector(geometry.normal)}  DIALS origin: {origin} mm",
        "  region: fast {} to {}, slow {} to {}, bounds included".format(*detector.roi),
    ]


def _sampling_lines(scene: Scene) -> list[str]:
    config, crystal, beam = scene.config, scene.config.crystal, scene.config.beam
    lines = [
        _steps("horizontal divergence", beam.hdiv_rad, "rad"),
        _steps("vertical divergence", beam.vdiv_rad, "rad"),
        _steps("dispersion", beam.dispersion, "of the wavelength"),
        f"  {len(scene.sources.weight)} sources",
        f"  {crystal.mosaic_domains} mosaic domains over {deg_of_rad(crystal.mosaic_spread_rad):g} deg",
        f"  {crystal.phi_rad.count} phi steps from {deg_of_rad(crystal.phi_rad.first):g}"
        f" over {deg_of_rad(crystal.phi_rad.range):g} deg",
        f"  {scene.oversample}x{scene.oversample} pixel oversample steps",
        f"  {'' if scene.interpolate else 'no '}interpolation between structure factors",
    ]
    if crystal.has_misset:
        misset = " ".join(f"{deg_of_rad(angle):f}" for angle in crystal.misset_rad)
        lines.append(f"  misset angles: {misset} deg")
    if config.output.write_noise:
        lines.append(f"  seed: {config.output.noise_seed}")
    return lines


def _steps(what: str, steps: Steps, unit: str) -> str:
    return f"  {steps.count} {what} steps over {steps.range:g} {unit}"


def solid_angle_line(scene: Scene, omega_sum_sr: float) -> str:
    """Return the solid-angle line: the sum over all steps, or over what was summed (Q-SOLID-ANGLE-PRINT)."""
    if "Q-SOLID-ANGLE-PRINT" in scene.config.quirks:
        area_sr = omega_sum_sr / scene.steps
    else:
        area_sr = omega_sum_sr / (scene.oversample * scene.oversample * scene.layers)
    percent = area_sr / (4.0 * math.pi) * 100
    return f"solid angle subtended by detector = {area_sr:g} steradian ( {percent:g}% sphere)"


def computed_line(how: Computed) -> str:
    """Return how the image was computed, which is what its last bits depend on."""
    return f"computed: {how}"


def left_out_line(sparse: LeftOut) -> str:
    """Return how many evaluations `--epsilon` left out, and the bound of what a pixel lost by that."""
    return (
        f"left out {sparse.left_out} of {sparse.evaluations} evaluations: no pixel lost more than"
        f" {sparse.bound_photons:.6g} photons, {sparse.bound:.3g} of the maximum"
    )


def oversample_warning(scene: Scene) -> list[str]:
    """Return a warning for fewer sub-pixels than the crystal size calls for (03 section 7)."""
    if scene.oversample >= scene.recommended_oversample:
        return []
    size_A = A_of_m(float(scene.lattice.largest_edge_m()))
    return [
        f"-oversample {scene.oversample}: a crystal of {size_A:g} A calls for {scene.recommended_oversample}"
        " sub-pixels a side"
    ]


def cell_warning(scene: Scene) -> list[str]:
    """Return a warning where -cell and -mat do not agree about the volume of the cell (Q-CELL-MAT-MIX)."""
    crystal = scene.config.crystal
    if not (crystal.has_cell and crystal.matrix):
        return []
    cell_A3, vectors_A3 = float(scene.lattice.volume_A3), abs(float(scene.lattice.direct_A.det()))
    if abs(cell_A3 - vectors_A3) <= CELL_TOLERANCE * cell_A3:
        return []
    return [f"-cell and -mat disagree: volumes {cell_A3:g} and {vectors_A3:g} A^3 (Q-CELL-MAT-MIX)"]


def grazing_warning(scene: Scene) -> list[str]:
    """Return a warning for a beam that runs along the detector plane (Q-PERPENDICULAR)."""
    geometry = scene.geometry
    cosine = float((geometry.beam * geometry.normal).sum())
    if abs(cosine) > GRAZING:
        return []
    return [
        f"the beam runs along the detector plane (cosine {cosine:g}): distance and beam centre mean nothing"
    ]


def polarization_warning(scene: Scene) -> list[str]:
    """Return a warning for a polarization along the beam where something depends on its direction."""
    beam, geometry = scene.config.beam, scene.geometry
    polarized = not beam.nopolar and float(beam.kahn_factor) != 0.0
    diverging = not beam.source_rows and beam.hdiv_rad.count * beam.vdiv_rad.count > 1
    if float(geometry.vertical.abs().sum()) > GRAZING or not (polarized or diverging):
        return []
    return [
        "the polarization is parallel to the beam: -polar and the divergence have no direction; give"
        " -polar_vector"
    ]


def nothing_warning(scene: Scene) -> list[str]:
    """Return a warning where region and mask together leave no pixel."""
    return (
        [] if bool(scene.executed().any()) else ["the mask leaves out every pixel of the region: all are 0"]
    )


def used_interpolation_warning(config: RunConfig, interpolate: bool) -> list[str]:
    """Return a warning for -interpolate with nothing to interpolate (05 section 4)."""
    if config.structure_factors.interpolate == "on" and not interpolate:
        return ["-interpolate has no effect without a table of structure factors"]
    return []
