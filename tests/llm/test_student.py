"""The student learns from lessons, says how sure it is, and never flatters itself about what it has seen."""

import random

import pytest

from prelabel.draft import Subject
from prelabel.drafting.lessons import Lesson, version
from prelabel.errors import StoppingError
from prelabel.llm.student import Student
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("fields: {topic: [billing, returns, shipping], angry: {kind: boolean}}")
TOPIC = LabelSchema.load("fields: {topic: [billing, returns, shipping]}")
WORDS = {
    "billing": ["invoice", "charge", "VAT"],
    "returns": ["send back", "return label"],
    "shipping": ["parcel", "tracking"],
}


def lessons(count: int, seed: int = 0, random_labels: bool = False) -> list[Lesson]:
    """Texts whose words tell their topic, or whose topics are drawn by lot."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        topic = chance.choice(list(WORDS))
        text = f"about the {chance.choice(WORDS[topic])} number {chance.randrange(10**6)}"
        label = chance.choice(list(WORDS)) if random_labels else topic
        found.append(Lesson(number, {"text": text}, {"topic": label, "angry": number % 2 == 0}))
    return found


def topics(student: Student, taught: list[Lesson], shift: int = 0) -> list[str]:
    opinions = student.draft_all(
        [Subject(lesson.example_id + shift, dict(lesson.content)) for lesson in taught]
    )
    return [str(opinion.label["topic"]) for opinion in opinions]


def accuracy(student: Student, taught: list[Lesson], shift: int = 0) -> float:
    found = topics(student, taught, shift)
    right = [topic == lesson.label["topic"] for topic, lesson in zip(found, taught, strict=True)]
    return right.count(True) / len(right)


def test_what_words_tell_is_learned() -> None:
    assert accuracy(Student.train(TOPIC, lessons(120)), lessons(200, seed=1), shift=1_000) > 0.95


def test_lessons_that_cannot_be_learned_are_not_known_by_heart() -> None:
    """The out-of-fold opinion of a lesson's own example: labels drawn by lot are hit one time in three, not every time."""
    taught = lessons(240, random_labels=True)
    student = Student.train(TOPIC, taught)
    assert accuracy(student, taught) < 0.5
    assert accuracy(student, taught, shift=1_000) > 0.9


def test_confidence_is_calibrated_where_nothing_can_be_known() -> None:
    student = Student.train(TOPIC, lessons(300, random_labels=True))
    opinions = student.draft_all(
        [Subject(9_000 + number, dict(one.content)) for number, one in enumerate(lessons(200, seed=2))]
    )
    assert sum(opinion.confidences["topic"] for opinion in opinions) / len(opinions) < 0.65


def test_the_order_of_lessons_makes_no_difference() -> None:
    taught = lessons(100)
    forth, back = Student.train(TOPIC, taught), Student.train(TOPIC, taught[::-1])
    subjects = [Subject(5_000, {"text": "my invoice"})]
    assert forth.draft_all(subjects) == back.draft_all(subjects)


def test_every_field_has_a_value_of_its_kind_a_confidence_and_alternatives() -> None:
    student = Student.train(SCHEMA, lessons(100))
    [opinion] = student.draft_all([Subject(5_000, {"text": "where is my parcel"})])
    SCHEMA.validate_label(opinion.label, {})
    assert student.name == f"student@{version(SCHEMA, lessons(100))}"
    assert set(opinion.confidences) == {"topic", "angry"}
    assert opinion.alternatives["topic"]["shipping"] == pytest.approx(opinion.confidences["topic"], abs=1e-4)


def test_a_class_with_a_single_lesson_does_not_stop_the_training() -> None:
    taught = [*lessons(60), Lesson(999, {"text": "x"}, {"topic": "a", "angry": False})]
    schema = LabelSchema.load("fields: {topic: [billing, returns, shipping, a]}")
    assert Student.train(schema, taught).draft_all([Subject(1, {"text": "x"})])


def test_nothing_to_draft_is_drafted_at_once() -> None:
    assert Student.train(TOPIC, lessons(40)).draft_all([]) == []


@pytest.mark.parametrize(
    ("schema", "taught", "said"),
    [
        (
            "fields: {topic: [a, b]}",
            lessons(19),
            "at least 20 examples with gold or settled by people, and has 19",
        ),
        ("fields: {answer: {kind: text}}", lessons(50), r"cannot learn 'answer' \(text\)"),
        ("fields: {who: {kind: spans, options: [x]}}", lessons(50), r"cannot learn 'who' \(spans\)"),
        (
            "fields: {topic: [a, b], more: {kind: choice, options: [c, d], when: {topic: b}}}",
            [Lesson(n, {"text": "x"}, {"topic": "a", "more": None}) for n in range(30)],
            "only one class of 'topic'",
        ),
        (
            "fields: {topic: [a, b]}",
            [Lesson(n, {"text": "x"}, {"topic": "a"}) for n in range(30)],
            "only one class of 'topic'",
        ),
    ],
)
def test_what_cannot_be_learned_stops_the_run_with_a_sentence(
    schema: str, taught: list[Lesson], said: str
) -> None:
    with pytest.raises(StoppingError, match=said):
        Student.train(LabelSchema.load(schema), taught)


def test_a_field_is_learned_from_the_lessons_to_which_it_applies() -> None:
    """What depends on the topic is told by other words, and has no value where the topic is another."""
    schema = LabelSchema.load("""
    fields:
      topic: [billing, returns, shipping]
      way: {kind: choice, options: {by: [air, sea]}, when: {topic: shipping}}
      mood: {kind: choice, options: [glad, sad], optional: true}
    """)
    moods = [None, "glad", "sad"]
    taught = [
        Lesson(
            lesson.example_id,
            {
                "text": f"{lesson.content['text']} {'plane' if number % 2 else 'boat'} {moods[number % 3] or 'so'}"
            },
            {
                "topic": lesson.label["topic"],
                "way": f"by/{'air' if number % 2 else 'sea'}"
                if lesson.label["topic"] == "shipping"
                else None,
                "mood": moods[number % 3],
            },
        )
        for number, lesson in enumerate(lessons(150))
    ]
    student = Student.train(schema, taught)
    asked = ["parcel tracking plane glad", "invoice charge plane so"]
    sent, billed = student.draft_all(
        [Subject(1_000 + number, {"text": f"about the {text}"}) for number, text in enumerate(asked)]
    )
    assert sent.label == {"topic": "shipping", "way": "by/air", "mood": "glad"}
    assert billed.label == {"topic": "billing", "way": None, "mood": None}
    assert set(billed.confidences) == {"topic", "mood"}
    assert set(billed.alternatives["mood"]) == {"glad", "sad"}
