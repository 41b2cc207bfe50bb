"""Slices of a pool, each with a sample, a budget and a cut of its own: by the class that a draft gives a field, or by a key of `meta`.

A slice is known before anyone has reviewed, so the audit sample can be drawn slice by slice.
"""

from collections.abc import Mapping

import numpy as np

from prelabel.canonical import Json, canonical
from prelabel.errors import InputError
from prelabel.schema import LabelSchema

META = "meta."
NONE = "(none)"
"""The slice of what has no class, or no such key."""


def check_by(by: str, schema: LabelSchema) -> None:
    """Raise InputError unless this names slices: a field of the schema that has classes, or `meta.KEY`."""
    if by.startswith(META) and len(by) > len(META):
        return
    kind = schema.fields.get(by)
    if kind is None or kind.classes() is None:
        fields = ", ".join(name for name, one in schema.fields.items() if one.classes() is not None)
        raise InputError(
            f"slices: {by!r} is neither a field with classes ({fields or 'there is none'}) nor a key of meta, as in meta.language"
        )


def slice_of(by: str, draft: Mapping[str, Json] | None, meta: Json, schema: LabelSchema) -> str:
    """The slice of a draft."""
    if by.startswith(META):
        value = meta.get(by.removeprefix(META)) if isinstance(meta, dict) else None
        return NONE if value is None else value if isinstance(value, str) else canonical(value)
    kind = schema.fields[by]
    return kind.class_of((draft or {}).get(by)) or NONE


def slice_level(alpha: float, slices: int) -> float:
    """The level for each of so many slices, so that all of them hold together with 1 - alpha (Šidák 1967).

    The samples of different slices are independent once their sizes are fixed, so it is 1 - (1 - alpha) ** (1 / slices).
    """
    return float(-np.expm1(np.log1p(-alpha) / slices))


def shared_out(audits: int, sizes: Mapping[str, int]) -> dict[str, int]:
    """So many audits shared out over slices by their size, none more than a slice has; slices that get none are left out."""
    total = sum(sizes.values())
    taken = min(audits, total)
    shares = {name: taken * size // total for name, size in sizes.items() if size}
    by_rest = sorted(shares, key=lambda name: (-(taken * sizes[name] % total), name))
    for name in by_rest[: taken - sum(shares.values())]:
        shares[name] += 1
    return {name: share for name, share in sorted(shares.items()) if share}
