"""Whether messages can be sent: asked in a second, of what the settings name as the broker."""

import os

import redis
from sqlalchemy import make_url

from prelabel.settings import Settings

SECONDS = 1.0


def fault(used: Settings) -> str:
    """Why the broker takes no messages, without its password; empty: it does."""
    if not used.broker_url.startswith("redis"):
        folder = used.home / "broker" / "messages"
        return "" if not folder.exists() or os.access(folder, os.W_OK) else f"{folder} cannot be written to"
    try:
        with redis.Redis.from_url(
            used.broker_url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        where = make_url(used.broker_url).render_as_string(hide_password=True)
        return f"Redis at {where} does not answer: {error}"
    return ""
