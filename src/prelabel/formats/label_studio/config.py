"""Label configs, the XML by which Label Studio knows what is labeled and how: written for a schema, and read back to one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from prelabel.canonical import Json
from prelabel.errors import FormatError, SchemaError
from prelabel.formats.label_studio.controls import (
    STRENGTH,
    TIE,
    Control,
    Value,
    controls_of,
    object_names,
    pointed_at,
)
from prelabel.formats.label_studio.reading import field_name
from prelabel.schema import LabelSchema

LARGEST = 1_000_000
"""Characters of a config."""
DEEPEST = 100
OBJECTS = (
    "Text",
    "HyperText",
    "Paragraphs",
    "Image",
    "Chat",
    "Audio",
    "Video",
    "Table",
    "List",
    "TimeSeries",
    "Pdf",
)
SIMPLE: dict[str, tuple[str, dict[str, str]]] = {
    "Rating": ("rating", {"maxRating": "max"}),
    "Number": ("number", {"min": "min", "max": "max"}),
    "TextArea": ("text", {}),
}
"""Kinds by the tags of controls that need no more than bounds, with the attributes that give them."""


@dataclass
class Tag:
    """One element of a config with those inside it."""

    name: str
    attributes: dict[str, str]
    inside: list["Tag"] = field(default_factory=list)

    def walk(self) -> Iterator["Tag"]:
        """This tag and all below it, in the order of the document."""
        yield self
        for tag in self.inside:
            yield from tag.walk()


@dataclass(frozen=True)
class SchemaDraft:
    """What of a config could be made a schema's document, and in words what could not."""

    document: dict[str, Json]
    lost: tuple[str, ...]


def write_config(schema: LabelSchema, content: Mapping[str, Json]) -> str:
    """The config for a schema; `content` is that of an example, whose fields are shown in their order.

    Fields that Label Studio cannot show, such as nested data, are left out; so are names that its variables cannot have.
    """
    objects = object_names(schema, content)
    view = ElementTree.Element("View")
    for name, called in objects.items():
        _show(view, name, called, _object_tag(schema, name, content.get(name, "")))
    controls = controls_of(schema, objects)
    for control in controls.values():
        said = schema.fields[control.name].description if control.name in schema.fields else ""
        if control.tag != "Relations":
            ElementTree.SubElement(view, "Header", value=said or control.name, size="4")
            _put(view, control)
    _put_relations(view, [control for control in controls.values() if control.tag == "Relations"])
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode")


def read_config(text: str) -> tuple[Tag, dict[str, Control]]:
    """A config's root and its controls by name. Raises FormatError where it is not XML, or brings a DTD or entities."""
    root = _parsed(text)
    tags = [tag for tag in root.walk() if "name" in tag.attributes and "toName" in tag.attributes]
    return root, {tag.attributes["name"]: _control(tag) for tag in tags}


def draft_schema(text: str) -> SchemaDraft:
    """A schema for a config, as far as its controls are of kinds that we have. Raises FormatError, SchemaError."""
    root, controls = read_config(text)
    lost: dict[str, None] = {}
    fields: dict[str, Json] = {}
    texts = {tag.attributes.get("name"): tag.name for tag in root.walk() if tag.name in OBJECTS}
    variables = {tag.attributes.get("name"): tag.attributes.get("value", "")[1:] for tag in root.walk()}
    for name, control in controls.items():
        drafted = _field(control, variables, texts, lost)
        if drafted and not name.endswith((TIE, STRENGTH)):
            fields[field_name(name)] = drafted | _condition(control, fields, lost)
        if field_name(name) != name and drafted and not name.endswith((TIE, STRENGTH)):
            lost[f"the name {name!r}: the field is called {field_name(name)!r}"] = None
    for name in controls:
        _beside_pairwise(name, controls[name], fields)
    _add_relations(root, controls, fields, variables)
    if not fields:
        raise SchemaError("the label config has no control that can become a field")
    return SchemaDraft({"fields": fields}, tuple(lost))


def _parsed(text: str) -> Tag:
    if len(text) > LARGEST:
        raise FormatError(f"a label config has at most {LARGEST:,} characters")
    parser, open_tags, top = expat.ParserCreate(), [Tag("", {})], Tag("", {})
    top = open_tags[0]

    def refuse(*_: Any) -> None:
        raise FormatError(
            "a label config may not declare a document type or entities: remove its <!DOCTYPE …>"
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_tags) > DEEPEST:
            raise FormatError(f"the label config is nested more than {DEEPEST} levels deep")
        tag = Tag(name, attributes)
        open_tags[-1].inside.append(tag)
        open_tags.append(tag)

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_tags.pop()
    try:
        parser.Parse(
            text.encode(), True
        )  # as bytes: a text would overrule what the document says of its encoding
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FormatError(f"the label config is not XML: {error}") from error
    return top.inside[0]


def _control(tag: Tag) -> Control:
    attributes = {name: value for name, value in tag.attributes.items() if name not in ("name", "toName")}
    to = tuple(name.strip() for name in tag.attributes["toName"].split(","))
    return Control(tag.name, tag.attributes["name"], to, tuple(_values(tag)), attributes)


def _values(tag: Tag) -> Iterator[Value]:
    for inner in tag.inside:
        name = inner.attributes.get("alias") or inner.attributes.get("value", "")
        if name and not name.startswith("$"):
            yield Value(name, inner.attributes.get("hint", ""), tuple(_values(inner)))


def _object_tag(schema: LabelSchema, name: str, value: Json) -> str:
    if name in schema.images:
        return "Image"
    if name in pointed_at(schema) or isinstance(value, str | int | float):
        return "Text"
    if isinstance(value, dict) and "sha256" in value:
        return "Image"
    is_dialogue = isinstance(value, list) and all(
        isinstance(turn, dict) and "content" in turn for turn in value
    )
    return "Paragraphs" if value and is_dialogue else ""


def _show(view: ElementTree.Element, name: str, called: str, tag: str) -> None:
    if not tag or not name or set(name) & set(", "):
        return
    ElementTree.SubElement(view, "Header", value=name)
    more = {"layout": "dialogue", "nameKey": "role", "textKey": "content"} if tag == "Paragraphs" else {}
    ElementTree.SubElement(view, tag, {"name": called, "value": f"${name}", **more})


def _put(view: ElementTree.Element, control: Control) -> None:
    named = {"name": control.name, "toName": ",".join(control.to)}
    element = ElementTree.SubElement(view, control.tag, named | dict(control.attributes))
    _put_values(element, "Label" if control.tag.endswith("Labels") else "Choice", control.values)


def _put_values(element: ElementTree.Element, tag: str, values: tuple[Value, ...]) -> None:
    for value in values:
        hint = {"hint": value.hint} if value.hint else {}
        _put_values(ElementTree.SubElement(element, tag, {"value": value.name} | hint), tag, value.below)


def _put_relations(view: ElementTree.Element, controls: list[Control]) -> None:
    """Relations have one list of labels for the whole config."""
    labels = dict.fromkeys(value.name for control in controls for value in control.values)
    if labels:
        element = ElementTree.SubElement(view, "Relations")
        for label in labels:
            ElementTree.SubElement(element, "Relation", value=label)


def _field(
    control: Control,
    variables: Mapping[str | None, str],
    texts: Mapping[str | None, str],
    lost: dict[str, None],
) -> dict[str, Json] | None:
    """The document of the field that a control can become; None where there is none."""
    said = control.attributes
    if said.get("perRegion") == "true":
        lost[f"{control.name!r}: answers for each region instead of for the example"] = None
        return None
    if control.tag in ("Choices", "Taxonomy"):
        return _choice(control, lost)
    if control.tag in ("Labels", "HyperTextLabels", "RectangleLabels", "Pairwise"):
        return _pointing(control, variables, texts, lost)
    if control.tag not in SIMPLE:
        lost[f"{control.name!r}: a control <{control.tag}>, for which there is no kind of field"] = None
        return None
    bounds = {end: _number(said.get(name), None) for name, end in SIMPLE[control.tag][1].items()}
    return {"kind": SIMPLE[control.tag][0]} | {
        end: bound for end, bound in bounds.items() if bound is not None
    }


def _pointing(
    control: Control,
    variables: Mapping[str | None, str],
    texts: Mapping[str | None, str],
    lost: dict[str, None],
) -> dict[str, Json]:
    """The document of a field whose values point into the content."""
    of = variables.get(control.to[0], control.to[0])
    if control.tag == "Pairwise":
        other = variables.get(control.to[-1], control.to[-1])
        return {"kind": "preference", "a": of, "b": other, "tie": False}
    if texts.get(control.to[0]) == "HyperText":
        lost[f"{control.name!r}: spans in HTML, whose places are paths in the page"] = None
    kind = "boxes" if control.tag == "RectangleLabels" else "spans"
    return {"kind": kind, "of": of, "options": [value.name for value in control.values]}


def _choice(control: Control, lost: dict[str, None]) -> dict[str, Json] | None:
    options = [value.name for value in control.values]
    is_tree = any(value.below for value in control.values)
    if len(options) < 2 and not is_tree and not control.name.endswith(TIE):
        lost[f"{control.name!r}: a choice that does not name two options or more in the config"] = None
        return None
    if sorted(option.lower() for option in options) in (["no", "yes"], ["false", "true"]) and not is_tree:
        return {"kind": "boolean"}
    is_single = control.attributes.get("choice", "single") != "multiple"
    if control.tag == "Taxonomy":
        is_single = control.attributes.get("maxUsages") == "1"
    inner = {"inner": True} if is_tree and control.attributes.get("leafsOnly") != "true" else {}
    return {"kind": "choice" if is_single else "choices", "options": _options(control.values)} | inner


def _options(values: tuple[Value, ...]) -> Json:
    """Options as a schema's document has them: bare where there is no more to say of any."""
    if not any(value.hint or value.below for value in values):
        return [value.name for value in values]
    return [
        {"value": value.name}
        | ({"description": value.hint} if value.hint else {})
        | ({"options": _options(value.below)} if value.below else {})
        for value in values
    ]


def _condition(control: Control, fields: Mapping[str, Json], lost: dict[str, None]) -> dict[str, Json]:
    """The condition under which a control is shown, if it is one that a field can have: an earlier choice was made so."""
    said = control.attributes
    if not {"visibleWhen", "whenTagName", "whenChoiceValue"} & said.keys():
        return {}
    earlier = fields.get(field_name(said.get("whenTagName", "")), {}).get("kind")
    wanted: list[Json] = [
        value.strip() for value in said.get("whenChoiceValue", "").split(",") if value.strip()
    ]
    if (
        said.get("visibleWhen") != "choice-selected"
        or earlier not in ("choice", "choices", "boolean")
        or not wanted
    ):
        lost[f"{control.name!r}: the condition under which it is shown"] = None
        return {}
    if earlier == "boolean":
        wanted = [value.lower() in ("yes", "true") for value in wanted]
    return {"when": {field_name(said["whenTagName"]): wanted}}


def _beside_pairwise(name: str, control: Control, fields: Mapping[str, Json]) -> None:
    """Take up the controls that we write beside a Pairwise."""
    if name.endswith(TIE) and (field := fields.get(name.removesuffix(TIE))):
        field["tie"] = True
    if name.endswith(STRENGTH) and (field := fields.get(name.removesuffix(STRENGTH))):
        field["strength"] = _number(control.attributes.get("maxRating"), 5)


def _add_relations(
    root: Tag, controls: Mapping[str, Control], fields: dict[str, Json], variables: Mapping[str | None, str]
) -> None:
    labels = [tag.attributes.get("value", "") for tag in root.walk() if tag.name == "Relation"]
    spans = [name for name, field in fields.items() if field["kind"] == "spans"]
    if not labels or not spans:
        return
    of = fields[spans[0]]["of"]
    name = next(name for name in ("relations", "relations_1", "relations_2") if name not in fields)
    fields[name] = {"kind": "relations", "of": of, "between": spans[0], "options": labels}


def _number(text: str | None, default: Any) -> Any:
    try:
        number = float(text or "")
    except ValueError:
        return default
    return int(number) if number.is_integer() else number
