"""The command nbp record: float images of photons as a detector reads them (spec 10)."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import Panel, Setup
from shots.recording.blur import blurred
from shots.recording.command_options import (
    C_PARITY,
    NAME,
    RecordFrame,
    header_text_of,
    make_record_parser,
    record_frame,
    recording_settings,
    require_sound_options,
)
from shots.recording.noisify import (
    UPSTREAM_CALIBRATION_SEED,
    WHITE,
    NoisyImage,
    UpstreamNoise,
    noiseless_counts,
    noisified,
    spread_by_pixel,
)
from shots.recording.reading import LARGEST_COUNTS, whole_counts
from shots.recording.seeds import ShotSeeds
from shots.recording.settings import Recording
from shots.recording.stages import recorded_counts
from simulator.io.files import bytes_of
from simulator.io.pgm import pgm_chunks
from simulator.units import R_E_SQR_M2, sensor_m_of_um
from system_io.command import Command
from system_io.errors import UserError
from system_io.files import read_regular, require_free_targets, unwritable, written_together
from system_io.parser import CommandParser
from system_io.shown import printable

SECONDS_A_DAY = 86400
FLOAT_BYTES = 4
DEFAULT_NAMES = {"int": "intimage.img", "pgm": "image.pgm", "noise": "noiseimage.img"}
ENDINGS = {"int": "-int.img", "pgm": ".pgm", "noise": "-noise.img"}
KINDS = {"int": "image without noise", "pgm": "preview", "noise": "noise image"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run nbp record and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> CommandParser:
    """Return the parser of nbp record."""
    return make_record_parser()


@dataclass(frozen=True)
class _Job:
    """What is made of one image: its number, its file, and where its outputs go."""

    number: int
    image: Path
    targets: dict[str, Path]


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    require_sound_options(options)
    if options.seed is None:
        clock = int(time.time()) % SECONDS_A_DAY + 1
        options.seed = clock if options.parity_mode == C_PARITY else 1
    jobs = list(_jobs(options))
    _require_free(options, jobs)
    if options.outdir is not None:
        options.outdir.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        _record(options, job)
    return 0


def _jobs(options: argparse.Namespace) -> Iterator[_Job]:
    kinds = [kind for kind in DEFAULT_NAMES if not (options.nonoise and kind == "noise")]
    for number, image in enumerate(options.images):
        if options.outdir is None:
            targets = {kind: getattr(options, f"{kind}file") or Path(DEFAULT_NAMES[kind]) for kind in kinds}
        else:
            targets = {kind: options.outdir / f"{image.stem}{ENDINGS[kind]}" for kind in kinds}
        yield _Job(number, image, targets)


def _require_free(options: argparse.Namespace, jobs: Sequence[_Job]) -> None:
    """Raise UserError for outputs that lie on each other, on an input, or on a file that is there."""
    outputs = [
        (f"{KINDS[kind]} of '{job.image}'", path) for job in jobs for kind, path in job.targets.items()
    ]
    inputs = [(f"'{job.image}'", job.image) for job in jobs]
    inputs += [] if options.header is None else [("-header", options.header)]
    require_free_targets(outputs, inputs)
    for what, path in outputs:
        if path.is_file():
            raise UserError(f"{what}: '{printable(str(path))}' exists; name another file or remove it")
        why = unwritable(path) if options.outdir is None or options.outdir.exists() else ""
        if why:
            raise UserError(f"cannot write {what} '{printable(str(path))}': {why}; name another file")


def _record(options: argparse.Namespace, job: _Job) -> None:
    values = _read(job.image)
    frame = record_frame(options, values.size)
    photons = (values.astype(np.float64) * (options.fluence * R_E_SQR_M2 * options.scale)).astype(np.float32)
    photons = photons.reshape(frame.slow, frame.fast)
    made = _in_c_parity if options.parity_mode == C_PARITY else _in_spec
    plain, noisy = made(options, photons, frame, job.number)
    shades = np.clip(plain, 0, WHITE).astype(np.uint8)
    with written_together() as files:
        files.add(job.targets["int"], _smv(plain, frame, 16), KINDS["int"])
        files.add(job.targets["pgm"], pgm_chunks(shades, options.gain), KINDS["pgm"])
        if noisy is not None:
            files.add(job.targets["noise"], _smv(noisy.counts, frame, options.bits), KINDS["noise"])
    over = "" if noisy is None else f", {noisy.overloads} overloads, seed {options.seed}"
    size = f"{frame.fast} x {frame.slow} pixels, {photons.sum(dtype=np.float64):.6g} photons"
    sys.stdout.write(f"{printable(str(job.image))}: {size}{over}\n")


def _read(path: Path) -> NDArray[np.float32]:
    """Return the values of a float image.

    Raises:
        UserError: for a file that cannot be read, holds part of a float, or a value that is not finite.
    """
    data = read_regular(path, "float image", "give a file of 4-byte floats")
    where = f"float image '{printable(str(path))}'"
    if not data or len(data) % FLOAT_BYTES:
        raise UserError(f"{where} has {len(data)} bytes; a file of 4-byte floats without a header is needed")
    values = np.frombuffer(data, np.float32)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise UserError(
            f"{where} holds {values[place]} at place {place}; only finite photons can be recorded"
        )
    return values


def _smv(
    counts: NDArray[np.int64] | NDArray[np.int32], frame: RecordFrame, bits: int
) -> list[bytes | memoryview]:
    pixels = counts.astype(np.uint16 if bits == 16 else np.int32)
    return [header_text_of(frame, bits, sys.byteorder), bytes_of(pixels)]


def _in_spec(
    options: argparse.Namespace, photons: NDArray[np.float32], frame: RecordFrame, number: int
) -> tuple[NDArray[np.int32], NoisyImage | None]:
    """Return the image without noise and with it, from generators of their own for each kind of noise."""
    recording = recording_settings(options)
    if options.nonoise and options.psf is not None:
        photons = blurred(photons, options.psf, _fwhm(options, frame))
    plain = whole_counts(photons * np.float32(options.gain) + np.float32(options.adc), LARGEST_COUNTS[16])
    if options.nonoise:
        return plain, None
    panel = Panel(
        "image", frame.fast, frame.slow, frame.pixel_m, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    )
    setup = Setup((panel,), (1.0, 0.0, 0.0), 1e-10, (0.0, 0.0, 1.0), 0.5, (0.0, 0.0, 1.0), 0.0, 0.0, 1.0)
    counts = recorded_counts(photons, panel, setup, recording, ShotSeeds(options.seed, number))
    return plain, NoisyImage(counts.astype(np.int64), int((counts == LARGEST_COUNTS[options.bits]).sum()))


def _in_c_parity(
    options: argparse.Namespace, photons: NDArray[np.float32], frame: RecordFrame, _number: int
) -> tuple[NDArray[np.int64], NoisyImage | None]:
    """Return the image without noise and with it, as upstream's program makes them; each image is a run."""
    recording = recording_settings(options)
    noise = _upstream_noise(options, recording, frame)
    if options.nonoise and noise.psf != "none":
        photons = spread_by_pixel(photons, noise.psf, noise.psf_fwhm, noise.psf_radius)
    plain = noiseless_counts(photons, noise.gain, noise.adc)
    return plain, None if options.nonoise else noisified(photons, noise)


def _upstream_noise(options: argparse.Namespace, recording: Recording, frame: RecordFrame) -> UpstreamNoise:
    return UpstreamNoise(
        flicker=recording.flicker,
        calibration=recording.calibration,
        gain=recording.gain,
        readout_noise=recording.readout_noise,
        adc=recording.adc,
        psf=recording.psf,
        psf_fwhm=_fwhm(options, frame),
        psf_radius=options.psf_radius or 0,
        bits=recording.bits,
        seed=-options.seed,
        calibration_seed=UPSTREAM_CALIBRATION_SEED if options.calib_seed is None else -options.calib_seed,
    )


def _fwhm(options: argparse.Namespace, frame: RecordFrame) -> float:
    """Return the width of the point-spread function in pixels."""
    return sensor_m_of_um(options.psf_fwhm) / frame.pixel_m


if __name__ == "__main__":
    sys.exit(main())
