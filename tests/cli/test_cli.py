"""The command line, against a real embedded service, as a newcomer would use it."""

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import Result

from prelabel import settings
from prelabel.cli import commands, screen
from prelabel.client import Document
from prelabel.errors import PrelabelError
from prelabel.settings import Settings
from tests.cli.conftest import Cli
from tests.running import Running

SCHEMA = "fields:\n  topic:\n    kind: choice\n    options: [billing, returns]\n"


def write_tickets(path: Path, count: int, gold: int) -> None:
    rows = [
        {"id": f"t{number}", "text": text} | ({"gold": gold_label} if number < gold else {})
        for number in range(count)
        for text, gold_label in [
            [("my invoice is wrong", "billing"), ("I want to send it back", "returns")][number % 2]
        ]
    ]
    path.write_text("".join(json.dumps(row | {"text": f"{row['text']} {row['id']}"}) + "\n" for row in rows))


def submit_tickets(run_cli: Cli, file: Path) -> Result:
    write_tickets(file, 120, gold=40)
    file.with_name("schema.yaml").write_text(SCHEMA)
    submitted = run_cli("submit", file.name, "--schema", "schema.yaml")
    assert submitted.exit_code == 0, submitted.output
    return submitted


def test_submit_follows_the_drafting_and_export_takes_the_labels_home(run_cli: Cli, tmp_path: Path) -> None:
    submitted = submit_tickets(run_cli, tmp_path / "Tickets May.jsonl")
    assert "120 rows: 120 added" in submitted.output
    assert "of tickets-may/tickets-may with student" in submitted.output
    exported = run_cli("export", "-o", "labels.jsonl")
    assert exported.exit_code == 0
    labels = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert re.search(rf"labels\.jsonl: {len(labels)} labels of 120 examples", exported.output)
    assert {label["source"] for label in labels} <= {"auto", "gold"}


def test_status_and_measure_speak_of_the_newest_run(run_cli: Cli, tmp_path: Path) -> None:
    submit_tickets(run_cli, tmp_path / "june.jsonl")
    status, measured, listed = run_cli("status", "--no-follow"), run_cli("measure"), run_cli("runs")
    assert "of june/june with student" in status.output
    assert "drafts right on gold" in measured.output
    assert "per example" in measured.output
    assert "june / june" in listed.output


def test_bad_rows_are_shown_with_number_field_and_reason(run_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("id,text,gold\n1,x,billing\n2,y,weather\n3\n")
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    output = run_cli("submit", "bad.csv", "--schema", "schema.yaml", "--no-follow").output
    assert "3 rows: 1 added, 2 bad" in output
    assert 'row 2, gold.topic: "weather" is not one of the 2 options' in output
    assert "row 3: has 1 cells where the header has 3" in output


def test_a_new_user_gets_a_token_that_is_alone_on_standard_output(run_cli: Cli) -> None:
    added = run_cli("user", "add", "ada", "--role", "senior")
    assert added.stdout.startswith("pl_")
    assert len(added.stdout.split()) == 1
    assert "ada" in run_cli("user", "list").output
    assert "revoked" in run_cli("user", "revoke", "ada").output


def test_the_journal_shows_who_did_what_newest_first(run_cli: Cli, tmp_path: Path) -> None:
    submit_tickets(run_cli, tmp_path / "july.jsonl")
    run_cli("user", "add", "[bob]")
    shown = run_cli("journal", "--limit", "2").output
    assert [line.split("│")[3].strip() for line in shown.splitlines()[3:-1]] == ["token.issue", "user.add"]
    assert re.search(r"admin .*user\.add .*user \[bob\] .*role reviewer", shown)
    assert "run.start" not in shown
    assert "run.start" in run_cli("journal", "--act", "run.", "--project", "july").output
    assert "there is no user 'nobody'" in failure(run_cli, "journal", "--user", "nobody")


def test_images_that_were_uploaded_one_after_the_other_are_one_row_of_the_journal() -> None:
    def line(number: int, act: str, subject: str, **details: str) -> Document:
        at = f"2026-01-02T03:04:{number:02}.5Z"
        return {
            "id": number, "at": at, "user": None, "act": act, "project": "p", "subject": subject, "details": details,
        }  # fmt: skip

    uploads = [line(number, "image.upload", "dataset d", name=f"{number}.png") for number in range(3)]
    shown = Console(width=120, record=True, file=io.StringIO())
    screen.list_journal(
        shown, [*uploads, line(4, "run.start", "run 1"), line(5, "image.upload", "dataset e", name="x.png")]
    )
    rows = [line for line in shown.export_text().splitlines() if "2026" in line]
    assert len(rows) == 3
    assert re.search(r"03:04:00 .*the server .*image\.upload .*3 images", rows[0])
    assert "name x.png" in rows[2]


def submit_drafted(run_cli: Cli, file: Path) -> str:
    rows = [
        {"text": f"t{n}", "drafts": [{"model": "crf", "label": "billing", "confidence": 0.5 + n / 10}]}
        for n in range(5)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    file.with_name("schema.yaml").write_text(SCHEMA)
    return run_cli("submit", file.name, "--schema", "schema.yaml", "--model", "given").output


def test_drafts_that_came_with_the_rows_are_drafted_with(run_cli: Cli, tmp_path: Path) -> None:
    submitted = submit_drafted(run_cli, tmp_path / "given.jsonl")
    assert "5 rows: 5 added, 5 drafts" in submitted
    assert "drafts of the dataset, for --model: given/crf (5)" in submitted
    assert "of given/given with given/crf: reviewing" in submitted
    assert "1 settled, 4 queued for people" in submitted
    assert "spent $0" in run_cli("status", "--no-follow").output
    assert re.search(
        r"t4 .*settled.*billing.*0\.90.*billing.*auto", run_cli("examples", "--text", "T4").output
    )
    assert "more than these 1" in run_cli("examples", "--place", "queued", "-n", "1").output
    assert "no example of the run is as asked for" in run_cli("examples", "--text", "nowhere").output
    [line] = run_cli("examples", "--where", "confidence > 0.85", "--json").output.splitlines()
    assert json.loads(line)["label"] == {"topic": "billing"}


def test_a_schema_is_shown_and_changed_after_saying_what_that_does(run_cli: Cli, tmp_path: Path) -> None:
    submit_drafted(run_cli, tmp_path / "changed.jsonl")
    (tmp_path / "new.yaml").write_text("fields:\n  subject: {kind: choice, options: [money, returns]}\n")
    words = [
        "new.yaml",
        "--project",
        "changed",
        "--rename",
        "topic=subject",
        "--rename",
        "topic.billing=money",
    ]
    planned = run_cli("schema", "plan", *words).output
    assert "subject: was called 'topic'" in planned
    assert "settled labels: 0 stay, 1 are mapped" in planned
    assert "version 2 holds" in run_cli("schema", "apply", *words).output
    shown = run_cli("schema", "show", "--project", "changed").output
    assert '"money"' in shown
    assert re.search(r"version 2 of .*: runs \d", shown)
    assert (
        "says this already: nothing changes"
        in run_cli("schema", "plan", "new.yaml", "--project", "changed").output
    )
    assert "write OLD=NEW" in failure(run_cli, "schema", "plan", "new.yaml", "--rename", "x")


def failure(run_cli: Cli, *words: str) -> str:
    error = run_cli(*words).exception
    assert isinstance(error, PrelabelError), error
    return str(error)


def test_errors_are_sentences_that_say_what_to_do(run_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("x")
    (tmp_path / "s.yaml").write_text("fields:\n  a: [x]\n")
    assert "the format is not known by this name" in failure(run_cli, "submit", "a.docx")
    assert "s.yaml, line 2, fields.a" in failure(run_cli, "submit", "a.docx", "--schema", "s.yaml")
    assert "there is no run 999" in failure(run_cli, "status", "999")
    assert "there is no user 'nobody'" in failure(run_cli, "user", "token", "nobody")


def test_without_a_server_the_way_to_start_one_is_told(
    run_cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRELABEL_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("sys.argv", ["prelabel", "runs"])
    settings.settings.cache_clear()
    with pytest.raises(SystemExit) as end:
        commands.main()
    assert end.value.code == 1
    assert "start one with `prelabel up`" in capsys.readouterr().err.replace("\n", " ")


def test_without_a_token_the_way_to_get_one_is_told(
    run_cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PRELABEL_TOKEN")
    monkeypatch.setenv("PRELABEL_HOME", str(tmp_path))
    settings.settings.cache_clear()
    assert "PRELABEL_TOKEN" in failure(run_cli, "runs")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["submit"],
        ["quote"],
        ["cap"],
        ["export"],
        ["formats"],
        ["user"],
        ["journal"],
        ["schema", "apply"],
        ["up"],
        ["demo"],
    ],
)
def test_help_teaches_every_command_and_option(run_cli: Cli, words: list[str]) -> None:
    shown = run_cli(*words, "--help")
    assert shown.exit_code == 0
    assert all(
        re.search(r"\S  +\S", line) for line in shown.output.splitlines() if re.match(r"^│ +--\w", line)
    )


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_formats_are_listed_and_said_where_a_name_is_not_enough(run_cli: Cli, tmp_path: Path) -> None:
    listed = run_cli("formats").output
    assert "doccano" in listed
    assert "Stanford Alpaca" in run_cli("export", "--help").output
    (tmp_path / "a.txt").write_text(
        '{"text": "x", "label": ["billing"]}\n{"text": "y", "label": ["billing", "returns"]}\n'
    )
    (tmp_path / "s.yaml").write_text(SCHEMA)
    output = run_cli("submit", "a.txt", "--format", "doccano", "--schema", "s.yaml", "--no-follow").output
    assert "2 rows: 2 added" in output
    assert "not carried over: several labels in one example" in output


def test_an_export_is_split_into_a_folder_and_says_what_it_does_not_hold(
    run_cli: Cli, tmp_path: Path
) -> None:
    write_tickets(tmp_path / "split.jsonl", 60, gold=30)
    (tmp_path / "s.yaml").write_text(SCHEMA)
    run_cli("submit", "split.jsonl", "--schema", "s.yaml")
    chosen = ["--all", "--where", "status != 'failed'", "--weight", "confidence", "--split", "0.5/0.5"]
    exported = run_cli("export", "-o", "parts", *chosen)
    assert exported.exit_code == 0, exported.output
    parts = {
        name: [
            json.loads(line)["split"]
            for line in (tmp_path / "parts" / f"{name}.jsonl").read_text().splitlines()
        ]
        for name in ("train", "validation")
    }
    assert all(set(found) <= {name} for name, found in parts.items())
    assert sum(map(len, parts.values())) == 60
    assert "split: " in exported.output
    csv = run_cli("export", "-o", "labels.csv", "--format", "csv", "--all")
    assert "csv cannot hold: gold: CSV has no column for it (30 times)" in csv.output


def test_measure_and_reviewers_show_how_right_people_were_and_pause_them(
    service: Running, run_cli: Cli, tmp_path: Path
) -> None:
    draft = {"drafts": [{"model": "m", "label": "billing", "confidence": 0.4}]}
    rows = [{"id": f"e{number}", "text": f"plain {number}"} | draft for number in range(4)]
    rows += [{"id": f"g{number}", "text": f"gold {number}", "gold": "billing"} | draft for number in range(4)]
    (tmp_path / "checked.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    watched = ("--gold-share", "0.5", "--seeded-share", "1", "--reviewer-bar", "0.8")
    run_cli("submit", "checked.jsonl", "--schema", "schema.yaml", "--model", "given", *watched)
    assert "planted faults found" not in run_cli("measure").output
    newest = list(service.client.items("/runs"))[-1]["id"]
    works = service.client.post("/queue/claim", {"limit": 100, "run_id": newest})
    assert len(works) == 8
    for work in works:
        label = work["draft"] if work["example_id"] == "g0" else {"topic": "billing"}
        body = {"label": label, "client_token": f"answer-of-{work['slot_id']}"}
        service.client.post(f"/queue/{work['slot_id']}/submit", body)
    for shown in (run_cli("measure").output, run_cli("reviewers", "list").output):
        assert "planted faults found" in shown
        assert "75.0%" in shown
    assert "is paused in run" in run_cli("reviewers", "pause", "admin", "--why", "a talk").output
    assert "by admin" in run_cli("reviewers", "list").output
    assert "may go on with run" in run_cli("reviewers", "resume", "admin").output
    [one] = run_cli("reviewers", "list", str(newest), "--json").output.strip().splitlines()
    assert (json.loads(one)["is_paused"], json.loads(one)["planted"]["n"]) == (False, 4)


def test_conflicts_are_searched_for_listed_and_sent_to_people(run_cli: Cli, tmp_path: Path) -> None:
    said = ["billing", "returns"]
    rows = [
        {
            "id": f"c{number}",
            "text": f"my invoice {number // 2} is wrong",
            "drafts": [{"model": "m", "label": topic, "confidence": 0.99}],
        }
        for number, topic in enumerate(said * 3)
    ]
    (tmp_path / "clash.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    submitted = run_cli("submit", "clash.jsonl", "--schema", "schema.yaml", "--model", "given/m")
    assert submitted.exit_code == 0, submitted.output
    listed = run_cli("conflicts")
    assert listed.exit_code == 0, listed.output
    assert "the same text is labeled" in listed.output
    [first, *_] = [json.loads(line) for line in run_cli("conflicts", "--json", "-n", "3").output.splitlines()]
    assert {"score", "why", "example", "counterpart"} <= first.keys()
    exported = run_cli("export", "-o", "clash-out.jsonl")
    assert "may be wrong" in exported.output
    assert "1 examples are in the queue again" in run_cli("conflicts", "--queue", "1").output
    assert run_cli("conflicts", "--above", "1").output.strip() == "no open conflict"
    assert "searching" in run_cli("conflicts", "--again").output


def test_a_prompt_is_tried_out_listed_and_taken_into_a_run(run_cli: Cli, tmp_path: Path) -> None:
    said = {"t0": "billing", "t1": "returns"}
    rows = [
        {"id": name, "text": f"about {name}", "gold": "billing", "drafts": [{"model": "m", "label": label}]}
        for name, label in said.items()
    ]
    (tmp_path / "tried.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    run_cli("submit", "tried.jsonl", "--schema", "schema.yaml", "--model", "given")
    named, mine = ("--project", "tried"), tmp_path / "mine.md"
    mine.write_text(
        run_cli("prompts", "label", *named).output.replace("You label examples", "Label examples")
    )
    told = run_cli(
        "try", *named, "--model", "given", "--prompt", "mine.md", "--example", "t1", "--example", "t0"
    )
    assert told.exit_code == 0, told.output
    assert "50.0%" in told.output
    [trial] = [json.loads(line) for line in run_cli("trials", *named, "--json").output.splitlines()]
    digest = trial["digest"][:12]
    assert digest in told.output
    assert digest in run_cli("prompts", *named).output
    assert run_cli("submit", "tried.jsonl", *named, "--model", "given", "--prompt", digest).exit_code == 0
    mine.write_text(mine.read_text().replace("guidelines", "guidlines"))
    bad = run_cli("try", *named, "--prompt", "mine.md")
    assert "line 35: the system part has no variable 'guidlines'" in str(bad.exception)
    assert "no prompt 'other'" in str(run_cli("prompts", "other", *named).exception)
