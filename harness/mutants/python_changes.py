"""Small changes of a Python text: a comparison turned, a number off by one, a condition never met."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

COMPARED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALCULATED: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES: Mapping[str, str] = {"any": "all", "all": "any", "min": "max", "max": "min", "maximum": "minimum"}
MADE_LARGER = (ast.Mult, ast.Div)
"""Operators whose result may be made 1e-5 larger: no text and no list has them."""
NodeChange = tuple[str, Callable[[ast.AST], None]]
"""What it is, and the change made to a node."""


@dataclass(frozen=True)
class ChangedText:
    """A change at a line of a source: what it is; it is the so-manieth of the so-manieth node."""

    line: int
    what: str
    source: str
    node: int
    number: int
    larger: bool

    @property
    def text(self) -> str:
        """Return the whole source with the change."""
        tree = ast.parse(self.source)
        node = next(item for n, item in enumerate(ast.walk(tree)) if n == self.node)
        list(_changes(node, self.larger))[self.number][1](node)
        return ast.unparse(ast.fix_missing_locations(tree))


def changed_texts(source: str, *, larger: bool = False) -> list[ChangedText]:
    """Return all small changes of a module; annotations and what is raised are left alone.

    Args:
        source: the text of the module.
        larger: whether products and quotients that are 1e-5 larger are among them.
    """
    tree = ast.parse(source)
    idle = {id(part) for node in ast.walk(tree) for part in _idle(node)}
    return [
        ChangedText(getattr(node, "lineno", 0), what, source, place, number, larger)
        for place, node in enumerate(ast.walk(tree))
        if id(node) not in idle
        for number, (what, _) in enumerate(_changes(node, larger))
    ]


def _changes(node: ast.AST, larger: bool) -> Iterator[NodeChange]:
    """Yield what can be changed at a node, and what changes it."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        other = COMPARED[type(node.ops[0])]
        yield f"comparison is {other.__name__}", lambda here: here.ops.__setitem__(0, other())  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and type(node.op) in CALCULATED:
        operator = CALCULATED[type(node.op)]
        yield f"operator is {operator.__name__}", lambda here: setattr(here, "op", operator())
    if larger and isinstance(node, ast.BinOp) and isinstance(node.op, MADE_LARGER):
        yield f"{type(node.op).__name__} is 1e-5 larger", _larger
    if isinstance(node, ast.BoolOp):
        logic = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"logic is {logic.__name__}", lambda here: setattr(here, "op", logic())
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
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


def _larger(here: ast.AST) -> None:
    """Make a product or a quotient larger by way of its first operand."""
    assert isinstance(here, ast.BinOp)
    here.left = ast.BinOp(here.left, ast.Mult(), ast.Constant(1.0 + 1e-5))


def _idle(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands below an annotation or in a message."""
    for key in ("annotation", "returns"):
        part = getattr(node, key, None)
        if part is not None:
            yield from ast.walk(part)
    if isinstance(node, ast.JoinedStr | ast.Raise):
        yield from ast.walk(node)
