"""The Python client: what notebooks, programs, the command line and the demo use to talk to a server (docs/client.md)."""

from prelabel.client.client import Client
from prelabel.client.connection import Document
from prelabel.client.documents import (
    BadRow,
    Example,
    Imported,
    LabelRecord,
    Project,
    Quoted,
    Review,
)
from prelabel.client.run import Run
from prelabel.client.work import Work

__all__ = [
    "BadRow",
    "Client",
    "Document",
    "Example",
    "Imported",
    "LabelRecord",
    "Project",
    "Quoted",
    "Review",
    "Run",
    "Work",
]
