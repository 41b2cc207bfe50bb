"""`python -m simulator --port 0 --answers FILE`: serve until stopped; its first line of output says where."""

import argparse
import asyncio
import os
import sys
import threading
from dataclasses import fields
from pathlib import Path

import uvicorn

from simulator.answers import Answers
from simulator.faults import Behaviour
from simulator.provider import ProviderApp


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any that is free")
    parser.add_argument("--answers", type=Path, help="recorded answers: JSON Lines of text, answer, logprobs")
    parser.add_argument("--end-with-input", action="store_true", help="stop when the standard input closes")
    Behaviour.add_arguments(parser)
    given = parser.parse_args()
    try:
        behaviour = Behaviour(**{option.name: getattr(given, option.name) for option in fields(Behaviour)})
        answers = Answers.read(given.answers) if given.answers else Answers()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if given.end_with_input:
        threading.Thread(target=_end_with_input, daemon=True).start()
    asyncio.run(serve(ProviderApp(answers, behaviour), given.port))


async def serve(app: ProviderApp, port: int) -> None:
    """Serve, and say where once it answers."""
    config = uvicorn.Config(
        app,
        port=port,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_keep_alive=75,  # as providers do: a shorter one cuts connections just as a call goes out on them
        timeout_graceful_shutdown=1,  # calls that hang would keep it up
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    if server.started:
        port = server.servers[0].sockets[0].getsockname()[1]
        print(f"listening on http://127.0.0.1:{port}", flush=True)  # noqa: T201 # whoever started it reads this
    await task


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # whoever started it is gone, and there is nothing to save


if __name__ == "__main__":
    main()
