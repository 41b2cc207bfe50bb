"""The guarantee by slices and by distances in a run: how the audit is drawn, what is accepted, and that the file shows it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session, col, select

from prelabel import errors, export, review, route, runs
from prelabel.guarantee import cutting, drawing
from prelabel.guarantee.ranking import Ahead, ask_first
from prelabel.guarantee.standing import Now, Standing, standing
from prelabel.measure.guarantee.certificate import Certificate
from prelabel.measure.guarantee.slices import check_by, slice_level, slice_of
from prelabel.measure.guarantee.terms import Record, Terms
from prelabel.measure.guarantee.verify import verify
from prelabel.models import AuditDraw, Drawn, Example, Review
from prelabel.reports import certificates
from prelabel.review.acts import Answer
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.factories import SCHEMA, FakeDrafter, make_run, make_user, places, work_off

SIZE = 400
RATED = LabelSchema.load("fields: {topic: {kind: rating, min: 1, max: 5}}")
ROWS = [
    {"id": f"e{at}", "text": f"text {at}", "meta": {"language": "de" if at % 4 else "en"}}
    for at in range(SIZE)
]
BY_LANGUAGE: dict[str, Any] = {
    "rule": "guarantee", "epsilon": 0.15, "alpha": 0.1, "audits": 200, "slices": "meta.language",
}  # fmt: skip
BY_DISTANCE: dict[str, Any] = {"rule": "guarantee", "epsilon": 0.1, "audits": 120, "loss": "distance"}


@pytest.fixture(autouse=True)
def one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "new_seed", lambda: "5eed" * 8)


def number(content: dict[str, Any]) -> int:
    return int(content["text"].split()[1])


def confidence(content: dict[str, Any]) -> float:
    return 1 - number(content) / (2 * SIZE)


def right_topic(content: dict[str, Any]) -> str:
    """German is drafted well; English, whose drafts are as sure, is not."""
    return "b" if number(content) % 4 == 0 and number(content) % 3 else "a"


def right_stars(content: dict[str, Any]) -> int:
    """Drafts say 3, and are one or two stars off, the more often the less sure they are."""
    return 3 + (number(content) % 5 == 0) + (number(content) > SIZE // 2 and number(content) % 3 == 0)


def answer_all(
    store: Store, user: int, run_id: int, right: Callable[[dict[str, Any]], Any], most: int = SIZE
) -> None:
    """Answer what is in the queue; only some of it where `most` says so."""
    while True:
        with store.writing() as session:
            works = review.claim(session, user, min(most, 50), 60, run_id)
            for work in works:
                review.submit(
                    session,
                    user,
                    work.slot_id,
                    {"topic": right(work.content)},
                    Answer(f"token-{work.slot_id}"),
                )
        if not works or most < SIZE:
            return


def settled(
    store: Store, run_id: int, right: Callable[[dict[str, Any]], Any]
) -> tuple[list[Record], Certificate]:
    """The records and the certificate of a run whose audits and whose queue people have answered."""
    user = make_user(store, f"ann-{run_id}").id or 0
    while places(store, run_id).keys() != {"settled"}:
        answer_all(store, user, run_id, right)
        route.route_drafted(store, run_id)
    certificate = certificates.certificate_or_refuse(store, run_id)
    with store.reading() as session:
        run = runs.get(session, run_id)
    return [Record.model_validate(one) for one in export.records(store, run, "all")], certificate


def by_language(store: Store, **policy: Any) -> int:
    run_id = make_run(store, ROWS, **(BY_LANGUAGE | policy))
    work_off(store, run_id, FakeDrafter(lambda content: ("a", confidence(content))))
    return run_id


def stands(store: Store, run_id: int) -> Standing:
    with store.reading() as session:
        return standing(session, runs.get(session, run_id))


def drawn_of(session: Session, run_id: int) -> Counter[str]:
    rows = session.exec(
        select(Example)
        .join(Drawn, col(Drawn.example_id) == Example.id)
        .where(Drawn.run_id == run_id, Drawn.look > 0)
    )
    return Counter(one.meta["language"] for one in rows if isinstance(one.meta, dict))


def test_each_slice_has_its_audits_its_cut_and_its_own_promise(store: Store) -> None:
    run_id = by_language(store)
    with store.reading() as session:
        assert drawn_of(session, run_id) == {"de": 150, "en": 50}
    records, certificate = settled(store, run_id, right_topic)
    assert verify(records, certificate) == []
    german, english = certificate.slices
    assert (german.name, german.pool, german.errors, german.cut) == ("de", 300, 0, 300)
    assert english.errors > 20
    assert english.cut < 45  # the errors of English would be few among all
    wrong = Counter(
        (one.meta or {})["language"]
        for one in records
        if one.source == "auto" and one.label != {"topic": right_topic(one.content)}
    )
    assert wrong["en"] <= english.budget == 15


def test_it_is_said_of_each_slice_how_its_audits_stand(store: Store) -> None:
    run_id = by_language(store)
    before = stands(store, run_id)
    assert [(one.name, one.pool, one.audits, one.errors) for one in before.slices] == [
        ("de", 300, 150, 0),
        ("en", 100, 50, 0),
    ]
    answer_all(store, make_user(store).id or 0, run_id, right_topic)
    after = stands(store, run_id)
    assert (after.errors, after.slices[1].errors, after.errors_allowed) == (
        after.slices[1].errors,
        after.errors,
        None,
    )
    assert after.slices[0].errors_allowed is not None


def test_slices_not_worth_an_audit_go_to_people_and_cost_the_others_nothing(store: Store) -> None:
    rows = [one | {"meta": {"language": "da"}} if at < 20 else one for at, one in enumerate(ROWS)]
    run_id = make_run(store, rows, **(BY_LANGUAGE | {"audits": "auto"}))
    work_off(store, run_id, FakeDrafter(lambda content: ("a", confidence(content))))
    records, certificate = settled(store, run_id, right_topic)
    assert verify(records, certificate) == []
    assert "da" not in {one.name for one in certificate.slices}
    assert {one.alpha for one in certificate.slices} == {slice_level(0.1, len(certificate.slices))}
    assert {one.source for one in records if one.meta == {"language": "da"}} == {"review"}
    assert sum(one.source == "auto" for one in records) > 60


def test_by_distances_small_misses_count_little(store: Store) -> None:
    run_id = make_run(store, SIZE, schema=RATED, **BY_DISTANCE)
    work_off(store, run_id, FakeDrafter(lambda content: (3, confidence(content))))  # type: ignore[arg-type, return-value]  # a rating in place of a class
    records, certificate = settled(store, run_id, right_stars)
    assert verify(records, certificate) == []
    assert (certificate.method, certificate.budget) == ("betting without replacement", 40.0)
    assert certificate.lost is not None
    assert 0 < certificate.lost < certificate.errors / 3
    left = sum(abs(3 - right_stars(one.content)) / 4 for one in records if one.source == "auto")
    assert left <= 40
    assert "mean distance of at most 0.1" in certificate.sentence()
    wrong = make_run(store, SIZE, schema=RATED, **(BY_DISTANCE | {"loss": "wrong"}))
    work_off(store, wrong, FakeDrafter(lambda content: (3, confidence(content))))  # type: ignore[arg-type, return-value]  # as above
    assert settled(store, wrong, right_stars)[1].unreviewed < certificate.unreviewed


def test_an_audit_of_distances_is_planned_from_what_people_have_settled(store: Store) -> None:
    run_id = make_run(store, SIZE, schema=RATED, **(BY_DISTANCE | {"audits": "auto"}))
    work_off(store, run_id, FakeDrafter(lambda content: (3, confidence(content))))  # type: ignore[arg-type, return-value]  # as above
    records, certificate = settled(store, run_id, right_stars)
    assert verify(records, certificate) == []
    with store.reading() as session:
        draw = session.exec(select(AuditDraw)).one()
    assert draw.planned is not None
    assert Terms.model_validate(draw.terms).loss == "distance"
    assert stands(store, run_id).lost == certificate.lost


LOOKS: dict[str, Any] = {"rule": "guarantee", "epsilon": 0.1, "audits": 160, "looks": 4}


def with_looks(store: Store, **policy: Any) -> int:
    run_id = make_run(store, ROWS, **(LOOKS | policy))
    work_off(store, run_id, FakeDrafter(lambda content: ("a", confidence(content))))
    return run_id


def test_audits_of_a_look_are_asked_for_once_those_before_are_answered(store: Store) -> None:
    run_id, user, seen = with_looks(store), make_user(store).id or 0, list[tuple[int, int, int]]()
    while (now := stands(store, run_id)).status == "auditing":
        seen.append((now.look, now.audits or 0, now.answered))
        answer_all(store, user, run_id, right_topic)
        route.route_drafted(store, run_id)
    assert seen == [(1, 40, 0), (2, 80, 40), (3, 120, 80), (4, 160, 120)]
    assert (now.look, now.looks_cost) == (4, 1)
    records, certificate = settled(store, run_id, right_topic)
    assert verify(records, certificate) == []
    assert len(certificate.terms.audits) == 4


def test_audits_can_be_ended_early_and_the_certificate_is_that_of_the_last_look_that_was_answered(
    store: Store,
) -> None:
    run_id, user = with_looks(store, looks="every"), make_user(store).id or 0
    with pytest.raises(errors.Conflict, match="no look is answered"):
        cutting.stop(store, run_id)
    for _ in range(5):
        answer_all(store, user, run_id, right_topic)
        route.route_drafted(store, run_id)
    answer_all(store, user, run_id, right_topic, most=1)
    now = stands(store, run_id).now
    cutting.stop(store, run_id)
    with pytest.raises(errors.Conflict, match="no look to end at"):
        cutting.stop(store, run_id)
    records, certificate = settled(store, run_id, right_topic)
    assert verify(records, certificate) == []
    assert now == Now(
        look=5,
        audits=certificate.audited,
        saved=certificate.unreviewed,
        saved_share=certificate.unreviewed / SIZE,
    )
    assert max(certificate.terms.levels) < certificate.terms.alpha


def test_an_undone_audit_is_waited_for_before_the_audits_can_be_ended(store: Store) -> None:
    run_id, user = with_looks(store), make_user(store).id or 0
    answer_all(store, user, run_id, right_topic)
    route.route_drafted(store, run_id)
    with store.writing() as session:
        first = session.exec(select(Review).order_by(col(Review.id))).first()
        assert first is not None
        review.take_back(session, first, "undo-token")
    with pytest.raises(errors.Conflict, match="no look is answered"):
        cutting.stop(store, run_id)
    assert stands(store, run_id).now is None


def test_a_paused_run_asks_for_no_further_look_and_a_cancelled_one_is_cut_by_what_is_answered(
    store: Store,
) -> None:
    run_id, user = with_looks(store), make_user(store).id or 0
    for state, found in (("paused", "auditing"), ("cancelled", "reviewing")):
        with store.writing() as session:
            runs.get(session, run_id).state = state
        answer_all(store, user, run_id, right_topic)
        route.route_drafted(store, run_id)
        assert (stands(store, run_id).look, stands(store, run_id).status) == (1, found)


def test_looks_go_with_right_and_wrong_of_the_whole_alone() -> None:
    for other in ({"loss": "distance"}, {"slices": "topic"}):
        with pytest.raises(ValueError, match="several go neither"):
            Policy.model_validate(LOOKS | other)


def test_people_are_not_asked_for_all_that_is_a_little_off_before_an_audit_of_distances() -> None:
    def asked(**policy: Any) -> int:
        ahead = Ahead(
            Policy.model_validate({"rule": "guarantee", "epsilon": 0.1} | policy), 1_000, np.full(700, 0.2), (), (),
            [(0.2, at % 10 > 0) for at in range(300)], is_begun=True, distances=[0.1] * 270,
        )  # fmt: skip
        return len(ask_first(ahead, np.random.default_rng(1)))

    assert asked() == 1_000 // 8
    assert asked(loss="distance") == 0


@pytest.mark.parametrize("by", ["texts", "meta.", "", "meta"])
def test_what_makes_no_slices_is_refused(by: str) -> None:
    with pytest.raises(errors.InputError, match=r"neither a field with classes \(topic\) nor a key of meta"):
        check_by(by, SCHEMA)


def test_the_slice_of_what_has_no_class_and_no_key_has_a_name_too() -> None:
    assert slice_of("topic", {"topic": "b"}, None, SCHEMA) == "b"
    assert slice_of("topic", {}, None, SCHEMA) == "(none)"
    assert slice_of("meta.year", {}, {"year": 2025}, SCHEMA) == "2025"
    assert slice_of("meta.year", {}, ["year"], SCHEMA) == "(none)"


def test_distances_and_a_share_of_wrong_labels_are_not_promised_at_once() -> None:
    with pytest.raises(ValueError, match="which a mean distance does not count"):
        Policy.model_validate(BY_DISTANCE | {"delta": 0.1})
