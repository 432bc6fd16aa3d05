"""The manual of the repository: `nox -l` lists what can be run, `nox -s NAME` runs it.

Each session makes its own environment from the pinned files in requirements/. `lint`, `types` and `tests`
run by default; the others on request. A C compiler must be on the machine: no session skips without one.
"""

import os
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
PACKAGES = ["nbp", "system_io", "simulator", "trace_tools", "harness", "golden_suite_generator"]
CODE = [*PACKAGES, "tests", "noxfile.py"]


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
    words = session.posargs or ["-n", str(min(4, os.cpu_count() or 1))]
    session.run("pytest", *words, env={"OMP_NUM_THREADS": "1"})


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
    words = session.posargs or ["tests/golden_suite_generator", "-n", str(min(4, os.cpu_count() or 1))]
    session.run("pytest", *words, env={"NB_TEST_VARIANT": "sanitize"})


@nox.session
def golden(session: nox.Session) -> None:
    """Rebuild the C reference and verify every committed golden image and figure."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.run("nb-golden", "verify", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Seed faults in copies of either program, find each at its tap, and check the noise floor."""
    session.install("-r", "requirements/tests.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    session.run("pytest", "tests/harness/test_faults.py", *session.posargs)
    session.run("python", "-m", "golden_suite_generator.measure_floor", "--check")


@nox.session
def bench(session: nox.Session) -> None:
    """Time the simulator against the C reference, and against the program that NB_C_BIN names."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    session.run("python", "-m", "harness.bench", "--reports", str(ROOT / "reports"), *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Check and time the simulator on a CUDA device against the C reference; status 2 where there is none."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", "-e", ".")
    session.run(
        "python", "-m", "golden_suite_generator.gpu", "--reports", str(ROOT / "reports"), *session.posargs
    )


@nox.session
def refine(session: nox.Session) -> None:
    """Recover cell, orientation and geometry of the built-in crystal from its own noisy image."""
    session.install("-r", "requirements/run.txt")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.chdir(session.create_tmp())
    session.run("nb-refine", *session.posargs)
