"""Files that models are trained on: what is asked and answered in them, and which label an answer means."""

from tests.formats.samples import kind, read, record, row, schema, write

TOPIC = schema({"topic": kind("choice", options=["pos", "neg"])})
BETTER = schema({"better": kind("preference")})


def test_messages_hold_guidelines_content_and_the_label_as_it_was_asked_for() -> None:
    made = schema(dict(TOPIC.fields), guidelines="Sort it.")
    [line], _ = write("messages", made, record({"text": "Fine."}, {"topic": "pos"}))
    assert line == {
        "messages": [
            {"role": "system", "content": "Sort it."},
            {"role": "user", "content": "Fine."},
            {"role": "assistant", "content": "pos"},
        ]
    }
    [line], _ = write("messages-anthropic", made, record({"text": "Fine."}, {"topic": "pos"}))
    assert line["system"] == "Sort it."
    assert [turn["role"] for turn in line["messages"]] == ["user", "assistant"]


def test_a_conversation_to_label_keeps_its_turns() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Go"},
    ]
    [line], _ = write("messages", TOPIC, record({"chat": turns}, {"topic": "neg"}))
    assert line["messages"] == [*turns, {"role": "assistant", "content": "neg"}]


def test_anthropic_takes_no_weight_and_no_conversation_that_the_assistant_begins() -> None:
    turns = [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Go"}]
    rows = [
        record({"chat": turns}, {"topic": "neg"}, weight=1.0),
        record({"text": "x"}, {"topic": "pos"}, weight=0.5),
    ]
    lines, lost = write("messages-anthropic", TOPIC, *rows, extras=("weight",))
    assert [set(line) for line in lines] == [{"messages"}]
    assert lost == {
        "conversation that does not begin with the user and end with the assistant": 1,
        "weight: Anthropic allows no other keys": 1,
    }


def test_an_answer_that_is_no_label_is_content_without_gold() -> None:
    messages = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A cat."}]
    value, lost = row("messages", TOPIC, {"messages": messages})
    assert value == {"content": {"text": "What is it?"}}
    assert lost == ("last message of the assistant: it is no label of the schema",)


PAIR = {"prompt": "p", "response_a": "yes", "response_b": "no"}


def test_a_tie_has_no_place_in_preference_pairs() -> None:
    rows = [record(PAIR, {"better": better}) for better in ("A", "B", "tie")]
    lines, lost = write("preference", BETTER, *rows)
    assert lines == [
        {"prompt": "p", "chosen": "yes", "rejected": "no"},
        {"prompt": "p", "chosen": "no", "rejected": "yes"},
    ]
    assert lost == {"tie: neither response was chosen": 1}
    [line], _ = write("preference-openai", BETTER, rows[0])
    assert line == {
        "input": {"messages": [{"role": "user", "content": "p"}], "tools": [], "parallel_tool_calls": True},
        "preferred_output": [{"role": "assistant", "content": "yes"}],
        "non_preferred_output": [{"role": "assistant", "content": "no"}],
    }


def test_which_side_a_chosen_response_gets_says_nothing_of_its_being_chosen() -> None:
    rows = read(
        "preference",
        BETTER,
        *({"prompt": "p", "chosen": f"{n} yes", "rejected": f"{n} no"} for n in range(200)),
    )
    first = sum((row.value or {})["gold"]["better"] == "A" for row in rows)
    assert 70 < first < 130


def test_alpaca_calls_the_response_output() -> None:
    [line], _ = write("alpaca", TOPIC, record({"text": "x"}, {"topic": "pos"}))
    assert line == {"instruction": "", "input": "x", "output": "pos"}
    value, _ = row("alpaca", TOPIC, {"instruction": "Sort it.", "input": "x", "output": "pos"})
    assert value == {"content": {"instruction": "Sort it.", "input": "x"}, "gold": {"topic": "pos"}}
