"""The API's OpenAPI document: `python -m prelabel_api.openapi` prints it."""

import json
import sys

from prelabel.settings import settings
from prelabel.store import store
from prelabel_api.app import create_app
from prelabel_worker.queue import CeleryQueue

if __name__ == "__main__":
    document = create_app(store(), settings(), CeleryQueue()).openapi()
    json.dump(document, sys.stdout, indent=1, sort_keys=True)
