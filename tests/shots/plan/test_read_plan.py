"""Plans: what is read, and what is refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from shots.geometry.in_words.dials import dials_text
from shots.geometry.setup_of import setup_of
from shots.plan.check_plan import check_plan
from shots.plan.read_plan import read_plan
from simulator.config import RunConfig
from system_io.errors import UserError

BASE = "-cell 70 80 90 90 105 90 -default_F 100 -N 5 -lambda 1 -detpixels 16 -pixel 1"
HEAD = "schema = 1\nshots = 4\nseed = 7\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "PLAN.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, varied: str, command: str = BASE, head: str = HEAD) -> str:
    """Return the error of a plan, from reading or from the check of its shots."""
    with pytest.raises(UserError) as error:
        check_plan(read_plan(written(folder, f'{head}command = "{command}"\n{varied}')))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("varied", "words"),
    [
        ("[vary]\ndistanse = 100", "did you mean 'distance'"),
        ("[vary]\ndistance = {norml = [1, 2]}", "did you mean 'normal'"),
        ("[vary]\ndistance = {normal = [100, 1], uniform = [1, 2]}", "uniform and normal"),
        ("[vary]\ndistance = {normal = [100, 1, 2]}", "has 3 numbers"),
        ("[vary]\ndistance = {normal = [100, -1]}", "deviation must be 0 or more"),
        ("[vary]\ndistance = {normal = [100, 1], least = 200}", "between its bounds"),
        ("[vary]\ndistance = {normal = [100, 1], leest = 99}", "did you mean 'least'"),
        ("[vary]\ndistance = {normal = [1, 1]}", "goes through 0"),
        ("[vary]\ndistance = {uniform = [2, 1]}", "first bound"),
        ("[vary]\ndistance = {uniform = [1, inf]}", "finite"),
        ("[vary]\ndistance = {choice = []}", "has 0 numbers"),
        ("[vary]\ndistance = {choice = [100, 110], weights = [1]}", "1 numbers for 2 values"),
        ("[vary]\ndistance = {choice = [100, 110], weights = [0, 0]}", "one of them above"),
        ("[vary]\ndistance = {list = [100, 110]}", "2 values for 4 shots"),
        ('[vary]\ndistance = "far"', "must be a number or one of"),
        ("[vary]\ndistance = true", "must be a number or one of"),
        ("[vary]\nfluence = {uniform = [-1, 1]}", "at least 0"),
        ("[vary]\nlambda = 1.1", "-lambda of the command"),
        ("[vary]\nenergy = 12000", "-lambda of the command"),
        ("[vary]\nxtalsize = 0.01", "-N of the command"),
        ("[vary]\nXbeam = 8\nXclose = 8", "same quantity"),
        ("[vary]\ndetpixels = {choice = [16, 32]}", "same pixels"),
        ("[vary]\nmosaic_domains = {choice = [1.5, 2]}", "must be whole"),
        ("[vary]\nmosaic_domains = {uniform = [1.2, 1.8]}", "no whole number"),
        ("[vary]\nexposure = {uniform = [1, 2]}", "changes nothing"),
        ("[vary]\nfudge = {uniform = [1, 2]}", "changes nothing"),
        ("[vary]\nORGX = {uniform = [1, 2]}", "changes nothing"),
        ("[vary]\nmisset = [1, 2, 3]", "orientation"),
        ("[vary]\nhkl = 3", "no number"),
        ("[vary]\nbeam_vector = [1, 0]", "must have 3"),
        ("[vary]\nbeam_vector = [0, 0, 0]", "no length"),
        ('[vary]\norientation = "anywhere"', "uniform"),
        ("[vary]\norientation = {within_deg = 0}", "above 0"),
        ("[vary]\norientation = {within = 1}", "within_deg"),
        ("[vary]\nlattices = 2", "give orientation"),
        ('[vary]\norientation = "uniform"\nlattices = {uniform = [0, 2]}', "from 1 to"),
        ('[vary]\norientation = "uniform"\nlattices = 1.5', "must be whole"),
        ("[vary]\nscale = {normal = [1, 1]}", "must be 0 or more"),
        ("[vary.cell]\nlength = 1", "did you mean 'lengths'"),
        ("[vary.cell]\nlengths = {normal = [1, 1]}", "factors must be above 0"),
        ("[vary.cell]\nangles_deg = {list = [0, 0, 0, 300]}", "shot 3 cannot be simulated"),
        ("[varies]\ndistance = 100", "did you mean 'vary'"),
        ("[output]\nformat = 1", "did you mean 'formats'"),
        ('[output]\nformats = ["npy", "npy"]', "twice"),
        ('[output]\nformats = ["cbf"]\ncompression = {cbf = "gzip"}', "give one of byte-offset, none"),
        ('[output]\nformats = ["nxmx"]\ncompression = {nxmx = "lz4"}', "give one of bitshuffle-lz4, gzip"),
        ('[output]\nformats = ["smv"]\ncompression = {smv = "gzip"}', "one way to hold pixels"),
        ('[output]\nformats = ["smv"]\ncompression = {cbf = "none"}', "no format of [output] (smv)"),
        ('[output]\ncompression = "gzip"', "must be a table"),
        ('[output]\nnames = "lyso"', "one run of"),
        ('[output]\nnames = "lyso_##_##"', "one run of"),
        ('[output]\nnames = "../lyso_###"', "must be letters"),
        ('[output]\nnames = ".lyso_###"', "must be letters"),
        ('[output]\nnames = "master_###"', "must be letters"),
        ("[output]\nfirst_number = -1", "whole number from 0"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(tmp_path: Path, varied: str, words: str) -> None:
    assert words in refusal(tmp_path, varied)


@pytest.mark.parametrize(
    ("command", "varied", "words"),
    [
        (f"{BASE} -floatfile x.bin", "", "-floatfile"),
        (f"{BASE} -printout", "", "-printout"),
        (f"{BASE} -seed 3", "", "seed of the plan"),
        (f"{BASE} --compile auto", "", "--compile auto"),
        (f"{BASE} -lamda 2", "", "nearest is -lambda"),
        (f"{BASE} -mask none.img", "", "none.img"),
        (f"{BASE} -misset 1 2 3", '[vary]\norientation = "uniform"', "-misset"),
        (f"{BASE} -misset random", "[vary]\norientation = {within_deg = 3}", "-misset (random)"),
        ("-cell 70 80 90 -N 5", "", "structure factors"),
        ("-cell 70 80 90 90 90 90 -default_F 1", "[vary.cell]\nangles_deg = {normal = [0, 1]}", "stay"),
        ("-mat a.mat -default_F 1", "[vary.cell]\nlengths = {normal = [1, 0.01]}", "a.mat"),
        (f"{BASE} -flux 1e20", "[vary]\nfluence = {uniform = [1, 2]}", "-flux"),
    ],
)
def test_a_command_that_cannot_be_varied_so_is_refused(
    tmp_path: Path, command: str, varied: str, words: str
) -> None:
    assert words in refusal(tmp_path, varied, command)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("shots = 4\nseed = 7\n", "schema is missing"),
        ("schema = 2\nshots = 4\nseed = 7\n", "reads 1"),
        ("schema = 1\nshots = 0\nseed = 7\n", "from 1"),
        ("schema = 1\nshots = 4\nseed = -1\n", "from 0"),
        ("schema = 1\nshots = 4.0\nseed = 1\n", "whole number"),
        ("schema = 1\nshots = 4\n", "seed is missing"),
    ],
)
def test_the_head_of_a_plan_is_checked(tmp_path: Path, head: str, words: str) -> None:
    assert words in refusal(tmp_path, "", head=head)


def test_the_digest_feels_values_and_files_but_not_the_number_of_shots(tmp_path: Path) -> None:
    hkl = tmp_path / "a.hkl"
    hkl.write_text("1 2 3 4\n", encoding="ascii")
    text = f'{HEAD}command = "-hkl a.hkl {BASE}"\n'
    first = read_plan(written(tmp_path, text)).digest
    assert read_plan(written(tmp_path, text.replace("shots = 4", "shots = 40"))).digest == first
    assert read_plan(written(tmp_path, text.replace("seed = 7", "seed = 8"))).digest != first
    hkl.write_text("1 2 3 5\n", encoding="ascii")
    assert read_plan(written(tmp_path, text)).digest != first


def test_work_decides_about_compiled_code_once_for_all_shots(tmp_path: Path) -> None:
    small = read_plan(written(tmp_path, f'{HEAD}command = "{BASE}"\n'))
    assert small.command[-1] == "--reproducible"
    large = read_plan(written(tmp_path, f'{HEAD}command = "{BASE} -detpixels 2000 -phisteps 10"\n'))
    assert large.command[-4:] == ("--compile", "on", "-dtype", "mixed")
    double = f"{BASE} -dtype float64 -detpixels 2000 -phisteps 10"
    typed = read_plan(written(tmp_path, f'{HEAD}command = "{double}"\n'))
    assert typed.command[-2:] == ("--compile", "on")
    sampled = (
        "-cell 70 80 90 90 105 90 -default_F 100 -N 40 -lambda 1 -distance 100 -detpixels 200 -pixel 0.4"
    )
    many = read_plan(written(tmp_path, f'{HEAD}command = "{sampled}"\n'))  # 44 x 44 sub-pixels by themselves
    assert many.command[-4:-2] == ("--compile", "on")


def test_a_detector_file_of_another_wavelength_is_refused_unless_that_varies(tmp_path: Path) -> None:
    text = dials_text(setup_of(RunConfig.from_args(BASE.replace("-lambda 1", "-lambda 1.2").split())))
    (tmp_path / "d.expt").write_text(text, encoding="utf-8")
    command = "-cell 70 80 90 90 105 90 -default_F 100 -N 5"
    other = refusal(tmp_path, '[detector]\nfile = "d.expt"', f"{command} -lambda 1")
    assert "wavelength of 1.2 A, the run 1 A" in other
    same = f'{HEAD}command = "{command} -lambda 1.2"\n[detector]\nfile = "d.expt"\n'
    check_plan(read_plan(written(tmp_path, same)))
    varied = (
        f'{HEAD}command = "{command}"\n[detector]\nfile = "d.expt"\n[vary]\nlambda = {{uniform = [1, 1.1]}}\n'
    )
    check_plan(read_plan(written(tmp_path, varied)))
