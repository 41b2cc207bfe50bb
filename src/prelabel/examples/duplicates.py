"""Which texts of a collection are nearly the same, for collections of a million and more.

Two texts are near-duplicates where the sets of their runs of five characters (case folded, white space made one) overlap by at
least SAME, by the Jaccard index; it is estimated from 64 minimal hashes (Broder 1997), and pairs to look at are found by banding
(Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4): 16 bands of 4. A pair that overlaps by 0.8 is looked at with a
probability over 0.999, one by 0.5 with 0.64.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SAME = 0.8
HASHES, BANDS = 64, 16
RUN = 5
MOST_RUNS = 2_000
"""Of a long text the runs with the smallest hashes stand for all: the same ones in texts that share them."""
_EACH = HASHES // BANDS


class Sketches:
    """What is remembered of each text: 64 bytes of its minimal hashes, 64 of its bands, 8 of the whole."""

    def __init__(self, texts: Iterable[str]) -> None:
        import numpy as np

        wholes, minima, bands = [], [], []
        for whole, chunk in _hashed(texts):
            wholes.append(whole)
            minima.append((chunk & 0xFF).astype(np.uint8))
            grouped = chunk.reshape(len(chunk), BANDS, _EACH)
            bands.append((_mixed((grouped * _odd(_EACH, 7)).sum(axis=2)) >> np.uint64(32)).astype(np.uint32))
        self.wholes = np.concatenate(wholes) if wholes else np.zeros(0, np.uint64)
        self._minima = np.concatenate(minima) if minima else np.zeros((0, HASHES), np.uint8)
        self._bands = np.concatenate(bands) if bands else np.zeros((0, BANDS), np.uint32)

    def earliest(self) -> "np.ndarray[Any, Any]":
        """For each text the index of the earliest one that it is equal or near to; its own where it is the first of its like.

        It depends on earlier texts alone: what comes later changes nothing.
        """
        import numpy as np

        found = np.arange(len(self.wholes))
        for band in range(BANDS):
            for mates in _bucket_mates(self._bands[:, band]):
                here = np.flatnonzero(mates < found)
                near = self._likeness(here, mates[here]) >= SAME
                found[here[near]] = mates[here[near]]
        same, _ = _bucket_mates(self.wholes)
        repeated = same < np.arange(len(same))
        found[repeated] = found[same[repeated]]  # equal texts go together, whatever else they are near to
        return found

    def parted(self, parts: "np.ndarray[Any, Any]") -> int:
        """How many texts are near to an earlier one in another part."""
        import numpy as np

        found = np.zeros(len(self.wholes), bool)
        for band in range(BANDS):
            for mates in _bucket_mates(self._bands[:, band]):
                here = np.flatnonzero((parts != parts[mates]) & ~found)
                found[here] |= self._likeness(here, mates[here]) >= SAME
        return int(found.sum())

    def _likeness(
        self, some: "np.ndarray[Any, Any]", others: "np.ndarray[Any, Any]"
    ) -> "np.ndarray[Any, Any]":
        """The estimated Jaccard index; by the last byte of each hash, of which one in 256 agrees by chance."""
        import numpy as np

        parts = [
            (self._minima[some[at : at + 10_000]] == self._minima[others[at : at + 10_000]]).mean(axis=1)
            for at in range(0, len(some), 10_000)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)


def _bucket_mates(keys: "np.ndarray[Any, Any]") -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """For each place the first place with the same key, and the one before it with the same key (or itself)."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.r_[True, ordered[1:] != ordered[:-1]] if len(keys) else np.zeros(0, bool)
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))
    first, previous = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    first[order] = order[starts]
    previous[order] = np.where(begins, order, np.r_[order[:1], order[:-1]])
    return first, previous


def _hashed(texts: Iterable[str]) -> "Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]":
    """A hash of each whole text and its minimal hashes, a thousand texts at a time."""
    import numpy as np

    factors = _odd(HASHES, 1)[:, None]
    wholes: list[int] = []
    minima: list[Any] = []
    for text in texts:
        runs = _runs(" ".join(text.casefold().split()))
        wholes.append(_whole(text))
        minima.append(_mixed((factors * runs).min(axis=1)))
        if len(wholes) == 1_000:
            yield np.array(wholes, np.uint64), np.array(minima)
            wholes, minima = [], []
    if wholes:
        yield np.array(wholes, np.uint64), np.array(minima)


def _whole(text: str) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big")


def _runs(text: str) -> "np.ndarray[Any, Any]":
    """The hashes of the runs of characters in a text, each once, at most MOST_RUNS."""
    import numpy as np

    points = np.frombuffer(text.ljust(RUN).encode("utf-32-le", errors="surrogatepass"), np.uint32).astype(
        np.uint64
    )
    count = len(points) - RUN + 1
    mixed = np.zeros(count, np.uint64)
    for place in range(RUN):
        mixed = mixed * np.uint64(0x100000001B3) + points[place : place + count]
    return np.unique(_mixed(mixed))[:MOST_RUNS]


def _mixed(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Each value's bits spread over all 64 (the finalizer of splitmix64: Steele, Lea, Flood 2014)."""
    import numpy as np

    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    spread: np.ndarray[Any, Any] = mixed ^ (mixed >> np.uint64(31))
    return spread


def _odd(count: int, seed: int) -> "np.ndarray[Any, Any]":
    """Odd factors, always the same."""
    import numpy as np

    return _mixed(
        np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) * np.uint64(seed)
    ) | np.uint64(1)
