"""A real API and a real worker tell a webhook what happens."""

import base64
import hashlib
import hmac
import io
import json
from pathlib import Path

from tests.receiver import Receiver
from tests.running import running
from tests.waiting import wait_until


def test_a_worker_signs_with_the_key_that_the_api_made_and_tells_labels_and_the_end(tmp_path: Path) -> None:
    receiver = Receiver()
    rows = "".join(
        json.dumps({"text": f"t{number}", "drafts": [{"model": "m", "label": "a", "confidence": 0.95}]})
        + "\n"
        for number in range(300)
    )
    try:
        with running(tmp_path / "home", workers=1, sweep_seconds=0.2, webhook_private=True) as service:
            lead = service.client
            lead.define_project("p", {"fields": {"topic": ["a", "b"]}})
            events = ["label.settled", "run.finished"]
            secret = lead.post("/projects/p/webhooks", {"url": receiver.url, "events": events})["secret"]
            lead.bring_in("p", "d", io.BytesIO(rows.encode()))
            run = lead.start_run("p", "d", model="given")
            wait_until(lambda: receiver.bodies("run.finished") and len(receiver.told()) >= 300, service.logs)
            assert len(receiver.told()) == 300
            assert [data["run_id"] for data in receiver.bodies("run.finished")] == [run["id"]]
            assert len(receiver.got) < 30
    finally:
        receiver.close()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    for headers, body in receiver.got:
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"
