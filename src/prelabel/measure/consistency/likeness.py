"""Which texts are near each other, by the cosine of their tf-idf vectors, without ever comparing all with all.

Candidates share features that few texts have; only these are multiplied out, some rows at a time, so that memory stays bounded.
What two unit vectors x and y share is x·y = x''·y + x'·y <= x''·y + |x'|, x'' the part of x in features that are looked up: with
x'' chosen so that |x'| is at most UNSEARCHED, no pair above `least` is missed (the bound of Bayardo, Ma, Srikant: Scaling up
all pairs similarity search, 2007). Features of more than COMMON texts are never looked up: in texts that are
made of nothing else, pairs can be missed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NEAR = 0.75
"""The cosine from which two texts are near-duplicates."""
COMMON = 2_000
UNSEARCHED = 0.6
LEAST_SHARED = 0.05
"""What a candidate has to share with a text in looked-up features at least, where the bound says nothing."""
CANDIDATES = 60
"""Of each text the candidates that share the most are compared in full."""
PRODUCTS = 4_000_000
"""Multiplications of one block, and so the most numbers that it holds."""
_SIGN = re.compile(r"[^\w\s]")


@dataclass(frozen=True)
class Near:
    """For the text `of[i]`, `other[i]` is one that is near to it, by `likeness[i]`; sorted by text, the nearest first."""

    of: "np.ndarray[Any, Any]"
    other: "np.ndarray[Any, Any]"
    likeness: "np.ndarray[Any, Any]"

    def by_text(self, count: int) -> "Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]":
        """For each of so many texts the others and how near they are."""
        import numpy as np

        bounds = np.searchsorted(self.of, np.arange(count + 1))
        for start, end in pairwise(bounds.tolist()):
            yield self.other[start:end], self.likeness[start:end]


def same(text: str) -> str:
    """What equal texts share: case and white space do not count."""
    return " ".join(text.casefold().split())


def by_characters(texts: Sequence[str]) -> Any:
    """Runs of three to five characters, without signs: what near-duplicates share."""
    vectorizer = _vectorizer(analyzer="char", ngram_range=(3, 5))
    return _fitted(vectorizer, [_SIGN.sub("", same(text)) for text in texts])


def by_words(texts: Sequence[str]) -> Any:
    """Words and pairs of them: what texts about the same thing share."""
    return _fitted(_vectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=200_000), texts)


def nearest(matrix: Any, least: float, most: int) -> Near:
    """The `most` nearest other rows of each row of unit vectors, as far as their cosine is at least `least`."""
    import numpy as np

    searched, left = _searched(matrix)
    enough = np.maximum(least - left, LEAST_SHARED)
    across = matrix.T.tocsr()
    found = [
        _of_block(matrix, across, searched, start, end, enough, least, most)
        for start, end in _blocks(searched, np.diff(across.indptr))
    ]
    if not found:
        return Near(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Near(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _vectorizer(**options: Any) -> Any:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(dtype=np.float32, **options)


def _fitted(vectorizer: Any, texts: Sequence[str]) -> Any:
    from scipy.sparse import csr_matrix

    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # no text has any feature
        return csr_matrix((len(texts), 1), dtype="float32")


def _searched(matrix: Any) -> "tuple[Any, np.ndarray[Any, Any]]":
    """Of each row the rarest features that leave at most UNSEARCHED of its length, and what they leave."""
    import numpy as np
    from scipy.sparse import csr_matrix

    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-counts[matrix.indices], rows))  # the most common features of a row first
    squares = np.cumsum(matrix.data[order].astype(np.float64) ** 2)
    before = np.r_[0.0, squares][matrix.indptr[:-1]]
    is_left = (squares - before[rows] <= UNSEARCHED**2) | (counts[matrix.indices[order]] > COMMON)
    is_searched = np.zeros(matrix.nnz, bool)
    is_searched[order] = ~is_left
    kept = csr_matrix(
        (matrix.data[is_searched], (rows[is_searched], matrix.indices[is_searched])), shape=matrix.shape
    )
    left = np.bincount(
        rows, weights=np.where(is_searched, 0, matrix.data.astype(np.float64) ** 2), minlength=matrix.shape[0]
    )
    return kept, np.sqrt(left)


def _blocks(searched: Any, counts: "np.ndarray[Any, Any]") -> Iterator[tuple[int, int]]:
    """Rows that are multiplied out at once."""
    import numpy as np

    costs = np.r_[0, np.cumsum(counts[searched.indices])][searched.indptr]
    start = 0
    while start < searched.shape[0]:
        end = int(np.searchsorted(costs, costs[start] + PRODUCTS, side="right")) - 1
        end = min(max(end, start + 1), searched.shape[0])
        yield start, end
        start = end


def _of_block(
    matrix: Any,
    across: Any,
    searched: Any,
    start: int,
    end: int,
    enough: "np.ndarray[Any, Any]",
    least: float,
    most: int,
) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    import numpy as np

    shared = searched[start:end] @ across
    rows = np.repeat(np.arange(start, end), np.diff(shared.indptr))
    keep = (shared.data >= enough[rows] - 1e-6) & (shared.indices != rows)
    rows, others, _ = _first(rows[keep], shared.indices[keep], shared.data[keep], CANDIDATES)
    likeness = np.asarray(matrix[rows].multiply(matrix[others]).sum(axis=1), np.float64).ravel()
    near = likeness >= least
    return _first(rows[near], others[near], np.minimum(likeness[near], 1.0), most)


def _first(
    rows: "np.ndarray[Any, Any]", others: "np.ndarray[Any, Any]", values: "np.ndarray[Any, Any]", most: int
) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Of each row those with the largest values, the largest first."""
    import numpy as np

    order = np.lexsort((others, -values, rows))
    rows, others, values = rows[order], others[order], values[order]
    begins = np.searchsorted(rows, rows)
    kept = np.arange(len(rows)) - begins < most
    return rows[kept], others[kept], values[kept]
