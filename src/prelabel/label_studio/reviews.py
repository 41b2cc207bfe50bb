"""Label Studio's annotations as reviews.

A lead's token speaks for the annotators: each has a user of their own here, "label-studio-7" for Label Studio's user 7, without
a token. A reviewer's token speaks for its own user only. A review says by its client token which annotation it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from prelabel import review, runs
from prelabel.canonical import Json, canonical
from prelabel.errors import InputError, NotFound
from prelabel.events import journal
from prelabel.formats.label_studio.reading import Results
from prelabel.label_studio.tasks import placements, read_tasks
from prelabel.models import Dataset, Project, Review, Run, User
from prelabel.people import users
from prelabel.review import Answer

LEASE_SECONDS = 60.0
LONGEST_SECONDS = 86_400.0
CREATED = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED")
DELETED = ("ANNOTATION_DELETED", "ANNOTATIONS_DELETED")
NO_ANNOTATION = "the payload has no annotation: switch on `Send payload` for this webhook in Label Studio"


def take(
    session: Session, project: Project, user: User, action: str, payload: Mapping[str, Json]
) -> list[str]:
    """What became of each annotation that the payload tells of, in words.

    Raises InputError where the payload lacks it, NotFound for a task that is no example of the project, LabelError where
    it is no label of the schema, Conflict where the example is in other hands or settled.
    """
    found = payload.get("annotations" if action in DELETED else "annotation", payload.get("annotation"))
    annotations = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
    if not annotations:
        raise InputError(NO_ANNOTATION)
    if action in DELETED:
        return [_take_back(session, project, user, payload, one) for one in annotations]
    tasks = payload.get("task")
    several = tasks if isinstance(tasks, list) else [tasks] * len(annotations)
    if len(several) != len(annotations):
        raise InputError(f"task: there are {len(several)} for {len(annotations)} annotations")
    return [
        _Annotation(session, project, user, payload, one).take(task)
        for one, task in zip(annotations, several, strict=True)
    ]


class _Annotation:
    """One annotation that was made or changed."""

    def __init__(
        self,
        session: Session,
        project: Project,
        user: User,
        payload: Mapping[str, Json],
        said: dict[str, Any],
    ) -> None:
        self._session = session
        self._project = project
        self._user = user
        self._said = said
        self._reviewer = _reviewer(session, user, said)
        self._prefix = _prefix(payload, said)

    def take(self, task: Json) -> str:
        """Its review, in the place of one that it had."""
        [read] = read_tasks(self._session, self._project, [task])
        [own] = placements(self._session, self._project, [read])
        if not own:
            raise NotFound(f"the task is no example of a run in project {self._project.name!r}")
        run = runs.get(self._session, own[0].run_id)
        earlier = _reviews(self._session, self._project, self._prefix)
        standing = _standing(self._session, earlier)
        label = None if self._said.get("was_cancelled") else self._label(run)
        if standing and canonical(standing.label) == canonical(label):
            return f"known already as review {standing.id}"
        token = f"{self._prefix}{len(earlier) + 1}"
        if standing:
            _undo(self._session, self._user, standing, token)
        slot = review.claim_example(self._session, self._reviewer, own[0], LEASE_SECONDS)
        answer = Answer(token, self._seconds(), "in Label Studio")
        if label is None:
            return _told(review.skip(self._session, self._reviewer, slot, answer))
        return _told(review.submit(self._session, self._reviewer, slot, label, answer))

    def _label(self, run: Run) -> Json:
        schema = runs.schema_of(self._session, run)
        lost: set[str] = set()
        return Results(schema).label(self._said.get("result"), lost)

    def _seconds(self) -> float:
        seconds = self._said.get("lead_time")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            return 0.0
        return float(min(max(seconds, 0), LONGEST_SECONDS))


def _told(said: Review) -> str:
    return f"{said.verdict} as review {said.id}"


def _take_back(
    session: Session, project: Project, user: User, payload: Mapping[str, Json], said: dict[str, Any]
) -> str:
    """Undo the review of an annotation that was deleted; its example waits for people again."""
    prefix = _prefix(payload, said)
    earlier = _reviews(session, project, prefix)
    standing = _standing(session, earlier)
    if standing is None:
        return "nothing to take back"
    _undo(session, user, standing, f"{prefix}{len(earlier) + 1}")
    return f"took back review {standing.id}"


def _undo(session: Session, user: User, standing: Review, token: str) -> None:
    """Raises NotFound where the review is another's, and the token is no lead's."""
    if not users.may(user, "lead") and standing.user_id != user.id:
        raise NotFound("that annotation is not yours to change or take back")
    slot = review.take_back(session, standing, f"{token}-undo")
    review.release(session, standing.user_id, [slot.id or 0])


def _prefix(payload: Mapping[str, Json], annotation: Mapping[str, Any]) -> str:
    """How client tokens of reviews of this annotation begin."""
    project = payload.get("project")
    project_id = project.get("id") if isinstance(project, dict) else project
    if not isinstance(annotation.get("id"), int) or not isinstance(project_id, int | str):
        raise InputError("annotation: has no id, or the payload does not say of which project")
    return f"label-studio-{str(project_id).partition('.')[0][:40]}-{annotation['id']}-"


def _reviews(session: Session, project: Project, prefix: str) -> Sequence[Review]:
    """All reviews that an annotation has made, oldest first."""
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    within = select(Run.id).where(col(Run.dataset_id).in_(datasets))
    return session.exec(
        select(Review)
        .where(
            col(Review.run_id).in_(within),
            col(Review.client_token).startswith(prefix, autoescape=True),
            Review.verdict != "undone",
        )
        .order_by(col(Review.id))
    ).all()


def _standing(session: Session, earlier: Sequence[Review]) -> Review | None:
    """The newest of them, if it was not taken back."""
    newest = earlier[-1] if earlier else None
    if newest is None or session.exec(select(Review.id).where(Review.undoes == newest.id)).first():
        return None
    return newest


def _reviewer(session: Session, user: User, annotation: Mapping[str, Any]) -> int:
    """Whose review it is."""
    by = annotation.get("completed_by")
    by_id = by.get("id") if isinstance(by, dict) else by
    if not users.may(user, "lead") or isinstance(by_id, bool) or not isinstance(by_id, int):
        return user.id or 0
    name = f"label-studio-{by_id}"
    known = session.exec(select(User).where(User.name == name)).first()
    if known is None:
        try:
            with session.begin_nested():
                known = users.create(session, name, "reviewer")
                journal.note(session, user, "user.add", known, role=known.role)
        except IntegrityError:  # another request has just made them
            known = users.find(session, name)
    return known.id or 0
