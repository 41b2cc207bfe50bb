"""Every act over HTTP that others rely on, and the lines that it leaves in the journal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prelabel.client import Client
from tests.images.making import picture

SCHEMA = {"fields": {"topic": ["a", "b"]}}
WIDER = {"fields": {"topic": ["a", "b", "c", "d"]}}
HOOK = {"url": "https://example.org/hook", "events": ["run.finished"]}
DATASET = "/projects/p/datasets/d0"


@dataclass(frozen=True)
class Doing:
    """An act over HTTP where there is a run with labels and a conflict, `p`, `d0`, and a user `ann`, a webhook with a delivery; and the lines that it leaves."""

    do: Callable[[Client, int], Any]
    lines: tuple[str, ...]


def bring_in(client: Client, _run: int) -> Any:
    return client._send("POST", f"{DATASET}/examples", content=b'{"text": "new"}\n')


def queued(client: Client, run: int) -> Any:
    return client.post(f"/runs/{run}/examples/requeue", {"note": "again"})


ACTS = {
    "add_user": Doing(lambda client, _: client.post("/users", {"name": "bob"}), ("user.add", "token.issue")),
    "issue_token": Doing(lambda client, _: client.post("/users/ann/tokens"), ("token.issue",)),
    "revoke_tokens": Doing(lambda client, _: client.delete("/users/ann/tokens"), ("token.revoke",)),
    "set_my_password": Doing(lambda client, _: client.put("/password", {"new": "long enough"}), ("password.set",)),
    "set_password": Doing(lambda client, _: client.put("/users/ann/password", {"new": "long enough"}), ("password.set",)),
    "change_user": Doing(
        lambda client, _: client._send("PATCH", "/users/ann", json={"role": "senior"}), ("user.change",)
    ),
    "forget_user": Doing(lambda client, _: client.post("/users/ann/forget"), ("user.forget",)),
    "make_token": Doing(lambda client, _: client.post("/tokens", {}), ("token.issue",)),
    "revoke_token": Doing(
        lambda client, _: client.delete(f"/tokens/{client.get('/tokens', of='ann')[0]['id']}"), ("token.revoke",)
    ),
    "invite": Doing(lambda client, _: client.post("/invitations", {}), ("user.invite",)),
    "withdraw_invitation": Doing(
        lambda client, _: client.delete(f"/invitations/{client.post('/invitations', {})['id']}"),
        ("user.invite", "user.uninvite"),
    ),
    "add_member": Doing(lambda client, _: client.put("/projects/p/members/ann"), ("member.add",)),
    "remove_member": Doing(
        lambda client, _: (client.put("/projects/p/members/ann"), client._send("DELETE", "/projects/p/members/ann")),
        ("member.add", "member.remove"),
    ),
    "define_project": Doing(lambda client, _: client.define_project("q", SCHEMA), ("project.define",)),
    "delete_project": Doing(lambda client, _: client.delete("/projects/p"), ("project.delete",)),
    "change_schema": Doing(lambda client, _: client.put("/projects/p/schema", {"schema": WIDER}), ("schema.change",)),
    "cap_project": Doing(lambda client, _: client.put("/projects/p/cap", {"cap": "7.50"}), ("cap.set",)),
    "set_retention": Doing(
        lambda client, _: client.put("/projects/p/retention", {"days": 90}), ("retention.set",)
    ),
    "open_dataset": Doing(lambda client, _: client.put("/projects/p/datasets/new"), ("dataset.open",)),
    "import_examples": Doing(bring_in, ("dataset.import", "dataset.imported")),
    "upload_image": Doing(
        lambda client, _: client._send("POST", f"{DATASET}/images", params={"name": "a"}, content=picture()),
        ("image.upload",),
    ),
    "start_run": Doing(lambda client, _: client.start_run("p", "d0", model="fake"), ("run.start",)),
    "pause_run": Doing(lambda client, run: client.post(f"/runs/{run}/pause"), ("run.pause",)),
    "resume_run": Doing(lambda client, run: client.post(f"/runs/{run}/resume", {}), ("run.resume",)),
    "cancel_run": Doing(lambda client, run: client.post(f"/runs/{run}/cancel"), ("run.cancel",)),
    "start_trial": Doing(lambda client, _: client.post(f"{DATASET}/trials", {"model": "fake"}), ("trial.start",)),
    "cancel_trial": Doing(
        lambda client, _: client.post(f"/trials/{client.post(DATASET + '/trials', {'model': 'fake'})['id']}/cancel"),
        ("trial.start", "trial.cancel"),
    ),
    "certify_now": Doing(lambda client, run: client.certify_now(run), ("run.certify",)),
    "pause_reviewer": Doing(
        lambda client, run: client.post(f"/runs/{run}/reviewers/ann/pause", {"why": "talk"}), ("reviewer.pause",)
    ),
    "resume_reviewer": Doing(
        lambda client, run: client.post(f"/runs/{run}/reviewers/ann/resume", {"why": "talked"}), ("reviewer.resume",)
    ),
    "set_accepting": Doing(
        lambda client, run: client.post(f"/runs/{run}/accepting", {"accepting": False}), ("accepting.pause",)
    ),
    "requeue_examples": Doing(
        lambda client, run: client.post(f"/runs/{run}/examples/requeue", {"note": "again"}), ("examples.requeue",)
    ),
    "close_examples": Doing(
        lambda client, run: queued(client, run) and client.post(f"/runs/{run}/examples/close", {"note": "enough"}),
        ("examples.requeue", "examples.close"),
    ),
    "assign_examples": Doing(
        lambda client, run: queued(client, run) and client.post(f"/runs/{run}/examples/assign", {"user": "ann"}),
        ("examples.requeue", "examples.assign"),
    ),
    "unassign_examples": Doing(
        lambda client, run: (
            queued(client, run)
            and client.post(f"/runs/{run}/examples/assign", {"user": "ann"})
            and client.post(f"/runs/{run}/examples/unassign", {})
        ),
        ("examples.requeue", "examples.assign", "examples.unassign"),
    ),
    "prioritize_examples": Doing(
        lambda client, run: queued(client, run) and client.post(f"/runs/{run}/examples/prioritize", {"to": "last"}),
        ("examples.requeue", "examples.prioritize"),
    ),
    "change_policy": Doing(
        lambda client, run: client.put(f"/runs/{run}/policy", {"policy": {"threshold": 0.5}}), ("run.policy", "run.reroute")
    ),
    "renew_consensus": Doing(lambda client, run: client.post(f"/runs/{run}/consensus", {}), ("consensus.renew",)),
    "import_answers": Doing(
        lambda client, run: client._send("POST", f"/runs/{run}/reviews", content=b"{}\n"), ("answers.import",)
    ),
    "add_webhook": Doing(lambda client, _: client.post("/projects/p/webhooks", HOOK), ("webhook.add",)),
    "remove_webhook": Doing(lambda client, _: client.delete("/projects/p/webhooks/1"), ("webhook.remove",)),
    "resend_delivery": Doing(
        lambda client, _: client.post("/projects/p/webhooks/1/deliveries/1/resend"), ("webhook.resend",)
    ),
    "test_webhook": Doing(lambda client, _: client.post("/projects/p/webhooks/1/test"), ("webhook.test",)),
    "acknowledge_alarm": Doing(
        lambda client, run: client.post(f"/runs/{run}/alarms/1/acknowledge"), ("alarm.acknowledge",)
    ),
    "search_conflicts": Doing(lambda client, run: client.post(f"/runs/{run}/conflicts"), ("conflict.search",)),
    "queue_conflicts": Doing(lambda client, run: client.post(f"/runs/{run}/conflicts/queue", {}), ("conflict.queue",)),
    "resolve_conflict": Doing(
        lambda client, run: client.post(
            f"/runs/{run}/conflicts/1/resolve", {"label": {"topic": "b"}, "client_token": "token-01"}
        ),
        ("conflict.resolve",),
    ),
    "queue_conflict": Doing(
        lambda client, run: client.post(f"/runs/{run}/conflicts/1/queue"), ("conflict.queue",)
    ),
    "dismiss_conflict": Doing(
        lambda client, run: client.post(f"/runs/{run}/conflicts/1/dismiss", {}), ("conflict.dismiss",)
    ),
    "undo_conflict": Doing(
        lambda client, run: (
            client.post(f"/runs/{run}/conflicts/1/dismiss", {}),
            client.post(f"/runs/{run}/conflicts/1/undo", {"client_token": "token-02"}),
        ),
        ("conflict.dismiss", "conflict.undo"),
    ),
    "export_labels": Doing(lambda client, run: list(client.export(run)), ("export.take",)),
}  # fmt: skip
"""By operation: all that write, but for those below; and the one that reads and takes labels out."""
ANSWERS = "answers of people, which have a history of their own"
EXCEPTIONS = {
    "sign_in": "comes and goes: others rely on nothing of it",
    "accept_invitation": "writes that a user was added, by whom it is then (tests/api/test_access.py)",
    "sign_out": "comes and goes: others rely on nothing of it",
    "remove_contents": "writes a line for each thousand that it removes; here all is young (tests/api/test_retention.py)",
    "quote_run": "changes nothing",
    "quote_trial": "changes nothing",
    "check_prompt": "changes nothing",
    "check_schema": "changes nothing",
    "claim_slots": ANSWERS,
    "claim_adjudications": ANSWERS,
    "renew_slots": ANSWERS,
    "release_slots": ANSWERS,
    "undo_answer": ANSWERS,
    "submit_label": ANSWERS,
    "skip_slot": ANSWERS,
    "flag_slot": ANSWERS,
    "keep_scratch": ANSWERS,
    "set_up": "Label Studio's protocol: changes nothing",
    "predict": "Label Studio's protocol: reads, unless it begins an import or a run, which are noted (below)",
    "take_event": "Label Studio's protocol: answers of people; users that it adds are noted (below)",
    "nothing_to_do": "Label Studio's protocol: changes nothing",
    "job_status": "Label Studio's protocol: changes nothing",
}
"""Operations that write no line, and why."""
