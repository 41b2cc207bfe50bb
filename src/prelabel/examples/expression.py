"""A small language over one example's record, for weights and filters: `0.5 + 0.5 * confidence * (rating / 5)`.

Names, numbers, texts, `+ - * /`, comparisons, `and or not`, `min` and `max`; nothing else, whatever Python could make of it. It is
parsed by Python's parser and put together here from what is allowed; nothing is evaluated by Python.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from prelabel.canonical import Json
from prelabel.errors import InputError
from prelabel.schema import LabelSchema

LONGEST = 1_000
Record = Mapping[str, Any]
Type = Literal["number", "text"]
_Value = float | str
_Step = Callable[[Record], _Value]
_OF_THE_RECORD: dict[str, Type] = {
    "confidence": "number", "id": "text", "source": "text", "status": "text", "reason": "text", "model": "text", "reviewer": "text",
}  # fmt: skip
_KINDS: dict[str, Type] = {
    "rating": "number",
    "number": "number",
    "boolean": "number",
    "choice": "text",
    "text": "text",
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max}


class Missing(Exception):
    """The record has no value for a name; the message is that name."""


@dataclass(frozen=True)
class Expression:
    """An expression that is sound for every record of a schema; numbers are floats, and true and false 1 and 0."""

    text: str
    _step: _Step

    def value(self, record: Record) -> float:
        """The number that it is for a record. Raises Missing, ZeroDivisionError and OverflowError."""
        return float(self._step(record))


def compile_expression(text: str, schema: LabelSchema, what: str) -> Expression:
    """An expression over the fields of the schema, and what every record has. Raises InputError that names the position in it.

    A field of the schema comes before a part of the record with the same name. `what` is what the expression is for.
    """
    line = " ".join(text.split("\n")).strip()
    compiler = _Compiler(line, schema, what)
    if not line or len(line) > LONGEST:
        raise InputError(f"{what}: an expression has from 1 to {LONGEST:,} characters")
    try:
        body = ast.parse(line, mode="eval").body
        step, of = compiler.compile(body)
    except SyntaxError as error:
        raise InputError(f"{what}, character {error.offset or 1}: {error.msg}") from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise InputError(f"{what}: the expression is nested too deeply, or is no text") from error
    if of == "text":
        raise compiler.fault(body, "a number or a comparison is needed, not a text")
    return Expression(line, step)


class _Compiler:
    def __init__(self, text: str, schema: LabelSchema, what: str) -> None:
        self._text = text
        self._schema = schema
        self._what = what

    def fault(self, node: ast.expr, said: str) -> InputError:
        """What is wrong, with where it stands."""
        before = self._text.encode()[: node.col_offset].decode(errors="ignore")
        return InputError(f"{self._what}, character {len(before) + 1}: {said}")

    def compile(self, node: ast.expr) -> tuple[_Step, Type]:
        """What to do for a record, and what comes of it."""
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        numbers: dict[type[ast.expr], Callable[[Any], _Step]] = {
            ast.BinOp: self._arithmetic,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._comparison,
            ast.Call: self._call,
        }
        if type(node) not in numbers:
            raise self.fault(
                node, "only names, numbers, texts, + - * /, comparisons, and, or, not, min and max are known"
            )
        return numbers[type(node)](node), "number"

    def _number(self, node: ast.expr) -> _Step:
        step, of = self.compile(node)
        if of != "number":
            raise self.fault(node, "a number is needed here, not a text")
        return step

    def _constant(self, node: ast.Constant) -> tuple[_Step, Type]:
        value = node.value
        if isinstance(value, str):
            return (lambda _record: value), "text"
        if not isinstance(value, int | float):
            raise self.fault(node, f"{value!r} is neither a number nor a text")
        try:
            number = float(value)
        except OverflowError as error:
            raise self.fault(node, "the number is too large") from error
        return (lambda _record: number), "number"

    def _name(self, node: ast.Name) -> tuple[_Step, Type]:
        name = node.id
        if name in self._schema.fields:
            kind = self._schema.fields[name].kind
            if kind not in _KINDS:
                raise self.fault(node, f"{name} is a field of {kind}, with which nothing can be compared")
            return (lambda record: _known(name, (record["label"] or {}).get(name))), _KINDS[kind]
        if name in _OF_THE_RECORD:
            return (lambda record: _known(name, record[name])), _OF_THE_RECORD[name]
        names = [
            *(field for field, kind in self._schema.fields.items() if kind.kind in _KINDS),
            *_OF_THE_RECORD,
        ]
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
        raise self.fault(node, f"{name} is not known; {hint}")

    def _arithmetic(self, node: ast.BinOp) -> _Step:
        if type(node.op) not in _ARITHMETIC:
            raise self.fault(node, "of arithmetic only + - * / are known")
        do, left, right = _ARITHMETIC[type(node.op)], self._number(node.left), self._number(node.right)
        return lambda record: float(do(left(record), right(record)))

    def _unary(self, node: ast.UnaryOp) -> _Step:
        inner = self._number(node.operand)
        match node.op:
            case ast.USub():
                return lambda record: -float(inner(record))
            case ast.UAdd():
                return inner
            case ast.Not():
                return lambda record: float(not inner(record))
        raise self.fault(node, "only -, + and not may stand before a value")

    def _boolean(self, node: ast.BoolOp) -> _Step:
        steps = [self._number(value) for value in node.values]
        combine = all if isinstance(node.op, ast.And) else any
        return lambda record: float(combine(step(record) for step in steps))

    def _comparison(self, node: ast.Compare) -> _Step:
        nodes = [node.left, *node.comparators]
        steps, types = zip(*(self.compile(one) for one in nodes), strict=True)
        for index, one in enumerate(node.ops):
            if type(one) not in _COMPARISONS:
                raise self.fault(nodes[index + 1], "values are compared by == != < <= > >=")
            if types[index] != types[index + 1]:
                raise self.fault(nodes[index + 1], f"a {types[index]} is compared with a {types[index + 1]}")
        ways = [_COMPARISONS[type(one)] for one in node.ops]

        def compare(record: Record) -> float:
            values = [step(record) for step in steps]
            return float(all(way(values[index], values[index + 1]) for index, way in enumerate(ways)))

        return compare

    def _call(self, node: ast.Call) -> _Step:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _FUNCTIONS or node.keywords:
            raise self.fault(node, "the functions are min(…) and max(…)")
        if len(node.args) < 2:
            raise self.fault(node, f"{name} needs at least two values")
        do, steps = _FUNCTIONS[name], [self._number(argument) for argument in node.args]
        return lambda record: float(do(step(record) for step in steps))


def _known(name: str, value: Json) -> _Value:
    if value is None:
        raise Missing(name)
    return value if isinstance(value, str) else float(value)


def weight_of(expression: Expression, record: Record) -> tuple[float | None, str]:
    """A record's weight: a finite number from 0; None where it has none, and why."""
    try:
        weight = expression.value(record)
    except Missing as missing:
        return None, f"no weight: {missing} is missing"
    except (ZeroDivisionError, OverflowError):
        weight = math.nan
    return (
        (weight, "")
        if math.isfinite(weight) and weight >= 0
        else (None, "no weight: it is not a finite number from 0")
    )
