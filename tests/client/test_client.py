"""What a data lead does in a notebook, against a real service."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from prelabel import Client as AtTheTop
from prelabel import errors
from prelabel.client import Client, Run
from tests.client.conftest import SCHEMA, rows
from tests.running import TOKEN, Running


def test_a_frame_a_dataset_a_list_and_a_file_bring_in_the_same(client: Client, tmp_path: Path) -> None:
    import datasets
    import pandas as pd

    made = rows(6, 6)
    file = tmp_path / "tickets.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in made))
    first = client.submit(made, "same", schema=SCHEMA)
    again = [
        client.submit(data, "same") for data in (pd.DataFrame(made), datasets.Dataset.from_list(made), file)
    ]
    assert (first.rows, first.added, first.bad) == (6, 6, 0)
    assert [(one.added, one.already_there) for one in again] == [(0, 6)] * 3


def test_a_cell_without_value_is_left_out_and_classes_of_a_dataset_go_by_their_names(client: Client) -> None:
    import datasets
    import pandas as pd

    frame = pd.DataFrame({"text": ["one", "two"], "gold": ["billing", None], "n": [1.0, float("nan")]})
    assert client.submit(frame, "missing", schema=SCHEMA).bad == 0
    names = datasets.Features(
        {"text": datasets.Value("string"), "gold": datasets.ClassLabel(names=["returns", "billing"])}
    )
    numbered = datasets.Dataset.from_dict({"text": ["three"], "gold": [1]}, features=names)
    assert client.submit(numbered, "missing").bad == 0
    found = client.start_run("missing", "missing").examples()
    assert [(one.content, one.gold and one.gold["topic"]) for one in found] == [
        ({"text": "one", "n": 1}, "billing"), ({"text": "two"}, None), ({"text": "three"}, "billing"),
    ]  # fmt: skip


def test_bad_rows_come_back_as_objects_all_of_them_and_the_good_ones_are_kept(client: Client) -> None:
    imported = client.submit([{"text": "fine"}, *[{"text": "spam", "gold": "x"}] * 150], "bad", schema=SCHEMA)
    assert (imported.added, imported.bad, len(imported.bad_rows)) == (1, 150, 150)
    assert (imported.bad_rows[0].row, imported.bad_rows[0].field) == (2, "gold.topic")
    assert "one of" in imported.bad_rows[0].reason


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([{"text": object()}], "row 1, text: a value of type object"),
        ([1], "row 1: is no object"),
        ({"train": []}, "choose one of train"),
        (5, "rows come from a data frame"),
    ],
)
def test_what_cannot_be_sent_is_named(client: Client, data: object, said: str) -> None:
    client.define_project("unsent", SCHEMA)
    with pytest.raises(errors.InputError, match=said):
        client.submit(data, "unsent")


def test_it_signs_in_by_the_environment_or_by_what_up_has_left(
    service: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PRELABEL_URL", service.client.url)
    monkeypatch.setenv("PRELABEL_HOME", str(tmp_path))
    with pytest.raises(errors.NotSignedIn, match="prelabel up"):
        AtTheTop()
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with AtTheTop() as client:
        client.define_project("signed-in", SCHEMA)
    monkeypatch.setenv("PRELABEL_TOKEN", "pl_another")
    with AtTheTop() as client, pytest.raises(errors.NotSignedIn):
        list(client.projects())


def test_a_run_says_what_it_costs_is_waited_for_and_shows_itself(client: Client, drafted: Run) -> None:
    quote = client.quote("drafted", "drafted", model="openai/gpt-4o-mini", cap=5)
    assert isinstance(quote.most, Decimal)
    assert 0 < quote.dollars["low"] <= quote.dollars["mean"] <= quote.most
    assert "at most" in quote._repr_html_()
    assert (drafted.stage, drafted.spent, sum(drafted.places.values())) == ("reviewing", Decimal(0), 60)
    assert "run " in drafted._repr_html_()
    assert next(client.runs("drafted")).id == drafted.id


def test_to_wait_for_what_does_not_come_says_why(client: Client, drafted: Run) -> None:
    with pytest.raises(errors.Unavailable, match="is still reviewing after 0 s"):
        client.run(drafted.id).wait("done", seconds=0, every=0.01, bar=True)


def test_examples_are_found_and_answers_given_and_looked_at(client: Client, drafted: Run) -> None:
    works = client.queue(drafted.id, page=4)
    first, second = next(works), next(works)
    assert first.confirm(seconds=3)["verdict"] == "confirmed"
    other = {"topic": "billing" if second.draft == {"topic": "returns"} else "returns"}
    second.submit(other, comment="read it twice")
    next(works).flag("nonsense")
    works.close()
    assert {review.verdict for review in drafted.reviews()} == {"confirmed", "corrected", "flagged"}
    [corrected] = drafted.reviews(verdict="corrected")
    assert (corrected.example_id, corrected.comment) == (second.example_id, "read it twice")
    [example] = drafted.examples(text=second.content["text"], corrected=True)
    assert (example.label, example.source) == (other, "review")


def test_work_that_is_not_answered_goes_back_and_comes_no_second_time(client: Client, drafted: Run) -> None:
    held = [work.slot_id for work in client.queue(drafted.id, page=5)]
    assert len(held) == len(set(held)) == drafted.refresh().places["queued"]
    assert client.renew(held) == []


def test_a_label_that_does_not_fit_is_refused_in_the_words_of_the_server(
    client: Client, drafted: Run
) -> None:
    works = client.queue(drafted.id)
    with pytest.raises(errors.LabelError, match='topic: "spam" is not one of'):
        next(works).submit({"topic": "spam"})
    works.close()


def test_labels_go_into_a_frame_and_into_files_that_are_whole(
    client: Client, drafted: Run, tmp_path: Path
) -> None:
    frame = drafted.to_frame()
    assert list(frame.columns[:3]) == ["id", "text", "label.topic"]
    assert len(frame) == len(list(drafted.labels())) == drafted.refresh().places["settled"]
    assert len(drafted.to_frame("all")) == 60
    assert drafted.export(tmp_path / "labels.csv").read_text().startswith("id,text,label.topic")
    with pytest.raises(errors.InputError):
        drafted.export(tmp_path / "broken.jsonl", where="nothing ==")
    assert not (tmp_path / "broken.jsonl").exists()


def test_measures_are_typed_and_drawn(drafted: Run) -> None:
    measures = drafted.measure()
    assert measures.outlook.gold.n == 40
    assert measures.cost.model_dollars == 0
    shown = measures._repr_html_()
    assert shown.count("<svg") >= 1
    assert {one["name"] for one in drafted.scores(by="class")} == {"topic: billing", "topic: returns"}
    assert drafted.agreement()["examples"] == 0


def test_it_loads_neither_web_framework_nor_database_nor_pandas() -> None:
    code = (
        "import sys; from prelabel import Client; print({'fastapi', 'starlette', 'celery', 'sqlmodel', 'sqlalchemy', "
        "'pandas', 'numpy', 'sklearn', 'datasets', 'litellm'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"
