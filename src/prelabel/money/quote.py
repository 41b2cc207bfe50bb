"""What a run would cost, before it starts: a sample of the dataset, its tokens, prices, and what past runs have taken.

Nothing is asked of a model and nothing is written. The arithmetic is in `prelabel.measure.quote`.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from sqlmodel import Session, col, select

from prelabel.canonical import Json, canonical
from prelabel.draft import Request
from prelabel.drafters import given
from prelabel.drafters.cascade import STUDENT, Step, given_model, is_given, steps_of
from prelabel.drafting import answers
from prelabel.errors import InputError, StoppingError
from prelabel.examples import given_drafts, samples
from prelabel.examples.content import images_of
from prelabel.examples.samples import Sampled
from prelabel.measure.intervals import wilson
from prelabel.measure.quote import (
    ALL,
    NOTHING,
    Asked,
    Quote,
    Range,
    by_hand,
    most_of,
    per_example,
    quote_model,
    share_range,
    spread,
    total,
)
from prelabel.models import Dataset, Prompt, Run
from prelabel.money import image_tokens, ledger, tokens
from prelabel.money.effort import usual_seconds
from prelabel.money.prices import OwnPrice, Price, limits, price_or_refuse
from prelabel.prompt import Instructions
from prelabel.reports.progress import drafted_by_step, newest_drafted
from prelabel.routing.policy import Policy
from prelabel.runs import Plan

PAST_RUNS = 20
ENOUGH = 10
"""Cases from which the past is believed rather than the schema."""
THOUGHT = Range(mean=500, low=0, high=2_000)
"""Tokens that a model which may think first is taken to think, where no past call tells."""
REPAIRS = Range(mean=0, low=0, high=0.05)
"""Repairs for each call where no past call tells."""
FREE = Price(Decimal(0), Decimal(0), Decimal(0), Decimal(0), "free")


def quote(
    session: Session,
    plan: Plan,
    own: Mapping[str, OwnPrice],
    hourly: Decimal,
    sampled: Sampled | None = None,
) -> Quote:
    """What drafting by this plan would cost: all of the dataset, or a sample that is given.

    Raises InputError where that cannot be said, with what to do about it.
    """
    sampled = sampled or samples.drawn(session, plan.dataset.id or 0)
    if not sampled.examples:
        raise InputError(
            f"dataset {plan.dataset.name!r} has no examples yet: bring some in before asking for a quote"
        )
    plan = replace(plan, steps=given.resolved(session, plan.dataset.id or 0, plan.steps))
    notes: list[str] = []
    past = Past(session, plan)
    foresight = Foresight(session, plan, sampled, past, own, notes)
    asked = [one for index, step in enumerate(plan.steps) for one in foresight.of(index, step)]
    models = [quote_model(one, sampled.examples, len(sampled.contents)) for one in asked]
    money, seconds = total(models), past.review_seconds()
    return Quote(
        examples=sampled.examples,
        sampled=len(sampled.contents),
        seed=samples.SEED,
        lane=plan.lane,
        models=models,
        dollars=money,
        most=most_of(models),
        per_example=per_example(money.mean, sampled.examples),
        by_hand=by_hand(sampled.examples, *seconds, hourly),
        notes=[*notes, *_cap_note(plan, money.high)],
    )


class Foresight:
    """Foresees the calls of each step of a plan; `notes` collects what had to be assumed."""

    def __init__(
        self,
        session: Session,
        plan: Plan,
        sampled: Sampled,
        past: "Past",
        own: Mapping[str, OwnPrice],
        notes: list[str],
    ) -> None:
        self._session = session
        self._plan = plan
        self._sampled = sampled
        self._past = past
        self._own = own
        self._notes = notes

    def of(self, index: int, step: Step) -> list[Asked]:
        """The models that this step asks."""
        reached, source = self._past.reached(index)
        return [
            self._free(index, model, reached, source)
            if model == STUDENT or is_given(model)
            else self._asked(index, step, model, reached, source)
            for model in (step.model, *step.panel)
        ]

    def _free(self, index: int, model: str, reached: Range, source: str) -> Asked:
        if is_given(model):
            self._tell_of_given(model)
        return Asked(
            index, model, FREE, [], NOTHING, "", [], 0,
            calls=Decimal(0), reached=reached, reached_from=source,
        )  # fmt: skip

    def _tell_of_given(self, model: str) -> None:
        """How many examples have such a draft, and how many of these no confidence."""
        dataset_id, name = self._plan.dataset.id or 0, given_model(model)
        there = given_drafts.models(self._session, dataset_id)[name]
        unsure = given_drafts.without_confidence(self._session, dataset_id, name)
        self._note(
            f"{model} has drafts of {there:,} of {self._sampled.examples:,} examples, and costs nothing"
        )
        if unsure:
            self._note(
                f"{unsure:,} drafts of {model} came without a confidence: by themselves they are never accepted, people get them"
            )

    def _asked(self, index: int, step: Step, model: str, reached: Range, source: str) -> Asked:
        price = self._price(model)
        told = Instructions(self._plan.template, self._plan.schema, step.confidence)
        requests = [_request(model, step, told, content) for content in self._sampled.contents]
        paid = self._paid(step, model, requests)
        open_ones = [request for request in requests if request.digest not in paid] or requests
        largest = _in_groups(model, told, self._sampled.contents) if step.per_call > 1 else open_ones
        out, out_from, repairs = self._past.usage(index, step, model) or self._by_form(step, model, told)
        if any(images_of(content) for content in self._sampled.contents):
            self._note("images are reckoned by the formulas of their providers, or by the dearest of these")
        shown = step.shots * (self._mean_user_tokens(model, requests) + round(out.mean))
        return Asked(
            step=index,
            model=model,
            price=price,
            tokens_in=[_tokens_in(request, step.per_call) + shown for request in open_ones],
            tokens_out=out,
            tokens_out_from=out_from,
            most_in=[_bytes_in(request, 1) + 2 * shown for request in largest],
            most_out=_most_out(model, told, 1),
            paid=sum(request.digest in paid for request in requests),
            calls=Decimal(step.samples if step.confidence == "samples" else 1) / step.per_call,
            most_calls=_most_calls(step),
            repairs=repairs,
            reached=reached,
            reached_from=source,
        )

    def _price(self, model: str) -> Price:
        try:
            return price_or_refuse(model, self._own, self._plan.lane)
        except StoppingError as error:
            raise InputError(str(error)) from error

    def _paid(self, step: Step, model: str, requests: Sequence[Request]) -> set[str]:
        """The requests that were answered before. Which ones a step with shots, samples or groups opens with is not known."""
        if step.shots or step.per_call > 1 or step.confidence in ("samples", "panel"):
            self._note(f"answers of {model} that were paid for before are not taken off")
            return set()
        return ledger.answered(self._session, model, [request.digest for request in requests])

    def _by_form(self, step: Step, model: str, told: Instructions) -> tuple[Range, str, Range]:
        """The length of an answer from gold, or else from the form that the schema gives it; and unknown repairs."""
        schema, golds = told.schema, self._sampled.golds
        fitting = [(content, schema.fitting(gold, content)) for content, gold in golds]
        given = [schema.as_answer(gold, content) for content, gold in fitting if gold is not None]
        if len(given) >= ENOUGH:
            sizes = [tokens.count(model, answers.of_label(told.answer_schema, one)) for one in given]
            found, source = spread(sizes), f"the gold labels of {len(sizes)} examples"
        else:
            ends = {end: tokens.count(model, text) for end, text in answers.ends(told.answer_schema).items()}
            found, source = Range.model_validate(ends), "the schema: no past call tells"
        found = _scaled(found, step.per_call)
        if _may_think(model):
            self._note(
                f"{model} may think before it answers: {THOUGHT.mean:.0f} tokens a call are taken for it"
            )
            found = Range(
                mean=found.mean + THOUGHT.mean, low=found.low + THOUGHT.low, high=found.high + THOUGHT.high
            )
        return found, source, REPAIRS

    def _mean_user_tokens(self, model: str, requests: Sequence[Request]) -> int:
        sizes = [tokens.count(model, request.messages[1:]) for request in requests[:50]]
        return round(statistics.fmean(sizes)) if sizes else 0

    def _note(self, sentence: str) -> None:
        if sentence not in self._notes:
            self._notes.append(sentence)


class Past:
    """What earlier runs of the project tell about a plan."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session = session
        self._plan = plan

    @cached_property
    def _runs(self) -> Sequence[Run]:
        """The project's newest runs."""
        return self._newest(is_trial=False)

    @cached_property
    def _trials(self) -> Sequence[Run]:
        """Its newest trials: of them too it is known how long answers are."""
        return self._newest(is_trial=True)

    def _newest(self, *, is_trial: bool) -> Sequence[Run]:
        mine = select(Dataset.id).where(Dataset.project_id == self._plan.dataset.project_id)
        newest = select(Run).where(col(Run.dataset_id).in_(mine), Run.trial == is_trial)
        return self._session.exec(newest.order_by(col(Run.id).desc()).limit(PAST_RUNS)).all()

    def reached(self, index: int) -> tuple[Range, str]:
        """Which share of examples comes to a step, and how that is known."""
        if not index:
            return ALL, "every example begins here"
        came = of = 0
        for run in self._runs:
            if self._stops_alike(run, index):
                counts = drafted_by_step(self._session, run.id or 0)
                came, of = came + counts.get(index, 0), of + counts.get(0, 0)
        if of < ENOUGH:
            return Range(mean=1, low=0, high=1), "no past run with these steps: all are taken to"
        return share_range(wilson(came, of)), f"{of:,} examples of past runs with these steps"

    def usage(self, index: int, step: Step, model: str) -> tuple[Range, str, Range] | None:
        """Tokens of an answer, how they are known, and repairs for each call: from calls with this prompt and schema."""
        for run in (*self._runs, *self._trials):
            for place, other in enumerate(steps_of(run)):
                if not self._asks_alike(run, other, step, model):
                    continue
                newest = newest_drafted(self._session, run.id or 0, place)
                rows = [
                    row
                    for row in ledger.taken(self._session, run.id or 0, newest)
                    if row.step == place and row.model == model and row.outcome in ("ok", "invalid")
                ]
                sizes = [row.tokens_out for row in rows if row.purpose != "repair" and row.tokens_out]
                if len(sizes) >= ENOUGH:
                    again = sum(row.purpose == "repair" for row in rows)
                    repairs = share_range(wilson(min(again, len(sizes)), len(sizes)))
                    found = _scaled(spread(sizes), step.per_call)
                    return (
                        found,
                        f"{len(sizes):,} past calls ({'trial' if run.trial else 'run'} {run.id})",
                        repairs,
                    )
        return None

    def review_seconds(self) -> tuple[float, str]:
        """How long a person takes for an example, and how that is known."""
        return usual_seconds(self._session, [run.id or 0 for run in self._runs])

    def _stops_alike(self, run: Run, index: int) -> bool:
        """Whether the steps before this one are the same, and let as much through."""
        theirs, ours = steps_of(run), self._plan.steps
        same = len(theirs) > index and list(theirs[:index]) == list(ours[:index])
        by_policy = any(step.take_from is None for step in ours[:index])
        alike = Policy.model_validate(run.policy).threshold == self._plan.policy.threshold
        return same and (alike or not by_policy)

    def _asks_alike(self, run: Run, other: Step, step: Step, model: str) -> bool:
        """Whether a step of a past run asked the model for answers of the same form."""
        return (
            model in (other.model, *other.panel)
            and other.confidence == step.confidence
            and (other.per_call > 1) == (step.per_call > 1)
            and run.schema_version_id == self._plan.schema_version.id
            and self._session.get_one(Prompt, run.prompt_id).digest == self._plan.template.digest
        )


def _request(model: str, step: Step, told: Instructions, content: dict[str, Json]) -> Request:
    """How an example's drafting opens; equal to what the drafter sends, so that the ledger knows it again."""
    return Request(
        model, told.messages(content), told.answer_schema, want_logprobs=step.confidence == "logprobs"
    )


def _in_groups(model: str, told: Instructions, contents: Sequence[dict[str, Json]]) -> list[Request]:
    """What each example adds to a call at the most: the whole of one that is about it alone."""
    several = replace(told, several=True)
    return [Request(model, several.messages(content), several.answers_schema(1)) for content in contents]


def _most_calls(step: Step) -> int:
    """Calls that one example can take, a repair included: in a group its share of one, and then two for it alone."""
    if step.confidence == "samples":
        return step.samples + 1
    return 3 if step.per_call > 1 else 2


def _tokens_in(request: Request, per_call: int) -> int:
    """Tokens of the prompt, of so many examples of this size, and of the answer's form."""
    system, user = request.messages[:1], request.messages[1:]
    form = tokens.count(request.model, canonical(request.answer_schema))
    return form + tokens.count(request.model, system) + per_call * tokens.count(request.model, user)


def _bytes_in(request: Request, per_call: int) -> int:
    """No tokenizer over bytes makes more tokens of texts than this; with those of images, and what providers may add unseen."""
    system, user = request.messages[:1], request.messages[1:]
    return (
        len(canonical([system, request.answer_schema]).encode())
        + per_call * (len(canonical(user).encode()) + image_tokens.of_messages(request.model, user))
        + 1_024
    )


def _most_out(model: str, told: Instructions, per_call: int) -> int:
    """The bound on an answer that the model is held to."""
    if (known := limits(model)) is None:
        return 4_096
    bound = 16_384 if _may_think(model) else min(4_096, 256 + per_call * answers.longest(told.answer_schema))
    return min(bound, known.most_out or bound)


def _may_think(model: str) -> bool:
    """Anthropic's models think only when they are told to, and they are not."""
    known = limits(model)
    return bool(known and known.thinks and not model.startswith("anthropic/"))


def _scaled(one: Range, times: int) -> Range:
    return Range(mean=one.mean * times, low=one.low * times, high=one.high * times)


def _cap_note(plan: Plan, high: Decimal) -> list[str]:
    if plan.cap is None or plan.cap >= high:
        return []
    return [f"the cap of ${plan.cap} may stop the run before its end: up to ${high} are expected"]
