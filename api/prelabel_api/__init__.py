"""The HTTP API: parses a request, calls the core, returns."""
