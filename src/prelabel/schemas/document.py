"""A YAML or JSON text, with the line of each part of it."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from prelabel.errors import Fault, SchemaError

MOST_BYTES = 1_000_000


class Document:
    """A text of plain data; `source` is what it is called in errors."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source

    def read(self) -> tuple[Any, dict[tuple[str, ...], int]]:
        """The plain document and its lines. Raises SchemaError."""
        if len(self._text) > MOST_BYTES:
            raise SchemaError.of(self._source, Fault(f"a schema has at most {MOST_BYTES:,} characters"))
        try:
            node = yaml.compose(self._text, yaml.SafeLoader)
            self._refuse_aliases()
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            return self._read_json(error), {}
        if node is None:
            raise SchemaError.of(self._source, Fault("is empty: it needs `fields`"))
        lines = dict(self._lines(node, ()))
        try:
            return yaml.SafeLoader(self._text).get_single_data(), lines  # it is the safe loader
        except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
            raise SchemaError.of(self._source, _fault(error)) from error

    def _read_json(self, error: Exception) -> Any:
        """JSON that is not YAML (such as with tabs); else the YAML error stands."""
        try:
            return json.loads(self._text)
        except (ValueError, RecursionError):
            raise SchemaError.of(self._source, _fault(error)) from error

    def _refuse_aliases(self) -> None:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(self._text, yaml.SafeLoader)):
            raise yaml.YAMLError("a schema may not use YAML aliases (*name): write the part out")

    def _lines(self, node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
        yield path, node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                yield from self._lines(item, (*path, str(index)))
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise SchemaError.of(self._source, Fault(f"{key.value!r} stands twice", line))
                seen.add(str(key.value))
                yield from self._lines(value, (*path, str(key.value)))
                yield (*path, str(key.value)), line


def _fault(error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    return Fault(str(getattr(error, "problem", None) or error), mark.line + 1 if mark else None)
