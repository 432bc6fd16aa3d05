"""Small changes of the comparators, drawn by a seed (`python -m tests.comparator_mutants COUNT SEED MODULE`).

Where `tests/comparator_faults.py` has faults that somebody thought of, these are of all lines alike: a
comparison turned, a number off by one, a condition never met. Those that no test finds are printed, to be
called equivalent or to be given a test.
"""

from __future__ import annotations

import ast
import copy
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.comparator_faults import JUDGING, ComparatorFault
from tests.comparator_runs import is_found, path_of, prepared

ROOM = "trace_tools.judging"
TESTS: Mapping[str, tuple[str, ...]] = {
    "align": ("align", "edges"),
    "blame": ("edges", "causes", "blame"),
    "judge": ("verdict", "edges", "diff"),
    "noise_floor": ("noise_floor", "edges", "arithmetic"),
    "diff": ("edges", "diff", "arithmetic"),
    "verdict": ("verdict", "edges"),
    "ties": ("edges", "blame"),
    "scale": ("edges", "diff", "arithmetic", "noise_floor"),
}
"""Modules of the room, and the tests that are tried on their mutants, quick ones first."""
COMPARED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALCULATED: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES: Mapping[str, str] = {"any": "all", "all": "any", "min": "max", "max": "min", "maximum": "minimum"}


@dataclass(frozen=True)
class Mutant:
    """A change at a line of a module: what it is, and the whole text with it."""

    module: str
    line: int
    what: str
    text: str

    @property
    def fault(self) -> ComparatorFault:
        """Return the mutant as a fault of the table, whose whole text is another one."""
        names = ("details", *TESTS[self.module.rpartition(".")[2]])
        tests = tuple(f"{JUDGING}/test_{name}.py" for name in names)
        blank = ComparatorFault(self.what, self.module, "", self.text, tests)
        sound = path_of(blank).read_text(encoding="utf-8")
        return ComparatorFault(self.what, self.module, sound, self.text, tests)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """Yield what can be changed at a node, and the change made to its copy."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        other = COMPARED[type(node.ops[0])]
        yield f"comparison is {other.__name__}", lambda here: here.ops.__setitem__(0, other())  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and type(node.op) in CALCULATED:
        operator = CALCULATED[type(node.op)]
        yield f"operator is {operator.__name__}", lambda here: setattr(here, "op", operator())
    if isinstance(node, ast.BoolOp):
        logic = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"logic is {logic.__name__}", lambda here: setattr(here, "op", logic())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        number = not node.value if isinstance(node.value, bool) else node.value + 1
        yield f"{node.value} is {number}", lambda here: setattr(here, "value", number)
    if isinstance(node, ast.Name | ast.Attribute):
        key = "id" if isinstance(node, ast.Name) else "attr"
        name = getattr(node, key)
        if name in NAMES:
            yield f"{name} is {NAMES[name]}", lambda here: setattr(here, key, NAMES[name])
    if isinstance(node, ast.If | ast.IfExp):
        yield "condition is false", lambda here: setattr(here, "test", ast.Constant(False))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield "without not", _twice


def _twice(here: ast.AST) -> None:
    """Undo a negation by a second one."""
    assert isinstance(here, ast.UnaryOp)
    here.operand = ast.UnaryOp(here.op, here.operand)


def mutants_of(name: str) -> list[Mutant]:
    """Return all small changes of a module of the room; annotations and docstrings are left alone."""
    module = f"{ROOM}.{name}"
    source = path_of(ComparatorFault("", module, "", "", ())).read_text(encoding="utf-8")
    tree = ast.parse(source)
    idle = {id(part) for node in ast.walk(tree) for part in _idle(node)}
    found = []
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in idle:
            continue
        for number, (what, _) in enumerate(_changes(node)):
            other = copy.deepcopy(tree)
            twin = next(item for n, item in enumerate(ast.walk(other)) if n == place)
            list(_changes(twin))[number][1](twin)
            found.append(
                Mutant(
                    module, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(other))
                )
            )
    return found


def _idle(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands below an annotation or in a message."""
    for key in ("annotation", "returns"):
        part = getattr(node, key, None)
        if part is not None:
            yield from ast.walk(part)
    if isinstance(node, ast.JoinedStr | ast.Raise):
        yield from ast.walk(node)


def sample(count: int, seed: int, names: Sequence[str]) -> list[Mutant]:
    """Return a sample of the mutants of some modules, the same for the same seed."""
    every = [mutant for name in names for mutant in mutants_of(name)]
    return random.Random(seed).sample(every, min(count, len(every)))


def main(words: Sequence[str]) -> int:
    """Print the mutants that no test finds, and how many there were. Returns: 1 if there is one."""
    count, seed, names = int(words[0]), int(words[1]) if words[1:] else 1, words[2:]
    drawn = sample(count, seed, names or tuple(TESTS))
    prepared()
    alive = 0
    for mutant in drawn:
        found = is_found(mutant.fault)
        alive += not found
        if not found:
            sys.stdout.write(f"{mutant.module}:{mutant.line}: {mutant.what}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(drawn) - alive} of {len(drawn)} found\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
