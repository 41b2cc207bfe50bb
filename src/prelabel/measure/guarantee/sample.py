"""The audit sample and the order of a pool, fixed by a seed alone: anyone with the ids and the seed finds the same again.

Each example has a ticket, SHA-256 of seed, purpose and id; the audit sample takes the lowest tickets. To whoever chose ids and
drafts before the seed was drawn, that is a uniform draw without replacement.
"""

import hashlib
import math
import secrets
from collections.abc import Sequence


def new_seed() -> str:
    """A seed that nobody could foresee: 32 hexadecimal digits. It is to be drawn once, and kept before anyone reviews."""
    return secrets.token_hex(16)


def in_audit_order(ids: Sequence[str], seed: str) -> list[int]:
    """Positions in the order in which they are audited: the first m of them are the audit sample of size m."""
    return sorted(range(len(ids)), key=lambda index: _ticket(seed, "audit", ids[index]))


def in_order(ids: Sequence[str], uncertainty: Sequence[float], seed: str) -> list[int]:
    """Positions by uncertainty, the lowest first; equal ones in an order of the seed. Raises ValueError for one that is no number."""
    for index, value in enumerate(uncertainty):
        if math.isnan(value):
            raise ValueError(f"{ids[index]}: an uncertainty must be a number")
    return sorted(range(len(ids)), key=lambda index: (uncertainty[index], _ticket(seed, "order", ids[index])))


def _ticket(seed: str, purpose: str, id_: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{purpose}\n{id_}".encode()).digest()
