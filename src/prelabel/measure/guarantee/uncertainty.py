"""Uncertainty learned from reviews: the chance that a draft is wrong, from all that is known of it.

The certificate needs uncertainties that are fixed before its audit sample is drawn. So they are learned from examples that people
settled before that, which then are no part of the pool; the order in which `worst_first` asks for those reviews makes them ones
that people would have had to give anyhow (docs/guarantee.md, section 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prelabel.measure.guarantee.hypergeometric import Floats

FEWEST = 60
"""Under this many reviews, or where all drafts were right or all wrong, one minus confidence is all there is."""
MOST_CLASSES = 25
"""The most frequent draft labels that have a say of their own."""
FOLDS = 4
BANDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


@dataclass(frozen=True)
class Known:
    """What is known of a draft before anyone has reviewed it.

    `label` is its class, `confidence` lies in 0 to 1, `runner_up` is the confidence of the next likely class, `agreement` the
    share of other models with the same label, `student` the student's probability of the draft's label. `text` may be empty.
    """

    label: str
    confidence: float | None = None
    text: str = ""
    runner_up: float | None = None
    agreement: float | None = None
    student: float | None = None


@dataclass(frozen=True)
class Settled:
    """A draft that people have settled, with the class that they gave."""

    known: Known
    settled: str

    @property
    def wrong(self) -> bool:
        """Whether the draft was."""
        return self.known.label != self.settled


class Uncertainty:
    """Learned once from settled drafts, the same whenever it is learned from the same ones in the same order."""

    def __init__(self, settled: Sequence[Settled]) -> None:
        self._reader: _Reader | None = None
        self._model: Any = None
        wrong = [one.wrong for one in settled]
        if len(settled) < FEWEST or len(set(wrong)) < 2:
            return
        counts: dict[str, int] = {}
        for one in settled:
            counts[one.known.label] = counts.get(one.known.label, 0) + 1
        self._labels = sorted(counts, key=lambda label: (-counts[label], label))[:MOST_CLASSES]
        self._reader = _Reader(settled)
        opinions = self._reader.held_out
        self._model = _logistic().fit(self._features([one.known for one in settled], opinions), wrong)

    @property
    def is_learned(self) -> bool:
        """Whether there was enough to learn from; otherwise it is one minus confidence."""
        return self._model is not None

    def of(self, drafts: Sequence[Known]) -> Floats:
        """The chance that each draft is wrong. None of these may be among the settled ones that it was learned from."""
        if self._model is None or self._reader is None or not drafts:
            return np.array([1 - (one.confidence or 0.0) for one in drafts])
        features = self._features(drafts, self._reader.opinions(drafts))
        chances: Floats = self._model.predict_proba(features)[:, 1]
        return chances

    def _features(self, drafts: Sequence[Known], opinions: Floats) -> Floats:
        confidence = np.array([one.confidence or 0.0 for one in drafts])
        logit = _logit(confidence)
        is_label = np.array([[one.label == label for label in self._labels] for one in drafts], np.float64)
        bands = np.stack([confidence >= edge for edge in BANDS], axis=1).astype(np.float64)
        optional = [
            _optional([getattr(one, name) for one in drafts])
            for name in ("runner_up", "agreement", "student")
        ]
        return np.hstack([
            logit[:, None], bands, is_label, is_label * logit[:, None], opinions[:, None],
            is_label * opinions[:, None], *optional,
        ])  # fmt: skip


class _Reader:
    """What the texts of settled drafts tell about others: how much likelier their words make the draft's label than any other."""

    def __init__(self, settled: Sequence[Settled]) -> None:
        self._classes = sorted({one.settled for one in settled})
        self._texts: Any = None
        self.held_out = np.zeros(len(settled))
        texts = [one.known.text for one in settled]
        if not all(texts) or len(self._classes) < 2:
            return
        self._texts = _words()
        matrix = self._texts.fit_transform(texts)
        answers = np.array([one.settled for one in settled])
        folds = _folds(texts)
        for fold in range(FOLDS):
            inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            if inside.size and len(set(answers[outside])) > 1:
                model = _classifier().fit(matrix[outside], answers[outside])
                self.held_out[inside] = self._margins(
                    model, matrix[inside], [settled[int(at)].known for at in inside]
                )
        self._model = _classifier().fit(matrix, answers)

    def opinions(self, drafts: Sequence[Known]) -> Floats:
        """The logarithm of how much likelier the draft's label is than the next; 0 where texts tell nothing."""
        if self._texts is None:
            return np.zeros(len(drafts))
        return self._margins(self._model, self._texts.transform([one.text for one in drafts]), drafts)

    def _margins(self, model: Any, matrix: Any, drafts: Sequence[Known]) -> Floats:
        logs = np.log(model.predict_proba(matrix) + 1e-4)
        columns = {name: column for column, name in enumerate(model.classes_)}
        own = np.array([columns.get(one.label, -1) for one in drafts])
        rows = np.arange(len(drafts))
        mine = np.where(own >= 0, logs[rows, own], np.log(1e-4))
        others = logs.copy()
        others[rows[own >= 0], own[own >= 0]] = -np.inf
        margins: Floats = mine - others.max(axis=1)
        return margins


def worst_first(
    chances: Floats, budget: int, share: float, beyond: float = 1.5, fewest: int = 1
) -> list[int]:
    """Positions of the drafts that people should settle next, the likeliest wrong first; none where it is time to audit.

    It is time once the drafts left are foreseen to hold at most `beyond` budgets of wrong ones: what is left is about what can
    be accepted. `share` of all drafts left, at most, are asked for at once, and no fewer than `fewest` of them.
    """
    order = np.argsort(-chances, kind="stable")
    left = chances.sum() - np.cumsum(chances[order])
    needed = int((left > beyond * budget).sum()) + 1 if chances.sum() > beyond * budget else 0
    if not needed:
        return []
    return [int(at) for at in order[: max(fewest, min(needed, int(share * chances.size)))]]


def _folds(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A fold for each; equal texts share one, so that none speaks for the other."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, len(first)) % FOLDS for text in texts])


def _optional(values: Sequence[float | None]) -> Floats:
    """The logits of what is known, and a column that says where it is not."""
    missing = np.array([value is None for value in values], np.float64)
    filled = _logit(np.array([0.5 if value is None else value for value in values]))
    return np.stack([filled, missing], axis=1)


def _logit(values: Floats) -> Floats:
    bounded = np.clip(values, 0.01, 0.99)
    logits: Floats = np.log(bounded / (1 - bounded))
    return logits


def _words() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=20_000)
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, max_features=20_000)
    return make_union(words, parts)


def _classifier() -> Any:
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=1e-4, max_iter=10, tol=None, random_state=0)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1_000))
