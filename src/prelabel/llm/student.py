"""The student: a small local classifier that drafts from what people have settled. No key, no network, no cost.

Sparse text features and one linear model a field, with probabilities calibrated on held-out folds. Where an embedding model is
set, its vectors stand beside the words; that one needs its key and costs money. The student is trained on every lesson, but what
it says of a lesson's own example comes from a model that has not seen it: so the gold that it learned from still measures it
honestly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from prelabel.canonical import Json, digest
from prelabel.draft import Subject
from prelabel.drafting.lessons import Lesson, version
from prelabel.errors import StoppingError
from prelabel.examples.content import as_text
from prelabel.schema import LabelSchema

if TYPE_CHECKING:
    import numpy as np

    Chances = np.ndarray[Any, np.dtype[np.float64]]
    Vectors = np.ndarray[Any, np.dtype[np.float32]]

FEWEST_LESSONS = 20
FOLDS = 5
KEPT_ALTERNATIVES = 5
NO_VALUE = ""
"""Stands among the classes of an optional field for having none."""
TEMPERATURES = [0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 2.0, 3.0]
"""Candidates by which log probabilities are divided; the one that fits held-out folds best is taken (Guo et al. 2017)."""


class Embed(Protocol):
    """An embedding model as a student uses it."""

    name: str

    def __call__(self, subjects: Sequence[Subject]) -> "Vectors":
        """A vector of length 1 for each; one weighs as much as all words of its text."""


@dataclass(frozen=True)
class Opinion:
    """A label with the probability of each of its values, and the likeliest classes of each field."""

    label: dict[str, Json]
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]


@dataclass(frozen=True)
class _Trained:
    """One field's model, and the calibrated class probabilities of held-out folds for the lessons, by example."""

    features: Any
    model: Any
    temperature: float
    classes: Sequence[str]
    held_out: Mapping[int, "Chances"]


class UntaughtError(StoppingError):
    """There are not lessons enough yet; people may settle some."""


class Student:
    """Trained once, then unchanging; `name` tells exactly which lessons it knows."""

    def __init__(self, name: str, schema: LabelSchema, fields: Mapping[str, _Trained]) -> None:
        self.name = name
        self._schema = schema
        self._fields = fields

    @classmethod
    def train(cls, schema: LabelSchema, lessons: Sequence[Lesson], embed: Embed | None = None) -> "Student":
        """A student of these lessons, the same whatever their order.

        Raises UntaughtError where they are too few, StoppingError where it can never learn.
        """
        for name, kind in schema.fields.items():
            if kind.classes() is None:
                raise StoppingError(
                    f"the student cannot learn {name!r} ({kind.kind}): it needs a model, such as openai/gpt-4o-mini"
                )
        if len(lessons) < FEWEST_LESSONS:
            raise UntaughtError(
                f"the student needs at least {FEWEST_LESSONS} examples with gold or settled by people, and has {len(lessons)}: "
                "add gold to the dataset, or draft with a model first"
            )
        ordered = sorted(lessons, key=lambda lesson: lesson.example_id)
        vectors = embed([Subject(lesson.example_id, lesson.content) for lesson in ordered]) if embed else None
        fields = {name: _train(schema, name, ordered, vectors) for name in schema.fields}
        name = f"student@{version(schema, ordered)}" + (f"+{embed.name}" if embed else "")
        return cls(name, schema, fields)

    def draft_all(self, subjects: Sequence[Subject], embed: Embed | None = None) -> list[Opinion]:
        """An opinion on each subject, in their order; with the embedding model that it was trained with."""
        if not subjects:
            return []
        texts = [as_text(subject.content) for subject in subjects]
        vectors = embed(subjects) if embed else None
        chances = {
            name: _chances(trained, subjects, _with(trained.features.transform(texts), vectors))
            for name, trained in self._fields.items()
        }
        return [
            self._opinion({name: rows[index] for name, rows in chances.items()})
            for index in range(len(subjects))
        ]

    def _opinion(self, chances: Mapping[str, "Chances"]) -> Opinion:
        label: dict[str, Json] = {}
        confidences, alternatives = {}, {}
        for name, row in chances.items():
            label[name] = None
            if not self._schema.applies(name, label):
                continue
            classes = self._fields[name].classes
            order = row.argsort()[::-1][:KEPT_ALTERNATIVES]
            likely = {classes[index]: round(float(row[index]), 4) for index in order}
            label[name] = self._schema.fields[name].parse(classes[order[0]])
            confidences[name] = float(row[order[0]])
            alternatives[name] = {cls: chance for cls, chance in likely.items() if cls != NO_VALUE}
        return Opinion(label, confidences, alternatives)


def _train(
    schema: LabelSchema, name: str, learned: Sequence[Lesson], learned_vectors: "Vectors | None"
) -> _Trained:
    """From the lessons to which the field applies."""
    kind = schema.fields[name]
    telling = [index for index, lesson in enumerate(learned) if schema.applies(name, lesson.label)]
    lessons = [learned[index] for index in telling]
    vectors = None if learned_vectors is None else learned_vectors[telling]
    truth = [kind.class_of(lesson.label[name]) or NO_VALUE for lesson in lessons]
    classes = sorted(set(truth))
    if len(classes) < 2:
        seen = (
            f"only one class of {name!r} ({classes[0] or 'none'})" if classes else f"no lesson with {name!r}"
        )
        raise UntaughtError(f"the student has seen {seen}: it needs at least two classes")
    features = _features()
    texts = [as_text(lesson.content) for lesson in lessons]
    matrix = _with(features.fit_transform(texts), vectors)
    held_out = _held_out(matrix, truth, classes, _folds(texts, truth))
    temperature = _temperature(held_out, [classes.index(answer) for answer in truth])
    cooled = _cooled(held_out, temperature)
    by_example = {lesson.example_id: row for lesson, row in zip(lessons, cooled, strict=True)}
    return _Trained(features, _classifier().fit(matrix, truth), temperature, classes, by_example)


def _features() -> Any:
    """Word and character n-grams, weighed by tf-idf; they see texts, never labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=60_000)
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, max_features=60_000
    )
    return make_union(words, characters)


def _with(matrix: Any, vectors: "Vectors | None") -> Any:
    """The features of texts, and beside them their vectors."""
    from scipy.sparse import csr_matrix, hstack

    return matrix if vectors is None else hstack([matrix, csr_matrix(vectors)], format="csr")


def _classifier() -> Any:
    """Logistic regression by stochastic gradient descent: as accurate as a full solver on such texts, in a fifth of the time."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=20, tol=None, random_state=0)


def _folds(texts: Sequence[str], truth: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The fold of each lesson. Equal texts share one, so none speaks for the other; each class is spread over all of them."""
    import numpy as np

    class_of = dict(zip(texts, truth, strict=True))
    ordered = sorted(class_of, key=lambda text: (class_of[text], digest(text)))
    fold_of = {text: index % FOLDS for index, text in enumerate(ordered)}
    return np.array([fold_of[text] for text in texts])


def _held_out(
    matrix: Any, truth: Sequence[str], classes: Sequence[str], folds: "np.ndarray[Any, np.dtype[np.int64]]"
) -> "Chances":
    """Class probabilities for each lesson from a model that was trained on the other folds."""
    import numpy as np

    answers = np.array(truth)
    chances = np.full((len(truth), len(classes)), 1e-6)
    for fold in range(FOLDS):
        known, unknown = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if len(unknown) and len(set(answers[known])) > 1:
            model = _classifier().fit(matrix[known], answers[known])
            columns = np.array([classes.index(name) for name in model.classes_])
            chances[np.ix_(unknown, columns)] += model.predict_proba(matrix[unknown])
    return _normalized(chances)


def _temperature(chances: "Chances", truth: Sequence[int]) -> float:
    """The temperature with the least log loss."""
    import numpy as np

    rows = np.arange(len(truth))
    return min(
        TEMPERATURES, key=lambda degree: -float(np.log(_cooled(chances, degree)[rows, truth] + 1e-12).mean())
    )


def _cooled(chances: "Chances", temperature: float) -> "Chances":
    import numpy as np

    logits = np.log(chances + 1e-12) / temperature
    return _normalized(np.exp(logits - logits.max(axis=1, keepdims=True)))


def _normalized(chances: "Chances") -> "Chances":
    shares: Chances = chances / chances.sum(axis=1, keepdims=True)
    return shares


def _chances(trained: _Trained, subjects: Sequence[Subject], matrix: Any) -> "Chances":
    """Calibrated class probabilities, one row a subject; of a lesson's own example from the fold that left it out."""
    raw = trained.model.predict_proba(matrix)
    chances = _cooled(_normalized(raw + 1e-6), trained.temperature)
    for index, subject in enumerate(subjects):
        if subject.example_id in trained.held_out:
            chances[index] = trained.held_out[subject.example_id]
    return chances
