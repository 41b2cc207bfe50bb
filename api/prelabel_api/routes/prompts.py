"""Prompts: those to begin with, and one while it is being written."""

from fastapi import APIRouter
from sqlmodel import Session

from prelabel import projects
from prelabel.drafting import prompts, trials
from prelabel.drafting.prompts import KnownPrompt
from prelabel.models import Example, Project
from prelabel.prompt import VARIABLES
from prelabel.schema import LabelSchema
from prelabel_api.bodies import PromptChecked, PromptIn
from prelabel_api.deps import LeadDep, ReadDep
from prelabel_api.page import Page

router = APIRouter(prefix="/projects/{project}/prompts", tags=["prompts"])


@router.get("")
def list_prompts(project: str, _lead: LeadDep, session: ReadDep) -> Page[KnownPrompt]:
    """Prompts to begin with: those that ship, and those that the project's runs and trials have used, the newest first."""
    return Page(items=prompts.known(session, projects.find(session, project)))


@router.post("/check")
def check_prompt(project: str, body: PromptIn, _lead: LeadDep, session: ReadDep) -> PromptChecked:
    """Read a prompt without keeping it: its fault with its line, or the messages that a model would be sent for an example."""
    found = projects.find(session, project)
    example, names = _example(session, found, body)
    schema = LabelSchema.model_validate(projects.newest_schema(session, found).document)
    content = example.content if example else None
    shown = prompts.preview(body.text, schema, content, body.model, body.confidence)
    return PromptChecked(
        faults=[shown.fault] if shown.fault else [],
        name=shown.name,
        digest=shown.digest,
        example=example.external_id if example else None,
        examples=names,
        messages=list(shown.messages),
        tokens=shown.tokens,
        variables={part: dict(found) for part, found in VARIABLES.items()},
    )


def _example(session: Session, project: Project, body: PromptIn) -> tuple[Example | None, list[str]]:
    """The example that is asked for, or the first that a trial would take, and what those are called."""
    if not body.dataset:
        return None, []
    dataset = projects.find_dataset(session, project, body.dataset)
    first = trials.pick(session, dataset, trials.MOST)
    ids = trials.pick(session, dataset, [body.example]) if body.example else first[:1]
    return (session.get_one(Example, ids[0]) if ids else None), trials.names(session, first)
