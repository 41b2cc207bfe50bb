"""A label against the probabilities of a model that has not seen it: confident learning (Northcutt, Jiang, Chuang 2021)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

FOLDS = 3
FEWEST = 30
"""Labels below which nothing can be learned from them."""


def doubts(chances: "np.ndarray[Any, Any]", given: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """How likely each given class is wrong, from 0 to 1: half of one plus the likeliest other class's probability less its own."""
    import numpy as np

    rows = np.arange(len(given))
    others = chances.copy()
    others[rows, given] = -1
    margins: np.ndarray[Any, Any] = (1 + others.max(axis=1) - chances[rows, given]) / 2
    return margins


def doubted(chances: "np.ndarray[Any, Any]", given: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """The class that each example counts as by the confident joint where that is not the given one; -1 elsewhere.

    It is the likeliest of the classes that are at least as probable as they are, on average, where they are given.
    """
    import numpy as np

    rows = np.arange(len(given))
    own = chances[rows, given]
    counts = np.bincount(given, minlength=chances.shape[1])
    sums = np.bincount(given, weights=own, minlength=chances.shape[1])
    bars = np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)
    over = np.where(chances >= bars, chances, -1.0)
    likeliest = over.argmax(axis=1)
    is_other = (over[rows, likeliest] > own) & (likeliest != given)
    found: np.ndarray[Any, Any] = np.where(is_other, likeliest, -1)
    return found


def crossfitted(
    matrix: Any, groups: "np.ndarray[Any, Any]", given: "np.ndarray[Any, Any]", classes: int
) -> "np.ndarray[Any, Any] | None":
    """Class probabilities for each row from a linear model that was trained without it, or any of its group.

    None where there is too little to learn from: fewer than FEWEST rows, or one class alone.
    """
    import numpy as np
    from sklearn.linear_model import SGDClassifier

    if len(given) < FEWEST or len(set(given.tolist())) < 2:
        return None
    folds = np.random.default_rng(0).permutation(int(groups.max()) + 1)[groups] % FOLDS
    chances = np.full((len(given), classes), 1e-6)
    for fold in range(FOLDS):
        known, unknown = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(unknown) or len(set(given[known].tolist())) < 2:
            continue
        model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=8, tol=None, random_state=0)
        model.fit(matrix[known], given[known])
        chances[np.ix_(unknown, model.classes_)] += model.predict_proba(matrix[unknown])
    found: np.ndarray[Any, Any] = chances / chances.sum(axis=1, keepdims=True)
    return found


def known_classes(names: Sequence[str]) -> "tuple[list[str], np.ndarray[Any, Any]]":
    """The classes that there are, and which of them each name is."""
    import numpy as np

    classes = sorted(set(names))
    index = {name: number for number, name in enumerate(classes)}
    return classes, np.array([index[name] for name in names], np.int64)
