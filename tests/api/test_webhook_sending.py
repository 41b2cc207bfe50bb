"""What is sent to webhooks is signed, the secret stays one, and no private address is reached unasked."""

import base64
import hashlib
import hmac
import ssl
import time
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from prelabel import errors
from prelabel.events import webhook_sending
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.courier import Courier
from tests.api.hooks import SETTINGS, Site, drafted
from tests.receiver import Receiver


def test_a_message_is_signed_as_the_specification_says(light_site: Site, receiver: Receiver) -> None:
    secret = light_site.hook(receiver.url)["secret"]
    drafted(light_site.store, 1)
    light_site.courier.round()
    for headers, body in receiver.got:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert headers["content-type"] == "application/json"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2


def test_the_signature_of_the_specification_s_own_example() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = '{"test": 2432232314}'
    signed = webhook_sending.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_shown_once_and_is_not_in_the_database(light_site: Site, receiver: Receiver) -> None:
    hook = light_site.hook(receiver.url)
    raw = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    assert "secret" not in light_site.lead.get("/projects/p/webhooks")["items"][0]
    with light_site.store.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT * FROM webhook").all()
        noted = session.connection().exec_driver_sql("SELECT * FROM journal").all()
    assert "/hook" not in str(noted)
    for form in (hook["secret"], hook["secret"].removeprefix("whsec_"), raw.hex(), "a key"):
        assert form not in str(kept) + str(noted)


def test_the_key_is_made_once_and_only_its_owner_can_read_it(sqlite_store: Store, tmp_path: Path) -> None:
    site = Site(sqlite_store, Settings(home=tmp_path / "home", webhook_private=True))
    site.hook("http://127.0.0.1:9/a")
    key = tmp_path / "home" / "webhook-key"
    first = key.read_bytes()
    site.hook("http://127.0.0.1:9/b")
    assert (key.read_bytes(), key.stat().st_mode & 0o777) == (first, 0o600)
    assert [file.name for file in key.parent.iterdir()] == ["webhook-key"]


def test_a_worker_with_another_key_sends_nothing_and_says_so(light_site: Site, receiver: Receiver) -> None:
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    Courier(light_site.store, SETTINGS.model_copy(update={"webhook_key": SecretStr("another")})).round()
    [delivery] = light_site.deliveries(hook)
    assert (receiver.got, delivery["attempts"], delivery["due_at"] is not None) == ([], 1, True)
    assert "PRELABEL_WEBHOOK_KEY" in delivery["note"]


@pytest.mark.parametrize("is_trusted", [True, False])
def test_over_https_only_who_has_a_trusted_certificate_is_told(
    light_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    (authority if is_trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    receiver = Receiver(tls)
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    light_site.courier.round()
    receiver.close()
    [delivery] = light_site.deliveries(hook)
    assert (len(receiver.got), "certificate" in delivery["note"]) == ((1, False) if is_trusted else (0, True))


PRIVATE = ["http://127.0.0.1/a", "http://[::1]/a", "http://169.254.169.254/a", "http://10.0.0.1/a"]


@pytest.mark.parametrize(
    "url", [*PRIVATE, "ftp://example.org/", "https://user:word@example.org/", "nonsense"]
)
def test_a_url_that_may_not_be_sent_to_is_refused(sqlite_store: Store, url: str) -> None:
    site = Site(sqlite_store, SETTINGS.model_copy(update={"webhook_private": False}))
    with pytest.raises(errors.InputError):
        site.hook(url)


def test_a_name_that_leads_to_a_private_address_is_not_sent_to(
    sqlite_store: Store, receiver: Receiver
) -> None:
    site = Site(sqlite_store, SETTINGS.model_copy(update={"webhook_private": False}))
    hook = site.hook(receiver.url.replace("127.0.0.1", "localhost"), ["run.finished"])
    drafted(sqlite_store, 1)
    site.courier.round()
    assert receiver.got == []
    assert "not a public address" in site.deliveries(hook)[0]["note"]
