"""The input files are the same bytes everywhere, and those with which upstream's data were recorded."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from golden_suite_generator.inputs.mixer import fraction, mixed, mixed_gaussian
from golden_suite_generator.inputs.write import RECORDED_FILES, lysozyme, write_all_inputs
from harness.files import sha256_of_file

HASHES = json.loads((Path(__file__).parent / "input_hashes.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("inputs")
    write_all_inputs(target)
    return target


@pytest.mark.parametrize("name", HASHES)
def test_bytes_have_the_recorded_hash(folder: Path, name: str) -> None:
    assert sha256_of_file(folder / name) == HASHES[name]


@pytest.mark.parametrize("name", RECORDED_FILES)
def test_case_inputs_equal_those_of_the_recording(folder: Path, shared_dir: Path, name: str) -> None:
    assert (folder / "inputs" / name).read_bytes() == (shared_dir / "golden" / "inputs" / name).read_bytes()


def test_nothing_but_the_named_files_is_written(folder: Path) -> None:
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(
        HASHES
    )


def test_another_seed_gives_another_crystal() -> None:
    assert lysozyme.crystal_matrix_text(2) != lysozyme.crystal_matrix_text(1)
    assert lysozyme.true_amplitude(9, 5, 3, 2) != lysozyme.true_amplitude(9, 5, 3, 1)


def test_amplitudes_fall_off_as_the_temperature_factor_says(folder: Path) -> None:
    """Mean |F|^2 at 2 A against that at 3 A; the shells hold thousands of symmetry copies, hence 10 %."""
    sums = {2.0: [0.0, 0], 3.0: [0.0, 0]}
    for line in (folder / "lysozyme" / "scaled.hkl").read_text().splitlines():
        h, k, l, F = (float(word) for word in line.split())
        d_A = 1.0 / math.sqrt((h * h + k * k) / lysozyme.CELL.a**2 + l * l / lysozyme.CELL.c**2)
        for centre, total in sums.items():
            if abs(d_A - centre) < 0.03 * centre:
                total[0] += F * F
                total[1] += 1
    ratio = (sums[2.0][0] / sums[2.0][1]) / (sums[3.0][0] / sums[3.0][1])
    expected = lysozyme.mean_square(1 / 16) / lysozyme.mean_square(1 / 36)
    assert ratio == pytest.approx(expected, rel=0.1)


def test_screw_axes_leave_no_reflections(folder: Path) -> None:
    rows = [line.split() for line in (folder / "lysozyme" / "scaled.hkl").read_text().splitlines()]
    forbidden = [F for h, k, l, F in rows if h == k == "0" and int(l) % 4]
    assert forbidden
    assert {float(F) for F in forbidden} == {0.0}


def test_friedel_mates_differ_by_the_error_of_measurement_only(folder: Path) -> None:
    rows = (line.split() for line in (folder / "lysozyme" / "scaled.hkl").read_text().splitlines())
    values = {(int(h), int(k), int(l)): float(F) for h, k, l, F in rows}
    bright = {hkl: F for hkl, F in values.items() if F > 100.0}
    ratios = [F / values[(-hkl[0], -hkl[1], -hkl[2])] for hkl, F in bright.items()]
    assert max(abs(ratio - 1.0) for ratio in ratios) < 2.1 * lysozyme.RELATIVE_ERROR
    assert sum(ratio != 1.0 for ratio in ratios) > 0.9 * len(ratios)


def test_mixer_depends_on_order_and_sign() -> None:
    words = {mixed(1, 2), mixed(2, 1), mixed(1, -2), mixed(1), mixed()}
    assert len(words) == 5
    assert 0.0 <= fraction(3, 4) < 1.0


def test_gaussian_has_mean_zero_and_width_one() -> None:
    """4000 draws: the mean scatters by 0.016, the mean square by 0.022; four times that is allowed."""
    draws = [mixed_gaussian(11, number) for number in range(4000)]
    assert sum(draws) / len(draws) == pytest.approx(0.0, abs=0.064)
    assert sum(x * x for x in draws) / len(draws) == pytest.approx(1.0, abs=0.09)
