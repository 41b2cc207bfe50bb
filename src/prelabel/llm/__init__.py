"""The one place that knows LiteLLM and the providers' SDKs, and the student. Heavy: import it in workers only."""
