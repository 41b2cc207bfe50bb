"""Prelabel: labels drafted by a strong model, checked by people, at a known cost."""

import os

# LiteLLM would fetch its price table and header list from the network at import; ours are the installed ones.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "True")

__version__ = "0.1.0"
