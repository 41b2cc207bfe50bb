"""What kinds have in common whose values are taken from a list, which may be a hierarchy."""

from abc import ABC
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    field_validator,
    model_validator,
)

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, keepable, must_be_text, shown

DEEPEST = 10
"""Levels that a hierarchy can have."""
OptionText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(keepable)
]


def _listed(given: Any) -> Any:
    """The options of a list, or of a mapping of values to descriptions, to lists of options beneath, or to all of it."""
    if not isinstance(given, dict):
        return given
    return [_option(value, said) for value, said in given.items()]


def _option(value: Any, said: Any) -> Any:
    if isinstance(said, dict):
        return {"value": value} | said
    return {"value": value, "options" if isinstance(said, list) else "description": said or ""}


class Option(BaseModel):
    """One of the values that a choice offers. Those beneath it make it a branch of a hierarchy."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    value: OptionText
    description: str = ""
    examples: tuple[OptionText, ...] = ()
    options: "tuple[Option, ...]" = ()

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"value": given}
        if not isinstance(given, dict):
            raise ValueError(f"an option is text, but {shown(given)} is not: write it in quotes")
        return given

    @field_validator("options", mode="before")
    @classmethod
    def _from_mapping(cls, given: Any) -> Any:
        return _listed(given)

    def tree(self, above: str = "", depth: int = 0) -> "Iterator[tuple[int, str, Option]]":
        """Depth (from 0), path and option of this one and of all beneath it, from the top."""
        path = f"{above}/{self.value}" if above else self.value
        yield depth, path, self
        for option in self.options:
            yield from option.tree(path, depth + 1)


class Options(Kind, ABC):
    """A kind whose values are taken from a list; a document may also write it as a mapping of values to descriptions.

    Of options beneath others the value is the path: "animal/dog". What has others beneath it is a value only with `inner`.
    """

    fewest: ClassVar[int] = 2
    options: tuple[Option, ...]
    inner: bool = False

    @field_validator("options", mode="before")
    @classmethod
    def _from_mapping(cls, given: Any) -> Any:
        return _listed(given)

    @model_validator(mode="after")
    def _check_options(self) -> "Options":
        if not self.fewest <= len(self.values) <= 1_000:
            raise ValueError(f"options: there must be from {self.fewest} to 1,000, not {len(self.values)}")
        twice = [path for path, count in Counter(path for _, path, _ in self.tree()).items() if count > 1]
        if twice:
            raise ValueError(f"options: {twice[0]!r} stands twice")
        if self.has_branches:
            self._check_tree()
        return self

    def _check_tree(self) -> None:
        for depth, _, option in self.tree():
            if "/" in option.value:
                raise ValueError(
                    f'options: {option.value!r} holds a "/", which is what parts a path in a hierarchy'
                )
            if depth == DEEPEST:
                raise ValueError(f"options: {option.value!r} is more than {DEEPEST} levels deep")

    def tree(self) -> Iterator[tuple[int, str, Option]]:
        """Depth (from 0), path and option of all options, each before those beneath it."""
        for option in self.options:
            yield from option.tree()

    @property
    def has_branches(self) -> bool:
        """Whether the options are a hierarchy."""
        return any(option.options for option in self.options)

    @cached_property
    def values(self) -> list[str]:
        """The options that can be chosen, in the schema's order."""
        return [path for _, path, option in self.tree() if self.inner or not option.options]

    def rules(self) -> str:
        """How to write an option that is beneath another."""
        if not self.has_branches:
            return ""
        path = next(path for path in self.values if "/" in path)
        inner = ", of any level" if self.inner else ""
        return f'an option is given by its path{inner}, as in "{path}"'

    def line(self, value: str) -> list[str]:
        """An option's path and those of all above it, from the top."""
        if not self.has_branches:
            return [value]
        steps = value.split("/")
        return ["/".join(steps[: count + 1]) for count in range(len(steps))]

    def beneath(self, path: str) -> list[str]:
        """The values that are this option or beneath it."""
        return [value for value in self.values if path in self.line(value)]

    def check_option(self, value: Json, path: str) -> None:
        """Raise LabelError unless the value is an option; suggests the nearest one."""
        text = must_be_text(value, path)
        if text not in self._known:
            near = [one for one in self.values if one.endswith(f"/{text}")] or get_close_matches(
                text, self.values, 1
            )
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise LabelError(path, f"{shown(text)} is not one of the {len(self.values)} options{hint}")

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.values)
