"""What goes out over HTTP of measurements, where it is not a figure of the core."""

from prelabel.reports.comparison import Comparison, Discordant
from prelabel_api.page import Page


class ComparisonOut(Comparison):
    """A comparison with the first examples that only one of the two has right; all are at /compare/examples."""

    discordant: Page[Discordant]
