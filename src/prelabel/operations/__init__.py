"""What keeps it running: logs, metrics, traces, child processes, moving and forgetting of data."""
