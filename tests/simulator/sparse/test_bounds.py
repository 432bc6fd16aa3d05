"""The bounds behind `--epsilon` are theorems: no evaluation adds more than its group was charged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import simulator.sparse.bounds
from simulator import RunConfig
from simulator.config import StructureFactors
from simulator.kernel.evaluation import ChunkInputs, evaluate
from simulator.kernel.rays import trace_rays
from simulator.kernel.taps import NEVER, Spot
from simulator.physics.lattice.interference import sinc3, sincg
from simulator.physics.lattice.round import ROUND_FACTOR
from simulator.physics.structure_factors import make_table, nearest_F
from simulator.scene.instrument import Instrument
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from simulator.sparse.bounds import FactorBound, TermBound, bound_of_lattice
from simulator.sparse.groups import Cluster, RayGroups, clusters

CAMERA = (
    "-cell 60 70 90 80 100 110 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 48 -pixel 0.1"
    " -Xbeam 10 -Ybeam 20 -oversample 1 -default_F 100 -osc 1 -phisteps 3 -mosaic 0.3 -mosaic_domains 5"
)
SHAPES = {
    "square": "",
    "one cell along b": "-Nb 1",
    "round": "-round_xtal",
    "round, fudge": "-round_xtal -fudge 0.3",
    "round, sinc3 of upstream": "-round_xtal --quirk Q-SINC3-SMALL=on",
    "gauss": "-gauss_xtal -fudge 1.7",
    "gauss, width of upstream": "-gauss_xtal --quirk Q-GAUSS-WIDTH=on -N 2 -nointerpolate",
    "tophat": "-tophat_spots -fudge 0.5",
    "tophat, width of upstream": "-tophat_spots --quirk Q-GAUSS-WIDTH=on -N 2 -nointerpolate",
    "square, phase of upstream": "--quirk Q-SINCG-INTEGER=on -dtype float64",
    "two wavelengths": "-dispersion 2 -dispsteps 2",
}


def table_of(sides: tuple[int, int, int], seed: int, listed: float = 0.5) -> StructureFactors:
    """A table round 0 whose entries are of very different size, some of them 0 or not listed."""
    random = np.random.default_rng(seed)
    values = random.exponential(size=sides) ** 3 * 100.0
    values[random.random(sides) > listed] = 0.0
    corner = tuple(-(side // 2) for side in sides)
    return StructureFactors(
        default_F=7.0, reflections=values.size, table=values, hkl_min=corner, interpolate="off"
    )


def instrument_of(options: str, factors: StructureFactors | None = None) -> Instrument:
    config = RunConfig.from_args(f"{CAMERA} -N 20 {options}".split())
    if factors is not None:
        config = replace(config, structure_factors=factors)
    return set_up(prepare(config))


def worst(ins: Instrument, group: int, reach: Callable[[Tensor], Tensor] = lambda r: r) -> Tensor:
    """The largest term of each group over what it is charged, with reaches changed by `reach`."""
    slow, fast = (index.flatten() for index in torch.meshgrid(*[torch.arange(48)] * 2, indexing="ij"))
    rays = trace_rays(ins, Spot(slow, fast), None)
    members = torch.arange(len(slow)).view(-1, group) if group > 1 else None
    groups, bound = RayGroups.of(rays.q_per_m, members), TermBound.of(ins)
    K = len(ins.wavelength_m)
    found = []
    for cluster in clusters(ins, 5e9):
        h, r = cluster.centre.reach(groups)
        charge = bound.amplitude(h, reach(r)).double().square() * bound.scale
        part = ChunkInputs(rays.q_per_m, None, cluster.cell, None, None, ins.plan.interpolate, None, NEVER)
        term = evaluate(ins, part).term.double().amax((2, 3)).view(K, -1, group).amax(2).flatten()
        charge = charge.expand(term.shape)
        found.append(torch.where(term == 0.0, 0.0, term / charge))
    return torch.cat(found)


@pytest.mark.parametrize("group", [1, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_term_exceeds_its_bound(shape: str, group: int) -> None:
    found = worst(instrument_of(SHAPES[shape], table_of((31, 35, 47), seed=1)), group)
    assert float(found.max()) <= 1.0
    # a bound that charged a hundred times too much for its best group would be of no use
    assert float(found.max()) > 0.01


@pytest.mark.parametrize("precision", ["float64", "mixed", "float32"])
@pytest.mark.parametrize("sides", [(31, 35, 47), (5, 9, 4), (2, 1, 3)])
def test_no_interpolated_term_exceeds_its_bound(sides: tuple[int, int, int], precision: str) -> None:
    factors = replace(table_of(sides, seed=2, listed=0.9), interpolate="on")
    ins = instrument_of(f"-dtype {precision}", factors)
    assert ins.plan.interpolate
    assert float(worst(ins, 1).max()) <= 1.0


def test_no_term_exceeds_the_bound_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a size there is one table of windows in place of eight."""
    exact = worst(instrument_of("", table_of((31, 35, 47), seed=1)), 1)
    monkeypatch.setattr(simulator.sparse.bounds, "MOST_ENTRIES", 1000)
    coarse = worst(instrument_of("", table_of((31, 35, 47), seed=1)), 1)
    assert float(coarse.max()) <= 1.0
    assert float(coarse.mean()) < float(exact.mean())


@pytest.mark.parametrize(
    "fault",
    [lambda r: 0.5 * r, torch.zeros_like],
    ids=["halved", "forgotten"],
)
@pytest.mark.parametrize("shape", ["square", "gauss", "tophat", "round"])
def test_a_wrong_reach_breaks_the_bound(shape: str, fault: Callable[[Tensor], Tensor]) -> None:
    assert float(worst(instrument_of(SHAPES[shape]), 1, fault).max()) > 1.0


def test_a_forgotten_neighbour_in_the_table_breaks_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    right = FactorBound.relative
    monkeypatch.setattr(FactorBound, "relative", lambda self, h, r: right(self, h, torch.zeros_like(r)))
    assert float(worst(instrument_of("", table_of((31, 35, 47), seed=1)), 1).max()) > 1.0


@given(
    cells=st.integers(2, 3000),
    index=st.floats(-200.0, 200.0),
    reach=st.floats(2.0**-20, 0.7),
    place=st.floats(-1.0, 1.0),
)
@settings(deadline=None, max_examples=300)
def test_grating_function_keeps_its_bound(cells: int, index: float, reach: float, place: float) -> None:
    ins = instrument_of(f"-Na {cells} -Nb 1 -Nc 1")
    bound, _ = bound_of_lattice(ins)
    centre = torch.tensor([[index], [0.0], [0.0]]).float()
    relative = float(bound.relative(centre, torch.full_like(centre, reach)))
    h = float(centre[0]) + place * reach * (1.0 - 2.0**-18)
    d = torch.tensor(h - round(h), dtype=torch.float64)
    value = abs(float(sincg(torch.pi * d, torch.tensor(float(cells), dtype=torch.float64))))
    assert value <= relative * cells * (1.0 + 2.0**-15)


@given(x=st.floats(2.0**-12, 1000.0))
def test_transform_of_a_ball_keeps_its_bound(x: float) -> None:
    ins = instrument_of("-round_xtal -N 2000 -nointerpolate")
    bound, peak = bound_of_lattice(ins)
    offset = x / torch.pi / 2000
    h = torch.tensor([[offset], [0.0], [0.0]]).float()
    if offset < 0.5:
        relative = float(bound.relative(h, torch.full_like(h, 2.0**-20)))
        value = abs(float(sinc3(torch.tensor(torch.pi * float(h[0]) * 2000, dtype=torch.float64), True)))
        assert value <= relative * (1.0 + 2.0**-15)
    assert peak == pytest.approx(2000.0**3 * ROUND_FACTOR)


def test_upstream_rounding_at_whole_numbers_is_within_the_caps() -> None:
    """pi h next to whole h: in double precision sin(N x)/sin(x) exceeds N there (Q-SINCG-INTEGER)."""
    ins = instrument_of("--quirk Q-SINCG-INTEGER=on -dtype float64 -Na 36 -Nb 47 -Nc 29")
    bound, _ = bound_of_lattice(ins)
    whole = torch.arange(-120, 121, dtype=torch.float64)
    largest = torch.zeros(3, len(whole), dtype=torch.float64)
    for ulps in range(-40, 41):
        h = whole + ulps * torch.clamp(whole.abs(), min=1.0) * 2.0**-53
        for axis, N in enumerate(ins.shape.cells):
            largest[axis] = torch.maximum(largest[axis], sincg(torch.pi * h, N).abs() / N)
    assert float(largest.max()) > 1.5
    assert bound.caps is not None
    middle = bound.caps.shape[1] // 2
    assert bool((largest <= bound.caps[:, middle - 120 : middle + 121]).all())


@given(seed=st.integers(0, 1000), reach=st.floats(2.0**-20, 1.5), sides=st.tuples(*[st.integers(1, 6)] * 3))
@settings(deadline=None, max_examples=100)
def test_largest_entry_within_reach_is_found(seed: int, reach: float, sides: tuple[int, int, int]) -> None:
    table = make_table(table_of(sides, seed))
    bound, largest = FactorBound.of(table, False, torch.device("cpu"))
    random = np.random.default_rng(seed)
    centre = torch.from_numpy(random.uniform(-5.0, 5.0, (3, 20))).float()
    around = torch.from_numpy(random.uniform(-1.0, 1.0, (50, 3, 20))) * reach * (1.0 - 2.0**-18)
    h, k, l = ((centre.double() + around) - 0.5).ceil().unbind(1)
    used = nearest_F(table, h, k, l).abs().amax(0)
    found = bound.relative(centre, torch.full_like(centre, reach)) * largest
    assert bool((used <= found * (1.0 + 2.0**-20)).all())


def test_clusters_hold_each_orientation_once() -> None:
    ins = instrument_of("-osc 20 -phisteps 40")
    made = clusters(ins, 5e9)
    assert len(made) > 5
    assert sum(cluster.size for cluster in made) == 200
    assert ins.usual is not None
    all_x = torch.cat([cluster.cell[..., 0].flatten() for cluster in made])
    assert torch.equal(all_x.sort().values, ins.usual.final[0][0].flatten().sort().values)


def test_a_cluster_reaches_all_its_members() -> None:
    vectors = torch.randn(50, 3, 3, dtype=torch.float64)
    cluster = Cluster.of(vectors)
    apart = (vectors - cluster.centre.vectors_m[:, :, 0].double()).norm(dim=2).amax(0)
    assert bool((cluster.centre.spread_m[:, 0] >= apart).all())


def test_a_direction_that_is_no_number_has_no_bound() -> None:
    bound = TermBound.of(instrument_of("", table_of((5, 5, 5), seed=3)))
    h = torch.full((3, 4), torch.nan)
    assert bool(bound.amplitude(h, torch.full_like(h, 0.1)).isnan().all())
