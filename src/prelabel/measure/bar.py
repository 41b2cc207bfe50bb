"""Whether someone is surely under a bar, told after every answer without raising more false alarms than it says. Pure.

An interval of fixed size that is looked at again and again will miss the truth sooner or later. What is used instead is a bet
(Ville 1939; the mixture is Robbins' of 1970): after k right of n, the odds

    M(n, k) = integral over p in (0, bar) of (p / bar)^k ((1 - p) / (1 - bar))^(n - k) dp / bar

of "somewhere under the bar" against "at the bar". While each answer is right with probability of at least `bar`, whatever came
before, M is a supermartingale that begins at 1, so it ever reaches 1 / alpha with probability of at most alpha.
"""

from math import exp, lgamma, log, log1p

ALPHA = 0.01
"""How often someone who is exactly at the bar is ever taken for one under it, at the most."""


def odds(right: int, n: int, bar: float) -> float:
    """M(n, k), as its natural logarithm. The integral is an incomplete beta function of whole numbers: a binomial tail."""
    ends = [
        _chosen(n + 1, one) + one * log(bar) + (n + 1 - one) * log1p(-bar) for one in range(right + 1, n + 2)
    ]
    most = max(ends)
    tail = most + log(sum(exp(end - most) for end in ends))
    return tail - log(n + 1) - _chosen(n, right) - (right + 1) * log(bar) - (n - right) * log1p(-bar)


def is_surely_under(right: int, n: int, bar: float, alpha: float = ALPHA) -> bool:
    """Whether so many right of n show that their share is under the bar, at the confidence 1 - alpha at any time."""
    return n > 0 and odds(right, n, bar) >= -log(alpha)


def _chosen(n: int, k: int) -> float:
    """The logarithm of n over k."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
