"""A certificate can be worked out again from the records alone, and whatever was changed afterwards is noticed."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest

from prelabel.errors import InputError
from prelabel.measure.guarantee.certificate import Certificate, certify
from prelabel.measure.guarantee.judging import accepted_ids, pools
from prelabel.measure.guarantee.sample import in_audit_order, in_order, new_seed
from prelabel.measure.guarantee.slices import slice_level
from prelabel.measure.guarantee.terms import Record, Terms
from prelabel.measure.guarantee.verify import verify

SEED = "5eed" * 8
SCHEMA = {"fields": {"topic": {"kind": "choice", "options": ["a", "b"]}}}
RATED = {"fields": {"stars": {"kind": "rating", "min": 1, "max": 5}}}
SIZE = 1_200
BY_LANGUAGE = {"by": "meta.language", "audits": {"de": 150, "en": 150}}


def terms(**changed: Any) -> Terms:
    told = {"seed": SEED, "epsilon": 0.05, "alpha": 0.05, "audits": (200,), "label_schema": SCHEMA}
    return Terms.model_validate(told | changed)


def settle(given: Terms) -> list[Record]:
    """A dataset that people have settled by the cut of its certificate; ten drafts failed."""
    rng = np.random.default_rng(1)
    uncertainty = np.round(rng.random(SIZE), 2)
    wrong = rng.random(SIZE) < uncertainty**2 / 2
    right, other = (
        ({"stars": 1}, {"stars": 2}) if given.label_schema == RATED else ({"topic": "a"}, {"topic": "b"})
    )

    def record(index: int, accepted: Collection[str], audits: Collection[str]) -> Record:
        id_ = f"e{index}"
        auto = id_ in accepted
        return Record(
            id=id_, draft=right, label=other if wrong[index] and not auto else right, audited=id_ in audits,
            source="auto" if auto else "review", uncertainty=float(uncertainty[index]),
            meta={"language": ("de", "en", "fr")[index % 3]},
        )  # fmt: skip

    failed = [
        Record(id=f"f{index}", draft=None, label=other, source="review", uncertainty=None)
        for index in range(10)
    ]
    reviewed = [*(record(index, (), ()) for index in range(SIZE)), *failed]
    drawn_from = pools(reviewed, given)
    audits = {pool.records[at].id for pool in drawn_from for at in pool.sample}
    accepted = accepted_ids(drawn_from, certify(reviewed, given).cuts())
    return [*(record(index, accepted, audits) for index in range(SIZE)), *failed]


FORMS = {
    "one look": terms(),
    "three looks": terms(audits=(80, 140, 200)),
    "delta": terms(delta=0.2),
    "slices by meta": terms(audits=(300,), slices=BY_LANGUAGE, epsilon=0.1),
    "slices by class": terms(slices={"by": "topic", "audits": {"a": 200}}),
    "distance": terms(loss="distance", label_schema=RATED, epsilon=0.03),
    "distance by slice": terms(loss="distance", label_schema=RATED, audits=(300,), slices=BY_LANGUAGE),
}


@pytest.mark.parametrize("given", FORMS.values(), ids=FORMS)
def test_a_certificate_holds_for_its_own_records_in_any_order_and_after_a_round_trip(given: Terms) -> None:
    records = settle(given)
    certificate = certify(records, given, ["ann"])
    assert certificate.unreviewed > 100
    assert certificate.chance <= 0.05
    read = Certificate.model_validate_json(certificate.model_dump_json())
    assert read == certificate
    assert (
        verify([Record.model_validate_json(one.model_dump_json()) for one in reversed(records)], read) == []
    )


def change(records: list[Record], pick: Callable[[Record], bool], **changed: Any) -> list[Record]:
    """The records with the first that is picked changed."""
    at = next(index for index, record in enumerate(records) if pick(record))
    return [*records[:at], records[at].model_copy(update=changed), *records[at + 1 :]]


TAMPERED: dict[str, tuple[Callable[[Record], bool], dict[str, Any]]] = {
    "an accepted label": (lambda one: one.source == "auto", {"label": {"topic": "b"}}),
    "an audit that found an error": (
        lambda one: one.audited and one.label != one.draft,
        {"label": {"topic": "a"}},
    ),
    "a label of people": (lambda one: one.source == "review" and not one.audited, {"label": {"topic": "b"}}),
    "an uncertainty": (lambda one: one.uncertainty is not None, {"uncertainty": 0.5}),
    "an audit mark": (lambda one: one.audited, {"audited": False}),
    "who settled it": (lambda one: one.audited, {"source": "auto"}),
    "an id": (lambda one: one.audited, {"id": "other"}),
    "a label that is gone": (lambda one: one.source == "auto", {"label": None}),
    "a label of no schema": (lambda one: one.source == "auto", {"label": {"topic": "c"}}),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_changed_record_is_noticed(what: str) -> None:
    records = settle(terms())
    certificate = certify(records, terms())
    pick, changed = TAMPERED[what]
    assert verify(change(records, pick, **changed), certificate)


@pytest.mark.parametrize("form", ["slices by meta", "distance", "distance by slice"])
@pytest.mark.parametrize(
    "what",
    [
        "an accepted label",
        "an audit that found an error",
        "an uncertainty",
        "an audit mark",
        "who settled it",
    ],
)
def test_a_changed_record_is_noticed_in_every_form(form: str, what: str) -> None:
    records = settle(FORMS[form])
    certificate = certify(records, FORMS[form])
    pick, changed = TAMPERED[what]
    if form != "slices by meta":
        changed = {name: {"stars": 3} if name == "label" else value for name, value in changed.items()}
    assert verify(change(records, pick, **changed), certificate)


def test_a_record_that_was_moved_to_another_slice_is_noticed() -> None:
    given = FORMS["slices by meta"]
    records = settle(given)
    assert verify(change(records, lambda one: one.audited, meta={"language": "fr"}), certify(records, given))


def test_the_slices_of_a_certificate_say_what_was_needed_and_at_which_level() -> None:
    given = FORMS["slices by meta"]
    found = certify(settle(given), given)
    assert [(one.name, one.pool, one.audited) for one in found.slices] == [("de", 400, 150), ("en", 400, 150)]
    assert {one.alpha for one in found.slices} == {slice_level(0.05, 2)}
    assert all(one.needed is not None and 30 < one.needed < one.audited for one in found.slices)
    assert "each of 2 audited slices holds with 1 - 0.02532" in found.correction
    assert "each slice by meta.language (2 were audited) have at most 0.1 wrong" in found.sentence()


def test_a_certificate_of_an_earlier_look_claims_less_than_one_that_was_planned_as_the_only_one() -> None:
    records = settle(FORMS["three looks"])
    early, only = certify(records, FORMS["three looks"].at_look(2)), certify(records, terms(audits=(140,)))
    assert (early.audited, early.errors) == (140, only.errors)
    assert early.cut <= only.cut
    assert early.chance <= early.terms.levels[-1] < 0.05
    assert early.accepted is None or only.accepted is None or early.accepted.share >= only.accepted.share


@pytest.mark.parametrize("changed", [{"alpha": 0.05}, {"name": "fr"}, {"cut": 400}, {"needed": 1}], ids=str)
def test_a_changed_slice_of_the_certificate_is_noticed(changed: dict[str, Any]) -> None:
    given = FORMS["slices by meta"]
    records = settle(given)
    found = certify(records, given)
    slices = (found.slices[0].model_copy(update=changed), found.slices[1])
    assert verify(records, found.model_copy(update={"slices": slices}))


@pytest.mark.parametrize(
    "changed", [{"credit": 30}, {"lost": 1.0}, {"lost_accepted": 0.0}, {"budget": 99.0}], ids=str
)
def test_a_changed_figure_of_distances_is_noticed(changed: dict[str, Any]) -> None:
    given = FORMS["distance"]
    records = settle(given)
    assert verify(records, certify(records, given).model_copy(update=changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"loss": "distance", "delta": 0.1}, "does not go with distances"),
        ({"loss": "distance", "audits": (10, 20)}, "several looks"),
        ({"slices": {"by": "topic", "audits": {"a": 100}}}, "all audits together"),
    ],
)
def test_terms_of_forms_that_do_not_go_together_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        terms(**changed)


def test_a_record_that_is_left_out_or_stands_twice_is_noticed() -> None:
    records = settle(terms())
    certificate = certify(records, terms())
    assert verify(records[1:], certificate)
    assert verify([*records, records[0]], certificate)


@pytest.mark.parametrize(
    "changed",
    [{"cut": 700}, {"errors": 0}, {"allowed": 30}, {"audited": 400}, {"budget": 90}, {"unreviewed": 1_000}, {"chance": 0.01}, {"accepted": None}],
    ids=str,
)  # fmt: skip
def test_a_changed_figure_of_the_certificate_is_noticed(changed: dict[str, Any]) -> None:
    records = settle(terms())
    certificate = certify(records, terms()).model_copy(update=changed)
    assert verify(records, certificate)


@pytest.mark.parametrize(
    "changed", [{"seed": "f" * 32}, {"epsilon": 0.02}, {"alpha": 0.2}, {"audits": (199,)}], ids=str
)
def test_changed_terms_are_noticed(changed: dict[str, Any]) -> None:
    records = settle(terms())
    certificate = certify(records, terms()).model_copy(update={"terms": terms(**changed)})
    assert verify(records, certificate)


def test_what_does_not_match_is_named() -> None:
    records = settle(terms())
    certificate = certify(records, terms())
    changed = change(records, lambda one: one.source == "auto", label={"topic": "b"})
    said = [str(mismatch) for mismatch in verify(changed, certificate)]
    assert any("accepted without review but its label is not its draft" in one for one in said)
    assert any(one.startswith("the certificate says records = ") for one in said)


def test_an_audited_example_without_a_label_gives_no_certificate_and_says_which() -> None:
    records = settle(terms())
    changed = change(records, lambda one: one.audited, label=None, source=None)
    id_ = next(one.id for one in records if one.audited)
    with pytest.raises(InputError, match=f"{id_}: an audited example needs"):
        certify(changed, terms())


def test_more_audits_than_there_are_drafts_are_refused() -> None:
    with pytest.raises(InputError, match="only 1200 examples are in the pool"):
        certify(settle(terms()), terms(audits=(1_300,)))


@pytest.mark.parametrize(
    "changed", [{"audits": (200, 100)}, {"audits": (0,)}, {"audits": (10, 20), "spent": (0.05, 0.1)}, {"seed": "short"}], ids=str
)  # fmt: skip
def test_terms_that_promise_nothing_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"audits|spent|seed"):
        terms(**changed)


def test_every_example_is_drawn_equally_often_and_ties_fall_as_the_seed_says() -> None:
    ids = [f"e{index}" for index in range(40)]
    drawn, first = np.zeros(40), np.zeros(40)
    for index in range(2_000):
        seed = f"{index:032x}"
        drawn[in_audit_order(ids, seed)[:10]] += 1
        first[in_order(ids, [0.5] * 40, seed)[:10]] += 1
    for counts in (drawn, first):
        assert ((counts - 500) ** 2 / 500).sum() < 75  # 39 degrees of freedom, 0.05 % of chance
    assert np.corrcoef(drawn, first)[0, 1] < 0.6
    assert new_seed() != new_seed()
