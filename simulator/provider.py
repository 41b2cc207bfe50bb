"""The provider: what it answers, and the ASGI application that serves it.

POST /v1/chat/completions and /v1/embeddings (OpenAI), POST /v1/messages (Anthropic), both providers' batches, POST /config,
POST /reset, GET /stats, GET /health.
"""

import asyncio
import json
import math
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulator import anthropic_batches, openai_batches, wire
from simulator.answers import Answer, Answers, question, questions
from simulator.batches import Batches, Ending
from simulator.counts import Counts
from simulator.embeddings import embeddings_body, tokens_of
from simulator.faults import SPOILED, Behaviour, Dice, Limits
from simulator.fitting import fitting, off_list
from simulator.wire import Body, Flavour, Form

Response = tuple[int, dict[str, str], Body]
"""Status, headers besides those of length and type, and body."""
ENDPOINTS: dict[str, Flavour] = {
    "/v1/chat/completions": "openai",
    "/v1/messages": "anthropic",
    "/v1/embeddings": "embeddings",
}


class ProviderApp:
    """Answers as recorded, else by `Behaviour.default`, else with the plainest value that fits the schema asked for."""

    def __init__(self, answers: Answers | None = None, behaviour: Behaviour | None = None) -> None:
        self._answers = answers or Answers()
        self._behaviour = behaviour or Behaviour()
        self._in_flight = 0
        self.reset()
        self._control = Starlette(
            routes=[
                Route("/health", self._serve_stats),
                Route("/stats", self._serve_stats),
                Route("/reset", self._serve_reset, methods=["POST"]),
                Route("/config", self._serve_config, methods=["POST"]),
                *openai_batches.routes(lambda: self._batches),
                *anthropic_batches.routes(lambda: self._batches),
            ]
        )

    def configure(self, **values: Any) -> None:
        """Change how it behaves, by the fields of `Behaviour`; the dice start anew. Raises ValueError."""
        self._behaviour = self._behaviour.changed(values)
        self._dice, self._limits = Dice(self._behaviour), Limits(self._behaviour)
        self._batch_dice = Dice(self._behaviour, for_batches=True)

    def reset(self) -> None:
        """Zero the counts, forget batches and cached prompts, and start the dice anew; the behaviour stays."""
        self._counts = Counts(max_in_flight=self._in_flight)
        self._cached: set[int] = set()
        self._batches = Batches(self._end, lambda: self._behaviour)
        self.configure()

    def stats(self) -> dict[str, Any]:
        """The fields of `Counts` as it reports them, `in_flight`, and how many examples are `recorded`."""
        self._counts.batches = self._batches.settle()
        return self._counts.report() | {"in_flight": self._in_flight, "recorded": len(self._answers)}

    def respond(self, request: Body, flavour: Flavour) -> Response:
        """What a request gets, at once and without waiting; one that would hang gets its 504."""
        self._counts.calls += 1
        if early := self._unreadable(request, flavour) or self._too_many(flavour):
            return early
        return self._answer(request, flavour, self._fault(request))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. The endpoints for calls are served without the framework, which would cost more than they do."""
        if self._behaviour.key and (refusal := self._refuse_key(scope)):
            await _send(refusal, send)
            return
        flavour = ENDPOINTS.get(scope.get("path", "")) if scope.get("method") == "POST" else None
        if flavour is None:
            await self._control(scope, receive, send)
            return
        try:
            request = json.loads(await _body(receive))
        except ValueError:
            request = None
        response = await self._respond_in_time(request, flavour, receive)
        if response is not None:
            await _send(response, send)

    async def _respond_in_time(self, request: Any, flavour: Flavour, receive: Receive) -> Response | None:
        """As `respond`, after the latency; None where the client hung up on a call that hangs."""
        self._counts.calls += 1
        if early := self._unreadable(request, flavour) or self._too_many(flavour):
            return early
        self._in_flight += 1
        self._counts.max_in_flight = max(self._counts.max_in_flight, self._in_flight)
        try:
            fault = self._fault(request)
            if fault != "hang":
                await asyncio.sleep(self._dice.latency())
            elif await _hung_up(receive, self._behaviour.hang_seconds):
                return None
            return self._answer(request, flavour, fault)
        finally:
            self._in_flight -= 1

    def _refuse_key(self, scope: Scope) -> Response | None:
        path = str(scope.get("path", ""))
        headers = dict(scope.get("headers", ()))
        given = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if given.decode() == self._behaviour.key or not path.startswith("/v1/"):
            return None
        flavour: Flavour = "anthropic" if path.startswith("/v1/messages") else "openai"
        return 401, {}, wire.error_body(401, f"Incorrect API key provided: {given.decode()}", flavour)

    def _unreadable(self, request: Any, flavour: Flavour) -> Response | None:
        reason = wire.unreadable(request, flavour)
        if not reason:
            return None
        self._counts.invalid += 1
        return 400, {}, wire.error_body(400, reason, flavour)

    def _too_many(self, flavour: Flavour) -> Response | None:
        refused = self._limits.refuse(self._in_flight)
        if refused is None:
            return None
        self._counts.faults[refused.limit] += 1
        headers = {
            "retry-after": str(max(1, math.ceil(refused.seconds))),
            "retry-after-ms": str(math.ceil(refused.seconds * 1000)),
        }
        return 429, headers, wire.error_body(429, f"too many calls: {refused.limit}", flavour)

    def _fault(self, request: Body) -> str:
        fault = self._dice.fault(question(request["messages"]) if "messages" in request else "embeddings")
        if fault:
            self._counts.faults[fault] += 1
        return fault

    def _answer(self, request: Body, flavour: Flavour, fault: str) -> Response:
        if fault in ("error", "hang"):
            status = 500 if fault == "error" else 504
            return status, {}, wire.error_body(status, f"simulated fault: {fault}", flavour)
        self._counts.ok += not fault
        if flavour == "embeddings":
            self._counts.tokens_in += tokens_of(request)
            return 200, {}, embeddings_body(request)
        return 200, {}, self._compose(request, flavour, fault)

    def _end(self, request: Any, flavour: Flavour) -> Ending:
        """What becomes of a request of a batch."""
        self._counts.batch_requests += 1
        if early := self._unreadable(request, flavour):
            return Ending("errored", early[0], early[2])
        fault = self._batch_dice.fault(question(request["messages"]))
        fault = "" if fault in ("error", "hang") else fault
        self._counts.ok += not fault
        if fault:
            self._counts.faults[fault] += 1
        if fault == "batch_expired":
            return Ending("expired")
        if fault == "batch_failed":
            return Ending("errored", 500, wire.error_body(500, f"simulated fault: {fault}", flavour))
        return Ending("succeeded", 200, self._compose(request, flavour, fault, in_batch=True))

    def _compose(self, request: Body, flavour: Flavour, fault: str, in_batch: bool = False) -> Body:
        form = wire.form_of(request, flavour)
        answer = self._find_all(request["messages"], form)
        content = _with_fault(answer.content, fault, form)
        usage = wire.usage_of(request, content, self._cached if flavour == "openai" else set())
        self._counts.add(usage, in_batch)
        name = f"simulated-{self._counts.calls + self._counts.batch_requests}"
        if flavour == "openai":
            return wire.openai_body(name, request, form, content, answer.chances, usage)
        return wire.anthropic_body(name, request, form, content, usage)

    def _find_all(self, messages: list[Body], form: Form) -> Answer:
        """The answer to the one example, or an object of those to all where the schema wants them by number."""
        if "1" not in form.schema.get("properties", {}):
            return self._find(question(messages), form)
        inner = Form(form.schema["$defs"]["answer"])
        found = [self._find(text, inner).content for text in questions(messages)]
        members = (f'"{number}": {content}' for number, content in enumerate(found, 1))
        return Answer("{" + ", ".join(members) + "}")

    def _find(self, text: str, form: Form) -> Answer:
        found = self._answers.find(text)
        if found is None:
            self._counts.unmatched += 1
            return Answer(self._behaviour.default or json.dumps(fitting(form.schema, example=text)))
        self._counts.answered[text] += 1
        return found

    async def _serve_stats(self, _: Request) -> JSONResponse:
        return JSONResponse(self.stats())

    async def _serve_reset(self, _: Request) -> JSONResponse:
        self.reset()
        return JSONResponse(self.stats())

    async def _serve_config(self, request: Request) -> JSONResponse:
        try:
            self.configure(**await request.json())
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(asdict(self._behaviour))


def _with_fault(content: str, fault: str, form: Form) -> str:
    if fault == "offlist":
        try:
            return json.dumps(off_list(json.loads(content), form.schema), ensure_ascii=False)
        except ValueError:
            return content
    return SPOILED[fault](content) if fault else content


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _hung_up(receive: Receive, seconds: float) -> bool:
    """Wait so long, or until the client hangs up."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _send(response: Response, send: Send) -> None:
    status, headers, body = response
    data = json.dumps(body).encode()
    every = headers | {"content-type": "application/json", "content-length": str(len(data))}
    pairs = [(name.encode(), value.encode()) for name, value in every.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": data})
