"""Point groups: their order, one representative for all equivalents, and Friedel mates kept apart."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from shots.merging.point_groups import GENERATORS, group_operations, representatives

SPACE_GROUPS = {
    "1": "P 1", "2": "P 2", "222": "P 2 2 2", "4": "P 4", "422": "P 4 2 2", "3": "P 3", "32": "P 3 2 1",
    "6": "P 6", "622": "P 6 2 2", "23": "P 2 3", "432": "P 4 3 2",
}  # fmt: skip


@pytest.mark.parametrize("name", GENERATORS)
def test_equivalents_are_those_of_a_second_table(name: str) -> None:
    operations = group_operations(name)
    hkl = (3, 1, 2)
    wanted = {tuple(op.apply_to_hkl(hkl)) for op in gemmi.SpaceGroup(SPACE_GROUPS[name]).operations()}
    assert {tuple(row) for row in (operations @ np.array(hkl)).tolist()} == wanted
    assert len(operations) == len(wanted)


@pytest.mark.parametrize("name", GENERATORS)
def test_all_equivalents_have_one_representative_and_mates_another(name: str) -> None:
    operations = group_operations(name)
    equivalents = operations @ np.array([3, 1, 2])
    own, mates = representatives(equivalents, operations), representatives(-equivalents, operations)
    assert len(np.unique(own, axis=0)) == len(np.unique(mates, axis=0)) == 1
    assert (own[0] != mates[0]).any()
