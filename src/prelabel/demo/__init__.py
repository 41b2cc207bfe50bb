"""The demo: support tickets from end to end."""
