"""What an example is, where it came from, and which are alike."""
