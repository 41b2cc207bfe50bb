"""Webhooks of a project: add, list, remove, what was sent, send again."""

from fastapi import APIRouter, status

from prelabel import projects
from prelabel.events import journal, webhook_sending, webhooks
from prelabel_api.bodies_webhooks import DeliveryOut, WebhookIn, WebhookMade, WebhookOut
from prelabel_api.deps import Id, LeadDep, ReadDep, SettingsDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(prefix="/projects/{project}/webhooks", tags=["webhooks"])


@router.post("", status_code=status.HTTP_201_CREATED)
def add_webhook(
    project: str, body: WebhookIn, lead: LeadDep, session: WriteDep, settings: SettingsDep
) -> WebhookMade:
    """Have events of the project sent to a URL. The secret that they are signed with is shown this once."""
    found = projects.find(session, project)
    hook, secret = webhook_sending.registered(found.id or 0, body.url, [*body.events], settings)
    session.add(hook)
    session.flush()
    journal.note(session, lead, "webhook.add", found, webhook=hook.id, host=hook.host, events=[*hook.events])
    return WebhookMade(**WebhookOut.model_validate(hook).model_dump(), secret=secret)


@router.get("")
def list_webhooks(project: str, _lead: LeadDep, session: ReadDep) -> Page[WebhookOut]:
    """The project's webhooks, oldest first; never a secret."""
    found = webhooks.of_project(session, projects.find(session, project))
    return Page(items=[WebhookOut.model_validate(hook) for hook in found])


@router.delete("/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove_webhook(project: str, webhook_id: Id, lead: LeadDep, session: WriteDep) -> None:
    """Send nothing more there."""
    found = projects.find(session, project)
    hook = webhooks.find(session, found, webhook_id)
    webhooks.remove(session, hook)
    journal.note(session, lead, "webhook.remove", found, webhook=hook.id, host=hook.host)


@router.post("/{webhook_id}/test")
def test_webhook(project: str, webhook_id: Id, lead: LeadDep, session: WriteDep) -> DeliveryOut:
    """Send the event `webhook.test` there, within seconds, whichever events it is registered for."""
    found = projects.find(session, project)
    hook = webhooks.find(session, found, webhook_id)
    sent = webhooks.test(session, found, hook)
    journal.note(session, lead, "webhook.test", found, webhook=hook.id, delivery=sent.id)
    return DeliveryOut.model_validate(sent)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    project: str, webhook_id: Id, _lead: LeadDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[DeliveryOut]:
    """What was and is to be sent there, newest first, and how the last attempt ended."""
    hook = webhooks.find(session, projects.find(session, project), webhook_id)
    found = webhooks.deliveries(session, hook, after, limit + 1)
    return page([DeliveryOut.model_validate(one) for one in found], [one.id or 0 for one in found], limit)


@router.post("/{webhook_id}/deliveries/{delivery_id}/resend")
def resend_delivery(
    project: str, webhook_id: Id, delivery_id: Id, lead: LeadDep, session: WriteDep
) -> DeliveryOut:
    """Send it again, whether it arrived or not: within seconds, with the same id and body."""
    found = projects.find(session, project)
    hook = webhooks.find(session, found, webhook_id)
    again = webhooks.resend(session, hook, delivery_id)
    journal.note(session, lead, "webhook.resend", found, webhook=hook.id, delivery=again.id)
    return DeliveryOut.model_validate(again)
