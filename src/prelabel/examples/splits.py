"""Train, validation and test parts of a collection: stable, and with near-duplicates together.

An example that is equal or near (`prelabel.examples.duplicates`) to an earlier one of the collection goes where the earliest such one went;
any other goes where the hash of its content and the seed says. So nothing that is added later moves an example, and none is moved
by what an export leaves out. The one case in which near-duplicates part: an example that is near to two that are not near to each
other, and that had been put in different parts before it came.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from prelabel.errors import InputError
from prelabel.examples.duplicates import Sketches

PARTS = {2: ("train", "validation"), 3: ("train", "validation", "test")}


class Splits:
    """In which part each example of a collection is; some 200 bytes are held for each while it is worked out, 9 afterwards."""

    def __init__(self, examples: Iterable[tuple[str, str]], shares: dict[str, float], seed: int) -> None:
        """`examples`: id and content as text, in the order in which they came in."""
        import numpy as np

        self._names = list(shares)
        keys: list[int] = []
        sketches = Sketches(_remembering(examples, keys))
        earliest = sketches.earliest()
        parts = np.zeros(len(keys), np.uint8)
        for index, found in enumerate(earliest):
            parts[index] = (
                parts[found]
                if found < index
                else _part(hashed(seed, str(sketches.wholes[index])), list(shares.values()))
            )
        self.parted = sketches.parted(parts)
        """How many examples have an earlier near-duplicate in another part."""
        order = np.argsort(np.array(keys, np.uint64))
        self._keys, self._parts = np.array(keys, np.uint64)[order], parts[order]

    def of(self, example: str) -> str:
        """The part that an example is in, by its id; of an id that is not in the collection, any."""
        import numpy as np

        place = int(np.searchsorted(self._keys, np.uint64(hashed(0, example))))
        return (
            self._names[self._parts[min(place, len(self._parts) - 1)]] if len(self._parts) else self._names[0]
        )


def _remembering(examples: Iterable[tuple[str, str]], keys: Any) -> Iterator[str]:
    for example, text in examples:
        keys.append(hashed(0, example))
        yield text


def read_shares(text: str) -> dict[str, float]:
    """The shares of a split by its parts' names, in order; none for an empty text. Raises InputError."""
    if not text:
        return {}
    said = "split: two or three shares that sum to 1, as in 0.9/0.1 or 0.8/0.1/0.1"
    try:
        shares = [float(share) for share in text.split("/")]
    except ValueError as error:
        raise InputError(f"{said}, not {text[:40]!r}") from error
    if len(shares) not in PARTS or not all(0 < share < 1 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise InputError(f"{said}, not {text[:40]!r}")
    return dict(zip(PARTS[len(shares)], shares, strict=True))


def _part(number: int, shares: list[float]) -> int:
    """The number of the part into which a hash of 64 bits falls."""
    place = number / 2**64
    return next((part for part, end in enumerate(accumulate(shares)) if place < end), len(shares) - 1)


def hashed(seed: int, text: str) -> int:
    """64 bits of a seed and a text."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8], "big")
