"""What goes out over HTTP of measurements, where it is not a figure of the core."""

from decimal import Decimal

from pydantic import BaseModel

from prelabel.comparison import Comparison, Discordant
from prelabel.measure.cost import CostPart, CostSplit
from prelabel_api.page import Page


class CostPartsOut(BaseModel):
    """What labels cost, divided; people's time at the hourly rate."""

    by: str
    hourly_rate: Decimal
    parts: list[CostPart]


class CostSplitsOut(BaseModel):
    """Where the money went, divided; people's time at the hourly rate."""

    by: str
    hourly_rate: Decimal
    splits: list[CostSplit]


class ComparisonOut(Comparison):
    """A comparison with the first examples that only one of the two has right; all are at /compare/examples."""

    discordant: Page[Discordant]
