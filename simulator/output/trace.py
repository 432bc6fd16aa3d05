"""Writes a trace: set-up taps of the scene, then what a recorder kept (spec 12)."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from simulator.config import RunConfig
from simulator.kernel.taps import CONTEXT_KEYS, Level, Recorder, TapRecord
from simulator.scene.scene import Scene
from simulator.units import R_E_SQR_M2
from system_io.version import VERSION

PREFIX = "TRACE_PY:"
FORMAT = "nanobragg-trace"
NEWER = frozenset({
    "detector_rot_rad", "twotheta_rad", "detector_turn", "water_electrons_sqr", "source_relative_weight",
    "capture_fraction_inside", "polar_inside", "omega_pixel_inside", "term_factor", "sum_factor",
    "water_factor", "water_sum", "water_photons",
})  # fmt: skip
"""Taps that version 2 of the format has and version 1 has not."""
TraceWord = str | int | float
Line = tuple[str, tuple[TraceWord, ...], str]
"""Name, values, and the loop context in words (empty for none)."""


def recorder_of(config: RunConfig) -> Recorder:
    """Return a recorder for the pixels and the level that a configuration asks for."""
    return Recorder(config.trace.pixels, Level[config.trace.level.upper()])


def trace_text(scene: Scene, recorder: Recorder) -> str:
    """Return the whole trace, one line a tap, in the version that the scene asks for.

    Args:
        scene: gives the set-up taps.
        recorder: after `render`.

    Source: spec 12.
    """
    version = scene.config.trace.schema
    lines: list[Line] = [("schema", (FORMAT, version), ""), ("program", (f"simulator {VERSION}",), "")]
    lines += _run_taps(scene)
    lines += _source_taps(scene)
    lines += [("phi_rad", (angle,), f"phi={j}") for j, angle in enumerate(scene.phi_rad)]
    lines += [("mosaic_umat", _numbers(u), f"mos={m}") for m, u in enumerate(scene.umats)]
    lines += [(record.name, record.values, _context(record)) for record in recorder.records()]
    return "".join(_text(line) for line in lines if version > 1 or line[0] not in NEWER)


def _text(line: Line) -> str:
    """Return one line of the trace."""
    name, values, context = line
    words = " ".join(f"{word:.17g}" if isinstance(word, float) else str(word) for word in values)
    return f"{PREFIX} {name} {words}" + (f" | {context}\n" if context else "\n")


def _context(record: TapRecord) -> str:
    """Return the loop counters in words."""
    return " ".join(f"{key}={value}" for key, value in zip(CONTEXT_KEYS, record.context, strict=False))


def _numbers(values: Tensor) -> tuple[float, ...]:
    """Return all entries of a tensor, row by row."""
    return tuple(float(value) for value in values.flatten().tolist())


def _run_taps(scene: Scene) -> Iterator[Line]:
    """Yield the taps that are computed once a run, in the order of spec 12."""
    config, geometry, lattice = scene.config, scene.geometry, scene.lattice
    detector, beam = config.detector, config.beam
    yield from _words(
        convention=detector.convention,
        pivot=detector.pivot,
        fpixels=detector.fpixels,
        spixels=detector.spixels,
        pixel_size_meters=detector.pixel_size_m,
        lambda0_meters=beam.wavelength_m,
        fluence_photons_per_m2=beam.fluence_photons_per_m2,
        r_e_sqr=R_E_SQR_M2,
        beam_vec=geometry.beam,
        polar_vec=geometry.polarization,
        spindle_axis=lattice.spindle,
        twotheta_axis=geometry.twotheta_axis,
        detector_rot_rad=geometry.rot_rad,
        twotheta_rad=geometry.twotheta_rad,
        detector_turn=geometry.turn,
        fdet_vec=geometry.fast,
        sdet_vec=geometry.slow,
        odet_vec=geometry.normal,
        Fbeam_meters=geometry.Fbeam_m,
        Sbeam_meters=geometry.Sbeam_m,
        Fclose_meters=geometry.Fclose_m,
        Sclose_meters=geometry.Sclose_m,
        pix0_vector_meters=geometry.pix0_m,
        close_distance_meters=geometry.close_distance_m,
        distance_meters=geometry.distance_m,
        misset_rad=lattice.misset_rad,
        **{f"{x}_star_A_inv": v for x, v in zip("abc", lattice.reciprocal_A_inv, strict=True)},
        **{f"{x}_angstroms": v for x, v in zip("abc", lattice.direct_A, strict=True)},
        V_cell_A3=lattice.volume_A3,
    )
    yield ("N_cells", lattice.cells, "")
    yield from _words(
        xtal_shape=config.crystal.shape,
        interpolate=int(scene.interpolate),
        oversample=scene.oversample,
        oversample_thick=int(config.sampling.oversample_thick),
        oversample_polar=int(config.sampling.oversample_polar),
        oversample_omega=int(config.sampling.oversample_omega),
        sources=len(scene.sources.weight),
        phisteps=len(scene.phi_rad),
        mosaic_domains=len(scene.umats),
        thicksteps=scene.layers,
        steps=scene.steps,
        water_electrons_sqr=scene.water_electrons_sqr,
        I_bg=scene.I_bg,
    )


def _words(**taps: TraceWord | Tensor) -> Iterator[Line]:
    """Yield set-up taps by name."""
    for name, value in taps.items():
        yield (name, _numbers(value) if isinstance(value, Tensor) else (value,), "")


def _source_taps(scene: Scene) -> Iterator[Line]:
    """Yield direction, wavelength, weight and relative weight of each source."""
    sources = scene.sources
    taps = {
        "source_vec": sources.direction,
        "source_lambda_meters": sources.wavelength_m,
        "source_weight": sources.weight,
        "source_relative_weight": sources.relative_weight(scene.config.quirks),
    }
    for n in range(len(sources.weight)):
        for name, values in taps.items():
            yield (name, _numbers(values[n]), f"src={n}")
