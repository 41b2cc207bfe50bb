"""Settings: one frozen object, each field from the environment variable PRELABEL_<NAME>."""

import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from prelabel.money.prices import OwnPrice, own_prices


class Limit(BaseModel):
    """What a provider allows a model a minute: requests and tokens; 0 is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rpm: float = Field(default=0, ge=0)
    tpm: float = Field(default=0, ge=0)

    def part(self, count: int) -> "Limit":
        """What one of so many gets where all of them together may take no more than this."""
        return Limit(rpm=self.rpm / count, tpm=self.tpm / count)


class Settings(BaseSettings):
    """How this process runs. Without any setting: embedded, with all data in one folder."""

    model_config = SettingsConfigDict(env_prefix="PRELABEL_", frozen=True, extra="ignore")

    home: Path = Field(
        default=Path.home() / ".prelabel",
        description="folder of the embedded database, broker files and logs",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL; empty: SQLite in the home folder. postgresql+psycopg://… for a team",
    )
    broker_url: str = Field(
        default="",
        description="Celery broker; empty: files in the home folder. redis://… for several workers",
    )
    host: str = Field(default="127.0.0.1", description="address that the API listens on")
    port: int = Field(default=8000, description="port that the API listens on")
    url: str = Field(
        default="", description="where the command line finds the API; empty: host and port above"
    )
    token: SecretStr = Field(
        default=SecretStr(""),
        description="token of the command line; empty: the one `prelabel up` left in the home folder",
    )
    secure_cookies: bool = Field(
        default=False,
        description="whether the page's cookie goes over https only; set it where a proxy ends TLS",
    )
    admin_token: SecretStr = Field(
        default=SecretStr(""),
        description="token of the first admin, taken when the database has no user yet; empty: one is made and kept in the home folder",
    )
    api_base: str = Field(
        default="",
        description="base URL of an OpenAI-compatible server (Ollama, vLLM, llama.cpp) for models named openai/…",
    )
    prices: Annotated[dict[str, OwnPrice], NoDecode] = Field(
        default_factory=dict,
        description='own prices as JSON, dollars per million tokens in and out: {"openai/qwen3": [0, 0]}, or with more said: '
        '{"openai/gpt-4o": {"in": 2.5, "out": 10, "cached": 1.25, "batch": 0.5}}, batch being the share that a batch costs',
    )
    student_embeddings: str = Field(
        default="",
        description="embedding model, by LiteLLM's name, whose vectors the student learns from too; empty: words alone, for free",
    )
    hourly_rate: Decimal = Field(
        default=Decimal(20), ge=0, description="dollars that an hour of reviewing costs, for cost per example"
    )
    image_megabytes: float = Field(
        default=5,
        gt=0,
        le=50,
        description="most megabytes of one image; providers take from 5 on, with several more in one request",
    )
    image_megapixels: float = Field(
        default=25, gt=0, le=170, description="most millions of pixels of one image"
    )
    fetch_images: bool = Field(
        default=False,
        description="whether rows may give images by http(s) URL; they are fetched at import, from public addresses only",
    )
    fetch_seconds: float = Field(
        default=10, gt=0, description="seconds before the fetching of one image is given up"
    )
    webhook_key: SecretStr = Field(
        default=SecretStr(""),
        description="what the secrets of webhooks are made with, the same for the API and all workers; empty: one is made and kept in the home folder",
    )
    webhook_private: bool = Field(
        default=False,
        description="whether webhooks may go to addresses that are not public, as of this machine or its network",
    )
    concurrency: int = Field(
        default=32,
        ge=1,
        description="model calls in flight in one worker process, or in all that `prelabel up` starts; fewer where the provider says so",
    )
    workers: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1),
        ge=1,
        description="worker processes that `prelabel up` starts: each keeps one core busy at most; by default two, where there are two cores",
    )
    limits: dict[str, Limit] = Field(
        default_factory=dict,
        description='limits a minute by model, shared by all workers, as JSON: {"openai/gpt-4o": {"rpm": 500, "tpm": 30000}}',
    )
    chunk_size: int = Field(default=100, ge=1, description="most examples that a worker claims at once")
    call_timeout: float = Field(default=60, gt=0, description="seconds before a model call is given up")
    call_attempts: int = Field(
        default=5, ge=1, description="attempts of one model call that fails in a way that may pass"
    )
    retry_seconds: float = Field(
        default=15,
        gt=0,
        description="pause before an example whose call failed is tried again; doubles each time",
    )
    batch_size: int = Field(
        default=10_000, ge=1, description="most examples that one batch of a provider is asked about"
    )
    batch_poll_seconds: float = Field(
        default=60, gt=0, description="how often a provider is asked how far a batch is"
    )
    lease_seconds: float = Field(
        default=30, gt=0, description="how long a worker's claim lives without renewal"
    )
    review_lease_seconds: float = Field(
        default=900, gt=0, description="how long a reviewer's claim lives without renewal"
    )
    undo_limit: int = Field(
        default=20, ge=0, description="how many of their newest answers a reviewer can take back"
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="port on which each process shows its figures to Prometheus; with `prelabel up` the workers take the ones after it; 0: none",
    )
    metrics_host: str = Field(default="127.0.0.1", description="address that the port for metrics listens on")
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="token that reads /metrics, of the API too; empty: admins read the API's, and whoever reaches it the metrics port",
    )
    log_format: Literal["plain", "json"] = Field(
        default="plain", description="how log lines are written: for people, or as JSON, one object a line"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level of what is logged"
    )
    journal_days: int = Field(
        default=0, ge=0, description="after how many days lines of the journal are deleted; 0: never"
    )
    webhook_days: int = Field(
        default=0,
        ge=0,
        description="after how many days the bodies of what webhooks were sent are removed; 0: with the contents of their project",
    )
    sweep_seconds: float = Field(default=5, gt=0, description="how often lost work is looked for")

    @field_validator("prices", mode="before")
    @classmethod
    def _own_prices(cls, value: Any) -> dict[str, OwnPrice]:
        return own_prices(value)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'prelabel.db'}"

    @property
    def reservation_seconds(self) -> float:
        """How long money stays set aside without renewal: a call in flight may take longer than a lease."""
        return self.call_timeout + 2 * self.lease_seconds

    @property
    def server(self) -> str:
        """The API's URL as the command line uses it."""
        return (self.url or f"http://{self.host}:{self.port}").rstrip("/")


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
