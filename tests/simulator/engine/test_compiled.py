"""Machine code for the pixel loop gives the image of the single operations, or says why it is not used."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator import RunConfig
from simulator.engine.compiled import Needed
from simulator.engine.library_cache import CompileError, library_folder
from simulator.engine.rehearsal import Rehearsal
from simulator.engine.stage import Engine
from simulator.errors import InputError
from simulator.image import render
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse
from simulator.kernel.stages import Stages
from simulator.rendered import Rendered
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from tests.simulator.compilers import explode, must_not_run, with_compiler

BASE = (
    "-cell 40 45 50 85 95 100 -misset 10 20 30 -lambda 1 -distance 100 -pixel 0.4 -N 5 -nonoise -nopgm"
    " -detpixels_x 19 -detpixels_y 13 -oversample 1 -polar 0.7"
)
RICH = (
    "-phi 1 -osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3 -hdivrange 2 -hdivsteps 2 -nointerpolate"
    " -detector_thick 100 -detector_abs 300"
)
RAYS_OF_A_PIXEL = {"float64": 1, "mixed": 2}
"""One ray is one stage, several have three."""
CODE_ERRORS = {"float64": 1e-12, "mixed": 1e-6}
"""Of the maximum: the compiler's sine may be off by the last bit; what the number type is stated to keep."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compiled") / "box.hkl"
    span = range(-4, 5)
    path.write_text(
        "".join(
            f"{h} {k} {l} {20 + (7 * h + 13 * k + 29 * l) % 61}\n" for h in span for k in span for l in span
        )
    )
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def rendered(options: str, compile_: str, dtype: str = "mixed") -> Rendered:
    words = f"{BASE} {options} -dtype {dtype} --compile {compile_}".split()
    return render(prepare(RunConfig.from_args(words)))


def libraries(options: str, dtype: str) -> dict[str, set[Path]]:
    """Return the libraries of each stage of a run."""
    config = RunConfig.from_args(f"{BASE} {options} -dtype {dtype}".split())
    ins = set_up(prepare(config))

    def play(engine: Engine) -> None:
        rehearse(ins, lambda few, block: photons(Stages(few, engine), block))

    found: dict[str, set[Path]] = {}
    for facts in Needed.of(ins, Rehearsal(play, "")).facts.values():
        found.setdefault(facts.stage, set()).add(facts.path)
    return found


def distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def test_runs_share_the_programs_of_stages_in_which_they_do_not_differ() -> None:
    square = libraries("-default_F 10", "mixed")
    gauss = libraries("-default_F 20 -gauss_xtal -distance 90", "float64")
    assert square["rays"] == gauss["rays"]
    assert square["finish"] == gauss["finish"]
    assert not square["add"] & gauss["add"]
    curved = libraries("-default_F 10 -curved_det", "mixed")
    assert square["add"] == curved["add"]
    assert not square["rays"] & curved["rays"]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", CODE_ERRORS)
def test_machine_code_gives_the_image_of_single_operations(
    dtype: str, box: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(cache))
    options = f"-hkl {box} {RICH} -detector_thicksteps {RAYS_OF_A_PIXEL[dtype]}"
    expected = rendered(options, "off", dtype)
    made = rendered(options, "on", dtype)
    assert made.notes == ()
    assert (expected.how.compiled, made.how.compiled, made.how.precision) == (False, True, dtype)
    assert torch.equal(rendered(f"{options} --reproducible", "auto", dtype).image, expected.image)
    assert distance(made.image, expected.image) <= CODE_ERRORS[dtype]
    assert made.omega_sum_sr == pytest.approx(expected.omega_sum_sr, rel=1e-12)
    libraries = sorted(library_folder().iterdir())
    assert {file.suffix for file in libraries} == {".so"}
    with_compiler(must_not_run, monkeypatch)
    other = options.replace("-phisteps 3", "-phisteps 7").replace("-mosaic_domains 3", "-mosaic_domains 5")
    again = rendered(f"{other} -detpixels 31 -N 9", "auto", dtype)  # other sizes of every axis, the same code
    assert again.notes == ()
    assert (
        distance(again.image, rendered(f"{other} -detpixels 31 -N 9", "off", dtype).image)
        <= (CODE_ERRORS[dtype])
    )
    assert sorted(library_folder().iterdir()) == libraries


def test_failure_to_compile_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "/bin/false")
    with pytest.raises(
        CompileError, match=r"^stage '\w+' of the pixel loop cannot be compiled .*--compile off"
    ):
        rendered("-default_F 100", "on")
    assert list(library_folder().glob("*")) == []


def test_large_run_goes_on_without_a_compiler_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    with_compiler(explode, monkeypatch, beside=False)
    monkeypatch.setattr("simulator.engine.choose.WORTH_COMPILING", {"cpu": 1})
    found = rendered("-default_F 100", "auto")
    assert ["the run goes on without" in note for note in found.notes] == [True]
    assert torch.equal(found.image, rendered("-default_F 100", "off").image)


def test_small_run_is_not_compiled_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    with_compiler(must_not_run, monkeypatch)
    assert rendered("-default_F 100", "auto").notes == ()


@pytest.mark.parametrize("options", ["-oversample 2 -oversample_omega --parity-mode c-parity"])
def test_what_cannot_be_compiled_is_named(
    options: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    (note,) = rendered(f"-default_F 100 {options}", "on").notes
    assert "Q-OVERSAMPLE-RUNNING-PRODUCT" in note


def test_compile_takes_three_words() -> None:
    with pytest.raises(InputError, match="--compile 'yes'"):
        RunConfig.from_args([*BASE.split(), "--compile", "yes"])


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize(
    ("elements", "pixels"),
    [(1, (4, 3)), (7, (4, 3)), (300, (19, 13)), (1 << 12, (19, 13)), (1 << 20, (19, 13))],
)
def test_block_size_changes_nothing_beyond_rounding(
    elements: int, pixels: tuple[int, int], mode: str, box: Path
) -> None:
    options = (
        f"{BASE} {RICH} -hkl {box} -oversample 2 -detector_thicksteps 2 -oversample_thick -oversample_polar"
        f" -oversample_omega -dispersion 1 -dispsteps 2 -water 1 -dmin 1.2 -curved_det -twotheta 5"
        f" -dtype float64 --compile off --parity-mode {mode}"
        f" -detpixels_x {pixels[0]} -detpixels_y {pixels[1]}"
    )
    config = RunConfig.from_args(options.split())
    usual = render(prepare(config)).image
    other = render(prepare(replace(config, compute=replace(config.compute, block_elements=elements)))).image
    assert distance(other, usual) <= 1e-14  # sums of some hundred terms in another order
    assert float(usual.abs().max()) > 0.0


def test_importing_the_simulator_needs_no_compiler_front_end() -> None:
    words = [*BASE.split(), "-default_F", "1"]
    code = (
        "import sys; from simulator import RunConfig, simulate;"
        f"simulate(RunConfig.from_args({words})); print('torch._inductor' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
