"""The manual of the repository: `nox -l` lists what can be run, `nox -s NAME` runs it.

Each session makes its own environment from the pinned files in requirements/. `lint`, `types` and `tests`
run by default; the others on request. A C compiler must be on the machine: no session skips without one.
"""

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
PACKAGES = ["nbp", "system_io", "simulator", "shots", "trace_tools", "harness", "golden_suite_generator"]
CODE = [*PACKAGES, "docs", "examples", "tests", "noxfile.py"]


LOWEST_PYTHON = "3.11"
LATEST_MINOR = 20
VERSION_OF = "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:2])))"
NO_TORCH_TESTS = [
    "tests/trace_tools", "tests/system_io", "tests/test_house_rules.py", "tests/test_surroundings.py",
    "tests/test_distribution.py",
    "tests/simulator/physics/test_c_random.py", "tests/simulator/io", "tests/simulator/output/test_noise.py",
    "tests/simulator/output/test_statistics.py",
    *(f"tests/simulator/command_line/test_{name}.py" for name in ("options", "resolve")),
    *(f"tests/harness/{name}.py" for name in (
        "programs/test_build", "programs/test_programs", "programs/test_run", "images/test_metrics",
        "images/test_peaks", "commands/test_nb_compare", "images/test_judgement",
    )),
    "tests/golden_suite_generator/test_cases.py", "tests/golden_suite_generator/inputs",
    *(f"tests/golden_suite_generator/reference/test_{name}.py" for name in (
        "outputs", "quirks", "refusals", "traces", "vectors",
    )),
]  # fmt: skip
"""Tests that never import torch."""


def newest_python() -> str:
    """Return the newest Python on the search path, or among those of pyenv, that runs and may be used."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path("~/.pyenv").expanduser()), "versions")
    for minor in range(LATEST_MINOR, 10, -1):
        found = [shutil.which(f"python3.{minor}"), *map(str, pyenv.glob(f"3.{minor}.*/bin/python"))]
        for path in filter(None, found):
            answer = subprocess.run([path, "-c", VERSION_OF], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.split()[-1] == f"3.{minor}":
                return answer.stdout.split()[0]
    return sys.executable


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, names, complexity and format of the Python code (ruff)."""
    session.install("-r", "requirements/lint.txt")
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the packages (mypy, strict)."""
    session.install("-r", "requirements/types.txt")
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite; words after -- go to pytest."""
    session.install("-r", "requirements/tests.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    words = session.posargs or ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal"]
    session.run("pytest", *words, env={"OMP_NUM_THREADS": "1"})


@nox.session(python=LOWEST_PYTHON)
def lowest(session: nox.Session) -> None:
    """Run the test suite on the lowest versions that pyproject.toml declares; words after -- go to pytest."""
    session.install("-r", "requirements/lowest.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    words = session.posargs or ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal"]
    session.run("pytest", *words, env={"OMP_NUM_THREADS": "1"})


@nox.session(python=newest_python())
def newest(session: nox.Session) -> None:
    """Run the tests on the newest Python at hand; where torch is a download of gigabytes, those without.

    `-- --whole` runs all of them in any case, whatever there is to download.
    """
    whole = "--whole" in session.posargs or _torch_is_small(session)
    pinned = [*_pinned("run"), *_pinned("tests")]
    session.install(*(word for word in pinned if whole or not word.startswith("torch==")))
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    words = [word for word in session.posargs if word != "--whole"] or ["-n", "2", "--dist", "worksteal"]
    session.run("pytest", *words, *([] if whole else NO_TORCH_TESTS), env={"OMP_NUM_THREADS": "1"})
    ran = "the whole suite" if whole else "only the tests that need no torch, of which there is no small file"
    session.log(f"{session.python}: ran {ran}")


def _pinned(name: str) -> list[str]:
    """Return the requirements that a file pins itself."""
    return [word for word in (ROOT / "requirements" / f"{name}.txt").read_text().split() if "==" in word]


def _torch_is_small(session: nox.Session) -> bool:
    """Tell whether torch for this Python costs no download of gigabytes: a file here, or no CUDA in it."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return True
    torch = next(word for word in _pinned("run") if word.startswith("torch=="))
    words = ["--dry-run", "--no-index", "--no-deps", "-qq", "--report", "-", torch]
    said = session.run("python", "-m", "pip", "install", *words, success_codes=[0, 1], silent=True)
    return '"name": "torch"' in str(said)


@nox.session
def parity(session: nox.Session) -> None:
    """Run C and PyTorch on the built-in crystal, or with `-- --data DIR` on A.mat and scaled.hkl of DIR."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.chdir(session.create_tmp())
    session.run("nb-parity", "--reports", str(ROOT / "reports"), *session.posargs)


@nox.session
def gates(session: nox.Session) -> None:
    """Run the acceptance gates on the built-in crystal, or with `-- --data DIR` on your own data."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.chdir(session.create_tmp())
    session.run("nb-gates", "run", "--reports", str(ROOT / "reports"), *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the tests of the C reference on a build with address and undefined-behaviour sanitizers."""
    session.install("-r", "requirements/tests.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    words = session.posargs or [
        "tests/golden_suite_generator",
        "-n",
        str(min(4, os.cpu_count() or 1)),
        "--dist",
        "worksteal",
    ]
    session.run("pytest", *words, env={"NB_TEST_VARIANT": "sanitize"})


@nox.session
def golden(session: nox.Session) -> None:
    """Rebuild the C reference and verify every committed golden image and figure."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.run("nb-golden", "verify", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel into dist/; check their metadata, and that the wheel holds all our packages."""
    session.install("-r", "requirements/build.txt")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist", *session.posargs)
    made = sorted(map(str, (ROOT / "dist").iterdir()))
    session.run("twine", "check", "--strict", *made)
    missing = [name for path in made if path.endswith(".whl") for name in _left_out(Path(path))]
    if missing:
        session.error(f"the wheel lacks {len(missing)} files, first {missing[0]}; see package-data")


def _left_out(wheel: Path) -> list[str]:
    """Return the tracked files of the packages that a wheel lacks."""
    words = ["git", "ls-files", "-z", *PACKAGES]
    tracked = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    packed = set(zipfile.ZipFile(wheel).namelist())
    return [name for name in tracked.split("\0") if name and name not in packed]


@nox.session
def faults(session: nox.Session) -> None:
    """Seed faults in copies of either program and write docs/trust.md; run the tests that take minutes."""
    session.install("-r", "requirements/tests.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    page = ["--json", str(ROOT / "docs" / "trust.json"), "--markdown", str(ROOT / "docs" / "trust.md")]
    session.run(
        "nbp",
        "faults",
        "run",
        *(session.posargs or [*page, "--drawn", "40", "--seed", "17"]),
        env={"OMP_NUM_THREADS": "1"},
    )
    session.run("pytest", "-m", "whole", env={"OMP_NUM_THREADS": "1"})
    session.run("nbp", "floor", "--check")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Draw command lines for ten minutes, and find what the two programs disagree about."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.chdir(session.create_tmp())
    session.run("nb-fuzz", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time the simulator against the C reference, and against the program that NB_C_BIN names."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    session.run("nbp", "bench", "--reports", str(ROOT / "reports"), *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Check and time the simulator on a CUDA device within eight minutes; status 2 where there is none."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    session.run("nbp", "gpu", "--budget", "8m", "--reports", str(ROOT / "reports"), *session.posargs)


@nox.session
def refine(session: nox.Session) -> None:
    """Recover cell, orientation and geometry of the built-in crystal from its own noisy image."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.chdir(session.create_tmp())
    session.run("nb-refine", *session.posargs)


@nox.session
def science(session: nox.Session) -> None:
    """Simulate 90 degrees of rotation and 200 stills, merge them, compare with their structure factors."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.chdir(session.create_tmp())
    session.run("nbp", "science", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the tutorial and make the HTML site in build/site; a broken link or reference is an error."""
    session.install("-r", "requirements/docs.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    session.run("pytest", "tests/test_docs.py", *session.posargs, env={"OMP_NUM_THREADS": "1"})
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
