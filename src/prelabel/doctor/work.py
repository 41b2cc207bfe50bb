"""What the work at hand needs: workers, keys and prices of the models that active runs ask, caps, the key of webhooks."""

from collections import defaultdict
from collections.abc import Iterator

from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.doctor.finding import Check, Finding, Patient
from prelabel.drafters.cascade import STUDENT, is_given, steps_of
from prelabel.errors import StoppingError
from prelabel.models import Run, Webhook
from prelabel.money import ledger
from prelabel.money.prices import price

ACTIVE = ("running", "over_budget", "paused")


def workers(patient: Patient) -> Iterator[Finding]:
    """Whether anybody drafts."""
    with patient.store.reading() as session:
        alive = runs.workers_alive(session)
    if alive:
        yield Finding("workers", "ok", f"{alive} worker{'' if alive == 1 else 's'} alive")
    else:
        remedy = "start prelabel-worker, or `prelabel up`, or docker compose up -d worker; its log says why it ended"
        yield Finding("workers", "fault", "no worker lives: nothing is drafted", remedy)


def keys(patient: Patient) -> Iterator[Finding]:
    """Which keys are here, and whether each model of an active run can be asked with them."""
    here = sorted(name for name, value in patient.environment.items() if name.endswith("_API_KEY") and value)
    yield Finding("keys", "ok", f"in this environment: {', '.join(here) or 'none'}")
    with patient.store.reading() as session:
        asked = _models(session)
    for model, of_runs in asked.items():
        try:
            _check(patient, model)
        except StoppingError as error:
            remedy = "set the key for the workers and start them anew; then `prelabel resume` where the run is paused"
            yield Finding("keys", "fault", f"{error} ({_named(of_runs)})", remedy)
        else:
            yield Finding("keys", "ok", f"{model} can be asked ({_named(of_runs)})")


def prices(patient: Patient) -> Iterator[Finding]:
    """Whether it is known what the models of active runs cost."""
    with patient.store.reading() as session:
        asked = _models(session)
        lanes = {run.id or 0: run.lane for of_runs in asked.values() for run in of_runs}
    for model, of_runs in asked.items():
        unknown = [
            run
            for run in of_runs
            if price(model, patient.settings.prices, "batch" if lanes[run.id or 0] == "batch" else "live")
            is None
        ]
        if unknown:
            remedy = f"""set PRELABEL_PRICES='{{"{model}": [IN, OUT]}}', dollars per million tokens"""
            yield Finding(
                "prices", "fault", f"no price is known for {model} ({_named(unknown)}): no cap holds", remedy
            )


def caps(patient: Patient) -> Iterator[Finding]:
    """Whether what active runs may spend is bounded."""
    with patient.store.reading() as session:
        paid = {run.id or 0: run for of_runs in _models(session).values() for run in of_runs}
        free = [run for run in paid.values() if not ledger.is_capped(session, run)]
        projects = sorted({ledger.project_of(session, run).name for run in free})
    if free:
        remedy = "; ".join(f"prelabel cap DOLLARS --project {name}" for name in projects)
        yield Finding("caps", "warning", f"nothing bounds what {_named(free)} may spend", remedy)


def webhooks(patient: Patient) -> Iterator[Finding]:
    """Whether every process makes the same signatures."""
    used = patient.settings
    with patient.store.reading() as session:
        some = session.exec(select(Webhook.id).where(col(Webhook.removed_at).is_(None)).limit(1)).first()
    if some and not used.webhook_key.get_secret_value() and not patient.store.is_sqlite:
        remedy = "set the same PRELABEL_WEBHOOK_KEY for the API and all workers (openssl rand -hex 32), then add the webhooks anew"
        yield Finding(
            "webhooks", "fault", "there are webhooks, and each home folder has a key of its own", remedy
        )


def _models(session: Session) -> dict[str, list[Run]]:
    """The models that ask a provider, with the active runs that use them."""
    found: dict[str, list[Run]] = defaultdict(list)
    for run in session.exec(select(Run).where(col(Run.state).in_(ACTIVE), col(Run.drafted_at).is_(None))):
        for name in dict.fromkeys(name for step in steps_of(run) for name in (step.model, *step.panel)):
            if name != STUDENT and not is_given(name):
                found[name].append(run)
    return found


def _check(patient: Patient, model: str) -> None:
    from prelabel.llm.litellm_model import (
        LiteLLMModel,  # takes seconds to load: only where there is such a run
    )

    LiteLLMModel(model, patient.settings.api_base).check("stated")


def _named(of_runs: list[Run]) -> str:
    return f"run{'' if len(of_runs) == 1 else 's'} {', '.join(str(run.id) for run in of_runs)}"


WORK: tuple[Check, ...] = (workers, keys, prices, caps, webhooks)
