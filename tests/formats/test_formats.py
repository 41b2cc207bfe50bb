"""A bad row costs no other row; what we write, we read."""

import gzip
import io
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel import formats
from prelabel.errors import FormatError
from prelabel.formats.base import LONGEST_LINE, Row, WriteOptions
from prelabel.schema import LabelSchema

KEEPABLE = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
SCHEMA = LabelSchema.load("{guidelines: Sort it., fields: {topic: [shipping, a]}}")
RECORD: dict[str, Any] = {
    "id": "t1", "content": {"text": "Where is it?"}, "label": {"topic": "shipping"}, "source": "auto", "status": "settled",
    "reason": None, "confidence": 0.97, "draft": {"topic": "shipping"}, "model": "m", "prompt": "abc", "reviewer": None,
    "gold": None, "meta": {"from": "mail"},
}  # fmt: skip


def read(name: str, data: bytes) -> list[Row]:
    return list(formats.reader(name)(io.BytesIO(data), SCHEMA))


def write(name: str, *records: dict[str, Any], schema: LabelSchema = SCHEMA, **options: Any) -> str:
    return b"".join(formats.writer(name)(records, WriteOptions(schema, **options))).decode()


def faults(name: str, data: bytes) -> list[tuple[int, str]]:
    return [(row.number, row.fault) for row in read(name, data) if row.value is None]


@given(st.lists(st.dictionaries(KEEPABLE, KEEPABLE | st.integers() | st.booleans(), min_size=1), max_size=5))
def test_json_lines_are_read_as_they_were_written(rows: list[dict[str, Any]]) -> None:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert [row.value for row in read("jsonl", data)] == rows


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_json_lines_reader(data: bytes) -> None:
    assert all(row.value is not None or row.fault for row in read("jsonl", data))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a": ', "not JSON"),
        (b"[1]", "a row is a JSON object, not a list"),
        (b"7", "not a number"),
        (b'{"a": "\xff"}', "byte 8 of the line (0xff) is not UTF-8"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": ["\\ud800"]}', "surrogate"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1, "a": 2}', '"a" stands twice in one object'),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "more than 4,300 digits"),
        (b'{"a": 1e999}', "too large"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_the_others_are_kept(line: bytes, said: str) -> None:
    rows = read("jsonl", b'\xef\xbb\xbf{"a": 1}\r\n\n' + line + b'\n{"a": 2}')
    assert [row.value for row in rows if row.value] == [{"a": 1}, {"a": 2}]
    [bad] = [row for row in rows if row.value is None]
    assert bad.number == 3
    assert said in bad.fault


def test_a_line_that_is_too_long_is_passed_over_without_being_kept_in_memory() -> None:
    data = b'{"a": "' + b"x" * (LONGEST_LINE * 2) + b'"}\n{"a": 2}\n'
    long, good = read("jsonl", data)
    assert "longer than 10,000,000 bytes" in long.fault
    assert (good.number, good.value) == (2, {"a": 2})


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_gzip_is_read_as_what_it_holds(name: str) -> None:
    data = {"jsonl": b'{"a": "1"}\n', "csv": b"a\n1\n"}[name]
    assert [row.value for row in read(name, gzip.compress(data))] == [{"a": "1"}]


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_a_gzip_file_that_was_cut_off_keeps_its_whole_rows_and_says_so(name: str) -> None:
    lines = [json.dumps({"a": str(number)}) for number in range(50_000)]
    data = "\n".join(lines if name == "jsonl" else ["a", *map(str, range(50_000))]).encode()
    rows = read(name, gzip.compress(data)[:-3_000])
    assert len(rows) > 1_000
    assert "damaged or incomplete" in rows[-1].fault


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"))


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_csv_cells_with_commas_quotes_and_line_breaks_are_read_whole(rows: list[tuple[str, str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    data = "a,b\n" + "".join(f"{quoted(first)},{quoted(second)}\n" for first, second in rows)
    assert [row.value for row in read("csv", data.encode())] == [
        {"a": first, "b": second} for first, second in rows
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_in_the_header(delimiter: str) -> None:
    assert read("csv", f"id{delimiter}text\n1{delimiter}x\n".encode())[0].value == {"id": "1", "text": "x"}


def test_a_csv_row_of_another_width_is_bad_and_the_next_is_kept() -> None:
    assert faults("csv", b"a,b\n1\n1,2,3\n1,2\n") == [
        (1, "has 1 cells where the header has 2"),
        (2, "has 3 cells where the header has 2"),
    ]


def test_a_csv_quote_that_is_never_closed_is_told() -> None:
    [(number, said)] = faults("csv", b'a,b\n1,"x\n2,y\n')
    assert number == 1
    assert "never closed" in said


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "empty"), (b"a,,b\n", "column 2 has no name"), (b"a,a\n", "'a' stands twice")]
)
def test_a_csv_header_that_cannot_be_used_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read("csv", data)


def test_csv_that_is_not_utf8_is_a_bad_row() -> None:
    assert faults("csv", b"a\n\xff\nok\n") == [(1, "byte 1 of the line (0xff) is not UTF-8")]


def test_our_json_lines_hold_everything_of_a_record() -> None:
    assert json.loads(write("jsonl", RECORD)) == RECORD


def test_csv_has_a_column_for_each_content_and_label_field() -> None:
    text = write("csv", RECORD, content_fields={"text": "text"})
    header, row = text.splitlines()
    assert header == "id,text,label.topic,status,source,confidence,reason,model,prompt,reviewer"
    assert row == "t1,Where is it?,shipping,settled,auto,0.97,,m,abc,"


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-2+3", "@SUM(A1)", "\tx"])
def test_csv_cells_that_would_be_formulas_are_defused(cell: str) -> None:
    text = write("csv", RECORD | {"content": {"text": cell}}, content_fields={"text": "text"})
    assert f"'{cell}" in text


@pytest.mark.parametrize("cell", ["-5", "+49", "-.5e3"])
def test_csv_cells_that_are_numbers_stay_numbers(cell: str) -> None:
    text = write("csv", RECORD | {"content": {"text": cell}}, content_fields={"text": "text"})
    assert f",{cell}," in f",{text.splitlines()[1]},"
    assert f"'{cell}" not in text


def test_csv_takes_our_own_export_apart_again_formulas_and_all() -> None:
    contents = [{"text": "=1+1", "from": "x"}, {"text": "'=1", "note": "a, b"}, {"text": "'plain"}]
    rows = [RECORD | {"content": content, "weight": 0.5} for content in contents]
    fields = dict.fromkeys(("text", "from", "note"), "text")
    found = read("csv", write("csv", *rows, content_fields=fields, extras=("weight",)).encode())
    label = {"topic": "shipping"}
    assert [row.value for row in found] == [
        {"id": "t1", "content": content, "label": label} for content in contents
    ]


def test_instructions_leave_examples_without_a_label_out() -> None:
    line = json.loads(write("instruct", RECORD, RECORD | {"label": None}))
    assert line == {"instruction": "Sort it.", "input": "Where is it?", "response": "shipping"}


def test_instructions_answer_in_json_where_there_are_several_fields() -> None:
    schema = LabelSchema.load("fields: {topic: [shipping, a], angry: {kind: boolean}}")
    line = json.loads(write("instruct", RECORD | {"label": {"topic": "a", "angry": True}}, schema=schema))
    assert json.loads(line["response"]) == {"topic": "a", "angry": True}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.jsonl", "jsonl"),
        ("a.CSV.gz", "csv"),
        ("a.tsv", "csv"),
        ("b.ndjson.gz", "jsonl"),
        ("c.parquet", "parquet"),
        ("run-1.doccano.jsonl", "doccano"),
        ("run-1.messages-anthropic.jsonl.gz", "messages-anthropic"),
    ],
)
def test_a_file_is_known_by_its_name(name: str, known: str) -> None:
    assert formats.for_path(Path(name)) == known


def test_an_unknown_file_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(FormatError, match=r"\.csv, \.tsv, .*\.jsonl.*--format"):
        formats.for_path(Path("a.docx"))


def test_a_format_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(FormatError, match=r"'docx' cannot be read .those that can: .*csv, .*jsonl"):
        formats.reader("docx")


def test_a_format_that_can_hold_nothing_of_a_schema_is_refused_beforehand() -> None:
    with pytest.raises(FormatError, match="'coco' holds boxes, but the schema has only choice"):
        formats.check_holds("coco", SCHEMA)


def test_a_format_whose_library_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FormatError, match=r"needs pyarrow.*pip install 'prelabel\[parquet\]'"):
        formats.reader("parquet")


def test_a_stream_that_is_read_in_small_pieces_gives_the_same_rows() -> None:
    class Drip(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece = self._data.read(min(3, len(buffer)))
            buffer[: len(piece)] = piece
            return len(piece)

    data = b'{"a": "caf\xc3\xa9"}\n{"a": 2}\n'
    assert list(formats.reader("jsonl")(cast(BinaryIO, Drip(data)), SCHEMA)) == read("jsonl", data)


def test_every_format_has_its_place_in_the_documentation() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "formats.md").read_text()
    assert [name for name in formats.known() if f"### `{name}`\n" not in page] == []
