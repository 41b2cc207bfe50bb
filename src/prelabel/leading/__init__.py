"""What leads look through and decide: examples, answers, and the queue."""
