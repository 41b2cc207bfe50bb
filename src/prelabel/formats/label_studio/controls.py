"""Label Studio's controls: which of its tags each kind of field is written with, and what a control can hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prelabel.canonical import Json
from prelabel.kinds import Kind
from prelabel.kinds.boolean import Boolean
from prelabel.kinds.boxes import Boxes
from prelabel.kinds.choice import Choice
from prelabel.kinds.choices import Choices
from prelabel.kinds.marks import Marks
from prelabel.kinds.number import Number
from prelabel.kinds.options import Option, Options
from prelabel.kinds.preference import Preference
from prelabel.kinds.rating import Rating
from prelabel.kinds.relations import Relations
from prelabel.kinds.spans import Spans
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema

TIE, STRENGTH = "-tie", "-strength"
"""Ends of the names of the controls beside a `Pairwise`, which alone holds neither; no field's name has a hyphen."""
FREE_SPAN = "span"
"""The label that the ends of relations have in Label Studio where they are spans of no field."""
YES, NO = "Yes", "No"
MANY = 20
"""From so many options on, they are shown as a list to open."""


@dataclass(frozen=True)
class Value:
    """One value that a control offers; in a tree, with those below it."""

    name: str
    hint: str = ""
    below: tuple["Value", ...] = ()


@dataclass(frozen=True)
class Control:
    """One control tag of a label config: its name is its regions' `from_name`, `to` are the objects that it is about."""

    tag: str
    name: str
    to: tuple[str, ...]
    values: tuple[Value, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The type of its regions."""
        return self.tag.lower()


def controls_of(schema: LabelSchema, objects: Mapping[str, str]) -> dict[str, Control]:
    """The controls for a schema by name, in its order; `objects` are the names of the objects by content field."""
    found = [control for name, kind in schema.fields.items() for control in _controls(name, kind, objects)]
    return {control.name: control for control in found}


def object_names(schema: LabelSchema, content: Sequence[str] | Mapping[str, Json]) -> dict[str, str]:
    """What objects are called, by content field: as it is, but for a name that a field of the label has."""
    fields = dict.fromkeys([*content, *pointed_at(schema)])
    return {name: f"{name}-data" if name in schema.fields else name for name in fields}


def pointed_at(schema: LabelSchema) -> Iterator[str]:
    """The content fields that values of the schema point into or compare."""
    for kind in schema.fields.values():
        if isinstance(kind, Marks | Boxes):
            yield kind.of
        elif isinstance(kind, Preference):
            yield from (kind.a, kind.b)


def main_object(objects: Mapping[str, str]) -> str:
    """The object that labels of the whole example are attached to: the text, or else the first one."""
    return objects.get("text") or next(iter(objects.values()), "text")


def parts_of(option: str) -> list[str]:
    """The names on the way to an option of a hierarchy."""
    return option.split("/")


def _controls(name: str, kind: Kind, objects: Mapping[str, str]) -> Iterator[Control]:
    to = (main_object(objects),)
    needed: dict[str, str] = {} if kind.optional else {"required": "true"}
    needed |= _condition(kind)
    match kind:
        case Choice() | Choices():
            yield _options(name, kind, to, needed)
        case Boolean():
            yield Control("Choices", name, to, (Value(YES), Value(NO)), {"choice": "single"} | needed)
        case Rating():
            yield _rating(name, kind, to, needed)
        case Number():
            ends = {"min": kind.min, "max": kind.max}
            bounds = {end: f"{bound:g}" for end, bound in ends.items() if bound is not None}
            yield Control("Number", name, to, (), bounds | needed)
        case Text():
            rows = {"rows": "4"} if kind.multiline else {}
            one = {} if kind.turns else {"maxSubmissions": "1"}
            yield Control("TextArea", name, to, (), rows | one | {"editable": "true"} | needed)
        case Spans():
            yield Control("Labels", name, (objects[kind.of],), _values(kind), _condition(kind))
        case Boxes():
            yield Control("RectangleLabels", name, (objects[kind.of],), _values(kind), {"canRotate": "false"})
        case Relations():
            if not kind.between:
                yield Control("Labels", name, (objects[kind.of],), (Value(FREE_SPAN),))
            yield Control("Relations", f"{name}-relations", (), _values(kind))
        case Preference():
            yield from _preference(name, kind, objects)


def _condition(kind: Kind) -> dict[str, str]:
    """When the control is shown; a condition on several fields is left to our own check."""
    if len(kind.when) != 1:
        return {}
    [(name, wanted)] = kind.when.items()
    said = [(YES if value else NO) if isinstance(value, bool) else str(value) for value in wanted]
    return {"visibleWhen": "choice-selected", "whenTagName": name, "whenChoiceValue": ",".join(said)}


def _values(kind: Options) -> tuple[Value, ...]:
    return tuple(Value(value) for value in kind.values)


def _offered(options: Sequence[Option]) -> tuple[Value, ...]:
    """Options with those beneath them."""
    return tuple(Value(option.value, option.description, _offered(option.options)) for option in options)


def _options(name: str, kind: Choice | Choices, to: tuple[str, ...], needed: dict[str, str]) -> Control:
    is_single = isinstance(kind, Choice)
    values = _offered(kind.options)
    required = needed if isinstance(kind, Choice) or kind.min else _condition(kind)
    if any(value.below for value in values):
        most = {"maxUsages": "1"} if is_single else {}
        leaves = {} if kind.inner else {"leafsOnly": "true"}
        return Control("Taxonomy", name, to, values, most | leaves | required)
    shown = {"layout": "select"} if len(values) >= MANY else {"showInline": "true"}
    how = {"choice": "single" if is_single else "multiple"}
    return Control("Choices", name, to, values, how | shown | required)


def _rating(name: str, kind: Rating, to: tuple[str, ...], needed: dict[str, str]) -> Control:
    """Label Studio's rating begins at 1: any other scale is written as choices of its steps."""
    if kind.min == 1:
        return Control("Rating", name, to, (), {"maxRating": str(kind.max)} | needed)
    steps = tuple(Value(str(step), kind.meanings.get(step, "")) for step in range(kind.min, kind.max + 1))
    return Control("Choices", name, to, steps, {"choice": "single", "showInline": "true"} | needed)


def _preference(name: str, kind: Preference, objects: Mapping[str, str]) -> Iterator[Control]:
    sides = objects[kind.a], objects[kind.b]
    yield Control("Pairwise", name, sides)
    if kind.tie:
        yield Control("Choices", name + TIE, sides[:1], (Value("tie"),), {"choice": "single"})
    if kind.strength:
        yield Control("Rating", name + STRENGTH, sides[:1], (), {"maxRating": str(kind.strength)})
