"""Mutants of a module: its source with one expression or statement changed."""

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_WORDS = {
    word: other
    for pair in (
        ("min", "max"),
        ("minimum", "maximum"),
        ("any", "all"),
        ("argmin", "argmax"),
        ("floor", "ceil"),
        ("cumsum", "cumprod"),
    )
    for word, other in (pair, pair[::-1])
}
_SIDES = {"left": "right", "right": "left"}
_CONDITION = (ast.Compare, ast.BoolOp, ast.UnaryOp)  # these are changed by themselves


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Args:
        file: path of the module below the repository.
        function: dotted name of the function or class around the change, or an empty string.
        scope: first and last line of this function or class, or of the module.
        lines: first and last line of the changed text.
        before: these lines.
        after: what replaces them.
        number: how many mutants of the function before this one have the same text before and after.
    """

    file: str
    function: str
    scope: tuple[int, int]
    lines: tuple[int, int]
    before: str
    after: str
    number: int = 0

    @property
    def name(self) -> str:
        """File and a short hash of the change, which does not depend on its line."""
        text = "\n".join([*self.change, str(self.number)])
        return f"{self.file}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def change(self) -> tuple[str, str, str, str]:
        """File, function and text before and after, as the list of equivalent mutants has them."""
        return self.file, self.function, _joined(self.before), _joined(self.after)

    @cached_property
    def source(self) -> str:
        """Whole source of the mutated module."""
        first, last = self.lines
        lines = (REPOSITORY / self.file).read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join([*lines[: first - 1], self.after, *lines[last:]])

    def diff(self) -> str:
        """Return the change as a unified diff."""
        original = (REPOSITORY / self.file).read_text(encoding="utf-8").splitlines()
        return "\n".join(unified_diff(original, self.source.splitlines(), self.file, self.file, lineterm="", n=1))


def mutants_of(file: str) -> list[Mutant]:
    """Return all mutants of a module, given by its path below the repository, in the order of the source."""
    source = (REPOSITORY / file).read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    seen: Counter[tuple[str, ...]] = Counter()
    mutants = []
    for function, scope, node, text in _changes(ast.parse(source), "", (1, len(lines))):
        first, last = node.lineno, node.end_lineno or node.lineno
        before = "".join(lines[first - 1 : last])
        start = lines[first - 1].encode()[: node.col_offset].decode()
        end = lines[last - 1].encode()[node.end_col_offset or 0 :].decode()
        mutant = Mutant(file, function, scope, (first, last), before, start + text + end)
        mutants.append(replace(mutant, number=seen[mutant.change]))
        seen[mutant.change] += 1
    return mutants


_Lines = tuple[int, int]


def _changes(node: ast.AST, function: str, scope: _Lines) -> Iterator[tuple[str, _Lines, ast.expr | ast.stmt, str]]:
    """Yield the changes below a node: function around it and its lines, changed node and its new text."""
    if isinstance(node, ast.JoinedStr):  # texts of messages, in which nodes have no exact place
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield from ((function, scope, node, text) for text in _replacements(node))
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".removeprefix(".")
        scope = node.lineno, node.end_lineno or node.lineno
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr) and name in {"test", "ifs"} and not isinstance(child, _CONDITION):
                yield function, scope, child, f"(not {ast.unparse(child)})"
            if isinstance(child, ast.AST):
                yield from _changes(child, function, scope)


def _replacements(node: ast.expr | ast.stmt) -> Iterator[str]:
    """Yield the texts that can replace a node."""
    match node:
        case ast.Compare(left=left, ops=[operator, *others], comparators=right):
            for other in _COMPARISONS[type(operator)]:
                yield f"({ast.unparse(ast.Compare(left, [other(), *others], right))})"
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _OPERATORS:
            yield f"({ast.unparse(ast.BinOp(a, _OPERATORS[type(op)](), b))})"
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in _OPERATORS:
            yield ast.unparse(ast.AugAssign(target, _OPERATORS[type(op)](), value))
        case ast.BoolOp(op=op, values=values):
            yield f"({ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))})"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield "pass"
        case ast.UnaryOp() | ast.Constant() | ast.Name() | ast.Attribute():
            yield from _small_replacements(node)
        case _:
            pass


def _small_replacements(node: ast.expr) -> Iterator[str]:
    """Yield the texts that can replace a number, a name or the operator of one operand."""
    match node:
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield str(value + 1)
        case ast.Constant(value=str(value)) if value in _SIDES:
            yield repr(_SIDES[value])
        case ast.Name(id=word, ctx=ast.Load()) if word in _WORDS:
            yield _WORDS[word]
        case ast.Attribute(value=value, attr=word) if word in _WORDS:
            yield ast.unparse(ast.Attribute(value, _WORDS[word]))
        case _:
            pass


def _joined(text: str) -> str:
    return " ".join(text.split())
