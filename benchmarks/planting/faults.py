"""Mechanical faults of the model: places in its syntax trees, and what is wrong there."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MODEL: Final = (*sorted((ROOT / "spec/semantics").glob("*.py")), ROOT / "spec/plan.py")
"""The modules that faults are planted in."""

_COMPLEMENT: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip
_AT_THE_EDGE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
_REFUSING: Final = ("refused", "arguments", "limits", "splits", "unwritable", "admitted")
"""A function with one of these words in its name gives kinds of refusal."""

Change = Callable[[], None]


@dataclass(frozen=True)
class Fault:
    """One fault: its module, the place among the changes of that module, and both texts."""

    module: str
    place: int
    kind: str
    function: str
    line: int
    sound: str
    faulty: str

    @property
    def key(self) -> str:
        """What it is, whatever line it is on."""
        return f"{self.module}.{self.function}: {self.sound} → {self.faulty}"

    @property
    def path(self) -> Path:
        """The file of the module."""
        return next(path for path in MODEL if path.stem == self.module)


def all_faults() -> list[Fault]:
    """Every fault that can be planted, in the order of the text."""
    return [fault for path in MODEL for fault in _faults_of(path)]


def drawn_faults(seed: int, count: int) -> list[Fault]:
    """As many faults as asked, by the seed, in the order of the text.

    Each has its own lot, so a change of the model leaves most of those that are drawn.
    """
    every = all_faults()
    lots = {fault: sha256(f"{seed} {fault.key}".encode()).digest() for fault in every}
    drawn = set(sorted(every, key=lots.__getitem__)[:count])
    return [fault for fault in every if fault in drawn]


def faulty_tree(fault: Fault) -> ast.Module:
    """The syntax tree of the module with the fault in it."""
    tree = ast.parse(fault.path.read_text(encoding="utf-8"))
    list(_changes(tree))[fault.place].change()
    return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class _Place:
    kind: str
    function: str
    shown: ast.AST
    change: Change


def _faults_of(path: Path) -> Iterator[Fault]:
    source = path.read_text(encoding="utf-8")
    alike: Counter[tuple[str, str, str]] = Counter()
    for number in range(len(list(_changes(ast.parse(source))))):
        tree = ast.parse(source)
        place = list(_changes(tree))[number]
        line, sound = getattr(place.shown, "lineno", 0), _short(place.shown)
        place.change()
        faulty = _short(place.shown)
        alike[place.function, sound, faulty] += 1
        times = alike[place.function, sound, faulty]
        name = place.function if times == 1 else f"{place.function} ({times})"
        yield Fault(path.stem, number, place.kind, name, line, sound, faulty)


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.BoolOp) and node.values[0] is node.values[-1]:
        return _short(node.values[0])
    if isinstance(node, ast.If):
        body, other = (ast.unparse(part).splitlines()[0] for part in (node.body, node.orelse))
        return f"if {ast.unparse(node.test)}: {body} else: {other}"
    return " ".join(ast.unparse(node).split())


def _changes(tree: ast.Module) -> Iterator[_Place]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            for holder in ast.walk(statement):
                yield from _refusals(holder, statement.name)
                for shown, kind, change in _of_node(holder):
                    yield _Place(kind, statement.name, shown, change)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            for node in ast.walk(statement.value):
                yield from (_Place(*part) for part in _constants(node, statement))


def _constants(node: ast.AST, shown: ast.AST) -> Iterator[tuple[str, str, ast.AST, Change]]:
    for step in (1, -1):
        if _is_number(node):
            yield "constant off by one", "", shown, _setter(node, "value", node.value + step)  # type: ignore[attr-defined]


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)


def _setter(node: ast.AST, field: str, value: object) -> Change:
    return lambda: setattr(node, field, value)


def _of_node(node: ast.AST) -> Iterator[tuple[ast.AST, str, Change]]:
    """Faults of one node, but for refusals."""
    match node:
        case ast.Compare():
            for table in (_COMPLEMENT, _AT_THE_EDGE):
                turned = table.get(type(node.ops[0]))
                if turned is not None:
                    yield node, "comparison turned", _setter(node, "ops", [turned(), *node.ops[1:]])
        case ast.BoolOp():
            for place in range(len(node.values)):
                rest = [value for number, value in enumerate(node.values) if number != place]
                # An operator needs two operands: one that is left stands twice.
                yield node, "conjunct dropped", _setter(node, "values", rest if rest[1:] else rest * 2)
        case ast.comprehension(ifs=[_, *_]):
            yield node, "conjunct dropped", _setter(node, "ifs", node.ifs[1:])
        case ast.Constant() if _is_number(node):
            for off in (1, -1):
                yield node, "constant off by one", _setter(node, "value", node.value + off)  # type: ignore[operator]
        case ast.IfExp():
            yield node, "branches swapped", _swap(node)
        case ast.If() if node.orelse:
            yield node, "branches swapped", _swap(node)
        case ast.If() if isinstance(node.test, ast.Call | ast.Name | ast.Attribute):
            yield node.test, "comparison turned", _negate(node)


def _swap(node: ast.If | ast.IfExp) -> Change:
    def change() -> None:
        node.body, node.orelse = node.orelse, node.body  # type: ignore[assignment]  # both of one kind

    return change


def _negate(node: ast.If) -> Change:
    return lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))


def _refusals(holder: ast.AST, function: str) -> Iterator[_Place]:
    """Refusals that a function gives, each left out."""
    if not any(word in function for word in _REFUSING):
        return
    for field in ("body", "orelse"):
        statements = getattr(holder, field, None)
        for statement in statements if isinstance(statements, list) else ():
            if isinstance(statement, ast.Expr) and _gives_kinds(statement.value):
                nothing = ast.parse("yield from ()" if not isinstance(statement.value, ast.Call) else "None")
                yield _Place(
                    "refusal dropped", function, statement, _setter(statement, "value", nothing.body[0].value)
                )  # type: ignore[attr-defined]


def _gives_kinds(value: ast.expr) -> bool:
    match value:
        case ast.Yield(value=ast.Constant()):
            return True
        case ast.YieldFrom(value=ast.Call()):
            return True
        case ast.Call(func=ast.Attribute(attr="add" | "update")):
            return True
    return False
