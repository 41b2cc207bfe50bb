"""Which settled examples a model is shown before the one that it labels: near ones, of several classes. Pure.

The rule, for n shots. Lessons are put in order by the cosine of tf-idf vectors of their words to the example's, the nearest
first; of equally near ones the older example goes first. Left out are the example itself, any with its content, and any with a
cosine of NEAR_DUPLICATE or more. Of the rest the n * CLOSE nearest are close. Each class among them, in the order of its nearest
lesson, gives its nearest one, then each gives its next, until there are n. They are shown with the nearest last.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from prelabel.draft import Subject
from prelabel.drafting.lessons import Lesson
from prelabel.examples.content import as_text
from prelabel.prompt import Shot
from prelabel.schema import LabelSchema

if TYPE_CHECKING:
    import numpy as np

    Cosines = np.ndarray[Any, np.dtype[np.float64]]

CLOSE = 4
NEAR_DUPLICATE = 0.9
WORD = r"[\u3040-\u9fff]|[^\W\u3040-\u9fff]+"
"""A word, or one sign of a script that puts no space between words."""
BUCKETS = 2**18


class Shots:
    """Lessons that can be shown, as one sparse matrix; unchanging, the same whatever the order of the lessons."""

    def __init__(self, schema: LabelSchema, lessons: Sequence[Lesson]) -> None:
        self._schema = schema
        self._lessons = sorted(lessons, key=lambda lesson: lesson.example_id)
        if self._lessons:
            self._features = features()
            texts = [as_text(lesson.content) for lesson in self._lessons]
            self._matrix = self._features.fit_transform(texts)

    def choose(self, subjects: Sequence[Subject], count: int) -> list[list[Shot]]:
        """For each subject up to `count` shots, in the order in which they are shown; none where there are no lessons."""
        if not self._lessons or not subjects:
            return [[] for _ in subjects]
        vectors = self._features.transform([as_text(subject.content) for subject in subjects])
        cosines = vectors @ self._matrix.T
        return [
            self._shots(subject, cosines[index].toarray().ravel().round(6), count)
            for index, subject in enumerate(subjects)
        ]

    def _shots(self, subject: Subject, cosines: "Cosines", count: int) -> list[Shot]:
        close: list[Lesson] = []
        for index in (-cosines).argsort(kind="stable"):
            lesson = self._lessons[index]
            is_other = lesson.example_id != subject.example_id and lesson.content != subject.content
            if is_other and cosines[index] < NEAR_DUPLICATE:
                close.append(lesson)
            if len(close) == count * CLOSE:
                break
        return [
            Shot(lesson.content, self._schema.as_answer(lesson.label, lesson.content))
            for lesson in self._in_turn(close)[:count]
        ][::-1]

    def _in_turn(self, close: Sequence[Lesson]) -> list[Lesson]:
        """The nearest of each class, then the next of each."""
        seen: Counter[tuple[str | None, ...]] = Counter()
        turns = []
        for lesson in close:
            own = tuple(kind.class_of(lesson.label[name]) for name, kind in self._schema.fields.items())
            turns.append(seen[own])
            seen[own] += 1
        return [close[index] for index in sorted(range(len(close)), key=lambda index: (turns[index], index))]


def features() -> Any:
    """What makes vectors out of texts, of length one, so that their product is the cosine."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    words = HashingVectorizer(n_features=BUCKETS, alternate_sign=False, norm=None, token_pattern=WORD)
    return make_pipeline(words, TfidfTransformer(sublinear_tf=True))
