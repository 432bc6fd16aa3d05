"""Stand-in programs for the tests of the harness."""

import json
import sys
from pathlib import Path

import pytest

from harness.commands.nb_compare import main
from harness.commands.nb_report import main as report
from harness.gates.run import run_gates
from harness.gates.table import GATES
from harness.programs.programs import program_at, simulator_program
from tests.harness.chromium import READY, Page, find_chromium
from tests.harness.small_case import TRACED, WORDS, small_plan

FAKE = Path(__file__).parents[1] / "fixtures" / "fake_program.py"


@pytest.fixture
def fake(tmp_path):
    """Make an executable that behaves as named; `NAME:PROGRAM` presents itself as PROGRAM.

    Each side gets a program of its own, as two builds are.
    """

    def make(behaviour, side="c"):
        path = tmp_path / "bin" / side / behaviour.replace(":", "-as-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" {behaviour} "$@" #{side}\n', encoding="utf-8"
        )
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def nb_compare(fake, tmp_path, monkeypatch, capsys):
    """Compare two behaviours in an empty directory; returns (exit status, summary or None, stderr)."""
    work = tmp_path / "caller"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("NB_C_BIN", raising=False)

    def call(first, second, *options, args=("-lambda", "1")):
        words = [
            "--c-bin",
            fake(first),
            "--py-bin",
            fake(second, "py"),
            "--json",
            "--outdir",
            "out",
            *options,
        ]
        status = main([*words, "--", *args])
        captured = capsys.readouterr()
        return status, json.loads(captured.out) if captured.out else None, captured.err

    return call


@pytest.fixture(scope="module")
def made(tmp_path_factory, c_binary):
    """A bundle with traces and its page."""
    folder = tmp_path_factory.mktemp("page")
    plan = small_plan(program_at(str(c_binary), "--c-bin"), simulator_program())
    _, statement = run_gates(plan, GATES[1:2], folder / "reports")
    bundle = folder / "reports" / statement["gates"][0]["bundle"]
    page = folder / "page.html"
    assert report(["html", str(bundle), "-o", str(page)]) == 0
    return bundle, page


def opened(page, folder):
    """Open a page in a headless Chromium; without one the test says that it did not run."""
    binary = find_chromium()
    if binary is None:
        pytest.skip(
            "no chromium on this machine; install it (Debian: chromium) to test the page in a browser"
        )
    browser = Page(binary, folder, page.as_uri())
    browser.wait_for(READY)
    return browser


@pytest.fixture(scope="module")
def browser(made, tmp_path_factory):
    """The page of the gate in a browser."""
    page = opened(made[1], tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def failed(tmp_path_factory, c_binary):
    """A pair whose first program leaves out the polarization, traced, and its page."""
    folder = tmp_path_factory.mktemp("failed")
    other = folder / "unpolarized"
    other.write_text(f'#!/bin/sh\nexec "{c_binary}" "$@" -nopolar\n', encoding="utf-8")
    other.chmod(0o755)
    traces = [word for slow, fast in TRACED for word in ("-trace_pixel", str(slow), str(fast))]
    own = ["--roi", "5", "60", "8", "60", "--c-bin", str(other), "--json", "--outdir", str(folder / "pair")]
    assert main([*own, "--", *WORDS.split(), *traces]) == 1
    assert report(["html", str(folder / "pair"), "-o", str(folder / "page.html")]) == 0
    return folder / "pair", folder / "page.html"


@pytest.fixture(scope="module")
def viewer(failed, tmp_path_factory):
    """The page of the failed pair in a browser."""
    page = opened(failed[1], tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture
def fresh(viewer):
    """The page as it is at first."""
    viewer.evaluate("showHash('')")
    return viewer
