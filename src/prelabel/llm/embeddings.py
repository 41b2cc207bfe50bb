"""Texts as vectors through LiteLLM, many in one call. The ledger remembers each vector, so no text is paid for twice."""

import base64
import time
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type

from prelabel.canonical import digest
from prelabel.draft import CallRecord, Reply, Subject, outcome_of
from prelabel.drafting.patience import after, pause
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.examples.content import as_text
from prelabel.llm.failures import as_ours
from prelabel.llm.litellm_model import litellm, server_of
from prelabel.models import Run
from prelabel.money import ledger
from prelabel.money.ledger import Entry
from prelabel.money.prices import OwnPrice, price, price_or_refuse
from prelabel.settings import Settings
from prelabel.store import Store

if TYPE_CHECKING:
    import numpy as np

    Vectors = np.ndarray[Any, np.dtype[np.float32]]

PER_CALL = 100
LONGEST = 6_000
"""Characters of a text that are embedded: models take about 8,000 tokens, and refuse all texts of a call for a longer one."""
SHORTER = {"dimensions": 256}
"""Asked of models that are made to be cut short: a tenth of the room, at nearly the same worth."""


class LiteLLMEmbedder:
    """An embedding model behind LiteLLM: one HTTP call for many texts, no retries of its own."""

    def __init__(
        self,
        name: str,
        api_base: str = "",
        timeout: float = 60,
        prices: Mapping[str, OwnPrice] | None = None,
    ) -> None:
        self.name = name
        self._prices = prices or {}
        self._options = {"timeout": timeout, "max_retries": 0, "num_retries": 0, **server_of(name, api_base)}
        if "text-embedding-3" in name:
            self._options |= SHORTER

    def most(self, texts: Sequence[str]) -> Decimal:
        """Upper bound of a call's dollars. Raises StoppingError where no price is known."""
        return price_or_refuse(self.name, self._prices).most(sum(len(text.encode()) + 8 for text in texts), 0)

    def embed(self, texts: Sequence[str]) -> list[Reply]:
        """One call: for each text its vector, written as text, with its share of the tokens. Raises ModelError."""
        began = time.monotonic()
        try:
            answer = litellm().embedding(self.name, [text or " " for text in texts], **self._options)
        except Exception as error:  # mapped to ours, all of them, at this one seam
            raise as_ours(error) from error
        vectors = [part["embedding"] for part in sorted(answer.data, key=lambda part: int(part["index"]))]
        if len(vectors) != len(texts):
            raise RefusedError(f"{self.name} gave {len(vectors)} vectors for {len(texts)} texts")
        tokens = _shares(answer.usage.prompt_tokens or 0, [len(text) + 1 for text in texts])
        latency = round((time.monotonic() - began) * 1000)
        return [self._reply(*each, latency) for each in zip(vectors, tokens, strict=True)]

    def _reply(self, vector: Sequence[float], tokens: int, latency: int) -> Reply:
        known = price(self.name, self._prices)
        return Reply(
            _written(vector),
            tokens_in=tokens,
            dollars=known.cost(tokens, 0) if known else None,
            price_version=known.source if known else "",
            latency_ms=latency,
        )


class Embeddings:
    """The vectors of examples for one step of a run, as `prelabel.llm.student.Embed`. Blocks; to be called from a thread."""

    def __init__(
        self, store: Store, embedder: LiteLLMEmbedder, run_id: int, step: int, used: Settings
    ) -> None:
        self.name = embedder.name
        self._store = store
        self._embedder = embedder
        self._run_id = run_id
        self._step = step
        self._settings = used

    def __call__(self, subjects: Sequence[Subject]) -> "Vectors":
        """A vector of length 1 for each. Raises StoppingError where they cannot be had, or not within the run's cap."""
        import numpy as np

        keys = [digest([self.name, _text(subject)]) for subject in subjects]
        with self._store.reading() as session:
            found = ledger.recall(session, [self.name], (), keys)
        known = {key: reply.text for _, key, reply in found}
        missing = {key: one for key, one in zip(keys, subjects, strict=True) if key not in known}
        wanted = list(missing.items())
        for begin in range(0, len(wanted), PER_CALL):
            known |= self._buy(wanted[begin : begin + PER_CALL])
        return np.stack([_read(known[key]) for key in keys])

    def _buy(self, wanted: Sequence[tuple[str, Subject]]) -> dict[str, str]:
        owner, entries = uuid.uuid4().hex, list[Entry]()
        texts = [_text(subject) for _, subject in wanted]
        self._set_aside(owner, texts)
        try:
            replies = self._ask(wanted[0], texts, entries)
            for number, ((key, subject), reply) in enumerate(zip(wanted, replies, strict=True)):
                call = CallRecord(self.name, "embed", key, "ok", "", reply, self._step, int(number == 0))
                entries.append(Entry(self._run_id, subject.example_id, call))
        finally:
            with self._store.writing() as session:
                ledger.record(session, entries)
                ledger.release(session, owner, self._run_id)
        return {key: reply.text for (key, _), reply in zip(wanted, replies, strict=True)}

    def _set_aside(self, owner: str, texts: Sequence[str]) -> None:
        with self._store.writing() as session:
            run = session.get_one(Run, self._run_id)
            if not ledger.is_capped(session, run):
                return
            cost = self._embedder.most(texts)
            if not ledger.reserve(session, run, owner, [cost], self._settings.reservation_seconds):
                raise StoppingError(
                    f"the cap does not allow the ${cost:.6f} that vectors of examples may cost"
                )

    def _ask(self, first: tuple[str, Subject], texts: Sequence[str], entries: list[Entry]) -> list[Reply]:
        """Try again what may pass; attempts that fail are noted with the first example."""
        key, subject = first
        attempts = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=pause,
            stop=after(self._settings.call_attempts),
            reraise=True,
        )
        try:
            for attempt in attempts:
                with attempt:
                    try:
                        return self._embedder.embed(texts)
                    except ModelError as error:
                        call = CallRecord(
                            self.name, "embed", key, outcome_of(error), str(error), step=self._step
                        )
                        entries.append(Entry(self._run_id, subject.example_id, call))
                        raise
        except ModelError as error:
            raise StoppingError(f"the student has no vectors of examples: {error}") from error
        raise AssertionError("tenacity ends with an answer or an error")


def _text(subject: Subject) -> str:
    return as_text(subject.content)[:LONGEST]


def _shares(whole: int, sizes: Sequence[int]) -> list[int]:
    """A whole number shared out by sizes; the parts add up to it."""
    ends, total, done = [0], sum(sizes), 0
    for size in sizes:
        done += size
        ends.append(whole * done // total)
    return [end - begin for begin, end in pairwise(ends)]


def _written(vector: Sequence[float]) -> str:
    import numpy as np

    return base64.b64encode(np.array(vector, dtype="<f2").tobytes()).decode()


def _read(text: str) -> "Vectors":
    """The vector, at length 1."""
    import numpy as np

    vector = np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)
    length = float(np.linalg.norm(vector))
    scaled: Vectors = vector / length if length else vector
    return scaled
