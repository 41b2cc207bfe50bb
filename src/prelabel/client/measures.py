"""The figures of a run, typed as the server makes them, and their charts."""

from prelabel.client import charts, shown
from prelabel.client.connection import Connection
from prelabel.client.documents import Answer
from prelabel.figures import money
from prelabel.measure.calibration import CalibrationReport
from prelabel.measure.cost import CostReport
from prelabel.measure.drift import Drift
from prelabel.measure.quality import QualityReport
from prelabel.reports.report import Outlook
from prelabel.reports.reviewers import Figures

PARTS = ("outlook", "quality", "drift", "calibration", "cost")


class Measures(Answer):
    """How good the drafts of a run were, what they cost, and how right its people are. In a notebook it shows itself."""

    outlook: Outlook
    quality: QualityReport
    drift: Drift
    calibration: CalibrationReport
    cost: CostReport
    reviewers: list[Figures]

    def chart(self) -> str:
        """The charts as HTML: how often drafts are right, by field and by class, and how far their confidence is to be believed."""
        found = [charts.bars("drafts right, of those that people judged", _shares(self["quality"]["fields"]))]
        for field in self["quality"]["fields"]:
            recalls = [charts.bar(one["name"], one["recall"]) for one in field["classes"]]
            title = f"{field['name']}: drafted so, of those settled so"
            found.append(charts.bars(title, [one for one in recalls if one]))
        known = max(
            (self["calibration"][name] for name in ("gold", "audits", "sent")), key=lambda one: one["n"]
        )
        found.append(charts.reliability("confidence, where it is known to be right", known["raw"]["bands"]))
        return "".join(found)

    def _repr_html_(self) -> str:
        outlook, cost = self.outlook, self.cost
        said = {
            "examples": outlook.examples,
            "accepted without review": outlook.accepted.right,
            "reviewed": outlook.reviewed,
            "model": money(cost.model_dollars),
            "people": money(cost.people_dollars),
            "an example": money(cost.per_example) if cost.per_example is not None else None,
        }
        return shown.facts("measures", said, said) + self.chart()


def measures(connection: Connection, run_id: int) -> Measures:
    """All figures of a run."""
    found = {name: connection.get(f"/runs/{run_id}/{name}") for name in PARTS}
    return Measures(found | {"reviewers": list(connection.items(f"/runs/{run_id}/reviewers"))})


def _shares(fields: list[dict[str, object]]) -> list[charts.Bar]:
    found = (charts.bar(str(field["name"]), field["accuracy"]) for field in fields)  # type: ignore[arg-type] # JSON
    return [one for one in found if one]
