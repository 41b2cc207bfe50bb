"""Prelabel: labels drafted by a strong model, checked by people, at a known cost."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prelabel.client import Client as Client

# LiteLLM would fetch its price table and header list from the network at import; ours are the installed ones.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "True")

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`prelabel.Client`, loaded at its first use: workers need none."""
    if name == "Client":
        from prelabel.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
