"""What a CUDA device would get of each stage: kernels, what lies in memory between them, registers."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.device.pretended import pretend
from harness.device.stage_calls import BOX, calls_of, write_box

if TYPE_CHECKING:
    from simulator.engine.stage import Call

KERNEL = re.compile(r"async_compile\.triton\('(\w+)', '''(.*?)'''", re.DOTALL)
BUFFER = re.compile(r"empty_strided_cuda\(\(([^)]*)\), \([^)]*\), torch\.(\w+)\)")
RESOURCES = re.compile(r"REG:(\d+) STACK:(\d+)")
CRYSTAL = "-cell 40 45 50 85 95 100 -misset 10 20 30 -default_F 10 -lambda 1 -distance 100 -N 5 -nonoise"
SIZE = "-detpixels 32 -nointerpolate -oversample 1"
MANY = "-mosaic 1 -mosaic_domains 3 -phi 1 -osc 2 -phisteps 4"
SOURCES = "-hdivrange 2 -hdivsteps 2"
PARITY = "--parity-mode c-parity"
RUNS: Mapping[str, str] = {
    "one evaluation": "",
    "domains": "-mosaic 1 -mosaic_domains 3",
    "phi and domains": MANY,
    "sources": f"{SOURCES} {MANY}",
    "gauss": f"{MANY} -gauss_xtal",
    "round": f"{MANY} -round_xtal",
    "tophat": f"{MANY} -tophat_spots",
    "interpolated": f"{MANY} -interpolate -hkl {BOX}",
    "interpolated, c-parity": f"{MANY} -interpolate -hkl {BOX} {PARITY}",
    "c-parity": f"{SOURCES} {MANY} {PARITY}",
    "water": f"{MANY} -water 10",
    "water, c-parity": f"{MANY} -water 10 {PARITY}",
    "sensor": f"{MANY} -detector_thick 100 -detector_abs 300 -thicksteps 2",
    "oversampled factors": f"{MANY} -oversample 2 -oversample_omega -oversample_polar -oversample_thick",
    "resolution limit": f"{SOURCES} {MANY} -dmin 3",
    "curved, unpolarized": "-curved_det -nopolar -point_pixel",
}
"""Runs that have all forms of stages."""


def lowered_stages(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield for each form of a stage what a device of compute capability 9.0 would get, as plain data.

    Args:
        given: `runs` of RUNS, `dtypes`, `build`, whether kernels are built by Triton, and `known`, forms that
            are left out.
    """
    from simulator import RunConfig

    write_box(Path.cwd())
    found: dict[str, tuple[str, str, Call]] = {}
    for name in given["runs"]:
        for dtype in given["dtypes"]:
            words = [*CRYSTAL.split(), *SIZE.split(), *RUNS[name].split(), "-dtype", dtype]
            for form, call in calls_of(RunConfig.from_args(words)).items():
                if form not in given["known"]:
                    found.setdefault(form, (name, dtype, call))
    graphs = [(form, *place, _graph(place[2])) for form, place in found.items()]
    pretend()  # from here on nothing runs in this process
    for form, name, dtype, call, (graph, growing) in graphs:
        row = {
            "form": form,
            "stage": call.stage.name,
            "run": name,
            "dtype": dtype,
            "innermost": call.stage.innermost,
        }
        try:
            yield {**row, "why": "", **_lowered(call, graph, growing, build=given["build"])}
        except Exception as error:  # whatever the compiler throws is a finding
            yield {**row, "why": " ".join(f"{type(error).__name__}: {error}".split())[:300]}


def _graph(call: Call) -> tuple[Any, set[str]]:
    """Return the operations of a stage as the compiler takes them, and the sizes along orientations."""
    from torch._inductor.decomposition import select_decomp_table

    from simulator.engine.export import exported

    program = exported(call).run_decompositions(select_decomp_table())
    places = [node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"]
    growing = {
        str(value.shape[number])
        for value, (place, part) in zip(places, call.named(), strict=True)
        for number, axis in enumerate(call.stage.axes_of(place, part))
        if axis is not None and axis.name in "PM" and part.shape[number] != 1
    }
    return program.graph_module, growing


def _lowered(call: Call, graph: Any, growing: set[str], *, build: bool) -> dict[str, Any]:
    source = _source(call, graph)
    kernels = KERNEL.findall(source)
    buffers = BUFFER.findall(source)
    kept = [
        f"{dtype}[{sizes}]"
        for sizes, dtype in buffers
        if growing.intersection(size.strip() for size in sizes.split(",")) and sizes.count("s") > 1
    ]
    return {
        "kernels": len(kernels),
        "buffers": [f"{dtype}[{sizes}]" for sizes, dtype in buffers],
        "kept_for_each_evaluation": kept,
        "built": [_built(name, text) for name, text in kernels] if build else [],
    }


def _source(call: Call, graph: Any) -> str:
    """Return the program that torch's compiler writes for a stage on the device."""
    import torch
    from torch._inductor import config
    from torch._inductor.debug import DebugContext
    from torch._inductor.graph import GraphLowering
    from torch._inductor.virtualized import V

    from simulator.engine.device_code import device_options

    mode = _moved(graph)
    places = [node.meta["val"] for node in graph.graph.nodes if node.op == "placeholder"]
    patched: Any = config.patch(device_options(call))
    with torch.no_grad(), patched, V.set_fake_mode(mode), V.set_debug_handler(DebugContext()):
        lowering: Any = GraphLowering(
            graph, example_inputs=places, shape_env=mode.shape_env, is_inference=True, cpp_wrapper=False
        )
        with V.set_graph_handler(lowering):
            lowering.run(*places)
            code: Any = lowering.codegen()[0]
    return str(getattr(code, "value", code))


def _moved(graph: Any) -> Any:
    """Let a graph stand on the device instead of the processor, and return the mode of its tensors."""
    import torch
    from torch.utils import _pytree

    def moved(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        return torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device="cuda")

    values = (node.meta.get("val") for node in graph.graph.nodes)
    mode = next(value.fake_mode for value in values if hasattr(value, "fake_mode"))
    with mode:
        for node in list(graph.graph.nodes):
            if "val" in node.meta:
                node.meta["val"] = _pytree.tree_map(moved, node.meta["val"])
            if node.target is torch.ops.aten._assert_tensor_metadata.default:
                graph.graph.erase_node(node)
            elif node.kwargs.get("device") is not None:
                node.kwargs = {**node.kwargs, "device": torch.device("cuda", 0)}
    graph.recompile()
    return mode


def _built(name: str, text: str) -> dict[str, Any]:
    """Build a kernel in one of the shapes that would be tried, and return what it takes of the device."""
    from torch._inductor.codecache import PyCodeCache

    kernel: Any = getattr(PyCodeCache.load(text), name)
    shape = kernel.configs[-1]
    binary = kernel._precompile_config(shape).kernel
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "kernel.cubin")
        file.write_bytes(binary.asm["cubin"])
        said = _told([str(_tool("cuobjdump")), "--dump-resource-usage", str(file)])
    numbers = RESOURCES.search(said)
    return {
        "shape": {**shape.kwargs, "warps": shape.num_warps},
        "registers": int(numbers[1]) if numbers else None,
        "stack_bytes": int(numbers[2]) if numbers else None,
        "shared_bytes": binary.metadata.shared,
    }


def _tool(name: str) -> Path:
    """Return one of the programs that come with Triton."""
    import triton  # type: ignore[import-not-found]

    return Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / name


def _told(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
