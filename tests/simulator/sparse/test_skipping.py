"""`--epsilon`: what is left out stays below the bound that is reported, and that below what was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import simulator.image
import simulator.sparse.skipping
from simulator import RunConfig, cli
from simulator.computed import LeftOut
from simulator.config import StructureFactors
from simulator.engine.rehearsal import Probe
from simulator.errors import InputError
from simulator.image import render
from simulator.kernel.blocks import Block
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse
from simulator.kernel.stages import Stages
from simulator.kernel.taps import Level, Recorder
from simulator.rendered import Rendered
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from simulator.sparse.groups import Centre
from simulator.sparse.skipping import Skipping, Sparse

CAMERA = (
    "-cell 79 79 38 90 90 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 64 -pixel 0.2 -N 20"
    " -Xbeam 5 -Ybeam 9 -oversample 1 -default_F 0"
)
SENSOR = "-detector_thick 450 -detector_abs 250 -detector_thicksteps 3"
RUNS = {
    "plain": "",
    "phi": "-osc 0.1 -phisteps 10",
    "wide phi": "-osc 5 -phisteps 12",
    "mosaic": "-mosaic 0.3 -mosaic_domains 40 -osc 0.1 -phisteps 2",
    "sources": "-hdivrange 2 -hdivsteps 3 -dispersion 1 -dispsteps 3",
    "sub-pixels": "-oversample 3 -polar 0.9",
    "factors inside": f"-oversample 2 {SENSOR} -oversample_thick -oversample_polar -oversample_omega",
    "layers": f"-oversample 2 {SENSOR}",
    "water": "-water 5 -phisteps 3 -osc 0.1",
    "resolution limit": "-dmin 2.2 -hdivrange 2 -hdivsteps 3",
    "round": "-round_xtal -phisteps 3 -osc 0.1",
    "gauss": "-gauss_xtal -phisteps 3 -osc 0.1",
    "tophat": "-tophat_spots -fudge 0.01 -phisteps 3 -osc 0.1",
    "curved": "-curved_det",
    "region": "-roi 3 50 10 63 -phisteps 3 -osc 0.1",
    "close pixels": "-pixel 0.02 -Xbeam 0.5",
    "interpolation": "-interpolate --quirk Q-INTERP-LATCH=off",
}


@pytest.fixture(autouse=True)
def _always_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave evaluations out also where it saves no time."""
    monkeypatch.setattr(simulator.sparse.skipping, "pays", lambda size, share: True)


FLAGS_OFF = "--quirk Q-OVERSAMPLE-RUNNING-PRODUCT=off"


def factors(listed: float = 0.8) -> StructureFactors:
    """Structure factors of a table with a wide spread, and 0 where no reflection is listed."""
    random = np.random.default_rng(5)
    table = random.exponential(size=(61, 61, 41)) * 100.0
    table[random.random(table.shape) > listed] = 0.0
    return StructureFactors(0.0, table.size, table, (-30, -30, -20))


def config_of(options: str, epsilon: float = 0.0) -> RunConfig:
    words = f"{CAMERA} -default_F 1 -nonoise {options}".split()
    config = RunConfig.from_args(words)
    interpolate = config.structure_factors.interpolate
    return replace(
        config,
        structure_factors=replace(factors(), interpolate=interpolate),
        compute=replace(config.compute, epsilon=epsilon),
    )


def both(options: str, epsilon: float) -> tuple[Rendered, Rendered, LeftOut]:
    """The dense and the sparse image, and what the latter says that it left out."""
    dense = render(prepare(config_of(options)))
    sparse = render(prepare(config_of(options, epsilon)))
    assert sparse.sparse is not None
    return dense, sparse, sparse.sparse


def largest_loss(dense: Rendered, sparse: Rendered) -> float:
    return float((dense.image.double() - sparse.image.double()).abs().max())


def assert_kept(dense: Rendered, sparse: Rendered, said: LeftOut, rounding: float = 1e-14) -> None:
    """Rounding: of sums taken in another order, as a fraction of the maximum."""
    maximum = float(sparse.image.max())
    assert largest_loss(dense, sparse) <= said.bound_photons + rounding * maximum
    assert said.bound_photons <= said.epsilon * maximum
    assert said.bound == said.bound_photons / maximum
    assert torch.equal(dense.executed, sparse.executed)
    assert sparse.omega_sum_sr == pytest.approx(dense.omega_sum_sr, rel=1e-12)


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize("run", RUNS)
def test_a_pixel_loses_no_more_than_is_said(run: str, mode: str) -> None:
    for epsilon in (1e-2, 1e-5):
        dense, sparse, said = both(f"--parity-mode {mode} {FLAGS_OFF} {RUNS[run]}", epsilon)
        assert_kept(dense, sparse, said)
        assert said.left_out > 0
        assert said.evaluations == int(dense.executed.sum()) * prepare(config_of(RUNS[run])).steps * (
            3 if SENSOR in RUNS[run] else 1
        )


@pytest.mark.parametrize(("dtype", "rounding"), [("float64", 1e-14), ("mixed", 1e-14), ("float32", 2e-6)])
def test_every_arithmetic_keeps_the_bound(dtype: str, rounding: float) -> None:
    for epsilon in (0.3, 1e-3, 1e-6):
        dense, sparse, said = both(f"-dtype {dtype} {RUNS['phi']}", epsilon)
        assert_kept(dense, sparse, said, rounding)


def test_more_is_left_out_the_more_may_be_lost() -> None:
    shares = []
    for epsilon in (1e-7, 1e-5, 1e-3, 0.1):
        _, _, said = both(RUNS["phi"], epsilon)
        shares.append(said.left_out / said.evaluations)
    assert shares == sorted(shares)
    assert shares[0] > 0.3
    assert shares[2] > 0.9


def test_the_bound_is_sharp() -> None:
    """What is charged is at most ten times what is lost, and nearly all that may be is."""
    dense, sparse, said = both(RUNS["phi"], 1e-4)
    assert largest_loss(dense, sparse) > 0.1 * said.bound_photons
    assert said.bound > 0.3 * said.epsilon


@pytest.mark.parametrize("run", ["phi", "mosaic"])
def test_a_halved_reach_is_found(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Centre.reach

    def halved(self: Centre, rays: object) -> tuple[torch.Tensor, torch.Tensor]:
        h, r = right(self, rays)
        return h, 0.3 * r

    monkeypatch.setattr(Centre, "reach", halved)
    found = [both(f"-tophat_spots -fudge 0.01 {RUNS[run]}", epsilon) for epsilon in (1e-2, 1e-6)]
    assert any(largest_loss(dense, sparse) > said.bound_photons for dense, sparse, said in found)


def test_pixels_without_structure_factor_cost_nothing() -> None:
    """F = 0 is left out whatever is asked for, and nothing is lost by that."""
    config = config_of("-phisteps 3 -osc 0.1", 1e-300)
    table = np.zeros((61, 61, 41))
    table[::4, ::4, ::4] = 100.0
    config = replace(config, structure_factors=StructureFactors(0.0, table.size, table, (-30, -30, -20)))
    sparse = render(prepare(config))
    dense = render(prepare(replace(config, compute=replace(config.compute, epsilon=0.0))))
    assert sparse.sparse is not None
    assert sparse.sparse.left_out > 0.7 * sparse.sparse.evaluations
    assert largest_loss(dense, sparse) <= 1e-15 * float(dense.image.max())


def test_an_image_of_zeros_is_left_out_whole() -> None:
    config = config_of("", 1e-3)
    sparse = render(prepare(replace(config, structure_factors=StructureFactors(0.0))))
    assert sparse.sparse == LeftOut(1e-3, 4096, 4096, 0.0, 0.0)
    assert sparse.sparse.bound == 0.0
    assert not sparse.image.any()


def test_a_run_without_a_pixel_leaves_nothing_out() -> None:
    config = config_of("", 1e-3)
    masked = replace(config.detector, mask=np.zeros((64, 64), bool))
    sparse = render(prepare(replace(config, detector=masked)))
    assert sparse.sparse == LeftOut(1e-3, 0, 0, 0.0, 0.0)


def test_a_mask_keeps_the_bound() -> None:
    mask = np.random.default_rng(1).random((64, 64)) > 0.5
    config = config_of(RUNS["close pixels"], 1e-3)
    config = replace(config, detector=replace(config.detector, mask=mask))
    sparse = render(prepare(config))
    dense = render(prepare(replace(config, compute=replace(config.compute, epsilon=0.0))))
    assert sparse.sparse is not None
    assert_kept(dense, sparse, sparse.sparse)
    assert int(sparse.executed.sum()) == int(mask.sum())


def test_pixels_beyond_their_allowance_are_computed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Skipping._open

    def generous(self: Skipping, *given: object) -> None:
        right(self, *given)
        self._room = self._room * 1e6

    monkeypatch.setattr(Skipping, "_open", generous)
    dense, sparse, said = both(RUNS["phi"], 1e-5)
    assert_kept(dense, sparse, said)
    same = (dense.image == sparse.image).double().mean()
    assert float(same) > 0.3


def test_a_sparse_image_is_the_same_each_time() -> None:
    config = config_of(f"{RUNS['mosaic']} {RUNS['sources']}", 1e-4)
    images = [render(prepare(config)).image for _ in range(2)]
    assert torch.equal(*images)


def test_where_it_saves_no_time_everything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for options, epsilon in (("-phisteps 2 -osc 0.1", 1e-2), (f"-N 3 -nointerpolate {RUNS['phi']}", 1e-7)):
        dense, sparse, said = both(options, epsilon)
        assert torch.equal(dense.image, sparse.image)
        assert (said.left_out, said.bound_photons) == (0, 0.0)
        assert said.evaluations == 4096 * prepare(config_of(options)).steps
        assert sparse.notes == (simulator.sparse.skipping.ALL_COMPUTED,)
    _, sparse, said = both(RUNS["phi"], 1e-2)
    assert sparse.notes == ()
    assert said.left_out > 0


def test_without_the_option_nothing_of_this_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator.image, "Sparse", None)
    found = render(prepare(config_of("")))
    assert found.sparse is None


def test_nothing_may_watch() -> None:
    with pytest.raises(InputError, match="shows every evaluation"):
        render(prepare(config_of("", 1e-3)), Recorder([(4, 4)], Level.PIXEL))


def test_an_image_with_a_gradient_is_computed_whole() -> None:
    def gradient(epsilon: float) -> tuple[Rendered, torch.Tensor]:
        config = config_of("", epsilon)
        distance_m = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
        found = render(prepare(replace(config, detector=replace(config.detector, distance_m=distance_m))))
        found.image.sum().backward()
        assert distance_m.grad is not None
        return found, distance_m.grad

    dense, whole = gradient(0.0)
    asked, same = gradient(1e-2)
    assert torch.equal(asked.image, dense.image)
    assert whole == same
    assert asked.sparse is None
    assert any("--epsilon" in note for note in asked.notes)
    assert dense.notes == ()


@pytest.mark.parametrize("run", ["phi", "wide phi", "sources", "resolution limit", "factors inside"])
def test_every_form_of_a_call_is_known_beforehand(run: str) -> None:
    """Forms that the probe does not see would not run as machine code."""
    scene = prepare(config_of(f"{RUNS[run]} -detpixels 200 -Xbeam 20 -Ybeam 20", 1e-7))
    ins = set_up(scene)
    sparse = Sparse.of(ins, 1e-7, scene.executed())
    probe, seen = Probe(), Probe()
    rehearse(ins, lambda few, block: photons(sparse.probe(Stages(few, probe)), block))
    place = torch.arange(200 * 200)
    sparse.photons(Stages(ins, seen), Block(place // 200, place % 200, interpolated=0))
    assert set(seen.calls) <= set(probe.calls)
    assert len(seen.calls) >= 3


SMALL = "-default_F 100 -cell 100 -detpixels 16 -pixel 0.4 -N 20 -oversample 1 -lambda 1 -nonoise -nopgm"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("extra", "words"),
    [("--epsilon 0", "above 0"), ("--epsilon -1e-3", "above 0"), ("--epsilon 1", "below 1"),
     ("--epsilon nan", "--epsilon"), ("--epsilon inf", "--epsilon"), ("--epsilon small", "it takes 1 number"),
     ("--epsilon", "a value is missing"), ("--epsilon 1e-3 -printout", "leave out one"),
     ("--epsilon 1e-3 -trace_pixel 1 1", "leave out one"), ("--epsilon 1e-3 -trace_level pixel", "leave out"),
     ("--epsilon 1e-3 -oversample_omega --parity-mode c-parity", "Q-OVERSAMPLE-RUNNING-PRODUCT=off"),
     ("--epsilon 1e-3 -hkl in.hkl -interpolate --parity-mode c-parity", "-nointerpolate")],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    extra: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.hkl").write_text("1 0 0 10\n0 1 2 10\n", encoding="utf-8")
    assert cli.main([*SMALL.split(), *extra.split()]) == 9
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "--epsilon" in message
    assert words in message
    assert [path.name for path in folder.iterdir()] == ["in.hkl"]


@pytest.mark.parametrize("epsilon", [-0.1, 1.0, float("nan")])
def test_a_configuration_with_a_wrong_value_is_refused(epsilon: float) -> None:
    with pytest.raises(InputError, match="--epsilon"):
        prepare(config_of("", epsilon))


def test_the_bound_is_printed_only_where_it_was_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(SMALL.split()) == 0
    plain = capsys.readouterr().out.splitlines()
    assert cli.main([*SMALL.split(), "--epsilon", "1e-3"]) == 0
    printed = capsys.readouterr().out.splitlines()
    (line,) = (line for line in printed if line not in plain and line.startswith("left out"))
    assert "of 256 evaluations: no pixel lost more than" in line
    assert float(line.split()[-4]) <= 1e-3
    assert not [line for line in plain if "left out" in line]
