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
SCHEMA = "nanobragg-trace 1"
TraceWord = str | int | float
Line = tuple[str, tuple[TraceWord, ...], str]
"""Name, values, and the loop context in words (empty for none)."""


def recorder_of(config: RunConfig) -> Recorder:
    """Return a recorder for the pixels and the level that a configuration asks for."""
    return Recorder(config.trace.pixels, Level[config.trace.level.upper()])


def trace_text(scene: Scene, recorder: Recorder) -> str:
    """Return the whole trace, one line a tap.

    Args: scene: gives the set-up taps. recorder: after `render`. Source: spec 12.
    """
    lines: list[Line] = [("schema", (SCHEMA,), ""), ("program", (f"simulator {VERSION}",), "")]
    lines += _run_taps(scene)
    lines += _source_taps(scene)
    lines += [("phi_rad", (angle,), f"phi={j}") for j, angle in enumerate(scene.phi_rad)]
    lines += [("mosaic_umat", _numbers(u), f"mos={m}") for m, u in enumerate(scene.umats)]
    lines += [(record.name, record.values, _context(record)) for record in recorder.records()]
    return "".join(_text(line) for line in lines)


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
        I_bg=scene.I_bg,
    )


def _words(**taps: TraceWord | Tensor) -> Iterator[Line]:
    """Yield set-up taps by name."""
    for name, value in taps.items():
        yield (name, _numbers(value) if isinstance(value, Tensor) else (value,), "")


def _source_taps(scene: Scene) -> Iterator[Line]:
    """Yield direction, wavelength and weight of each source."""
    sources = scene.sources
    rows = zip(sources.direction, sources.wavelength_m, sources.weight, strict=True)
    for n, (direction, wavelength_m, weight) in enumerate(rows):
        for name, value in (
            ("source_vec", direction),
            ("source_lambda_meters", wavelength_m),
            ("source_weight", weight),
        ):
            yield (name, _numbers(value), f"src={n}")
