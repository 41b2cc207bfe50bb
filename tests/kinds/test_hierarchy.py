"""Options beneath others are chosen by their path, and are the nearer the longer a path they share."""

from typing import Any

import pytest
from pydantic import ValidationError

from prelabel.errors import LabelError
from prelabel.kinds.choice import Choice
from prelabel.kinds.choices import Choices

TREE = {"animal": ["dog", "cat"], "plant": {"description": "that grows", "options": {"tree": ["oak", "elm"]}}}
LEAVES = ["animal/dog", "animal/cat", "plant/tree/oak", "plant/tree/elm"]


def choice(**settings: Any) -> Choice:
    return Choice.model_validate({"options": TREE} | settings)


def choices(**settings: Any) -> Choices:
    return Choices.model_validate({"options": TREE} | settings)


def test_values_are_the_paths_of_what_has_nothing_beneath_it() -> None:
    assert choice().values == LEAVES
    assert choice().json_schema() == {"type": "string", "enum": LEAVES}
    assert choice().class_of("animal/dog") == "animal/dog"


def test_with_inner_a_branch_is_a_value_too() -> None:
    assert choice(inner=True).values == ["animal", *LEAVES[:2], "plant", "plant/tree", *LEAVES[2:]]
    with pytest.raises(LabelError, match="not one of the 4 options"):
        choice().validate_value("animal", "kind")


def test_a_leaf_without_its_path_is_refused_with_the_path() -> None:
    with pytest.raises(LabelError, match="did you mean 'animal/dog'"):
        choice().validate_value("dog", "kind")


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("animal/dog", "animal/dog", 0),
        ("animal/dog", "animal/cat", 1 / 2),
        ("plant/tree/oak", "plant/tree/elm", 1 / 3),
        ("plant/tree", "plant/tree/elm", 1 / 5),
        ("animal/dog", "plant/tree/elm", 1),
    ],
)
def test_distance_is_by_the_depth_of_the_shared_path(a: str, b: str, distance: float) -> None:
    assert choice(inner=True).distance(a, b) == pytest.approx(distance)
    assert choice(inner=True).distance(b, a) == pytest.approx(distance)


def test_a_slash_in_an_option_without_others_beneath_is_no_path() -> None:
    flat = Choice.model_validate({"options": ["input/output", "input/error"]})
    assert flat.values == ["input/output", "input/error"]
    assert flat.distance("input/output", "input/error") == 1


def test_what_stands_above_a_chosen_option_goes_without_saying() -> None:
    assert choices(inner=True).normalize(["animal/dog", "animal"]) == ["animal/dog"]
    choices(inner=True, max=1).validate_value(["animal/dog", "animal"], "kinds")


def test_sets_are_the_nearer_the_more_of_their_paths_they_share() -> None:
    assert choices().distance(["animal/dog"], ["animal/cat"]) == pytest.approx(2 / 3)
    assert choices().distance(["animal/dog"], ["plant/tree/elm"]) == 1


def test_people_who_agree_on_a_branch_settle_it_where_it_is_a_value() -> None:
    votes = [["animal/dog"], ["animal/cat"], ["animal"]]
    assert choices(inner=True).combine(votes) == ["animal"]
    assert choices(min=1).combine([*votes[:2], ["plant/tree/oak"]]) is None


def deep(levels: int) -> Any:
    return {"a": ["x", "y"]} if levels == 1 else {"a": {"options": deep(levels - 1)}}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"a": ["x", "x"]}, "'a/x' stands twice"),
        ([{"value": "a", "options": ["x", "y"]}, "a"], "'a' stands twice"),
        ({"a": ["x/y", "z"]}, 'holds a "/"'),
        (deep(10), "more than 10 levels deep"),
    ],
)
def test_a_tree_that_is_ambiguous_or_too_deep_is_refused(options: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Choice.model_validate({"options": options})


def test_a_tree_may_be_ten_levels_deep() -> None:
    assert Choice.model_validate({"options": deep(9)}).values == ["/".join("a" * 9 + end) for end in "xy"]
