"""The workflow runs sessions that exist, each on a Python that it takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
NOXFILE = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
ROW = re.compile(r'^ {10}- session: (\w+)\n {12}python: "(3\.\d+)"$', re.MULTILINE)
DEFAULTS = {"lint", "types", "tests"}


def sessions() -> set[str]:
    """Return the names of the functions that noxfile.py makes sessions of."""
    functions = [node for node in NOXFILE.body if isinstance(node, ast.FunctionDef)]
    return {
        node.name for node in functions if any("nox.session" in ast.unparse(d) for d in node.decorator_list)
    }


def constant(name: str) -> object:
    assigned = [node for node in NOXFILE.body if isinstance(node, ast.Assign)]
    (value,) = (node.value for node in assigned if ast.unparse(node.targets[0]) == name)
    return ast.literal_eval(value)


def test_each_session_that_the_workflow_names_exists() -> None:
    named = [session for session, _ in ROW.findall(WORKFLOW)]
    assert len(named) == WORKFLOW.count("session: ")
    assert set(named) <= sessions()
    assert set(named) >= {*DEFAULTS, "parity", "docs", "build", "lowest"}


def test_the_lowest_python_is_that_of_the_noxfile() -> None:
    assert dict(ROW.findall(WORKFLOW))["lowest"] == constant("LOWEST_PYTHON")


def test_nox_is_the_version_that_the_check_script_installs() -> None:
    (pinned,) = re.findall(r"nox==[\d.]+", WORKFLOW)
    assert pinned in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_workflow_is_plain_yaml() -> None:
    """Two blanks a level, and a key, an item or a comment on each line: what this file needs of YAML."""
    for line in WORKFLOW.splitlines():
        assert re.fullmatch(r"(  )*(#.*|(- )?[\w-]+:( .+)?)", line), line
