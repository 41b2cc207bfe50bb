"""What a reviewer fills in: a label schema as a page needs it, with every default spelt out and hierarchies in one list."""

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from prelabel import runs
from prelabel.canonical import Json
from prelabel.kinds import Kind
from prelabel.kinds.options import Options
from prelabel.models import Dataset, Project, Prompt, Run
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.schemas import conditions

COMMON = {"kind", "description", "optional", "when", "options"}


class FormOption(BaseModel):
    """An option of a list. `value` is what a label holds, the path where it lies beneath another; `depth` is 0 at the top.

    Not `selectable`: it only stands above others.
    """

    value: str
    name: str
    description: str
    examples: list[str]
    depth: int
    selectable: bool


class FormField(BaseModel):
    """A field: `settings` are those of its kind alone, `options` empty for kinds without a list.

    `applies` says in words where it can have a value at all, `when` the same by earlier fields; empty: always.
    """

    name: str
    kind: str
    description: str
    rules: str
    optional: bool
    applies: str
    when: dict[str, list[Any]]
    settings: dict[str, Any]
    options: list[FormOption]


class Form(BaseModel):
    """What people answer in a run, under the schema that it has now, and how it is drafted.

    `models` are asked one after the other, with this version of the `prompt`. Drafts with a confidence below `threshold` go to
    people; None: that is not what decides. All of it is of the run, so it tells nothing of any example.
    """

    run_id: int
    project: str
    dataset: str
    schema_version_id: int
    guidelines: str
    models: list[str]
    prompt: str
    threshold: float | None
    fields: list[FormField]


def of_run(session: Session, run: Run) -> Form:
    """The form of a run."""
    dataset = session.get_one(Dataset, run.dataset_id)
    schema = runs.schema_of(session, run)
    prompt, policy = session.get_one(Prompt, run.prompt_id), Policy.model_validate(run.policy)
    is_by_threshold = policy.rule == "threshold" and policy.confidence == "raw" and len(run.steps) == 1
    return Form(
        run_id=run.id or 0,
        project=session.get_one(Project, dataset.project_id).name,
        dataset=dataset.name,
        schema_version_id=run.schema_version_id,
        guidelines=schema.guidelines,
        models=[step["model"] for step in run.steps],
        prompt=f"{prompt.name} {prompt.digest[:12]}",
        threshold=policy.threshold if is_by_threshold else None,
        fields=fields_of(schema),
    )


def fields_of(schema: LabelSchema) -> list[FormField]:
    """What people fill in under a schema."""
    return [field(name, kind) for name, kind in schema.fields.items()]


def field(name: str, kind: Kind) -> FormField:
    """A field of a form."""
    settings: dict[str, Json] = kind.model_dump(mode="json", exclude=COMMON)
    return FormField(
        name=name,
        kind=kind.kind,
        description=kind.description,
        rules=kind.rules(),
        optional=kind.optional,
        applies=conditions.in_words(kind),
        when={other: list(wanted) for other, wanted in kind.when.items()},
        settings=settings,
        options=_options(kind) if isinstance(kind, Options) else [],
    )


def _options(kind: Options) -> list[FormOption]:
    return [
        FormOption(
            value=path,
            name=option.value,
            description=option.description,
            examples=list(option.examples),
            depth=depth,
            selectable=kind.inner or not option.options,
        )
        for depth, path, option in kind.tree()
    ]
