"""Labels that contradict each other, or what a model makes of the texts: found, and scored by how likely each is wrong. Pure."""

from prelabel.measure.consistency.finding import WAYS, Finding, Texts, find
from prelabel.measure.consistency.probabilities import crossfitted, doubted, doubts
from prelabel.measure.consistency.surfaces import Marked, joined_elsewhere, marked_elsewhere

__all__ = [
    "WAYS", "Finding", "Marked", "Texts", "crossfitted", "doubted", "doubts", "find", "joined_elsewhere",
    "marked_elsewhere",
]  # fmt: skip
