"""The stages of the kernel as machine code, kept in a cache on disk.

A stage is exported once for each form of its arguments (which branches it takes, which axes have one entry)
and compiled into a shared library that any number of pixels, sources, orientations and reflections can use.
Loading one needs neither the exporter nor the compiler.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from simulator.engine.stages import Call, Program, Staged
from simulator.engine.tensor_tree import ABSENT, leaves, rebuilt, skeleton
from simulator.errors import InputError
from simulator.gradients.stage_gradient import block_slopes
from simulator.kernel.blocks import NEVER, Block
from simulator.kernel.kernel import Stages, photons
from simulator.physics.vectors import apply
from simulator.scene.instrument import Instrument
from simulator.sparse.bounds import Bounding
from simulator.start_up.deferred import complete
from system_io import cache
from system_io.errors import UserError

KERNEL_AXES = ("K", "N", "P", "M")
PIXELS_PER_CALL: Mapping[str, int] = {"cpu": 1 << 20, "cuda": 1 << 22}
EVALUATIONS_PER_CALL = 1 << 30
"""Upper limits of one call: memory that it needs for each pixel, and the time it cannot be interrupted in."""
FEWEST_PIXELS = 2
LONGEST_REASON = 300
LOADED, SMALLEST_TABLE = 64, 27
PROBE_PIXELS = 521
OPTIONS: dict[str, Any] = {
    "assert_indirect_indexing": False,
    "cpp.dynamic_threads": True,
    "aot_inductor.compile_wrapper_opt_level": "O0",
}
"""Of the compiler: no test of look-ups, which are clamped; as many threads as torch has when it runs."""
LOADING = """
import sys
from pathlib import Path
from simulator.start_up.deferred import defer
defer()
import torch
from simulator.engine.compiled import load
load(Path(sys.argv[1]), torch.device(sys.argv[2]))
"""
"""Program of a process that loads a library on a device."""
INNERMOST = dict.fromkeys(
    ("realize_opcount_threshold", "realize_reads_threshold", "realize_acc_reads_threshold"), 1 << 20
)
"""Of the compiler, for the innermost stage: nothing is kept for each evaluation."""
ON_DEVICE: dict[str, Any] = {"aot_inductor.embed_kernel_binary": True}
"""Of the compiler, for a CUDA device: a library is one file."""


Within = Callable[[Stages], Stages]
"""Gives the stages of a run, which call these."""


_KNOWN: dict[str, Mapping[str, tuple[Program, Any]]] = {}
"""What `Compiled` needs for each kind of instrument that this process has loaded the stages of."""
_MISSED: set[str] = set()
"""Kinds of instruments for which the cache lacked a program when this process last looked."""


class CompileError(InputError):
    """A stage that could not be compiled; the message says why."""


class Compiled(Staged):
    """Stages that run as machine code; calls of a form that is not loaded run as they stand.

    Args: programs: program and template of the result for each form of a call.
    """

    def __init__(self, ins: Instrument, programs: Mapping[str, tuple[Program, Any]]) -> None:
        K, P, M = ins.counts
        pixels = min(
            PIXELS_PER_CALL[ins.device.type], max(FEWEST_PIXELS, EVALUATIONS_PER_CALL // (K * P * M))
        )
        super().__init__(ins, elements=1 << 62, pixels=max(FEWEST_PIXELS, pixels // K))
        self._programs = programs

    def run(self, call: Call, pixels: int) -> Any:
        """See `Staged.run`."""
        found = self._programs.get(call.form()) if pixels >= FEWEST_PIXELS else None
        if found is None:
            return call.result()
        program, template = found
        given = (part.detach().contiguous() for part in leaves(call.given))
        return rebuilt(template, program([*self._fixed(call.name), *given]))


class _Probe(Staged):
    """Runs the stages as they stand and keeps one call of each form, with what it gave."""

    def __init__(self, ins: Instrument) -> None:
        super().__init__(ins, elements=1 << 62, pixels=PROBE_PIXELS)
        self.calls: dict[str, tuple[Call, Any]] = {}

    def run(self, call: Call, pixels: int) -> Any:
        """See `Staged.run`."""
        result = call.result()
        self.calls.setdefault(call.form(), (call, result))
        return result


def unwrapped(stages: Stages) -> Stages:
    """Return the stages as they are."""
    return stages


def compiled_stages(
    ins: Instrument, make: bool, within: Within = unwrapped, free: Sequence[bool] = ()
) -> Compiled | None:
    """Return the stages of a run as machine code.

    Args: make: whether stages that are not in the cache are compiled. within: see `Within`. free: which
        tensors of the instrument want a gradient; none are given for a run without.
    Returns: None if one is not there. Raises: CompileError.
    """
    kind = f"{cache_folder()} {ins.device} {skeleton(ins)} {free}" if within is unwrapped else ""
    if kind in _KNOWN:
        return Compiled(ins, _KNOWN[kind])
    if kind in _MISSED and not make:
        return None
    probe = _Probe(ins)
    index = torch.arange(PROBE_PIXELS, device=ins.device)
    for limit in _limits(ins):
        block = Block(slow=index, fast=index + 1, interpolated=limit)
        if any(free):
            block_slopes(_with_few_orientations(ins), free, block, probe)
        else:
            photons(_with_few_orientations(ins), block, within(probe))
    libraries = {
        form: library_of(f"{form} {skeleton(call.ins)}", ins.device)
        for form, (call, _) in probe.calls.items()
    }
    missing = [form for form, library in libraries.items() if not library.exists()]
    if missing and not make:
        if kind:
            _MISSED.add(kind)
        return None
    for form in missing:
        _MISSED.clear()
        _compile(probe.calls[form][0], libraries[form], ins.device)
    loaded = {form: load(library, ins.device) for form, library in libraries.items()}
    programs = {form: (loaded[form], result) for form, (_, result) in probe.calls.items()}
    if kind:
        if len(_KNOWN) >= LOADED:
            _KNOWN.clear()
        _KNOWN[kind] = programs
    return Compiled(ins, programs)


def _limits(ins: Instrument) -> tuple[int, ...]:
    """Return the limits that blocks of the run may have (see `Block`), but for a pixel that is split."""
    return ((NEVER, 0) if ins.plan.latching else (NEVER,)) if ins.plan.interpolate else (0,)


def _with_few_orientations(ins: Instrument) -> Instrument:
    """Return the instrument with as few phi steps and domains as show which axes have one entry."""
    a, b, c = (apply(lambda part: part[:, :, :3, :3], v) for v in ins.usual.final)
    return replace(ins, usual=replace(ins.usual, final=(a, b, c)))


def cache_folder() -> Path:
    """Return where compiled stages are kept. Raises: CompileError where there is no place."""
    try:
        return cache.cache_folder(os.environ) / "kernels"
    except UserError as error:
        raise CompileError(str(error)) from error


def library_of(form: str, device: torch.device) -> Path:
    """Return the file that holds a stage of this form, made by these sources, this torch and processor."""
    title = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    options = (OPTIONS, INNERMOST, ON_DEVICE)
    words = (form, _sources(), torch.__version__, _processor(), title, repr(options))
    return cache_folder() / f"{hashlib.sha256(' '.join(words).encode()).hexdigest()[:32]}.so"


@lru_cache(maxsize=1)
def _sources() -> str:
    """Return the digest of the sources of this package."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@lru_cache(maxsize=1)
def _processor() -> str:
    """Return what the machine code depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = ""
    return f"{platform.machine()} {platform.processor()} {torch.backends.cpu.get_cpu_capability()} {flags}"


@lru_cache(maxsize=LOADED)
def load(library: Path, device: torch.device) -> Program:
    """Return the program of a compiled stage."""
    aoti: Any = torch._C._aoti
    if device.type == "cuda":
        runner = aoti.AOTIModelContainerRunnerCuda(str(library), 1, str(device))
    else:
        runner = aoti.AOTIModelContainerRunnerCpu(str(library), 1)

    def program(tensors: list[Tensor]) -> Sequence[Tensor]:
        found: Sequence[Tensor] = runner.run(tensors)
        return found

    return program


def _compile(call: Call, library: Path, device: torch.device) -> None:
    """Compile a stage into a library. Raises: CompileError for whatever the exporter or compiler meets."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile_stage(call, library, device)
    except Exception as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        raise CompileError(
            f"stage '{call.name}' of the pixel loop cannot be compiled ({reason}); a C++ compiler must be"
            " there, --compile off does without"
        ) from error


def compile_stage(call: Call, library: Path, device: torch.device) -> None:
    """Compile a stage into a library.

    Args: call: one of its calls, for the axes and types of all tensors. device: for which.
    """
    complete()
    from torch._inductor import aot_compile
    from torch.export import export

    options = {**OPTIONS, **(ON_DEVICE if device.type == "cuda" else {})}
    if call.name in ("add", "terms"):
        options |= INNERMOST
        if call.ins.shape.dtype != torch.float64:
            options["cpp.enable_floating_point_contract_flag"] = "fast"
    library.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=library.parent) as folder,
        torch.inference_mode(False),
        torch.no_grad(),
    ):
        plain = [part.clone(memory_format=torch.contiguous_format) for part in call.flat()]
        shapes = (_dimensions(call, plain),)
        stage = _Exported(_traced(call, plain) if call.differentiates else call.flat_result)
        exported = export(stage, (plain,), dynamic_shapes=shapes, strict=False).module()
        options["aot_inductor.output_path"] = f"{folder}/stage.so"
        made = Path(str(aot_compile(exported, (plain,), options=options)))
        try_loading(made, device)
        made.replace(library)


class _Exported(torch.nn.Module):
    """A stage as the exporter takes it."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def forward(self, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        """Return the tensors that the stage gives."""
        return tuple(self.program(tensors))


def _traced(call: Call, flat: list[Tensor]) -> Program:
    """Return the operations of a stage that takes derivatives, which the exporter cannot trace by itself."""
    from torch.fx.experimental.proxy_tensor import make_fx

    def stage(tensors: list[Tensor]) -> tuple[Tensor, ...]:
        return call.flat_result(tensors)

    with compiling():
        graph: Any = make_fx(stage, tracing_mode="symbolic")(flat)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return cast("Program", graph)


@contextmanager
def compiling() -> Iterator[None]:
    """Make `torch.compiler.is_compiling` true."""
    flags: Any = torch.compiler
    before = flags._is_compiling_flag
    flags._is_compiling_flag = True
    try:
        yield
    finally:
        flags._is_compiling_flag = before


def try_loading(library: Path, device: torch.device) -> None:
    """Load a new library in another process first: where compilers and libraries do not fit, it crashes.

    Raises: CompileError.
    """
    package = Path(__file__).parents[2]
    paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    tried = subprocess.run(
        [sys.executable, "-c", LOADING, str(library), str(device)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"},
        capture_output=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        raise CompileError(f"what comes out cannot be loaded, exit status {tried.returncode}")


def _dimensions(call: Call, flat: Sequence[Tensor]) -> list[dict[int, Any]]:
    """Return for each tensor of a call which axes vary from call to call, as the exporter wants them."""
    from torch.export import Dim

    dims = {name: Dim(name, min=2, max=1 << 40) for name in (*KERNEL_AXES, *"UV")}
    dims["T"] = Dim("T", min=SMALLEST_TABLE, max=1 << 40)
    tables = {} if call.ins.table is ABSENT else {id(call.ins.table.values): "T"}
    if isinstance(call.given, Bounding):
        tables |= {id(call.given.bound.factor.values): "U", id(call.given.bound.lattice.caps): "-V"}
    if call.name == "weighed":
        tables |= {id(part): "KPMN" for part in leaves(call.given[0])}
    shapes = []
    for original, part in zip(call.flat(), flat, strict=True):
        axes: Sequence[str] = tables.get(id(original), ())
        if part.dim() >= len(KERNEL_AXES) and not axes:
            axes = KERNEL_AXES
        elif part.shape == (PROBE_PIXELS,):
            axes = "N"
        growing = [axis for axis, name in enumerate(axes) if name in dims and part.shape[axis] != 1]
        shapes.append({axis: dims[axes[axis]] for axis in growing})
    return shapes
