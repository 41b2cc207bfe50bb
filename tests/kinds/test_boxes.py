"""Boxes on an image: what is one, when two are the same, and what several people settle on."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prelabel.errors import LabelError
from prelabel.kinds.boxes import Boxes, iou
from tests.kinds.test_kinds import some_boxes

KIND = Boxes.model_validate({"options": ["cell", "dot"]})


def box(x: float, y: float, width: float = 0.2, height: float = 0.2, label: str = "cell") -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "label": label}


@given(some_boxes())
def test_a_normal_form_is_valid_sorted_and_without_repeats(value: list[Any]) -> None:
    KIND.validate_value(value, "f")
    normal = KIND.normalize(value)
    KIND.validate_value(normal, "f")
    assert normal == KIND.normalize(normal[::-1] * 2)
    assert all(one["x"] + one["width"] <= 1 + 1e-9 for one in normal)


@given(some_boxes(), some_boxes())
def test_as_many_match_one_way_as_the_other_and_never_more_than_there_are(a: list[Any], b: list[Any]) -> None:
    found = KIND.matches(a, b)
    assert len(found) == len(KIND.matches(b, a)) <= min(len(a), len(b))
    assert found.keys() <= set(KIND.parts(a))
    assert all(0.5 <= overlap <= 1 + 1e-9 for overlap in found.values())
    assert list(KIND.matches(a, a)) == KIND.parts(a)


@settings(max_examples=30)
@given(st.lists(some_boxes(), min_size=1, max_size=4))
def test_the_order_of_votes_makes_no_difference(votes: list[Any]) -> None:
    assert len({str(KIND.combine(order)) for order in permutations(votes)}) == 1


def test_overlap_is_that_of_the_areas() -> None:
    assert iou(box(0, 0), box(0.1, 0)) == pytest.approx(1 / 3)
    assert iou(box(0, 0), box(0.2, 0)) == 0


def test_boxes_of_other_labels_never_match() -> None:
    assert KIND.distance([box(0, 0)], [box(0, 0, label="dot")]) == 1
    assert KIND.distance([], []) == 0
    assert KIND.distance([box(0, 0), box(0.5, 0.5)], [box(0, 0.01)]) == pytest.approx(1 / 3)


def test_as_many_pairs_match_as_can_where_the_best_pair_would_leave_two_alone() -> None:
    first, between, second = box(0, 0, 0.3), box(0.05, 0, 0.3), box(0.14, 0, 0.3)
    assert iou(between, first) > iou(between, second) > 0.5
    assert iou(first, box(0.09, 0, 0.3)) > 0.5 > iou(first, second)
    assert len(KIND.matches([between, first], [box(0.04, 0, 0.3), second])) == 2


def test_what_more_than_half_drew_is_kept_with_its_edges_at_the_median() -> None:
    votes = [[box(0.1, 0.1), box(0.6, 0.6)], [box(0.12, 0.1)], [box(0.11, 0.1, width=0.24), box(0.6, 0.1)]]
    assert KIND.combine(votes) == [box(0.11, 0.1, width=0.21)]


def test_half_against_half_is_for_the_senior() -> None:
    assert KIND.combine([[box(0.1, 0.1)], []]) is None
    assert KIND.combine([[], [], [box(0.1, 0.1)]]) == []
    assert KIND.combine([]) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("none", "f: must be a list of boxes"),
        ([[0, 0, 1, 1]], "f.0: must be an object with x, y, width, height and label"),
        ([box(0, 0) | {"score": 1}], "f.0: must be an object"),
        ([box(0, 0, label="cel")], "f.0.label: \"cel\" is not one of the 2 options; did you mean 'cell'?"),
        ([box(0, 0), box(330, 15)], "f.1.x: must be a fraction of the image, from 0 to 1, not 330"),
        ([box(-0.1, 0)], "f.0.x: must be a fraction"),
        ([box(float("nan"), 0)], "f.0.x: must be a fraction"),
        ([box(10**400, 0)], "f.0.x: must be a fraction"),
        ([box(True, 0)], "f.0.x: must be a fraction"),
        ([box(0, 0, width=0)], "f.0.width: must be more than 0"),
        ([box(0, 0.9)], "f.0.height: reaches 0.100000 over the image's edge"),
        ([box(0, 0)] * 1_001, "f: must hold at most 1,000 boxes"),
    ],
)
def test_what_is_no_box_within_the_image_is_refused_with_its_path(value: Any, said: str) -> None:
    with pytest.raises(LabelError) as refusal:
        KIND.validate_value(value, "f")
    assert said in str(refusal.value)


def test_one_label_is_enough() -> None:
    assert Boxes.model_validate({"options": ["face"]}).values == ["face"]
