"""Templates that people write: Jinja2 in a sandbox, bound in time and size, whose faults name their line.

They are text with variables, conditions, loops and `set`, and the filters of FILTERS; no macros, no parts of other files, nothing
that makes much out of little. One whose loops would take a server's time, or whose text its memory, ends with a fault like any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from prelabel.canonical import canonical
from prelabel.errors import Fault

MOST_STEPS = 5_000_000
"""Parts of templates that loops may come to in one rendering; it takes some seconds at the most."""
TURN = 100
"""Steps that a turn of a loop is taken for, besides its parts."""
MOST_CHARACTERS = 20_000_000
"""That it may put together."""
FILTERS = frozenset((
    "abs", "capitalize", "d", "default", "e", "escape", "first", "float", "int", "items", "join", "last",
    "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "round", "select",
    "selectattr", "sort", "string", "striptags", "title", "tojson", "trim", "unique", "upper", "wordcount",
))  # fmt: skip
METHODS = frozenset((
    "capitalize", "casefold", "count", "endswith", "find", "get", "index", "isdigit", "items", "keys",
    "lower", "lstrip", "removeprefix", "removesuffix", "rstrip", "split", "splitlines", "startswith",
    "strip", "title", "upper", "values",
))  # fmt: skip
STATEMENTS = (nodes.Output, nodes.If, nodes.For, nodes.Assign, nodes.With)
_TALLY = "_tally"


class TemplateFault(Exception):
    """A template cannot be used: `fault` has the reason, and the line of the template if that is known."""

    def __init__(self, reason: str, line: int | None) -> None:
        self.fault = Fault(reason, line)
        super().__init__(reason)


class Tally:
    """What one rendering has taken so far; raises once it is too much."""

    def __init__(self) -> None:
        self._steps = self._characters = 0

    def step(self, steps: int) -> str:
        """A loop turns, which takes so many."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise jinja2.TemplateRuntimeError("its loops turn too often")
        return ""

    def joined(self, *parts: object) -> str:
        """The parts as one text."""
        texts = [str(part) for part in parts]
        self.make(map(len, texts))
        return "".join(texts)

    def make(self, sizes: Iterable[int]) -> None:
        """Texts or lists of these sizes are about to be put together."""
        self._characters += sum(sizes)
        if self._characters > MOST_CHARACTERS:
            raise jinja2.TemplateRuntimeError(f"it makes more than {MOST_CHARACTERS:,} characters")


class _Tallied(NodeTransformer):
    """Has a template's loops and joins tell the tally."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 # Jinja2's names
        steps = nodes.Const(TURN + sum(1 for _ in node.find_all(nodes.Node)))
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_tell("step", [steps]), lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Call:  # noqa: N802
        self.generic_visit(node)
        return _tell("joined", node.nodes)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, less what makes much out of little."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and (
            not callable(value) or attr in METHODS or isinstance(obj, Tally)
        )

    def wrap_str_format(self, value: Any) -> None:
        """No `format`: `is_safe_attribute` says so."""

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        tally = context.resolve(_TALLY)
        if not all(isinstance(one, int | float) for one in (left, right)):
            if operator not in ("+", "*"):
                raise jinja2.TemplateRuntimeError(f"{operator} is for numbers")
            tally.make(map(len, (left, right)) if operator == "+" else [_repeated(left, right)])
        elif operator == "**":
            raise jinja2.TemplateRuntimeError("there is no **")
        return super().call_binop(context, operator, left, right)

    def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:
        tallied = _Tallied().visit(source)
        return super()._generate(tallied.set_environment(self), *args, **options)


@jinja2.pass_context
def _join(context: Any, value: Iterable[object], between: object = "") -> str:
    first, *others = [*value] or [""]
    joined: str = context.resolve(_TALLY).joined(first, *(part for one in others for part in (between, one)))
    return joined


_JINJA = _Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
_JINJA.globals.clear()
_JINJA.filters = {name: made for name, made in _JINJA.filters.items() if name in FILTERS} | {
    "join": _join,
    "tojson": canonical,
}


@lru_cache(maxsize=64)
def variables(text: str) -> Mapping[str, int]:
    """The variables that a template is to be filled with, each with the line where it first stands. Raises TemplateFault."""
    try:
        tree = _JINJA.parse(text)
        for statement in tree.find_all(nodes.Stmt):
            _check(statement)
        _compiled(text)  # filters and tests that there are not come to light only here
        wanted, lines = meta.find_undeclared_variables(tree), dict[str, int]()
    except jinja2.TemplateSyntaxError as error:
        raise TemplateFault(error.message or "cannot be read", error.lineno) from error
    except (RecursionError, SyntaxError, MemoryError) as error:  # of the Python that it is compiled to
        raise TemplateFault("is nested too deeply", None) from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateFault(str(error), None) from error
    for name in tree.find_all(nodes.Name):
        if name.name in wanted:
            lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    return lines


def render(text: str, **values: Any) -> str:
    """The template filled with these values. Raises TemplateFault, whatever goes wrong in it."""
    tally = Tally()
    try:
        return "".join(_counted(_compiled(text).generate(**values, **{_TALLY: tally}), tally))
    except Exception as error:  # a template may fail in every way in which Python does
        raise TemplateFault(str(error) or type(error).__name__, _line(error)) from error


def _counted(pieces: Iterator[str], tally: Tally) -> Iterator[str]:
    for piece in pieces:
        tally.make([len(piece)])
        yield piece


def _check(statement: nodes.Stmt) -> None:
    if not isinstance(statement, STATEMENTS):
        name = type(statement).__name__.lower()
        raise jinja2.TemplateSyntaxError(f"there is no {name!r} in prompts", statement.lineno)
    if isinstance(statement, nodes.For) and statement.recursive:
        raise jinja2.TemplateSyntaxError("a loop cannot be recursive in prompts", statement.lineno)


def _repeated(left: Any, right: Any) -> int:
    """How long a text or list is, so many times over."""
    return max(0, len(left) * right if isinstance(right, int) else left * len(right))


def _tell(what: str, args: list[nodes.Expr]) -> nodes.Call:
    tally = nodes.Name(_TALLY, "load")
    return nodes.Call(nodes.Getattr(tally, what, "load"), args, [], None, None)


def _line(error: Exception) -> int | None:
    """The line of the template in which it came up: Jinja2 puts frames of its own making into the traceback."""
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


@lru_cache(maxsize=64)
def _compiled(text: str) -> jinja2.Template:
    return _JINJA.from_string(text)
