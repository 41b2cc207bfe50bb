"""From a model's confidence to the share that was right at that confidence."""

import math
from collections.abc import Callable, Sequence

FEWEST = 30
"""Under this many known answers confidence is taken as it is: a curve through so few points would mislead more."""
ISOTONIC_FROM = 200
"""From this many on the curve is free to bend (isotonic); below it is a logistic one with two parameters (Platt 1999)."""


def calibrator(known: Sequence[tuple[float, bool]]) -> Callable[[float], float]:
    """A map from raw confidence to the probability of being right, learned from (confidence, right) pairs.

    Never falls as confidence grows; the identity where fewer than `FEWEST` pairs or only one outcome is known.
    """
    if len(known) < FEWEST or len({right for _, right in known}) == 1:
        return _identity
    return _isotonic(known) if len(known) >= ISOTONIC_FROM else _logistic(known)


def _identity(confidence: float) -> float:
    return confidence


def _isotonic(known: Sequence[tuple[float, bool]]) -> Callable[[float], float]:
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit([confidence for confidence, _ in known], [float(right) for _, right in known])
    return lambda confidence: float(curve.predict([confidence])[0])


def _logistic(known: Sequence[tuple[float, bool]]) -> Callable[[float], float]:
    from sklearn.linear_model import LogisticRegression

    curve = LogisticRegression(C=1e3)
    curve.fit([[_logit(confidence)] for confidence, _ in known], [right for _, right in known])
    slope, offset = float(curve.coef_[0][0]), float(curve.intercept_[0])
    if slope <= 0:  # confidence says nothing here: every draft is as good as the average one
        share = sum(right for _, right in known) / len(known)
        return lambda _confidence: share
    return lambda confidence: 1 / (1 + math.exp(-(slope * _logit(confidence) + offset)))


def _logit(confidence: float) -> float:
    bounded = min(max(confidence, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
