"""Agreement, skill and the alternative annotator test give the published values to the digits that were published."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.measure.agreement.alternative import Row, may_replace, near_number, same
from prelabel.measure.agreement.coefficients import Alpha, by_distance, by_level, cohen, fleiss
from prelabel.measure.agreement.skill import Answer, dawid_skene, shares_of_votes


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture
def worked(shared_data: Path) -> dict[str, Any]:
    examples = json.loads((shared_data / "agreement" / "worked_examples.json").read_text())
    return {example["id"]: example for example in examples}


def alpha_of(ratings: list[list[Any]], level: Any) -> float | None:
    units = [[value for value in unit if value is not None] for unit in ratings]
    values = sorted({value for unit in units for value in unit})
    codes = [[values.index(value) for value in unit] for unit in units]
    numbers = values if level != "nominal" else range(len(values))
    return Alpha(codes, len(values), by_level(list(numbers), level)).value()


def table_of(example: dict[str, Any]) -> Any:
    if "confusion" in example:
        return np.array(example["confusion"], dtype=float)
    values = sorted({value for pair in example["ratings"] for value in pair})
    table = np.zeros((len(values), len(values)))
    for one, other in example["ratings"]:
        table[values.index(one), values.index(other)] += 1
    return table


def fleiss_of(example: dict[str, Any]) -> float | None:
    counts = [[unit.count(cls) for cls in example["categories"]] for unit in example["ratings"]]
    return fleiss(np.array(counts, dtype=float))


def test_every_published_coefficient_comes_out(worked: dict[str, Any]) -> None:
    seen = 0
    for name, example in worked.items():
        for published in example["published"]:
            found = {
                "fleiss_kappa": lambda e, p: fleiss_of(e),
                "cohen_kappa": lambda e, p: cohen(table_of(e), p.get("weights", "nominal")),
                "krippendorff_alpha": lambda e, p: alpha_of(e["ratings"], p["level"]),
            }[published["statistic"]](example, published)
            assert found == pytest.approx(published["value"], abs=published["tolerance"]), (name, published)
            seen += 1
    assert seen == 13


def test_dawid_and_skene_find_their_own_shares(worked: dict[str, Any]) -> None:
    ratings = worked["dawid_skene_1979"]["ratings"]
    answers = [
        Answer(patient, observer, cls - 1)
        for patient, said in enumerate(ratings)
        for observer, classes in enumerate(said)
        for cls in classes
    ]
    skill = dawid_skene(answers, len(ratings), 5, 4)
    assert [round(float(share), 4) for share in skill.shares] == [0.3996, 0.4220, 0.1118, 0.0667]


@pytest.mark.parametrize(
    ("name", "majority", "skilled"),
    [
        ("snow_rte", 0.8969, 0.9275),
        ("snow_temp", 0.9361, 0.9416),
        ("bluebird", 0.7593, 0.8981),
        ("dices350", 0.654, 0.49),
    ],
)
def test_aggregation_is_as_good_as_it_is_known_to_be(
    shared_data: Path, name: str, majority: float, skilled: float
) -> None:
    data = rows(shared_data / "multi_annotator" / f"{name}.jsonl.gz")
    classes = sorted({str(one["label"]) for row in data for one in row["annotations"]})
    people = sorted({one["annotator"] for row in data for one in row["annotations"]})
    number = {person: index for index, person in enumerate(people)}
    answers = [
        Answer(index, number[one["annotator"]], classes.index(str(one["label"])))
        for index, row in enumerate(data)
        for one in row["annotations"]
    ]
    gold = np.array([classes.index(str(row["gold"])) for row in data])

    def accuracy(probable: Any) -> float:
        best = np.isclose(probable, probable.max(axis=1, keepdims=True))
        return float((best[np.arange(len(gold)), gold] / best.sum(axis=1)).mean())

    digits = 3 if name == "dices350" else 4
    assert round(accuracy(shares_of_votes(answers, len(data), len(classes))), digits) == majority
    skill = dawid_skene(answers, len(data), len(people), len(classes))
    assert round(accuracy(skill.classes), 2 if name == "dices350" else 4) == skilled


@pytest.mark.parametrize("name", ["wax", "cebab_aspects", "cebab_stars", "10k_prompts"])
def test_every_published_verdict_on_a_model_comes_out(shared_data: Path, name: str) -> None:
    expected = json.loads((shared_data / "multi_llm" / "alttest_expected.json").read_text())[name]
    data = rows(shared_data / "multi_llm" / f"alttest_{name}.jsonl.gz")
    near = same if expected["metric"] == "accuracy" else near_number
    for model, published in expected["published"].items():
        said = [
            Row(one["label"], {person["annotator"]: person["label"] for person in row["annotations"]})
            for row in data
            for one in row["llms"]
            if one["model"] == model and one["label"] is not None
        ]
        found = may_replace(said, near, expected["epsilon"])
        assert found is not None
        assert (round(found.winning_rate, 2), round(found.advantage, 2), found.passed) == (
            published["winning_rate"], published["advantage_probability"], published["passed"],
        ), (name, model)  # fmt: skip


def test_two_people_are_too_few_to_replace_one() -> None:
    assert may_replace([Row("a", {"ann": "a", "ben": "a"})] * 100, same, 0.1) is None


def test_a_model_that_is_always_with_the_others_passes_and_one_that_never_is_fails() -> None:
    people = {"ann": "a", "ben": "a", "cleo": "a"}
    good, bad = (may_replace([Row(said, people)] * 40, same, 0.1) for said in ("a", "b"))
    assert good is not None
    assert bad is not None
    assert (good.winning_rate, good.advantage, good.passed) == (1.0, 1.0, True)
    assert (bad.winning_rate, bad.advantage, bad.passed) == (0.0, 0.0, False)


def test_nobody_who_differs_gives_no_coefficient() -> None:
    alpha = Alpha([[0, 0], [0, 0]], 2, by_level([0, 1], "nominal")).agreement()
    assert (alpha.value, alpha.low, alpha.high, alpha.n) == (None, None, None, 2)


def test_fleiss_needs_equally_many_answers() -> None:
    with pytest.raises(ValueError, match="same number of answers"):
        fleiss(np.array([[2.0, 0.0], [1.0, 0.0]]))


UNITS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=2, max_size=20)


@given(UNITS)
def test_units_with_one_answer_say_nothing(units: list[list[int]]) -> None:
    apart = by_level([0, 1, 2, 3], "ordinal")
    assert Alpha(units, 4, apart).value() == Alpha([u for u in units if len(u) > 1], 4, apart).value()


@given(UNITS)
def test_a_distance_of_one_between_all_is_the_nominal_level(units: list[list[int]]) -> None:
    given_distances = by_distance(1 - np.eye(4))
    nominal = by_level([0, 1, 2, 3], "nominal")
    assert Alpha(units, 4, given_distances).value() == Alpha(units, 4, nominal).value()


def test_the_interval_holds_the_value_and_narrows_with_more_examples() -> None:
    few = [[0, 0], [1, 1], [0, 1], [1, 1], [0, 0], [1, 0], [0, 0], [1, 1]] * 4
    apart = by_level([0, 1], "nominal")
    widths = []
    for units in (few, few * 10):
        found = Alpha(units, 2, apart).agreement()
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]
