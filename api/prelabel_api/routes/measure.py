"""What drafts were worth and what they cost: quality, audits, calibration, comparison, cost."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlmodel import Session

from prelabel import accepting, comparison, costs, membership, projects, report, runs, scores
from prelabel.comparison import Discordant, Sides, Which
from prelabel.errors import InputError
from prelabel.measure.calibration import CalibrationReport
from prelabel.measure.cost import CostPart, CostReport
from prelabel.measure.drift import Drift
from prelabel.measure.quality import QualityReport
from prelabel.measure.scores import By, Score, Scores
from prelabel.models import User
from prelabel.report import Outlook
from prelabel.versions import Translator
from prelabel_api.as_table import AsFormat, as_table
from prelabel_api.bodies_measure import ComparisonOut, CostPartsOut
from prelabel_api.deps import Id, LeadDep, Name, ReadDep, SettingsDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(tags=["measure"])
ByPart = Annotated[By, Query(description="into which parts the drafts are divided")]
Pair = Annotated[str, Query(max_length=400)]


@router.get("/runs/{run_id}/outlook")
def get_outlook(run_id: Id, _lead: LeadDep, session: ReadDep) -> Outlook:
    """Accepted, reviewed, corrected, and the drafts against gold."""
    return report.outlook(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/quality")
def get_quality(run_id: Id, _lead: LeadDep, session: ReadDep) -> QualityReport:
    """Drafts against settled labels: accuracy by field and class, corrections, with intervals and what they rest on."""
    return report.quality(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/drift")
def get_drift(run_id: Id, _lead: LeadDep, session: ReadDep) -> Drift:
    """Whether the audits show that drafts have become worse, since the test last began."""
    return accepting.drift(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/calibration")
def get_calibration(run_id: Id, _lead: LeadDep, session: ReadDep) -> CalibrationReport:
    """How far confidence is to be believed, raw and calibrated, on gold, on audits, and on what was sent to people."""
    return report.calibration(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/ledger", response_model=Scores)
def get_run_ledger(
    run_id: Id, _lead: LeadDep, session: ReadDep, by: ByPart = "field", as_format: AsFormat = "json"
) -> Scores | Response:
    """A run's drafts against settled labels, by field, class, model, prompt or week; confusions and corrections."""
    found = scores.of_run(session, runs.get(session, run_id), by)
    return found if as_format == "json" else as_table(found.parts, Score, f"run-{run_id}-by-{by}")


@router.get("/projects/{project}/ledger", response_model=Scores)
def get_project_ledger(
    project: str, _lead: LeadDep, session: ReadDep, by: ByPart = "run", as_format: AsFormat = "json"
) -> Scores | Response:
    """The same over all runs of a project, also by run."""
    found = scores.of_project(session, projects.find(session, project), by)
    return found if as_format == "json" else as_table(found.parts, Score, f"{project}-by-{by}")


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
    lead: LeadDep, session: ReadDep, compared: ComparedDep, limit: Limit = 20
) -> ComparisonOut:
    """Two runs, models or prompts on the same examples: the difference of their accuracies, and the first examples behind it."""
    sides = compared.sides(session, lead)
    found = comparison.compare(session, sides)
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
def get_cost(run_id: Id, _lead: LeadDep, session: ReadDep, settings: SettingsDep) -> CostReport:
    """Model money and people's time, per example and against labeling by hand."""
    return report.cost(session, runs.get(session, run_id), settings.hourly_rate)


@router.get("/runs/{run_id}/cost/parts", response_model=CostPartsOut)
def get_cost_parts(
    run_id: Id,
    _lead: LeadDep,
    session: ReadDep,
    settings: SettingsDep,
    by: costs.By = "class",
    as_format: AsFormat = "json",
) -> CostPartsOut | Response:
    """A run's cost by class of the settled label, or by model."""
    run = runs.get(session, run_id)
    found = costs.parts(session, [run], Translator.of(session, run), by, settings.hourly_rate)
    return _cost_parts(found, by, as_format, f"run-{run_id}", settings.hourly_rate)


@router.get("/projects/{project}/cost/parts", response_model=CostPartsOut)
def get_project_cost_parts(
    project: str,
    _lead: LeadDep,
    session: ReadDep,
    settings: SettingsDep,
    by: costs.By = "run",
    as_format: AsFormat = "json",
) -> CostPartsOut | Response:
    """The cost of all runs of a project by run, class or model."""
    found = projects.find(session, project)
    mine = projects.runs_of(session, found)
    into = Translator(session, projects.schema_versions(session, found)[0])
    parts = costs.parts(session, mine, into, by, settings.hourly_rate)
    return _cost_parts(parts, by, as_format, project, settings.hourly_rate)


def _cost_parts(
    found: list[CostPart], by: costs.By, as_format: str, name: str, hourly: Decimal
) -> CostPartsOut | Response:
    if as_format == "csv":
        return as_table(found, CostPart, f"{name}-cost-by-{by}")
    return CostPartsOut(by=by, hourly_rate=hourly, parts=found)
