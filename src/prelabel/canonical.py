"""One byte form for equal JSON values, so that hashes and comparisons agree everywhere."""

import hashlib
import json
from typing import Any

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with string keys."""


def canonical(value: Json) -> str:
    """The JSON text that equal values share: sorted keys, no spaces, no NaN, Unicode as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
