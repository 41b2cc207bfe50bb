"""The prompts that a project may draft with: those that ship, those that it has used, and one that is being written."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.draft import Confidence
from prelabel.errors import Fault, InputError, NotFound, PromptError
from prelabel.examples.content import Message
from prelabel.models import Dataset, Project, Prompt, Run
from prelabel.money import tokens
from prelabel.prompt import Instructions, PromptTemplate, Shot, load_prompt, parse_prompt, shipped_prompts
from prelabel.schema import LabelSchema

MOST_CHARACTERS = 100_000
"""Of a prompt file that is sent as text."""
DIGEST = re.compile(r"[0-9a-f]{6,64}")
"""How the digest of a prompt begins; with fewer digits two could soon begin alike."""
STAND_IN: dict[str, Json] = {"text": "Here stands the text of an example."}


class KnownPrompt(BaseModel):
    """A prompt to begin with: whether it `ships`, and the project's runs and trials with this very version of it."""

    name: str
    description: str
    digest: str
    text: str
    ships: bool
    runs: list[int]
    trials: list[int]


@dataclass(frozen=True)
class Preview:
    """What a prompt as it is written makes of an example: the messages that a model would be sent, and how many tokens they are.

    `fault` is why it cannot be used, and then there are no messages.
    """

    fault: Fault | None = None
    name: str = ""
    digest: str = ""
    messages: Sequence[Message] = ()
    tokens: int = 0


def known(session: Session, project: Project) -> list[KnownPrompt]:
    """Those that ship, then those that the project has used, the newest first."""
    runs = session.exec(select(Run.prompt_id, Run.id, Run.trial).where(_of_project(project))).all()
    users: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for prompt_id, run_id, is_trial in runs:
        users[prompt_id, is_trial].append(run_id or 0)
    stored = {prompt.digest: prompt for prompt in _used(session, project)}
    templates = {template.digest: template for template in shipped_prompts()}
    ships = set(templates)
    templates |= {key: parse_prompt(one.text, one.name) for key, one in stored.items() if key not in ships}
    ids = {digest: prompt.id or 0 for digest, prompt in stored.items()}
    return [
        KnownPrompt(
            name=template.name,
            description=template.description,
            digest=digest,
            text=template.text,
            ships=digest in ships,
            runs=sorted(users[ids.get(digest, 0), False]),
            trials=sorted(users[ids.get(digest, 0), True]),
        )
        for digest, template in templates.items()
    ]


def find(session: Session, project: Project, asked: str) -> PromptTemplate:
    """The prompt that is asked for: the text of a file, how the digest of one begins that the project has used, or the name of one
    that ships. Raises PromptError, NotFound, and InputError where several begin so."""
    if "\n" in asked:
        return parse_prompt(asked, "prompt")
    if not DIGEST.fullmatch(asked):
        return load_prompt(asked)
    candidates = {one.digest: one for one in shipped_prompts()}
    candidates |= {one.digest: parse_prompt(one.text, one.name) for one in _used(session, project)}
    found = [template for digest, template in candidates.items() if digest.startswith(asked)]
    if not found:
        raise NotFound(f"project {project.name!r} has used no prompt whose digest begins with {asked!r}")
    if len(found) > 1:
        raise InputError(f"prompt: several digests begin with {asked!r}: give more of it")
    return found[0]


def preview(
    text: str, schema: LabelSchema, content: dict[str, Json] | None, model: str, confidence: Confidence
) -> Preview:
    """What this text of a prompt file makes of an example, or of a stand-in."""
    shown = STAND_IN if content is None else content
    try:
        told = Instructions(parse_prompt(text, "prompt"), schema, confidence)
        messages = told.messages(shown)
        told.messages(shown, shots=[Shot(shown, {})])
        _ = replace(told, several=True).system
    except PromptError as error:
        return Preview(error.fault)
    counted = tokens.count(model, messages)
    return Preview(None, told.template.name, told.template.digest, messages, counted)


def _used(session: Session, project: Project) -> Sequence[Prompt]:
    """Prompts that the project's runs and trials have used, the newest first."""
    mine = select(Run.prompt_id).where(_of_project(project))
    return session.exec(select(Prompt).where(col(Prompt.id).in_(mine)).order_by(col(Prompt.id).desc())).all()


def _of_project(project: Project) -> ColumnElement[bool]:
    return col(Run.dataset_id).in_(select(Dataset.id).where(Dataset.project_id == project.id))
