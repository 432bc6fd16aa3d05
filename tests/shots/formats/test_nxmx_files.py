"""NXmx: read by nxmx, h5py and fabio, with the pixels and the geometry of the run."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shots.formats.nxmx_files import PACKINGS, NxmxFiles
from shots.formats.writer import ShotNames
from shots.formats.writers import chosen_writer
from shots.frames import Frames
from shots.geometry.panel import Setup
from simulator.errors import InputError
from system_io.errors import UserError
from tests.shots.made_frames import MASKED_PIXEL, SETUPS, made_frames, made_setup, relations, relations_of

h5py = pytest.importorskip("h5py", reason="not run: h5py is not installed")
nxmx = pytest.importorskip("nxmx", reason="not run: nxmx is not installed")
EXACT = 1e-9
"""Of millimetres and of components of unit vectors."""
DATA, MASK = "entry/data/data", "entry/instrument/detector/pixel_mask"


@contextmanager
def entry_of(path: Path) -> Iterator[Any]:
    with h5py.File(path, "r") as file:
        yield nxmx.NXmx(file).entries[0]


def read_relations(entry: Any, module: Any, shot: int) -> np.ndarray:
    """Return the relations of a panel as a reader of the format finds them; McStas has the beam along z."""
    chain = nxmx.get_dependency_chain(module.fast_pixel_direction.depends_on)
    corners = nxmx.get_cumulative_transformation(chain)[:, :3, 3]
    axes = nxmx.get_rotation_axes(nxmx.get_dependency_chain(entry.samples[0].depends_on))
    return relations(
        corners[shot if len(corners) > 1 else 0],
        module.fast_pixel_direction.vector,
        module.slow_pixel_direction.vector,
        (0.0, 0.0, 1.0),
        axes.axes[0],
    )


@pytest.mark.parametrize("name", SETUPS)
def test_nxmx_reads_the_geometry_of_the_run(tmp_path: Path, name: str) -> None:
    frames = made_frames(setup=SETUPS[name])
    (path,) = NxmxFiles().write(tmp_path, frames)
    with entry_of(path) as entry:
        modules = entry.instruments[0].detectors[0].modules
        assert len(modules) == len(frames.setup.panels)
        for index, module in enumerate(modules):
            found = read_relations(entry, module, 0)
            assert np.abs(found - relations_of(frames.setup, index)).max() < EXACT
            assert module.fast_pixel_direction[()].to("mm").magnitude.item() == pytest.approx(0.1, abs=EXACT)
        wavelength = entry.instruments[0].beams[0].incident_wavelength
        assert wavelength.to("angstrom").magnitude.item() == pytest.approx(1.1, abs=EXACT)
        axis = entry.samples[0].depends_on
        assert axis[()].to("rad").magnitude.item() == pytest.approx(0.25, abs=EXACT)
        assert axis.increment_set.to("rad").magnitude.item() == pytest.approx(0.0125, abs=EXACT)


def test_a_run_of_the_simulator_is_read_back(tmp_path: Path) -> None:
    """Corner, distance and beam centre that the options of a real run mean."""
    from shots.geometry.setup_of import setup_of
    from simulator import RunConfig

    words = "-cell 60 60 40 90 90 90 -default_F 100 -detpixels_f 30 -detpixels_s 20 -distance 90 -twotheta 12"
    setup = setup_of(RunConfig.from_args([*words.split(), "-detector_roty", "3"]))
    (path,) = NxmxFiles().write(tmp_path, made_one(setup))
    with entry_of(path) as entry:
        found = read_relations(entry, entry.instruments[0].detectors[0].modules[0], 0)
        assert np.abs(found - relations_of(setup, 0)).max() < EXACT


def made_one(setup: Setup) -> Frames:
    (panel,) = setup.panels
    shape = (panel.slow_pixels, panel.fast_pixels)
    return Frames(0, setup, (np.zeros(shape, np.float32),), (np.zeros(shape, np.int32),), ((),))


@pytest.mark.parametrize("images", ["counts", "photons"])
def test_pixels_come_back_bit_for_bit(tmp_path: Path, images: str) -> None:
    writer = NxmxFiles(images)  # type: ignore[arg-type]
    shots = [made_frames(number) for number in (3, 8)]
    for frames in shots:
        writer.write(tmp_path, frames)
    (master,) = writer.finish(tmp_path, [3, 8])
    with h5py.File(master, "r") as file, entry_of(master) as entry:
        modules = entry.instruments[0].detectors[0].modules
        for index, frames in enumerate(shots):
            for module, image in zip(modules, getattr(frames, images), strict=True):
                (slow, fast), (rows, columns) = module.data_origin, module.data_size
                found = file[DATA][index, slow : slow + rows, fast : fast + columns]
                assert found.dtype == image.dtype
                assert np.array_equal(found, image)


def test_fabio_reads_the_master(tmp_path: Path) -> None:
    fabio = pytest.importorskip("fabio", reason="not run: fabio is not installed")
    NxmxFiles().write(tmp_path, frames := made_frames())
    (master,) = NxmxFiles().finish(tmp_path, [0])
    with fabio.open(f"{master}::/{DATA}") as image:
        assert np.array_equal(image.data[:8, :12], frames.counts[0])


def test_pixels_that_do_not_measure_are_masked(tmp_path: Path) -> None:
    """Bit 0 for what no panel has, bit 8 for what a panel masks; below the underload in the pixels."""
    (path,) = NxmxFiles().write(tmp_path, made_frames())
    with h5py.File(path, "r") as file, entry_of(path) as entry:
        mask, pixels = file[MASK][()], file[DATA][0]
        expected = np.zeros((14, 12), np.uint32)
        expected[8:, 10:] = 1
        expected[MASKED_PIXEL] = 256
        assert np.array_equal(mask, expected)
        assert np.array_equal(pixels == -1, expected != 0)
        detector = entry.instruments[0].detectors[0]
        assert (detector.underload_value, detector.saturation_value) == (0, 60000)


@pytest.mark.parametrize("thickness_m", [0.0, 4.5e-4])
def test_the_sensor_is_one_that_readers_take(tmp_path: Path, thickness_m: float) -> None:
    """DIALS refuses a thickness of 0 and unknown materials; a nanometre shifts no pixel."""
    setup = made_setup()
    panels = tuple(replace(panel, thickness_m=thickness_m) for panel in setup.panels)
    (path,) = NxmxFiles().write(tmp_path, made_frames(setup=replace(setup, panels=panels)))
    with entry_of(path) as entry:
        detector = entry.instruments[0].detectors[0]
        found = detector.sensor_thickness.to("m").magnitude
        assert 0.0 < found <= max(thickness_m, 1e-9)
        assert found >= thickness_m
        assert detector.sensor_material == "Si"


def test_stokes_parameters_follow_the_polarization(tmp_path: Path) -> None:
    """Along the spindle, so along x of McStas, by 95 of 100; across it in the other run."""
    for setup, Q in ((made_setup(), 0.9), (replace(made_setup(), polarization_axis=(0.0, 1.0, 0.0)), -0.9)):
        (path,) = NxmxFiles().write(tmp_path, made_frames(setup=setup))
        with h5py.File(path, "r") as file:
            stokes = file["entry/instrument/beam/incident_polarization_stokes"][0]
        assert np.allclose(stokes, [1.0, Q, 0.0, 0.0], atol=1e-15)


def test_a_master_has_the_wavelength_and_the_place_of_each_shot(tmp_path: Path) -> None:
    setups = [made_setup(0.1 + 0.01 * n, 1e-10 * (1 + 0.01 * n)) for n in range(3)]
    setups = [replace(setup, phi_start_rad=0.1 * n) for n, setup in enumerate(setups)]
    for number, setup in enumerate(setups):
        NxmxFiles().write(tmp_path, made_frames(number, setup))
    (master,) = NxmxFiles().finish(tmp_path, range(3))
    with entry_of(master) as entry:
        for number, setup in enumerate(setups):
            for index, module in enumerate(entry.instruments[0].detectors[0].modules):
                found = read_relations(entry, module, number)
                assert np.abs(found - relations_of(setup, index)).max() < EXACT
        wavelength = entry.instruments[0].beams[0].incident_wavelength.to("angstrom").magnitude
        assert np.allclose(wavelength, [1.0, 1.01, 1.02], rtol=0, atol=EXACT)
        phi = entry.samples[0].depends_on[()].to("rad").magnitude
        assert np.allclose(phi, [0.0, 0.1, 0.2], rtol=0, atol=EXACT)


def test_a_master_masks_what_no_shot_has(tmp_path: Path) -> None:
    shots = [made_frames(0), made_frames(1)]
    shots[1].counts[0][0, 0] = -1
    for frames in shots:
        NxmxFiles().write(tmp_path, frames)
    (master,) = NxmxFiles().finish(tmp_path, [0, 1])
    with h5py.File(master, "r") as file:
        assert file[MASK][0, 0] == 0
        assert file[MASK][MASKED_PIXEL] == 256


def test_shots_with_panels_turned_otherwise_get_masters_of_their_own(tmp_path: Path) -> None:
    plain, turned = made_setup(), replace(made_setup(), panels=made_setup().panels[::-1])
    for number, setup in enumerate((plain, turned, plain)):
        NxmxFiles().write(tmp_path, made_frames(number, setup))
    masters = NxmxFiles().finish(tmp_path, range(3))
    shapes = []
    for path in masters:
        with h5py.File(path, "r") as file:
            shapes.append(file[DATA].shape[0])
    assert shapes == [2, 1]


def test_files_depend_on_the_shot_alone(tmp_path: Path) -> None:
    """Byte for byte, so that neither time, which HDF5 would keep in seconds, nor place counts."""
    bytes_of = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        time.sleep(1.01 if bytes_of else 0.0)
        folder.mkdir()
        NxmxFiles().write(folder, made_frames())
        bytes_of.append([path.read_bytes() for path in NxmxFiles().finish(folder, [0])])
        bytes_of[-1].append((folder / "shot_000000.h5").read_bytes())
    assert bytes_of[0] == bytes_of[1]


def test_the_hash_sees_pixels_and_geometry_but_no_file_names(tmp_path: Path) -> None:
    def hash_of(frames: Frames) -> str:
        (path,) = NxmxFiles().write(tmp_path, frames)
        (master,) = NxmxFiles().finish(tmp_path, [0])
        return NxmxFiles().data_hash(path) + NxmxFiles().data_hash(master)

    usual = hash_of(made_frames())
    assert hash_of(replace(made_frames(), command_lines=(("-hkl", "elsewhere"),))) == usual
    other = made_frames()
    other.counts[1][1, 1] += 1
    assert hash_of(other) != usual
    assert hash_of(made_frames(setup=made_setup(0.1001))) != usual


def test_nothing_is_half_written_on_a_full_disk(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(UserError, match="cannot write NXmx file"):
            NxmxFiles().write(tmp_path, made_frames())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign"])
def test_a_master_of_a_broken_shot_is_an_error(tmp_path: Path, damage: str) -> None:
    for number in (0, 1):
        NxmxFiles().write(tmp_path, made_frames(number))
    path = tmp_path / "shot_000001.h5"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    else:
        h5py.File(path, "w").close()
    with pytest.raises(InputError, match=r"shot_000001\.h5.*make the shot again"):
        NxmxFiles().finish(tmp_path, [0, 1])
    assert not list(tmp_path.glob("master*"))


def test_no_shots_make_no_master(tmp_path: Path) -> None:
    assert NxmxFiles().finish(tmp_path, []) == ()


@pytest.mark.parametrize("library", ["h5py", "hdf5plugin"])
def test_a_missing_library_is_named(tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=rf"NXmx files need {library}.*nanobragg-parity\[formats\]"):
        NxmxFiles().write(tmp_path, made_frames())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", PACKINGS)
def test_each_compression_holds_the_pixels_bit_for_bit(tmp_path: Path, word: str) -> None:
    frames = made_frames()
    writer = chosen_writer("nxmx", ShotNames("lyso_#####", 1), word)
    (path,) = writer.write(tmp_path, frames)
    (master,) = writer.finish(tmp_path, [frames.number])
    (usual,) = NxmxFiles().write(tmp_path, frames)
    assert path.name == "lyso_00001.h5"
    with h5py.File(path) as file, h5py.File(master) as whole:
        pixels = file["entry/data/data"]
        for dataset in (pixels, file[MASK], whole[MASK]):
            filters = dataset.id.get_create_plist()
            codes = [filters.get_filter(n)[0] for n in range(filters.get_nfilters())]
            assert codes == {"bitshuffle-lz4": [32008], "gzip": [2, 1], "none": []}[word]
        assert (whole["entry/data/data"][...] == pixels[...]).all()
        with h5py.File(usual) as other:
            assert (pixels[...] == other["entry/data/data"][...]).all()
