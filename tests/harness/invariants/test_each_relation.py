"""Every relation of the table is violated by a fault that it is there for."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from harness.invariants.examine import Examination, examined
from harness.invariants.judged import Standing
from harness.invariants.relations.table import RELATION_BY_ID, RELATIONS
from harness.programs.programs import simulator_program
from tests.harness.invariants.faulty import PutIn, RunsHere, by_count, changed, slope, when

PEDESTAL = PutIn(image=lambda _config, image: image + 1e-3)
NOT_SQUARES = PutIn(image=lambda _config, image: image**1.001)
RUN = count()


def without(*options):
    """Return what takes options and the word behind each out of the words."""

    def change(words):
        kept = list(words)
        while found := [place for place, word in enumerate(kept) if word in options]:
            del kept[found[0] : found[0] + 2]
        return kept

    return change


def energy_misread(words):
    place = words.index("-energy") + 1 if "-energy" in words else None
    return [repr(float(word) * 1.0001) if here == place else word for here, word in enumerate(words)]


def last_row_lost(_config, image):
    return torch.cat([image[:-1], image[-1:] * 0.0])


def first_of_region_brighter(config, image):
    f0, _, s0, _ = config.detector.roi
    brighter = image.clone()
    brighter[s0, f0] *= 1.1
    return brighter


def brightest_lost_with_limit(config, image):
    return image * (image < image.max()) if config.sampling.dmin_m > 0 else image


def tilted_polarization(axis):
    return (axis[0], axis[1] + 0.1, axis[2] + 0.02)


def steps_reversed(steps):
    return replace(steps, first=-steps.first, step=-steps.step)


def wider(steps):
    return replace(steps, first=steps.first * 1.001, step=steps.step * 1.001)


def last_source_heavier(rows):
    return (*rows[:-1], replace(rows[-1], weight=2.0 * rows[-1].weight)) if rows else rows


def centre_of_names_only(config):
    if config.detector.convention == "CUSTOM":
        return config
    return changed("detector", Fbeam_m=lambda x: x + 1e-5, Fclose_m=lambda x: x + 1e-5)(config)


def spread_turns_crystal(config):
    turned = 0.01 * config.crystal.mosaic_spread_rad
    return changed("crystal", misset_rad=lambda m: (m[0] + turned, *m[1:]), has_misset=lambda _: True)(config)


def rolled(axis):
    return changed("structure_factors", table=lambda table: np.roll(table, 1, axis=axis))


FAULTS = {
    "crystal-lengths": PutIn(config=changed("beam", wavelength_m=lambda x: x + 1e-13)),
    "laboratory-lengths": PutIn(config=changed("detector", distance_m=lambda x: x + 1e-5)),
    "structure-factors": PEDESTAL,
    "fluence": PEDESTAL,
    "beam-size": PutIn(words=without("-beamsize")),
    "water-volume": PutIn(config=changed("beam", water_size_m=lambda x: x and x + 1e-7)),
    "water-adds": PutIn(image=when(lambda c: c.beam.water_size_m > 0)),
    "water-sampling": PutIn(image=by_count(lambda c: c.crystal.phi_rad.count)),
    "size-is-fudge": PutIn(config=changed("crystal", fudge=lambda x: x + 0.01)),
    "energy": PutIn(words=energy_misread),
    "tiles": PutIn(image=first_of_region_brighter),
    "mask": PutIn(image=when(lambda c: c.detector.mask.size > 0)),
    "larger-detector": PutIn(image=last_row_lost),
    "beam-centre": PutIn(image=slope),
    "fast-axis": PutIn(image=slope),
    "slow-axis": PutIn(image=lambda c, image: slope(c, image, axis=0)),
    "exchanged-axes": PutIn(image=slope),
    "convention": PutIn(config=centre_of_names_only),
    "laboratory-axes": PutIn(config=changed("crystal", spindle_axis=lambda a: (*a[:2], 1.01 * a[2]))),
    "swing": PutIn(config=changed("detector", twotheta_rad=lambda x: 1.001 * x)),
    "sub-pixels": PutIn(image=when(lambda c: c.sampling.oversample > 1)),
    "idle-flags": PutIn(image=when(lambda c: c.sampling.oversample_omega)),
    "crystal-axes": PutIn(config=changed("crystal", cells=lambda n: (n[0] + 1, *n[1:]))),
    "reversed-axes": PutIn(config=rolled(0)),
    "phi-is-misset": PutIn(config=changed("crystal", phi_rad=steps_reversed)),
    "full-turns": PutIn(config=changed("crystal", phi_rad=wider)),
    "phi-steps": PutIn(image=when(lambda c: c.crystal.phi_rad.count > 1)),
    "first-domain": PutIn(config=spread_turns_crystal),
    "more-domains": PutIn(image=lambda c, image: image / c.crystal.mosaic_domains**2),
    "lone-cell": PutIn(image=when(lambda c: c.crystal.phi_rad.count > 1)),
    "constant-table": PutIn(config=changed("structure_factors", table=lambda table: table * 1.001)),
    "amplitudes-add": NOT_SQUARES,
    "reflections-add": NOT_SQUARES,
    "crystal-size": PutIn(config=changed("crystal", size_m=lambda s: tuple(1.3 * x for x in s))),
    "source-order": PutIn(config=changed("beam", source_rows=last_source_heavier)),
    "source-units": PutIn(
        config=changed(
            "beam", source_rows=lambda rows: tuple(replace(row, weight=row.weight + 0.1) for row in rows)
        )
    ),
    "sources-twice": PutIn(image=by_count(lambda c: len(c.beam.source_rows))),
    "sources-add": PutIn(image=by_count(lambda c: len(c.beam.source_rows))),
    "spectrum": PutIn(config=changed("beam", dispersion=wider)),
    "horizontal-divergence": PutIn(image=by_count(lambda c: c.beam.hdiv_rad.count)),
    "vertical-divergence": PutIn(image=by_count(lambda c: c.beam.vdiv_rad.count)),
    "polarization-linear": PutIn(config=changed("beam", kahn_factor=lambda k: k and k + 0.01)),
    "crossed-polarization": PutIn(config=changed("beam", polarization_axis=tilted_polarization)),
    "polarization-range": PutIn(image=when(lambda c: c.beam.nopolar, 0.4)),
    "resolution-limit": PutIn(image=brightest_lost_with_limit),
    "repeated-run": PutIn(image=lambda _config, image: image * (1.0 + 1e-4 * next(RUN))),
    "threads": PutIn(image=by_count(lambda _: torch.get_num_threads())),
    "offset": PutIn(config=changed("output", adc=lambda x: 1.5 * x)),
    "counts": PutIn(config=changed("output", adc=lambda x: x + 1.0)),
    "noise": PutIn(config=changed("output", adc=lambda x: x + 20.0)),
    "thomson": PutIn(image=lambda _config, image: image * 1.001),
    "lattice-sum": PutIn(image=when(lambda c: max(c.crystal.cells) > 1)),
    "lattice-period": PutIn(image=slope),
    "obliquity": PutIn(image=slope),
    "tie": PutIn(config=rolled(2)),
    "second-domain": PutIn(config=changed("crystal", mosaic_seed=lambda seed: seed - 1)),
    "sensor": PutIn(image=when(lambda c: c.detector.thickness_m.count > 1)),
}
"""A fault for each relation."""


@pytest.fixture(scope="module")
def sound():
    return simulator_program()


@pytest.fixture
def standings(sound, tmp_path, capfd):
    """Return what tries one relation on the simulator in this process, with a fault in it."""

    def tried(relation_id, fault):
        job = Examination(sound, (RELATION_BY_ID[relation_id],))
        runs = RunsHere(sound, sound.settings("spec").words, tmp_path)
        runs.fault = fault
        return {one.standing for one in examined(job, runs)} - {Standing.APART}

    return tried


def test_every_relation_has_a_fault():
    assert FAULTS.keys() == RELATION_BY_ID.keys()
    assert len(RELATION_BY_ID) == len(RELATIONS)


@pytest.mark.parametrize("relation_id", FAULTS)
def test_a_fitting_fault_violates_it(relation_id, standings):
    assert Standing.VIOLATED in standings(relation_id, FAULTS[relation_id])
