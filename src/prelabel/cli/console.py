"""Where commands print: answers on standard output, everything said about them on standard error."""

from rich.console import Console

out = Console()
err = Console(stderr=True)
