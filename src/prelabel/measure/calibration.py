"""From a model's confidence to the share that was right at that confidence."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from prelabel.measure.figure import Figure
from prelabel.measure.intervals import LEVEL, Share, wilson

FEWEST = 30
"""Under this many known answers confidence is taken as it is: a curve through so few points would mislead more."""
ISOTONIC_FROM = 200
"""From this many on the curve may bend freely (isotonic) if it does better on held-out folds than the logistic one (Platt 1999)."""
FOLDS = 5
BANDS = 10
RESAMPLES = 500
MOST = 10_000
"""Pairs that a report is made of; of more, so many at random."""

Curve = Callable[[float], float]
Curves = Callable[[Any], Any]
"""The same, of arrays."""
Known = Sequence[tuple[float, bool]]
Method = Literal["none", "logistic", "isotonic"]


class Band(BaseModel):
    """Drafts whose confidence lies from `low` up to `high`: their mean confidence, and the share that was right."""

    low: float
    high: float
    mean_confidence: float
    right: Share


class Reliability(BaseModel):
    """How far confidences are to be believed, over bands of equal width.

    `error` is the expected calibration error; `low` and `high` are the ends of its bootstrap interval (basic, not under 0: resampled
    answers look worse calibrated than the answers themselves). All None where nothing is known.
    """

    bands: list[Band]
    error: float | None
    low: float | None
    high: float | None


class Calibration(BaseModel):
    """Reliability of `n` confidences whose draft is known to be right or wrong, of which so many were `taken`.

    `calibrated` is of what a calibrator of the named method makes of them that has not seen them (five folds). `basis` says
    which drafts they are.
    """

    basis: str
    n: int
    taken: int
    method: Method
    raw: Reliability
    calibrated: Reliability


class CalibrationReport(Figure):
    """Three samples of a run's drafts, each with its basis. `gold` is what its policy calibrates by: `uses` says whether it does."""

    uses: Literal["raw", "calibrated"]
    gold: Calibration
    audits: Calibration
    sent: Calibration


def calibrator(known: Known) -> Curve:
    """A map from raw confidence to the probability of being right, learned from (confidence, right) pairs.

    Never falls as confidence grows; the identity where fewer than `FEWEST` pairs or only one outcome is known.
    """
    curve = _METHODS[method(known)](known)
    return lambda confidence: float(curve(confidence))


def method(known: Known) -> Method:
    """How `calibrator` maps these pairs: "none" is the identity."""
    if len(known) < FEWEST or len({right for _, right in known}) == 1:
        return "none"
    if len(known) < ISOTONIC_FROM or _held_out_loss(_logistic, known) <= _held_out_loss(_isotonic, known):
        return "logistic"
    return "isotonic"


def calibration(known: Known, basis: str) -> Calibration:
    """How far these confidences are to be believed, as they are and calibrated; of very many a random part is taken."""
    pairs = known if len(known) <= MOST else random.Random(0).sample(known, MOST)
    calibrated = zip(held_out(pairs), (right for _, right in pairs), strict=True)
    return Calibration(
        basis=basis,
        n=len(known),
        taken=len(pairs),
        method=method(pairs),
        raw=reliability(pairs),
        calibrated=reliability(list(calibrated)),
    )


def held_out(known: Known) -> list[float]:
    """The calibrated confidence of each pair by a calibrator that has not seen it: what is fit to be measured."""
    calibrated = [0.0] * len(known)
    for fold, rest in _folds(known):
        calibrated[fold::FOLDS] = _METHODS[method(rest)](rest)(_confidences(known[fold::FOLDS])).tolist()
    return calibrated


def reliability(known: Known, level: float = LEVEL, seed: int = 0) -> Reliability:
    """Bands and expected calibration error of (confidence, right) pairs."""
    if not known:
        return Reliability(bands=[], error=None, low=None, high=None)
    import numpy as np

    confidence = np.array([value for value, _ in known], np.float64)
    right = np.array([is_right for _, is_right in known], np.float64)
    band = np.minimum(BANDS - 1, (confidence * BANDS).astype(int))
    error = _gap(band, confidence - right)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(known), (RESAMPLES, len(known)))
    errors = [_gap(band[draw], (confidence - right)[draw]) for draw in draws]
    lower, upper = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2])
    bands = [
        Band(
            low=index / BANDS,
            high=(index + 1) / BANDS,
            mean_confidence=float(confidence[band == index].mean()),
            right=wilson(int(right[band == index].sum()), int((band == index).sum()), level),
        )
        for index in sorted(set(band.tolist()))
    ]
    low, high = max(0.0, 2 * error - float(upper)), min(1.0, 2 * error - float(lower))
    return Reliability(bands=bands, error=error, low=low, high=max(high, low, error))


def _gap(band: Any, excess: Any) -> float:
    import numpy as np

    return float(np.abs(np.bincount(band, excess, BANDS)).sum() / len(band))


def _folds(known: Known) -> Iterator[tuple[int, Known]]:
    """Each fold by its number, with all pairs that are not in it."""
    for fold in range(FOLDS):
        yield fold, [pair for index, pair in enumerate(known) if index % FOLDS != fold]


def _confidences(known: Known) -> Any:
    import numpy as np

    return np.array([confidence for confidence, _ in known], np.float64)


def _held_out_loss(fit: Callable[[Known], Curves], known: Known) -> float:
    """Log loss on folds that the curve has not seen; a fold that leaves one outcome alone says nothing."""
    import numpy as np

    total = 0.0
    for fold, rest in _folds(known):
        if len({right for _, right in rest}) == 1:
            continue
        chance = np.clip(fit(rest)(_confidences(known[fold::FOLDS])), 1e-3, 1 - 1e-3)
        right = np.array([is_right for _, is_right in known[fold::FOLDS]], bool)
        total -= float(np.log(np.where(right, chance, 1 - chance)).sum())
    return total


def _identity(_known: Known) -> Curves:
    return lambda confidence: confidence


def _isotonic(known: Known) -> Curves:
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(_confidences(known), [float(right) for _, right in known])
    x, y = curve.X_thresholds_, curve.y_thresholds_
    return lambda confidence: np.interp(confidence, x, y)


def _logistic(known: Known) -> Curves:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    curve = LogisticRegression(C=1e3)
    curve.fit(_logit(_confidences(known)).reshape(-1, 1), [right for _, right in known])
    slope, offset = float(curve.coef_[0][0]), float(curve.intercept_[0])
    if slope <= 0:  # confidence says nothing here: every draft is as good as the average one
        share = sum(right for _, right in known) / len(known)
        return lambda confidence: np.full_like(confidence, share, np.float64)
    return lambda confidence: 1 / (1 + np.exp(-(slope * _logit(confidence) + offset)))


def _logit(confidence: Any) -> Any:
    import numpy as np

    bounded = np.clip(confidence, 1e-4, 1 - 1e-4)
    return np.log(bounded / (1 - bounded))


_METHODS: dict[Method, Callable[[Known], Curves]] = {
    "none": _identity,
    "logistic": _logistic,
    "isotonic": _isotonic,
}
