"""Command line -> RunConfig: headers, then options, defaults and conventions (spec 01 section 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, cast

from simulator.command_line.header_input import Start, with_header
from simulator.command_line.options import USAGE, RawOptions, parse
from simulator.command_line.quirk_words import quirks_by_words
from simulator.command_line.resolve_beam import beam_of
from simulator.command_line.resolve_crystal import clock_seconds, crystal_of, internal_seed
from simulator.command_line.resolve_detector import detector_of
from simulator.command_line.typed_values import header_doubts, typed_doubts
from simulator.config import (
    OPTION,
    Compile,
    Compute,
    Detector,
    Output,
    Precision,
    RunConfig,
    Sampling,
    StructureFactors,
    Trace,
    check_epsilon,
)  # fmt: skip
from simulator.errors import InputError, Warnings
from simulator.io.fdump import read_dump
from simulator.io.files import readable, require_file
from simulator.io.hkl import read_hkl
from simulator.io.smv import SmvFile, read_smv
from simulator.io.tables import check_stol
from simulator.limits.value_rules import check_config, printout_doubts, region_doubts, wavelength_doubts
from simulator.quirks import Quirks
from simulator.units import resolution_m_of_A

INPUTS = ("-hkl", "-mat", "-img", "-mask", "-sourcefile", "-stol", "-4stol", "-Q")
IDLE = ("-density", "-MW", "-coherent", "-stolout", "-stol", "-4stol", "-Q")
DEFAULT_DUMP = "Fdump.bin"
Interpolate = Literal["auto", "on", "off"]
MOST_TRACED = 1 << 20
TRACE_SCHEMA: Mapping[str, str] = {"c-parity": "1", "spec": "2"}
"""Version of the trace format by parity mode; that of c-parity has the taps of the recorded traces alone."""


@dataclass(frozen=True, eq=False)
class Resolved:
    """A configuration, the warnings that its options call for, and its input files by option."""

    config: RunConfig
    warnings: Warnings
    inputs: tuple[tuple[str, Path], ...] = ()


def resolve_args(args: Sequence[str]) -> Resolved:
    """Return the configuration of a command line (the words after the program name).

    Raises:
        InputError: for anything spec 01 calls an error.

    Source: spec 01 section 1.
    """
    return resolve(parse(args))


def resolve(raw: RawOptions) -> Resolved:
    """Return the configuration of parsed options; all input files are read here.

    Raises:
        InputError: for values without meaning, missing inputs and unusable files.

    Source: spec 01.
    """
    of_options = typed_doubts(raw)
    quirks = quirks_of(raw)
    _check_minimum(raw, quirks)
    start, mask, of_headers = _headers(raw, quirks)
    of_start = header_doubts(raw, start)
    detector, of_detector = detector_of(raw, start, mask, quirks)
    beam, of_beam = beam_of(raw, start, quirks)
    crystal, of_crystal = crystal_of(raw, start, quirks)
    structure_factors, of_factors = _structure_factors(raw, quirks)
    config = RunConfig(
        beam=beam,
        detector=detector,
        crystal=crystal,
        structure_factors=structure_factors,
        sampling=_sampling(raw),
        output=_output(raw, quirks),
        trace=_trace(raw, detector),
        compute=_compute(raw),
        quirks=quirks,
    )
    check_config(config)
    warnings = (
        *of_options,
        *(f"{name} is accepted but has no effect" for name in IDLE if raw.has(name)),
        *of_headers,
        *of_start,
        *of_detector,
        *of_beam,
        *of_crystal,
        *of_factors,
        *region_doubts(config),
        *printout_doubts(config),
        *wavelength_doubts(config),
    )
    return Resolved(config, warnings, _inputs(raw, quirks))


def quirks_of(raw: RawOptions) -> Quirks:
    """Return the quirks: the parity mode, single switches, then --phi-carryover-mode (01 section 4.7)."""
    switches = [str(item.values[0]) for item in raw.every("--quirk")]
    quirks = quirks_by_words(raw.text("--parity-mode") or "spec", switches)
    mode = raw.text("--phi-carryover-mode")
    return quirks if mode is None else quirks.switched("Q-PHI-CARRYOVER", mode == "c-parity")


def _default_F(raw: RawOptions) -> float:
    return raw.number("-default_F") or 0.0


def _dump_file(raw: RawOptions) -> Path:
    return Path(raw.text("-dump") or DEFAULT_DUMP)


def _inputs(raw: RawOptions, quirks: Quirks) -> tuple[tuple[str, Path], ...]:
    """Return every file that an option names as input, used or not, and a dump file that is read."""
    named = [(item.name, Path(str(item.values[0]))) for item in raw.every(*INPUTS)]
    read = not raw.has("-hkl") and (raw.has("-dump") or _dump_to_read(raw, quirks) is not None)
    return (*named, *((("-dump", _dump_file(raw)),) if read else ()))


def _dump_to_read(raw: RawOptions, quirks: Quirks) -> Path | None:
    """Return the dump file to read in place of -hkl, or None (05 section 1, Q-FDUMP-STALE)."""
    asked = raw.has("-dump") or _default_F(raw) == 0.0
    path = _dump_file(raw)
    if raw.has("-hkl"):
        return None
    if raw.has("-dump"):
        require_file(path, "dump file", "give -hkl FILE or another -dump FILE")
    if not readable(path):
        return None
    return path if asked or "Q-FDUMP-STALE" in quirks else None


def _check_minimum(raw: RawOptions, quirks: Quirks) -> None:
    """Raise InputError unless there are structure factors and a cell (01 section 6)."""
    if not raw.has("-hkl") and _default_F(raw) == 0.0 and _dump_to_read(raw, quirks) is None:
        name = raw.text("-dump") or DEFAULT_DUMP
        raise InputError(f"no structure factors: no -hkl, no -default_F, no dump file '{name}'; {USAGE}")
    lengths = [float(item.values[0]) for item in raw.every("-cell")]
    if not raw.has("-mat") and (not lengths or lengths[-1] == 0.0):
        raise InputError(f"no unit cell: give -mat FILE or -cell with a length other than 0; {USAGE}")


def _headers(raw: RawOptions, quirks: Quirks) -> tuple[Start, SmvFile | None, Warnings]:
    """Return the start values after the headers of -mask and -img, in this order, the mask, and warnings."""
    start, mask = Start(), None
    warnings: Warnings = ()
    exact = "Q-HEADER-SUBSTRING" not in quirks
    for option in ("-mask", "-img"):
        name = raw.text(option)
        if name is None:
            continue
        file = read_smv(Path(name), option, exact, pixels_used=option == "-mask")
        start = with_header(start, file, option == "-mask", quirks)
        if option == "-mask":
            mask = file
        else:
            warnings = ("the pixels of the -img file are not used, only its header",)
    return start, mask, warnings


def _structure_factors(raw: RawOptions, quirks: Quirks) -> tuple[StructureFactors, Warnings]:
    """Return the table of the hkl or dump file, or none; amorphous tables are only checked (05)."""
    warnings: Warnings = ()
    stol = raw.last("-stol", "-4stol", "-Q")
    if stol is not None:
        warnings = check_stol(Path(str(stol.values[0])), stol.name)
    switch = raw.last("-interpolate", "-nointerpolate")
    interpolate: Interpolate = "auto"
    if switch is not None:
        interpolate = "on" if switch.name == "-interpolate" else "off"
    name, dump, default_F = raw.text("-hkl"), _dump_to_read(raw, quirks), _default_F(raw)
    if name is not None:
        factors, of_file = read_hkl(Path(name), default_F)
        warnings += of_file
    elif dump is not None:
        factors = read_dump(dump, default_F)
    else:
        factors = StructureFactors(default_F)
    return replace(factors, interpolate=interpolate), warnings


def _sampling(raw: RawOptions) -> Sampling:
    dmin = raw.number("-dmin")
    return Sampling(
        oversample=raw.integer("-oversample") or 0,
        oversample_thick=raw.has("-oversample_thick"),
        oversample_polar=raw.has("-oversample_polar"),
        oversample_omega=raw.has("-oversample_omega"),
        dmin_m=0.0 if dmin is None else resolution_m_of_A(dmin),
    )


def writes_pgm(raw: RawOptions) -> bool:
    """Return whether a run writes the preview: the last option about it decides (spec 08)."""
    last = raw.last("-pgmfile", "-pgmscale", "-nopgm")
    return last is None or last.name != "-nopgm"


def writes_noise(raw: RawOptions) -> bool:
    """Return whether a run writes the noise image: the last option about it decides (spec 08)."""
    last = raw.last("-noisefile", "-nonoise")
    return last is None or last.name != "-nonoise"


def _output(raw: RawOptions, quirks: Quirks) -> Output:
    """Return what to write and how to print (01 sections 4.5 and 4.6)."""
    usual = Output()
    progress = raw.last("-progress", "-noprogress")
    pixel = raw.last("-printout_pixel")
    adc = raw.number("-adc")
    fast, slow = (-1, -1) if pixel is None else (int(pixel.values[0]), int(pixel.values[1]))
    printout = raw.has("-printout", "-printout_pixel")
    output = Output(
        dump_file=_dump_file(raw) if raw.has("-hkl") else Path(),
        stolout_file=Path(raw.text("-stolout") or ""),
        write_pgm=writes_pgm(raw),
        write_noise=writes_noise(raw),
        scale=raw.number("-scale") or 0.0,
        pgm_scale=raw.number("-pgmscale") or 0.0,
        adc=usual.adc if adc is None else adc,
        noise_seed=internal_seed(raw, "-seed", clock_seconds(), quirks),
        printout=printout,
        printout_pixel=(fast, slow),
        progress=not printout and (progress is None or progress.name == "-progress"),
    )
    named = ((item.name, raw.text(item.metadata.get(OPTION, ""))) for item in fields(Output))
    paths = {field: Path(name) for field, name in named if name is not None}
    return replace(output, **paths)  # type: ignore[arg-type]


def _trace(raw: RawOptions, detector: Detector) -> Trace:
    """Return the pixels to trace.

    Raises:
        InputError: for one that is not computed (12 "Selecting pixels").
    """
    pixels: dict[tuple[int, int], None] = {}
    for item in raw.every("-trace_pixel", "-trace_roi"):
        values = [int(value) for value in item.values]
        bounds = values if len(values) == 4 else [v for v in values for _ in range(2)]
        slow_min, slow_max, fast_min, fast_max = bounds
        shown = " ".join(str(value) for value in values)
        if slow_max < slow_min or fast_max < fast_min:
            raise InputError(f"{item.name} {shown}: holds no pixel; give SLOW_MIN SLOW_MAX FAST_MIN FAST_MAX")
        if not _on_detector(slow_min, fast_min, detector) or not _on_detector(slow_max, fast_max, detector):
            raise InputError(
                f"{item.name} {shown}: outside the {detector.spixels} slow x {detector.fpixels} fast pixels"
            )
        if (slow_max - slow_min + 1) * (fast_max - fast_min + 1) > MOST_TRACED:
            raise InputError(f"{item.name} {shown}: at most {MOST_TRACED} pixels can be traced")
        for slow in range(slow_min, slow_max + 1):
            for fast in range(fast_min, fast_max + 1):
                _check_computed(item.name, slow, fast, detector)
                pixels[slow, fast] = None
    level, file = raw.text("-trace_level") or "mosaic", Path(raw.text("-trace_file") or "")
    schema = raw.text("-trace_schema") or TRACE_SCHEMA[raw.text("--parity-mode") or "spec"]
    wanted = raw.has("-trace_pixel", "-trace_roi", "-trace_level", "-trace_schema", "-trace_file")
    only = raw.has("-trace_only")
    if only and not pixels:
        raise InputError("-trace_only: there is no pixel to compute; give -trace_pixel or -trace_roi")
    return Trace(wanted, tuple(sorted(pixels)), level, int(schema), file, only)


def _on_detector(slow: int, fast: int, detector: Detector) -> bool:
    return 0 <= slow < detector.spixels and 0 <= fast < detector.fpixels


def _check_computed(option: str, slow: int, fast: int, detector: Detector) -> None:
    """Raise InputError for a pixel that the region of interest or the mask leaves out."""
    fast_min, fast_max, slow_min, slow_max = detector.roi
    where = f"{option}: pixel slow {slow} fast {fast}"
    if not (fast_min <= fast <= fast_max and slow_min <= slow <= slow_max):
        roi = f"-roi {fast_min} {fast_max} {slow_min} {slow_max}"
        raise InputError(f"{where} lies outside the region of interest ({roi})")
    if detector.mask.size and not detector.mask[slow, fast]:
        raise InputError(f"{where} is left out by the mask")


def _compute(raw: RawOptions) -> Compute:
    """Return arithmetic and device.

    Raises:
        InputError: where there is no such device.
    """
    device = raw.text("-device") or "cpu"
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise InputError("-device cuda: there is no CUDA device here; give -device cpu")
    typed = raw.number("--accuracy")
    accuracy = Compute.accuracy if typed is None else typed
    if not 0.0 <= accuracy < 1.0:
        raise InputError(
            f"--accuracy {accuracy:g}: must be at least 0 and below 1, a fraction of the maximum"
        )
    epsilon = raw.number("--epsilon")
    if epsilon is not None:
        check_epsilon(epsilon)
    precision, compiling = _arithmetic(raw)
    return Compute(
        precision=precision,
        compile=compiling,
        device=device,
        accuracy=accuracy,
        epsilon=epsilon or 0.0,
    )


def _arithmetic(raw: RawOptions) -> tuple[Precision, Compile]:
    """Return number type and compilation; --reproducible leaves nothing that a cache could decide."""
    typed = raw.text("-dtype")
    precision = cast("Precision", typed or "auto")
    compiling = cast("Compile", raw.text("--compile") or "auto")
    if not raw.has("--reproducible"):
        return precision, compiling
    if compiling == "on":
        raise InputError(
            "--compile on with --reproducible: compiled code gives other last bits; leave one of them out"
        )
    return precision if typed else "float64", "off"
