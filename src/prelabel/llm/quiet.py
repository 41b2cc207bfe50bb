"""LiteLLM's record of a call, without what we keep ourselves: it spends a third of its time on costs and logs that nobody reads."""

import datetime
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from prelabel.examples.content import Message


def quiet(model: str, messages: Sequence[Message]) -> Any:
    """What a call to LiteLLM takes as its `litellm_logging_obj`, in place of one that prices the answer and tells callbacks."""
    return _quiet_logging()(
        model=model,
        messages=messages,
        stream=False,
        call_type="acompletion",
        start_time=datetime.datetime.now(),  # naive, as LiteLLM's own is
        litellm_call_id=str(uuid.uuid4()),
        function_id="",
    )


@cache
def _quiet_logging() -> Any:
    from litellm.litellm_core_utils.litellm_logging import Logging

    class QuietLogging(Logging):
        def response_cost_calculator(self, *_: Any, **__: Any) -> None:
            """The ledger prices answers by `prelabel.money.prices`."""

        def claim_async_success_log(self) -> bool:
            """Nobody has to be told."""
            return False

        def handle_sync_success_callbacks_for_async_calls(self, *_: Any, **__: Any) -> None:
            """There are no callbacks."""

    return QuietLogging
