"""A simulated LLM provider for tests and benchmarks: OpenAI's and Anthropic's wire formats, recorded answers, faults."""
