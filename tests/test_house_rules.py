"""The rules of the house that linters cannot hold: import direction, sizes, where powers of ten stand."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {
    "system_io": {"system_io"},
    "simulator": {"simulator", "system_io"},
    "trace_tools": {"trace_tools", "system_io"},
    "golden_suite_generator": {"golden_suite_generator", "system_io"},
    "shots": {"shots", "simulator", "system_io"},
    "harness": {"harness", "golden_suite_generator", "trace_tools", "shots", "simulator", "system_io"},
    "nbp": {"nbp", "golden_suite_generator", "harness", "trace_tools", "shots", "simulator", "system_io"},
}
PYTHON = sorted(path for package in ALLOWED for path in (ROOT / package).rglob("*.py"))
C_CODE = sorted((ROOT / "golden_suite_generator" / "reference").glob("*.[ch]"))
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_MAIN_LINES = 60
TEN = re.compile(r"1(\.0*)?e[+-]?\d+", re.IGNORECASE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_roots(tree: ast.AST) -> set[str]:
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.split(".")[0])
    return roots


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    ours = imported_roots(ast.parse(path.read_text())) & (set(ALLOWED) | {"tests"})
    assert ours <= ALLOWED[package], f"{name_of(path)} imports {sorted(ours - ALLOWED[package])}"


@pytest.mark.parametrize("path", sorted((ROOT / "trace_tools").rglob("*.py")), ids=name_of)
def test_trace_tools_work_without_torch(path: Path) -> None:
    assert "torch" not in imported_roots(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", PYTHON + C_CODE, ids=name_of)
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_functions_stay_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{name_of(path)}:{node.lineno} {node.name}: {length} lines"


def c_functions(text: str) -> list[tuple[int, str, int]]:
    """Return (line, first line, length) of each block that starts and ends in the first column."""
    found, start, head = [], 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"[a-z].*\)\s*\{?$", line) or (line == "{" and head):
            start, head = (number, line) if line != "{" else (start, head)
        elif line == "}" and head:
            found.append((start, head, number - start + 1))
            head = ""
    return found


@pytest.mark.parametrize("path", [p for p in C_CODE if p.suffix == ".c"], ids=name_of)
def test_c_functions_stay_short(path: Path) -> None:
    for line, head, length in c_functions(path.read_text()):
        assert length <= MAX_FUNCTION_LINES, f"{name_of(path)}:{line} {head}: {length} lines"


@pytest.mark.parametrize("path", sorted((ROOT / "simulator").rglob("*.py")), ids=name_of)
def test_powers_of_ten_stand_in_units_only(path: Path) -> None:
    """Unit factors belong to units.py; the defaults in metres that config.py states are no factors."""
    text = path.read_text()
    literals = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    found = [ast.get_source_segment(text, node) or "" for node in literals if isinstance(node.value, float)]
    assert path.name in ("units.py", "config.py") or not [word for word in found if TEN.fullmatch(word)]


FACTORIES = frozenset(
    {"arange", "as_tensor", "asarray", "empty", "eye", "full", "linspace", "logspace", "ones", "rand",
     "randint", "randn", "randperm", "scalar_tensor", "tensor", "tril_indices", "triu_indices", "zeros"}
)  # fmt: skip


def makes_a_tensor(node: ast.AST) -> bool:
    """Return whether a node is a function of torch that makes a tensor, called, or handed to `partial`."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr in FACTORIES
        and isinstance(node.value, ast.Name)
        and node.value.id == "torch"
    )


def calls_without_device(tree: ast.AST) -> list[int]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [call for call in calls if any(makes_a_tensor(part) for part in (call.func, *call.args))]
    return [call.lineno for call in made if "device" not in {word.arg for word in call.keywords}]


@pytest.mark.parametrize("path", [p for p in PYTHON if "trace_tools" not in p.parts], ids=name_of)
def test_tensors_are_made_on_a_device_that_is_named(path: Path) -> None:
    """What `torch.set_default_device` was told is the user's, for his own tensors."""
    assert not calls_without_device(ast.parse(path.read_text()))


def test_a_tensor_without_device_is_found() -> None:
    lines = ["torch.zeros(3)", "partial(torch.tensor, dtype=torch.int64)", "torch.ones(2, device='cpu')"]
    assert [calls_without_device(ast.parse(line)) for line in lines] == [[1], [1], []]


def test_no_machine_paths_in_tracked_files() -> None:
    pattern = r"/(work|home|tmp|root)/[a-z]"
    words = ["git", "grep", "-nIE", pattern, "--", ".", ":!tests/test_house_rules.py"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout


INLINE_SECTION = re.compile(r"(?:^|\s)(?:Args|Returns|Yields|Raises)(?:, \w+)?: +\S")
"""A section of a docstring that begins on the line of its word: it stands in lines of its own below."""


def inline_sections(tree: ast.AST) -> list[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documented = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [
        getattr(node, "name", "module")
        for node in documented
        if INLINE_SECTION.search(ast.get_docstring(node) or "")
    ]


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_docstrings_have_the_form_of_google(path: Path) -> None:
    assert not inline_sections(ast.parse(path.read_text()))


def test_an_inline_section_is_found() -> None:
    form = 'def f(a):\n    """Return it.{}"""'
    inline = [
        "\n\n    Args: a: one. Returns: two.\n    ",
        " Raises: ValueError.",
        "\n\n    Args, Raises: as of g.",
    ]
    for text in inline:
        assert inline_sections(ast.parse(form.format(text))) == ["f"]
    assert not inline_sections(ast.parse(form.format("\n\n    Args:\n        a: one.\n    ")))
