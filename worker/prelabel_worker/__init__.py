"""The Celery worker: thin tasks that take ids and call the core."""
