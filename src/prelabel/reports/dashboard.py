"""The figures of the dashboard as they are asked for: each by a name that says of what, and how it is computed.

What is computed reads its run or project anew: it may be later than it was asked for, and in another session.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from sqlmodel import Session

from prelabel import projects, runs
from prelabel.measure.calibration import CalibrationReport
from prelabel.measure.cost import CostParts, CostReport, CostSplits
from prelabel.measure.drift import Drift
from prelabel.measure.figure import Figure
from prelabel.measure.quality import QualityReport
from prelabel.measure.scores import By, Scores
from prelabel.models import Project, Run
from prelabel.money import ledger
from prelabel.reports import agreement, costs, progress, report, scores, trends
from prelabel.reports.agreement import AgreementReport
from prelabel.reports.kept import Ask
from prelabel.reports.progress import Progress
from prelabel.reports.report import Outlook
from prelabel.reports.trends import Days, Paces, Risk
from prelabel.routing import accepting
from prelabel.schemas.versions import Translator

Found = TypeVar("Found", bound=Figure)


class OfRun:
    """Figures of one run. Raises NotFound where it does not exist."""

    def __init__(self, session: Session, run_id: int) -> None:
        self._run_id = run_id
        self._project_id = ledger.project_of(session, runs.get(session, run_id)).id or 0

    def progress(self) -> Ask[Progress]:
        """How it is going, as leads see it."""
        return self._ask("progress", Progress, progress.progress)

    def progress_for_reviewers(self) -> Ask[Progress]:
        """How it is going, as reviewers may know it: kept by itself, as what differs between the two tells of checks."""
        return self._ask("progress for reviewers", Progress, progress.for_reviewers)

    def outlook(self) -> Ask[Outlook]:
        """The run at a glance."""
        return self._ask("outlook", Outlook, report.outlook)

    def quality(self) -> Ask[QualityReport]:
        """Drafts against what people settled."""
        return self._ask("quality", QualityReport, report.quality)

    def drift(self) -> Ask[Drift]:
        """What its audits say."""
        return self._ask("drift", Drift, accepting.drift)

    def calibration(self) -> Ask[CalibrationReport]:
        """How far confidence is to be believed."""
        return self._ask("calibration", CalibrationReport, report.calibration)

    def agreement(self) -> Ask[AgreementReport]:
        """How far people agree."""
        return self._ask("agreement", AgreementReport, agreement.report)

    def days(self) -> Ask[Days]:
        """What each day brought."""
        return self._ask("days", Days, trends.days)

    def paces(self) -> Ask[Paces]:
        """How long answers took."""
        return self._ask("paces", Paces, trends.paces)

    def risk(self) -> Ask[Risk]:
        """The error against the share accepted."""
        return self._ask("risk", Risk, trends.risk)

    def ledger(self, by: By) -> Ask[Scores]:
        """Its drafts, divided."""
        return self._ask(f"ledger by {by}", Scores, lambda session, run: scores.of_run(session, run, by))

    def cost(self, hourly: Decimal) -> Ask[CostReport]:
        """What it costs, at this price of an hour."""
        return self._ask(
            f"cost at {hourly}", CostReport, lambda session, run: report.cost(session, run, hourly)
        )

    def cost_parts(self, by: costs.By, hourly: Decimal) -> Ask[CostParts]:
        """The same, divided."""

        def compute(session: Session, run: Run) -> CostParts:
            return costs.parts(session, [run], Translator.of(session, run), by, hourly)

        return self._ask(f"cost by {by} at {hourly}", CostParts, compute)

    def _ask(self, name: str, kind: type[Found], compute: Callable[[Session, Run], Found]) -> Ask[Found]:
        run_id = self._run_id
        return Ask(
            self._project_id,
            [run_id],
            f"run {run_id}: {name}",
            kind,
            lambda session: compute(session, runs.get(session, run_id)),
        )


class OfProject:
    """Figures of all runs of a project. Raises NotFound where it does not exist."""

    def __init__(self, session: Session, name: str) -> None:
        project = projects.find(session, name)
        self._project_id = project.id or 0
        self._run_ids = [run.id or 0 for run in _spending(session, project)]

    def ledger(self, by: By) -> Ask[Scores]:
        """Its drafts, divided."""
        return self._ask(
            f"ledger by {by}", Scores, lambda session, project: scores.of_project(session, project, by)
        )

    def cost_parts(self, by: costs.By, hourly: Decimal) -> Ask[CostParts]:
        """What its labels cost, divided, at this price of an hour."""

        def compute(session: Session, project: Project) -> CostParts:
            into = Translator(session, projects.newest_schema(session, project))
            return costs.parts(session, _spending(session, project), into, by, hourly)

        return self._ask(f"cost by {by} at {hourly}", CostParts, compute)

    def cost_splits(self, by: costs.SplitBy, hourly: Decimal) -> Ask[CostSplits]:
        """The same, divided by what it was spent for as well."""

        def compute(session: Session, project: Project) -> CostSplits:
            return costs.splits(session, _spending(session, project), by, hourly)

        return self._ask(f"cost split by {by} at {hourly}", CostSplits, compute)

    def _ask(self, name: str, kind: type[Found], compute: Callable[[Session, Project], Found]) -> Ask[Found]:
        project_id = self._project_id
        return Ask(
            project_id,
            self._run_ids,
            f"all runs: {name}",
            kind,
            lambda session: compute(session, session.get_one(Project, project_id)),
        )


def _spending(session: Session, project: Project) -> list[Run]:
    """All that a project spends money on: its runs, and its trials."""
    return [*projects.runs_of(session, project), *projects.trials_of(session, project)]
