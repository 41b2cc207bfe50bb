"""Label Studio, as an ML backend sees it."""

import base64
import json
from typing import Any

from fastapi.testclient import TestClient

from prelabel.people import users
from prelabel.store import Store

CONFIG = """<View><Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/><Choice value="c"/></Choices></View>"""


class Studio:
    """Label Studio as this server sees it: one project with one token."""

    def __init__(self, web: TestClient, store: Store, role: str = "lead") -> None:
        with store.writing() as session:
            user = users.create(session, f"studio-{role}", role)
            self.token = users.issue_token(session, user, "studio")
        self.web = web

    def post(self, path: str, body: Any, project: str = "p") -> Any:
        secret = base64.b64encode(f"anyone:{self.token}".encode()).decode()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.web.post(
            f"/label-studio/{project}/{path}",
            content=content,
            headers={"Authorization": f"Basic {secret}", "Content-Type": "application/json"},
        )

    def predict(self, *tasks: Any, **more: Any) -> list[Any]:
        body = {
            "tasks": list(tasks), "model_version": "v3", "project": "12.1690000000", "label_config": CONFIG,
            "params": {"login": None, "password": None, "context": None},
        }  # fmt: skip
        answer = self.post("predict", body | more)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    def annotate(
        self, text: str, option: str | None, number: int = 5, by: Any = 7, action: str = "ANNOTATION_CREATED"
    ) -> Any:
        result = [
            {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [option]}}
        ]
        annotation = {
            "id": number, "completed_by": by, "lead_time": 7.4, "was_cancelled": option is None,
            "result": result if option else [],
        }  # fmt: skip
        project = {"id": 12, "label_config": CONFIG}
        return self.post(
            "webhook", {"action": action, "project": project, "task": task(text), "annotation": annotation}
        )

    def delete(self, number: int = 5) -> Any:
        body = {"action": "ANNOTATIONS_DELETED", "project": {"id": 12}, "annotations": [{"id": number}]}
        return self.post("webhook", body)


def task(text: str, **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": text}, "meta": {}, "project": 12} | more
