"""Are drafts getting worse? A sequential test on a stream of audits, which may be looked at after every one of them.

The evidence is an e-process: a wager that cannot be expected to gain while nothing is wrong, so that it ever reaches 1 / alpha
with a chance of at most alpha (Ville 1939), however long the stream and however often it is looked at. It is a mixture over all
moments at which the drafts may have turned worse, the Shiryaev-Roberts form of an e-detector (Shin, Ramdas, Rinaldo 2022), with
weights that sum to 1, so that it is the chance of any false alarm in a run that is bounded, not only their frequency.

What it wagers against is that

* with a target: a wrong draft has at no audit, given those before, a chance above 1 - target;
* without one: the chance is the same for all audits, whatever it is. The likelihood of the mixture is divided by the largest
  that one chance can reach (universal inference: Wasserman, Ramdas, Balakrishnan 2020).
"""

import math
from collections.abc import Sequence
from typing import Any

from prelabel.measure.figure import Figure

ALPHA = 0.05
"""The chance of a false alarm in a run, from one start of the test to the next."""
SCALE = 100
"""About how many audits the weights of the moments take to fall by half: w(s) = SCALE / ((s + SCALE - 1) (s + SCALE))."""
ODDS = (1.5, 2.5, 4.0, 8.0)
"""How many times the odds of a wrong draft may have grown."""
RATES = tuple(1 / (1 + math.exp(-(-5.3 + 0.4 * step))) for step in range(15))
"""The shares of wrong drafts before a change that are considered where there is no target: 0.5 % to 57 %."""


class Drift(Figure):
    """What the test says of a stream so far, oldest first.

    `evidence` is the largest value that the e-process has had, as a logarithm; the alarm is at `alarm_from`. `alarm_at` is the
    number of audits at which it came, None where it did not. `changed_after`: how many audits most likely lie before the change,
    with how many of these were `wrong_before`, and how many since it were `wrong_since`; meaningful only with an alarm.
    """

    target: float | None
    alpha: float
    audits: int
    wrong: int
    evidence: float
    alarm_from: float
    alarm_at: int | None
    changed_after: int
    wrong_before: int
    wrong_since: int

    @property
    def is_alarm(self) -> bool:
        """Whether the drafts have surely become worse."""
        return self.alarm_at is not None

    def explain(self) -> str:
        """What was found, in a sentence."""
        since = self.audits - self.changed_after
        if self.target is not None:
            return f"{self.wrong_since} of the last {since} audits found a wrong draft, more than the {1 - self.target:.1%} that the target allows"
        return (
            f"{self.wrong_since} of the last {since} audits found a wrong draft, "
            f"{self.wrong_before} of the {self.changed_after} before"
        )


def judge(wrong: Sequence[bool], target: float | None = None, alpha: float = ALPHA) -> Drift:
    """The test on one stream, in the order in which its audits were answered; `target` is the least share that is to be right."""
    import numpy as np

    path = evidence(np.asarray(wrong, bool), target)
    bar = math.log(1 / alpha)
    reached = np.flatnonzero(path >= bar)
    changed = _change(np.asarray(wrong, bool), target)
    return Drift(
        target=target,
        alpha=alpha,
        audits=len(wrong),
        wrong=sum(wrong),
        evidence=float(path.max(initial=0.0)),
        alarm_from=bar,
        alarm_at=int(reached[0]) + 1 if reached.size else None,
        changed_after=changed,
        wrong_before=sum(wrong[:changed]),
        wrong_since=sum(wrong[changed:]),
    )


def evidence(wrong: Any, target: float | None = None) -> Any:
    """The logarithm of the e-process after each audit; the last axis is the stream, others are streams beside it."""
    import numpy as np

    before, after = _cells(target)
    runs, length = wrong.shape[:-1], wrong.shape[-1]
    unchanged = np.zeros((*runs, before.size))
    changed = np.full((*runs, before.size), -np.inf)
    found, errors = np.empty(wrong.shape), np.zeros(runs)
    for at in range(length):
        is_wrong = wrong[..., at, None]
        weight = math.log(SCALE / ((at + SCALE) * (at + 1 + SCALE)))
        changed = np.logaddexp(changed, weight + unchanged)
        changed += np.where(is_wrong, np.log(after), np.log1p(-after))
        unchanged = unchanged + np.where(is_wrong, np.log(before), np.log1p(-before))
        mixture = np.logaddexp(changed, math.log(SCALE / (at + 1 + SCALE)) + unchanged)
        errors = errors + wrong[..., at]
        null = unchanged[..., 0] if target is not None else _most_likely(errors, at + 1)
        found[..., at] = np.logaddexp.reduce(mixture, axis=-1) - math.log(before.size) - null
    return found


def _cells(target: float | None) -> tuple[Any, Any]:
    """The shares of wrong drafts before and after a change that the mixture is made of, each as likely as the others."""
    import numpy as np

    rates = RATES if target is None else (1 - target,)
    before = np.repeat(np.array(rates), len(ODDS))
    odds = before / (1 - before) * np.tile(ODDS, len(rates))
    return before, odds / (1 + odds)


def _most_likely(errors: Any, count: Any) -> Any:
    """The largest log likelihood that one chance for all gives to so many errors."""
    import numpy as np

    share = errors / count
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(errors * np.log(share)) + np.nan_to_num((count - errors) * np.log1p(-share))


def _change(wrong: Any, target: float | None) -> int:
    """After how many audits the drafts most likely became worse: the parting into two shares that fits best."""
    import numpy as np

    count = np.arange(wrong.size + 1)
    before = np.concatenate([[0], np.cumsum(wrong)]) if wrong.size else np.zeros(1)
    since, left = before[-1] - before, np.maximum(wrong.size - count, 1)
    first = (
        _most_likely(before, np.maximum(count, 1))
        if target is None
        else before * math.log(1 - target) + (count - before) * math.log(target)
    )
    allowed = before / np.maximum(count, 1) if target is None else 1 - target
    is_worse = since / left > allowed
    fit = np.where(is_worse, first + _most_likely(since, left), -np.inf)
    fit[-1] = -np.inf
    return int(fit.argmax()) if np.isfinite(fit).any() else 0
