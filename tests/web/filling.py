"""Runs whose examples all wait for people, brought in over HTTP with their drafts."""

import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from tests.running import Running
from tests.waiting import wait_until

INTENTS = [
    "activate_my_card", "age_limit", "apple_pay_or_google_pay", "atm_support", "automatic_top_up",
    "balance_not_updated_after_bank_transfer", "beneficiary_not_allowed", "cancel_transfer", "card_about_to_expire",
    "card_arrival", "card_linking", "card_not_working", "card_swallowed", "cash_withdrawal_charge", "change_pin",
    "compromised_card", "country_support", "declined_transfer", "direct_debit_not_recognised", "edit_personal_details",
    "exchange_rate", "extra_charge_on_statement", "failed_transfer", "lost_or_stolen_card", "passcode_forgotten",
    "pending_top_up", "refund_not_showing_up", "top_up_failed", "top_up_reverted", "verify_my_identity",
]  # fmt: skip
SAID = [
    "My top-up went through on my bank’s side this morning but the balance in the app hasn’t moved.",
    "The machine took my card and shows no sign of giving it back. What now?",
    "I moved house last week: where do I tell you my new address?",
    "There is a fee of 2.40 on my statement that I cannot place 🤔",
    "Can I use my phone to pay in shops with you?",
]


def tickets(count: int) -> Iterable[dict[str, Any]]:
    """Texts with an intent that a model is not sure of."""
    for number in range(count):
        text = f"{SAID[number % len(SAID)]} ({number})"
        draft = {
            "model": "small",
            "label": INTENTS[number * 7 % len(INTENTS)],
            "confidence": 0.3 + number % 60 / 100,
        }
        yield {"id": f"t-{number}", "text": text, "drafts": [draft]}


def queue_up(
    service: Running,
    project: str,
    fields: dict[str, Any],
    rows: Iterable[dict[str, Any]],
    guidelines: str = "Choose what the customer wants to have done.",
    **policy: Any,
) -> int:
    """Bring rows in, route them to people, and wait until all are queued; the number of the run."""
    client = service.client
    client.define_project(project, {"guidelines": guidelines, "fields": fields})
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    report = client.bring_in(project, "first", BytesIO(body), file_format="jsonl")
    assert not report["bad_rows"], report
    run = client.start_run(project, "first", model="given", policy={"threshold": 1.0} | policy)
    wait_until(lambda: are_drafted(service, run["id"]), service.logs)
    return int(run["id"])


def are_drafted(service: Running, run_id: int) -> bool:
    """Whether all of a run's examples are with people, or beyond."""
    places = service.client.run(run_id)["places"]
    return not places["waiting"] + places["drafted"]
