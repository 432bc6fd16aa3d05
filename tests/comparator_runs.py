"""Runs the tests of comparators that have one fault each: `python -m tests.comparator_runs NUMBER...`.

Each fault has a forked process, which imports the faulty text in the place of the module, and which has no
recorded data. The numbers of the faults that no test finds are printed.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType

from tests.comparator_faults import FAULTS, ComparatorFault

ROOT = Path(__file__).resolve().parents[1]
LONGEST_CPU_S = 60
"""CPU of one test: a busy machine must not pass for a fault that keeps a test from ending."""
LONGEST_S = 3600
FOUND = (1, 2, 4, -signal.SIGPROF)
"""A test fails, tests or what they share cannot be loaded, or one does not come to an end."""
LOADED_ONCE = (
    "hypothesis.extra.numpy", "jinja2", "matplotlib.figure", "numpy", "pandas", "pytest", "rich.table",
    "scipy.ndimage", "scipy.optimize", "scipy.sparse.csgraph",
)  # fmt: skip
UNLOADED = 70
OPTIONS = (
    "-x", "-q", "--assert=plain", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow",
)  # fmt: skip
"""Plain, since pytest loads what it rewrites itself, without its fault: every module named like a test."""


def path_of(fault: ComparatorFault) -> Path:
    """Return the file of a module."""
    return ROOT / f"{fault.module.replace('.', '/')}.py"


class _Loader(importlib.machinery.SourceFileLoader):
    """Gives a module another text."""

    def __init__(self, fault: ComparatorFault) -> None:
        super().__init__(fault.module, str(path_of(fault)))
        self.fault = fault

    def get_code(self, fullname: str) -> CodeType:
        text = path_of(self.fault).read_text(encoding="utf-8")
        return compile(text.replace(self.fault.sound, self.fault.faulty), self.path, "exec")


class _Finder:
    """Finds the faulty module before the sound one."""

    def __init__(self, fault: ComparatorFault) -> None:
        self.fault = fault

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self.fault.module:
            return None
        return importlib.util.spec_from_file_location(name, path_of(self.fault), loader=_Loader(self.fault))


def _is_loaded(fault: ComparatorFault) -> bool:
    return isinstance(getattr(sys.modules.get(fault.module), "__loader__", None), _Loader)


class _InThisHome:
    """Keeps the tests in the surroundings of the process that was forked, and each to its time."""

    def pytest_configure(self, config: object) -> None:
        config.workerinput = {"workerid": "fault"}  # type: ignore[attr-defined]

    pytest_configure.tryfirst = True  # type: ignore[attr-defined]

    def pytest_runtest_logstart(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, LONGEST_CPU_S)


def is_found(fault: ComparatorFault) -> bool:
    """Tell whether a test fails where the fault is; the tests are files or rooms that are there.

    Raises:
        RuntimeError: the tests have neither passed nor failed, as where a child of one hangs, or they pass
            without the module of the fault.
    """
    child = os.fork()
    if child == 0:
        import pytest

        signal.alarm(LONGEST_S)
        signal.setitimer(signal.ITIMER_PROF, LONGEST_CPU_S)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.meta_path.insert(0, _Finder(fault))  # type: ignore[arg-type]
        status = int(pytest.main([*OPTIONS, *fault.tests], plugins=[_InThisHome()]))
        os._exit(status or (0 if _is_loaded(fault) else UNLOADED))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, *FOUND):
        raise RuntimeError(
            f"{fault.module}, {fault.what}: the tests end with {status}, neither 0 nor a failure"
        )
    return status in FOUND


def prepared() -> None:
    """Load once for all what every test needs, and leave recorded data out."""
    for name in LOADED_ONCE:
        importlib.import_module(name)

    os.chdir(ROOT)
    os.environ["NB_SHARED"] = os.devnull
    # pytest would load the sound modules itself, since a plugin lies among them
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"


def main(numbers: Sequence[str]) -> int:
    """Print the numbers of the faults that no test finds."""
    prepared()
    for number in numbers:
        if not is_found(FAULTS[int(number)]):
            sys.stdout.write(f"{number}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
