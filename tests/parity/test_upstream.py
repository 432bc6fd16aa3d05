"""Both programs against upstream: recorded figures in every checkout, whole images where the recording is."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden_suite_generator.cases import Case, authoritative_args, load_cases
from harness.programs.programs import Program
from harness.suite.figures import pixel_text, samples_of, sha256_of
from harness.suite.generate import packaged_golden
from harness.suite.manifest import rows_of_run
from harness.suite.record import (
    AS_IS,
    REPAIRED,
    REPAIRED_QUIRKS,
    upstream_figures,
    upstream_table,
)
from system_io.children import execute
from tests.parity.agreement import assert_floats_agree
from tests.parity.conftest import ReferenceRun, Simulated

BY_ID = {case.id: case for case in load_cases()}
RECORDED = [case for case in BY_ID.values() if upstream_figures(case.id)]
REPAIRABLE = [case for case in RECORDED if upstream_figures(case.id, REPAIRED)]
REPAIR = [word for quirk in REPAIRED_QUIRKS for word in ("-quirk", f"{quirk}=off")]
VECTORS = json.loads((packaged_golden() / "vectors.json").read_text())
LABELS = [f"{case.group}/{case.label}" for case in RECORDED]


def same_figures(case: Case, variant: str, images: dict[str, Any], headers: dict[str, str]) -> None:
    """Sampled pixels are bitwise upstream's; float sums to 1e-7; counts and headers whole, by hash."""
    for kind, figures in upstream_figures(case.id, variant).items():
        image = images[kind]
        assert list(image.shape) == figures["shape"], f"{case.label}: {kind}"
        now = {index: pixel_text(kind, image, index) for index in samples_of(figures)}
        assert now == samples_of(figures), f"{case.label}: sampled pixels of the {kind} image"
        wide = image.astype(np.float64)
        assert wide.sum() == pytest.approx(figures["sum"], rel=1e-7), f"{case.label}: sum of the {kind} image"
        assert (int(image.argmax()), float(image.max())) == (figures["max_index"], figures["max"]), case.label
        if kind != "float" and variant == AS_IS:
            assert sha256_of(headers[kind].encode("latin1")) == figures["header_sha256"], (
                f"{case.label}: {kind} header"
            )


def test_the_record_holds_every_case_with_an_image() -> None:
    assert [case.id for case in RECORDED] == [
        c.id for c in BY_ID.values() if c.recorded and not c.status["c-parity"]
    ]
    assert len(REPAIRABLE) == 15


@pytest.mark.parametrize("case", RECORDED, ids=LABELS)
def test_reference_gives_the_recorded_figures(case: Case, reference_run: ReferenceRun) -> None:
    run = reference_run(case, "c-parity")
    same_figures(case, AS_IS, run.outputs.images, run.outputs.headers)


@pytest.mark.parametrize("case", REPAIRABLE, ids=lambda case: case.id)
def test_reference_gives_the_repaired_figures(case: Case, reference_run: ReferenceRun) -> None:
    run = reference_run(case, "c-parity", *REPAIR)
    same_figures(case, REPAIRED, run.outputs.images, run.outputs.headers)


@pytest.mark.parametrize("case", REPAIRABLE, ids=lambda case: case.id)
def test_simulator_gives_the_repaired_samples(case: Case, simulated: Simulated) -> None:
    """Sampled pixels to 1e-7 of the maximum: half a step of 4-byte floats, and rounding in the loop."""
    figures = upstream_figures(case.id, REPAIRED)["float"]
    image = simulated(case, "c-parity", *REPAIR)
    for index, text in samples_of(figures).items():
        value = np.frombuffer(bytes.fromhex(text), ">f4")[0]
        assert image.ravel()[index] == pytest.approx(float(value), rel=0.0, abs=1e-7 * figures["max"])


@pytest.mark.parametrize("case", RECORDED, ids=LABELS)
def test_reference_equals_the_recording(case: Case, reference_run: ReferenceRun, shared_dir: Path) -> None:
    """At least 99.9 % of the pixels bitwise, the rest within 1e-7 of the maximum; counts equal."""
    with np.load(shared_dir / "golden" / "images" / f"{case.id}.npz") as recorded:
        for kind, image in reference_run(case, "c-parity").outputs.images.items():
            equal = float(np.mean(image == recorded[kind]))
            assert equal >= (0.999 if kind == "float" else 1.0), (
                f"{case.label}: {kind}: {equal} of the pixels equal"
            )
            wide = recorded[kind].astype(np.float64)
            assert_floats_agree(case, f"{kind}, C against upstream", wide, image.astype(np.float64))


@pytest.mark.parametrize("case", RECORDED, ids=LABELS)
def test_simulator_agrees_with_the_recording(case: Case, simulated: Simulated, shared_dir: Path) -> None:
    with np.load(shared_dir / "golden" / "images" / f"{case.id}.npz") as recorded:
        expected = recorded["float"].astype(np.float64)
    assert_floats_agree(case, "PyTorch against upstream", expected, simulated(case, "c-parity"))


@pytest.mark.parametrize("row", VECTORS["images"], ids=lambda row: f"{row['case']}-{row['mode']}")
def test_reference_gives_the_vectors_of_the_specification(
    row: dict[str, Any], reference_run: ReferenceRun
) -> None:
    """c-parity: nine digits are a 4-byte float; spec: 3e-7, since the table holds doubles before rounding."""
    image = reference_run(BY_ID[row["case"]], row["mode"]).outputs.images["float"]
    pixels = [image[slow, fast] for slow, fast in VECTORS["image_pixels"]]
    if row["mode"] == "c-parity":
        assert pixels == [np.float32(text) for text in row["pixels"]]
    floor = 1e-12 * float(image.max())
    assert [float(pixel) for pixel in pixels] == pytest.approx(
        [float(t) for t in row["pixels"]], rel=3e-7, abs=floor
    )
    assert float(image.astype(np.float64).sum()) == pytest.approx(float(row["sum"]), rel=1e-7)


@pytest.mark.parametrize("row", VECTORS["derived"], ids=lambda row: row["case"])
def test_reference_gives_the_derived_images_and_statistics(
    row: dict[str, Any], reference_run: ReferenceRun
) -> None:
    run = reference_run(BY_ID[row["case"]], "c-parity")
    for kind in ("int", "pgm", "noise"):
        image = run.outputs.images[kind]
        assert [int(image[slow, fast]) for slow, fast in VECTORS["derived_pixels"]] == row[kind]["pixels"]
        assert int(image.sum(dtype=np.int64)) == row[kind]["sum"]
    mean, rms, rmsd = row["mean_rms_rmsd"]
    for line in (
        f"max_I = {row['max_I']}  at {row['at'][0]} {row['at'][1]}",
        f"mean= {mean} rms= {rms} rmsd= {rmsd}",
        f"intfile_scale = {row['intfile_scale']}",
        f"pgm_scale = {row['pgm_scale']}",
        f"{row['photons']} photons on noise image ({row['overloads']} overloads)",
    ):
        assert re.search(rf"^\s*{re.escape(line)}\s*$", run.stdout, re.MULTILINE), line


def test_every_recorded_image_is_checked_whole_on_this_machine(
    reference_run: ReferenceRun, inputs: Path
) -> None:
    """How many of upstream's images the reference gives bit for bit; another library may lose last bits."""
    rows = [
        row
        for case in RECORDED
        for row in rows_of_run(case, "c-parity", reference_run(case, "c-parity"), inputs)
    ]
    equal = sum(row["sha256"] == upstream_figures(row["case"])[row["kind"]]["sha256"] for row in rows)
    assert len(rows) == 306
    assert equal >= 0.95 * len(rows), f"{equal} of {len(rows)} images are bitwise upstream's"


@pytest.mark.slow
def test_reference_gives_the_authoritative_image(
    reference: Program, shared_dir: Path, tmp_path: Path
) -> None:
    """2463 x 2527 pixels on real structure factors: 99.99 % of the samples bitwise, rest within 1e-7."""
    facts = upstream_table()["authoritative"]
    lysozyme = shared_dir / "golden" / "lysozyme"
    words = [*authoritative_args(lysozyme), "-floatfile", "float.bin", "-nopgm", "-noprogress"]
    outcome, *_ = execute([*reference.words, *words], tmp_path, dict(os.environ), 300.0)
    assert outcome.failure is None
    image = np.fromfile(tmp_path / "float.bin", np.float32).reshape(facts["image_shape"])
    with np.load(lysozyme / "authoritative_samples.npz") as samples:
        difference = np.abs(image.ravel()[samples["index"]].astype(np.float64) - samples["value"])
    assert np.mean(difference == 0.0) >= 0.9999
    assert difference.max() <= 1e-7 * facts["max"]
    assert image.astype(np.float64).sum() == pytest.approx(facts["sum"], rel=1e-9)
    assert list(np.unravel_index(image.argmax(), image.shape)) == facts["max_pixel"]
