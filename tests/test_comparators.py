"""The comparators are compared, too: no fault in them survives the tests that need no recorded data."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.comparator_faults import FAULTS
from tests.comparator_runs import ROOT, path_of

FEW = random.Random(7).sample(range(len(FAULTS)), 3)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.module}: {fault.what}")
def test_table_fits_the_sources(fault):
    assert path_of(fault).read_text(encoding="utf-8").count(fault.sound) == 1
    assert all((ROOT / path).is_file() for path in fault.tests)


def survivors(numbers):
    command = [sys.executable, "-m", "tests.comparator_runs", *map(str, numbers)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [FAULTS[int(number)].what for number in run.stdout.split()]


def test_a_few_of_the_faults_are_found():
    assert survivors(FEW) == []


@pytest.mark.whole
def test_all_faults_are_found():
    assert survivors(range(len(FAULTS))) == []
