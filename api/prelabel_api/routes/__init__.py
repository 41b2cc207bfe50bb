"""One module a part of the API; each holds a router."""
