"""What drafts were worth and what they cost: quality, audits, calibration, comparison, cost."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlmodel import Session

from prelabel import projects
from prelabel.errors import InputError
from prelabel.measure.calibration import CalibrationReport
from prelabel.measure.cost import CostPart, CostParts, CostReport
from prelabel.measure.drift import Drift
from prelabel.measure.quality import QualityReport
from prelabel.measure.scores import By, Score, Scores
from prelabel.models import User
from prelabel.people import membership
from prelabel.reports import comparison, costs
from prelabel.reports.comparison import Comparison, Discordant, Which
from prelabel.reports.kept import Ask
from prelabel.reports.pairs import Sides
from prelabel.reports.report import Outlook
from prelabel_api.as_table import AsFormat, as_table
from prelabel_api.bodies_measure import ComparisonOut
from prelabel_api.deps import Id, KeeperDep, LeadDep, Name, ReadDep, SettingsDep, StoreDep
from prelabel_api.figures import ProjectFigures, RunFigures
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(tags=["measure"])
ByPart = Annotated[By, Query(description="into which parts the drafts are divided")]
Pair = Annotated[str, Query(max_length=400)]


@router.get("/runs/{run_id}/outlook")
def get_outlook(_lead: LeadDep, run: RunFigures, keeper: KeeperDep) -> Outlook:
    """Accepted, reviewed, corrected, and the drafts against gold."""
    return keeper.get(run.outlook())


@router.get("/runs/{run_id}/quality")
def get_quality(_lead: LeadDep, run: RunFigures, keeper: KeeperDep) -> QualityReport:
    """Drafts against settled labels: accuracy by field and class, corrections, with intervals and what they rest on."""
    return keeper.get(run.quality())


@router.get("/runs/{run_id}/drift")
def get_drift(_lead: LeadDep, run: RunFigures, keeper: KeeperDep) -> Drift:
    """Whether the audits show that drafts have become worse, since the test last began."""
    return keeper.get(run.drift())


@router.get("/runs/{run_id}/calibration")
def get_calibration(_lead: LeadDep, run: RunFigures, keeper: KeeperDep) -> CalibrationReport:
    """How far confidence is to be believed, raw and calibrated, on gold, on audits, and on what was sent to people."""
    return keeper.get(run.calibration())


@router.get("/runs/{run_id}/ledger", response_model=Scores)
def get_run_ledger(
    run_id: Id,
    _lead: LeadDep,
    run: RunFigures,
    keeper: KeeperDep,
    by: ByPart = "field",
    as_format: AsFormat = "json",
) -> Scores | Response:
    """A run's drafts against settled labels, by field, class, model, prompt or week; confusions and corrections."""
    return _ledger(keeper.get(run.ledger(by)), as_format, f"run-{run_id}")


@router.get("/projects/{project}/ledger", response_model=Scores)
def get_project_ledger(
    project: str,
    _lead: LeadDep,
    figures: ProjectFigures,
    keeper: KeeperDep,
    by: ByPart = "run",
    as_format: AsFormat = "json",
) -> Scores | Response:
    """The same over all runs of a project, also by run."""
    return _ledger(keeper.get(figures.ledger(by)), as_format, project)


def _ledger(found: Scores, as_format: str, name: str) -> Scores | Response:
    if as_format == "csv":
        return as_table(found.parts, Score, f"{name}-by-{found.by}", found.as_of)
    return found


class Compared:
    """Which two are compared: exactly one of the parameters names them."""

    def __init__(
        self,
        runs: Annotated[Pair, Query(description="two runs of one dataset, as in `3,5`")] = "",
        models: Annotated[Pair, Query(description="two models, in all runs of `project`")] = "",
        prompts: Annotated[
            Pair, Query(description="two prompt versions, by how their digests begin, in `project`")
        ] = "",
        project: Annotated[Name, Query()] = "",
    ) -> None:
        self.named = {"runs": runs, "models": models, "prompts": prompts}
        self.project = project

    def sides(self, session: Session, user: User) -> Sides:
        """What is to be compared. Raises InputError where that is not said, NotFound where the user does not see it."""
        given = [(what, names) for what, names in self.named.items() if names]
        if len(given) != 1:
            raise InputError("say what to compare by one of runs, models and prompts, as in runs=3,5")
        [(what, names)] = given
        first, second = self._two(what, names)
        if what == "runs":
            membership.check_runs(session, user, [_number(first), _number(second)])
            return comparison.of_runs(session, _number(first), _number(second))
        if not self.project:
            raise InputError(f"project: say in which one to compare {what}")
        membership.check(session, user, {"project": self.project})
        found = projects.find(session, self.project)
        return (comparison.of_models if what == "models" else comparison.of_prompts)(
            session, found, first, second
        )

    def _two(self, what: str, names: str) -> tuple[str, str]:
        parts = [name.strip() for name in names.split(",")]
        if len(parts) != 2 or not all(parts):
            raise InputError(f"{what}: name two, with a comma between them, not {names!r}")
        return parts[0], parts[1]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise InputError(f"runs: {text!r} is not the number of a run")
    return int(text)


ComparedDep = Annotated[Compared, Depends()]


@router.get("/compare")
def compare_drafts(
    lead: LeadDep, store: StoreDep, keeper: KeeperDep, compared: ComparedDep, limit: Limit = 20
) -> ComparisonOut:
    """Two runs, models or prompts on the same examples: the difference of their accuracies, and the first examples behind it."""
    with store.reading() as session:
        sides = compared.sides(session, lead)
    asked = Ask(
        sides.project.id or 0,
        sides.run_ids,
        f"comparison of {compared.named}",
        Comparison,
        lambda session: comparison.compare(session, sides),
    )
    found = keeper.get(asked)
    if not found.difference.only_first + found.difference.only_second:
        return ComparisonOut(**found.model_dump(), discordant=Page(items=[]))
    with store.reading() as session:
        return ComparisonOut(**found.model_dump(), discordant=_discordant(session, sides, 0, limit))


@router.get("/compare/examples")
def list_discordant(
    lead: LeadDep, session: ReadDep, compared: ComparedDep, after: After = 0, limit: Limit = 100,
    right: Annotated[Which | None, Query(description="only those that this one has right")] = None,
) -> Page[Discordant]:  # fmt: skip
    """The examples that only one of the two has right."""
    return _discordant(session, compared.sides(session, lead), after, limit, right)


def _discordant(
    session: Session, sides: Sides, after: int, limit: int, right: Which | None = None
) -> Page[Discordant]:
    found = comparison.discordant(session, sides, after, limit + 1, right)
    return page(found, [one.id for one in found], limit)


@router.get("/runs/{run_id}/cost")
def get_cost(_lead: LeadDep, run: RunFigures, keeper: KeeperDep, settings: SettingsDep) -> CostReport:
    """Model money and people's time, per example and against labeling by hand."""
    return keeper.get(run.cost(settings.hourly_rate))


@router.get("/runs/{run_id}/cost/parts", response_model=CostParts)
def get_cost_parts(
    run_id: Id,
    _lead: LeadDep,
    run: RunFigures,
    keeper: KeeperDep,
    settings: SettingsDep,
    by: costs.By = "class",
    as_format: AsFormat = "json",
) -> CostParts | Response:
    """A run's cost by class of the settled label, or by model."""
    return _cost_parts(keeper.get(run.cost_parts(by, settings.hourly_rate)), as_format, f"run-{run_id}")


@router.get("/projects/{project}/cost/parts", response_model=CostParts)
def get_project_cost_parts(
    project: str,
    _lead: LeadDep,
    figures: ProjectFigures,
    keeper: KeeperDep,
    settings: SettingsDep,
    by: costs.By = "run",
    as_format: AsFormat = "json",
) -> CostParts | Response:
    """The cost of all runs and trials of a project by run, class or model."""
    return _cost_parts(keeper.get(figures.cost_parts(by, settings.hourly_rate)), as_format, project)


def _cost_parts(found: CostParts, as_format: str, name: str) -> CostParts | Response:
    if as_format == "csv":
        return as_table(found.parts, CostPart, f"{name}-cost-by-{found.by}", found.as_of)
    return found
