"""Shots are near, of several classes, never the example itself or one that is all but it, and always the same."""

from hypothesis import given
from hypothesis import strategies as st

from prelabel.canonical import Json
from prelabel.draft import Subject
from prelabel.drafting.lessons import Lesson
from prelabel.drafting.shots import Shots
from prelabel.prompt import Shot
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("fields: {topic: [a, b, c], note: {kind: text}}")
WORDS = st.lists(
    st.sampled_from(["red", "green", "blue", "gold", "grey", "pink", "cyan"]), min_size=1, max_size=6
)


def lesson(number: int, text: str, topic: str = "a") -> Lesson:
    return Lesson(number, {"text": text}, {"topic": topic, "note": ""})


def chosen(taught: list[Lesson], text: str, count: int = 3, example_id: int = 0) -> list[Shot]:
    [found] = Shots(SCHEMA, taught).choose([Subject(example_id, {"text": text})], count)
    return found


def texts(shots: list[Shot]) -> list[Json]:
    return [shot.content["text"] for shot in shots]


def test_the_nearest_are_shown_with_the_nearest_last() -> None:
    taught = [lesson(1, "a lost parcel in town"), lesson(2, "some other thing"), lesson(3, "a lost key")]
    assert texts(chosen(taught, "my parcel is lost", 2)) == ["a lost key", "a lost parcel in town"]


def test_no_class_comes_twice_until_every_close_class_had_its_turn() -> None:
    taught = [lesson(number, f"lost parcel case {number}") for number in range(1, 6)]
    taught += [lesson(6, "the parcel broke", "b"), lesson(7, "nothing alike", "c")]
    shown = [shot.label["topic"] for shot in chosen(taught, "lost parcel", 4)]
    assert shown == ["a", "c", "b", "a"]


def test_a_class_that_is_not_close_has_no_turn() -> None:
    taught = [lesson(number, f"lost parcel case {number}") for number in range(1, 6)]
    assert [shot.label["topic"] for shot in chosen([*taught, lesson(9, "x", "c")], "lost parcel", 1)] == ["a"]


def test_neither_the_example_nor_its_content_nor_a_near_duplicate_is_shown() -> None:
    near = "where is the parcel that I sent to my old aunt on a cold day in May"
    taught = [lesson(1, "mine"), lesson(2, near), lesson(3, near + " and"), lesson(4, "where is it")]
    assert texts(chosen(taught, near, example_id=1)) == ["where is it"]


def test_content_without_any_word_is_known_as_the_same() -> None:
    assert texts(chosen([lesson(1, "?!"), lesson(2, "??")], "?!")) == ["??"]


def test_signs_of_scripts_without_spaces_count_one_by_one() -> None:
    taught = [lesson(1, "天气很好今天去公园"), lesson(2, "退款还没有到账"), lesson(3, "请问怎么开发票")]
    assert texts(chosen(taught, "我的退款在哪里", 1)) == ["退款还没有到账"]


def test_where_nothing_is_settled_nothing_is_shown() -> None:
    assert chosen([], "text") == []


@given(st.lists(st.tuples(WORDS, st.sampled_from("abc")), max_size=12), WORDS)
def test_the_order_of_lessons_makes_no_difference(
    drawn: list[tuple[list[str], str]], words: list[str]
) -> None:
    taught = [lesson(number, " ".join(said), topic) for number, (said, topic) in enumerate(drawn)]
    assert chosen(taught, " ".join(words)) == chosen(taught[::-1], " ".join(words))


@given(st.lists(WORDS, max_size=12), st.integers(1, 5))
def test_as_many_are_shown_as_there_are_and_no_more_than_asked_for(
    drawn: list[list[str]], count: int
) -> None:
    taught = [lesson(number, " ".join(said)) for number, said in enumerate(drawn, 1)]
    assert len(chosen(taught, "unlike any", count)) == min(count, len(taught))
