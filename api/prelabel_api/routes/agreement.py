"""How far people agree, labels anew from all their answers together, and answers that were given elsewhere."""

import io

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from prelabel.leading import given_answers, skilled
from prelabel.leading.skilled import Resettled, Terms
from prelabel.reports.agreement import AgreementReport
from prelabel_api.bodies import Body
from prelabel_api.deps import Id, KeeperDep, LeadDep, SettingsDep, StoreDep
from prelabel_api.figures import RunFigures
from prelabel_api.upload import UploadStream

router = APIRouter(prefix="/runs/{run_id}", tags=["agreement"])


class ConsensusIn(Body):
    """How labels are told anew: `with_model`, drafts count as well; what is less sure than `at_least` is left as it is.

    With `dry_run`, how many labels would change is said and nothing is done.
    """

    with_model: bool = False
    at_least: float = Field(default=0, ge=0, le=1)
    dry_run: bool = False


class BadAnswerOut(BaseModel):
    """A row that was not taken, and why."""

    row: int
    reason: str


class AnswersOut(BaseModel):
    """What an import of answers did; `bad_rows` holds the first hundred faults."""

    rows: int
    taken: int
    already_there: int
    bad: int
    bad_rows: list[BadAnswerOut]


@router.get("/agreement")
def get_agreement(_lead: LeadDep, run: RunFigures, keeper: KeeperDep) -> AgreementReport:
    """How far people agree with each other and with the model, by field, and whether the model may take a person's place."""
    return keeper.get(run.agreement())


@router.post("/consensus")
def renew_consensus(run_id: Id, body: ConsensusIn, lead: LeadDep, store: StoreDep) -> Resettled:
    """Settle examples that several people answered anew, by how good each person, and the model if wanted, proves to be."""
    terms = Terms(body.with_model, body.at_least)
    return (
        skilled.plan(store, run_id, terms) if body.dry_run else skilled.carry_out(store, run_id, terms, lead)
    )


@router.post(
    "/reviews", openapi_extra={"requestBody": {"required": True, "content": {"application/x-ndjson": {}}}}
)
def import_answers(
    run_id: Id, request: Request, lead: LeadDep, store: StoreDep, settings: SettingsDep
) -> AnswersOut:
    """Bring in answers that people gave elsewhere, a JSON object a line: {"example", "reviewer", "label", "seconds", "comment"}.

    Each goes through the queue as if it were given here. Rows that cannot be taken are listed; the same row again changes nothing.
    """
    body = io.BufferedReader(UploadStream(aiter(request.stream())), 1 << 16)
    report = given_answers.bring_in(store, run_id, body, settings.review_lease_seconds, lead)
    bad = [BadAnswerOut(row=row, reason=why) for row, why in report.bad_rows]
    return AnswersOut(
        rows=report.rows, taken=report.taken, already_there=report.already_there, bad=report.bad, bad_rows=bad
    )
