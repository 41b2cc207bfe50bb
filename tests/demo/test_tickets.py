"""The demo's tickets are the same for everyone, and hard enough to be worth reviewing."""

from collections import Counter

from prelabel.demo.tickets import schema_path, tickets
from prelabel.schema import LabelSchema

ALL = list(tickets())


def test_the_same_seed_makes_the_same_tickets_and_another_others() -> None:
    assert list(tickets(50)) == ALL[:50]
    assert list(tickets(50, seed=8)) != ALL[:50]


def test_every_category_of_the_schema_is_there_and_no_other() -> None:
    schema = LabelSchema.read(schema_path())
    counts = Counter(ticket.truth for ticket in ALL)
    assert sorted(counts) == sorted(schema.fields["category"].classes() or [])
    assert len(counts) == 15
    assert min(counts.values()) > len(ALL) * 0.02


def test_ids_are_unique_and_texts_nearly_so() -> None:
    assert len({ticket.id for ticket in ALL}) == len(ALL) == 10_000
    assert len({(ticket.subject, ticket.body) for ticket in ALL}) > 9_900


def test_some_have_gold_and_some_of_it_is_wrong() -> None:
    gold = [ticket for ticket in ALL if ticket.gold]
    assert 300 < len(gold) < 500
    assert 0 < sum(ticket.gold != ticket.truth for ticket in gold) < len(gold) * 0.05


def test_some_could_be_either_of_two() -> None:
    assert 0.03 < sum(ticket.vague for ticket in ALL) / len(ALL) < 0.1


def test_the_truth_is_not_in_the_rows_that_are_imported() -> None:
    assert {key for ticket in ALL for key in ticket.row()} == {"id", "subject", "body", "gold"}
